"""What every way of running the matrix shares: which frameworks are here, and an engine on a pool of workers."""

from __future__ import annotations

import platform
import subprocess
import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from importlib.metadata import PackageNotFoundError, version
from typing import Any

from packaging.requirements import Requirement

from equivalence._version import __version__
from equivalence.binding import Adapter
from equivalence.engine import Engine, launch, packages
from equivalence.errors import EquivalenceError, StackError
from equivalence.graph_running import GraphRunner
from equivalence.matrix import Plan
from equivalence.pool import CALL_LIMIT, Pool
from equivalence.registry import Registry

SCHEMA = 1
"""The version of the JSON formats."""


@dataclass(frozen=True)
class Available:
    """The registry cut down to the frameworks that are here, and why each other one is not."""

    registry: Registry
    absent: Mapping[str, str]


def available(registry: Registry, wanted: Sequence[str] = ()) -> Available:
    """Look, without starting anything, which frameworks are installed.

    Raises:
        StackError: if a framework that was asked for by name is not.
    """
    absent = {name: why for name, adapter in registry.adapters.items() if (why := missing(adapter))}
    for name in wanted:
        if (reason := absent.get(name.partition("/")[0])) is not None:
            raise StackError(f"{name} is not here", fix=reason)
    present = {name: adapter for name, adapter in registry.adapters.items() if name not in absent}
    return Available(replace(registry, adapters=present), absent)


def missing(adapter: Adapter) -> str:
    """Why a framework cannot take part, and how to get it; empty if it can."""
    if adapter.stack != "main":
        try:
            launch(adapter)
        except StackError as error:
            return str(error)
        return ""
    for text in adapter.requires:
        requirement = Requirement(text)
        try:
            installed = version(requirement.name)
        except PackageNotFoundError:
            ours = adapter.driver.startswith("equivalence_adapters.")
            what = f"layer-equivalence[{adapter.name}]" if ours else text
            return f"{requirement.name} is not installed. Run: pip install '{what}'"
        if not requirement.specifier.contains(installed, prereleases=True):
            return f"{requirement.name} is {installed}, expected {requirement.specifier}. Run: pip install '{text}'"
    return ""


@contextmanager
def engine(
    registry: Registry,
    plan: Plan,
    *,
    seed: int = 0,
    timeout: float | None = None,
    jobs: int | None = None,
    command: str = "run",
) -> Iterator[Engine]:
    """An engine on a pool that is closed at the end, or killed if something is raised."""
    with Pool(packages(registry), limit=timeout or CALL_LIMIT, jobs=jobs) as pool:
        yield Engine(registry, pool, plan.rows, seed, command)


@contextmanager
def graph_runner(registry: Registry, *, timeout: float | None = None, jobs: int | None = None) -> Iterator[GraphRunner]:
    """A runner of graphs on a pool that is closed at the end, or killed if something is raised."""
    with Pool(packages(registry), limit=timeout or CALL_LIMIT, jobs=jobs) as pool:
        yield GraphRunner(registry, pool)


def versions(running: Engine | GraphRunner) -> dict[str, Any]:
    """Versions of the suite, the interpreter and each framework; an import error in place of a version."""
    found: dict[str, Any] = {
        "layer-equivalence": __version__,
        "python": sys.version.split()[0],
        "platform": f"{platform.system()} {platform.machine()}",
    }
    for name, adapter in running.registry.adapters.items():
        try:
            found[name] = running.pool.versions(launch(adapter))
        except EquivalenceError as error:
            found[name] = {"error": str(error)}
    return found


def header(running: Engine | GraphRunner, absent: Mapping[str, str], seed: int = 0) -> dict[str, Any]:
    """The first line of a run's JSON. An engine knows its seed."""
    return {
        "kind": "header",
        "schema": SCHEMA,
        "seed": running.seed if isinstance(running, Engine) else seed,
        "commit": commit(),
        "created": datetime.now(UTC).isoformat(timespec="seconds"),
        "versions": versions(running),
        "absent": dict(absent),
    }


def commit() -> str | None:
    """The commit checked out in the current folder, if it is in a git repository."""
    try:
        done = subprocess.run(["git", "rev-parse", "HEAD"], capture_output=True, text=True, check=True)  # noqa: S607
    except (OSError, subprocess.CalledProcessError):
        return None
    return done.stdout.strip()
