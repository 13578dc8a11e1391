"""Synthetic runs with every verdict, and a browser for the tests marked so."""

from __future__ import annotations

import os
import random
import shutil
from itertools import combinations

import pytest

from equivalence.comparison import Comparison
from equivalence.outcome import Outcome, reproduce_command
from equivalence.runfile import Run

BROWSER = ("chromium", "chromedriver")
FIX = "apt-get install chromium chromium-driver"


def _without_browser() -> list[str]:
    return [name for name in BROWSER if shutil.which(name) is None]


def pytest_collection_modifyitems(config, items):
    """Leave browser tests out where there is none; under CI they stay in, and fail."""
    if not _without_browser() or os.environ.get("CI"):
        return
    out = [item for item in items if item.get_closest_marker("browser")]
    items[:] = [item for item in items if item not in out]
    config.hook.pytest_deselected(items=out)


def pytest_terminal_summary(terminalreporter):
    if (missing := _without_browser()) and not os.environ.get("CI"):
        line = f"browser tests of the report were left out: no {', '.join(missing)} on PATH; {FIX}"
        terminalreporter.write_line(line, yellow=True)


HEADER = {
    "kind": "header",
    "schema": 1,
    "seed": 0,
    "commit": "0123456789abcdef0123456789abcdef01234567",
    "created": "2026-01-02T03:04:05+00:00",
    "versions": {
        "layer-equivalence": "0.1.0",
        "python": "3.12.1",
        "platform": "Linux-6.1-x86_64",
        "numpy": {"numpy": "2.4.0"},
        "tensorflow": {"tensorflow": "2.21.0", "keras": "3.15.0", "numpy": "2.4.0"},
        "torch": {"torch": "2.13.0", "numpy": "2.4.0"},
        "theano": {"theano": "1.1.2", "numpy": "1.23.5"},
    },
    "absent": {},
}


def make_outcome(verdict="equal", **changes):
    """One outcome: fields of the outcome and of its comparison by name."""
    required = {"equal": 2.5e-7, "different": 0.5}.get(verdict)
    compared = {
        "verdict": verdict,
        "tolerance": 1e-5,
        "reason": {"equal": "a tolerance of 2.5e-07 is needed, within the allowed 1e-05"}.get(verdict, f"{verdict} for a reason"),
    }
    if required is not None:
        compared |= {"required_tolerance": required, "max_abs": required, "max_rel": required, "worst_index": (0, 1, 2)}
        compared |= {"left": 1.0, "right": 1.0 - required, "count": 60}
    compared |= {name: changes.pop(name) for name in list(changes) if name in Comparison.__dataclass_fields__ and name not in {"left", "right"}}
    compared |= {name: changes.pop(f"{name}_value") for name in ("left", "right") if f"{name}_value" in changes}
    own = {"operation": "conv2d", "family": "convolution", "case": "valid", "left": "numpy", "right": "torch"}
    own |= {"dtype": "float32", "quantity": "forward"} | changes
    names = [name for name in (own["left"], own["right"]) if name]
    own.setdefault("reproduce", reproduce_command(own["operation"], own["case"], own["dtype"], names, 0))
    return Outcome(comparison=Comparison(**compared), **own)


def make_error(**changes):
    """What is left of a participant that gave nothing."""
    return make_outcome("error", **({"right": "", "quantity": "call", "tolerance": None, "log": "Killed\n"} | changes))


def make_run(outcomes, *, complete=True, **header):
    """A run of these outcomes."""
    return Run(HEADER | header, list(outcomes), complete)


def synthetic(operations=20, cases=7, seed=0, participants=("numpy", "tensorflow", "torch", "theano")):
    """A run as large as wanted, mostly equal, with every verdict in it."""
    generator = random.Random(seed)
    outcomes = []
    families = ("linear", "convolution", "pooling", "activation", "normalization")
    for place in range(operations):
        operation = f"operation{place}"
        for case in (f"case{k}-stride{k}x{k + 1}" for k in range(cases)):
            for dtype in ("float32", "float64"):
                common = {"operation": operation, "family": families[place * len(families) // operations], "case": case, "dtype": dtype}
                for left, right in combinations(participants, 2):
                    outcomes += _quantities(generator, common | {"left": left, "right": right}, place)
        if place % 7 == 5:
            outcomes.append(make_error(**common | {"left": participants[2]}, log="Traceback\n  ...\nRuntimeError: out of memory\n"))
    return make_run(outcomes)


def _quantities(generator, common, place):
    tolerance = 1e-5 if common["dtype"] == "float32" else 1e-10
    for quantity in ("forward", "gradient-x", "gradient-weight"):
        needed = tolerance * generator.random() ** 3
        verdict, changes = "equal", {}
        if place % 5 == 3 and quantity == "gradient-x" and common["right"] == "theano":
            verdict, changes = "different", {"known_difference": "gradient.ties", "link": "https://example.org/ties"}
        elif generator.random() < 0.002:
            verdict = generator.choice(["different", "error", "undecided", "skipped"])
        if verdict == "different":
            needed = generator.random()
        value = generator.gauss(0, 1)
        numbers = {"required_tolerance": needed, "max_abs": needed * 1.3, "max_rel": needed * 1.7, "count": generator.randint(8, 4000)}
        numbers |= {"worst_index": tuple(generator.randint(0, 9) for _ in range(4)), "left_value": value, "right_value": value + needed}
        sign = "within" if verdict == "equal" else "beyond"
        reason = f"a tolerance of {needed:.2g} is needed, {sign} the allowed {tolerance:.2g}"
        if verdict in {"error", "undecided", "skipped"}:
            numbers, reason = {}, f"{verdict}, for a reason that takes a sentence to say"
        yield make_outcome(verdict, **common, quantity=quantity, tolerance=tolerance, reason=reason, **changes, **numbers)


@pytest.fixture
def outcome():
    return make_outcome


@pytest.fixture
def error():
    return make_error


@pytest.fixture
def run_of():
    return make_run


@pytest.fixture
def synthetic_run():
    return synthetic
