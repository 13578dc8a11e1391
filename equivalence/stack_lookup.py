"""Finding stacks: the nearest pyproject.toml, the ``EQUIVALENCE_STACKS`` variable, the user's cache.

The first place that names a stack decides, even if nothing is there: a mistyped path is an error and not silently
another environment.
"""

from __future__ import annotations

import json
import os
import re
import sys
import tomllib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import platformdirs

from equivalence.errors import StackError

MAIN = "main"
"""The stack that is the running interpreter, unless it is configured."""

VARIABLE = "EQUIVALENCE_STACKS"
MARKER = "equivalence-stack.json"
"""Written last into an environment that ``create`` made: without it the environment is not whole."""

BEGUN = "equivalence-stack.begun"
"""Holds the process that is making an environment; one that was killed leaves it behind."""

State = Literal["ready", "missing", "incomplete"]
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]*")


@dataclass(frozen=True)
class Stack:
    """An interpreter with its packages.

    Args:
        python: the interpreter, whether or not it exists.
        source: where the stack was looked up, for people.
        folder: the environment's folder; none if an interpreter is named.
    """

    name: str
    python: Path
    source: str
    folder: Path | None = None

    @property
    def state(self) -> State:
        """``incomplete``, if ``create`` was stopped while it made it; a hand-made environment needs no marker."""
        if self.folder is not None and not is_ours(self.folder):
            begun = (self.folder / BEGUN).exists()
            if begun or (self.folder == cached(self.name) and self.folder.exists()):
                return "incomplete"
        return "ready" if self.python.is_file() else "missing"


def find(name: str) -> Stack:
    """The stack of that name.

    Raises:
        StackError: if no place names it, nothing is at that place, or its making was stopped.
    """
    found = look_up(name)
    remedy = f"Make it with: equivalence stacks create {name}"
    if found is None:
        raise StackError(
            f"stack {name!r}",
            expected=f"an environment in [tool.equivalence.stacks], {VARIABLE} or {cached(name)}",
            got="none",
            fix=f"{remedy}, or name one of your own in pyproject.toml",
        )
    if found.state == "missing":
        raise StackError(
            f"stack {name!r} of {found.source}", expected=f"an interpreter at {found.python}", got="none", fix=remedy
        )
    if found.state == "incomplete":
        raise StackError(
            f"stack {name!r} of {found.source}",
            expected="a whole environment",
            got=f"one whose making was stopped, {found.folder}",
            fix=remedy,
        )
    return found


def list_stacks() -> list[Stack]:
    """Every stack that a place names, ``main`` first."""
    known = {stack.name: stack for stack in reversed(list(_everywhere()))}
    return sorted(known.values(), key=lambda stack: (stack.name != MAIN, stack.name))


def look_up(name: str) -> Stack | None:
    """The stack that the first place names, whatever its state.

    Raises:
        StackError: for a name that cannot be a folder's.
    """
    if not _NAME.fullmatch(name):
        raise StackError(
            "name of a stack",
            expected="letters, digits, '.', '_' and '-', a letter or digit first",
            got=repr(name),
            fix="Choose another name.",
        )
    return next((stack for stack in _everywhere() if stack.name == name), None)


def cached(name: str) -> Path:
    """The stack's folder in the user's cache."""
    return _cache() / name


def at(name: str, path: Path, source: str) -> Stack:
    """The stack at a path, which is an environment's folder or an interpreter."""
    # Symbolic links stay: an environment's interpreter is one, and leads out of the environment.
    path = path.expanduser().absolute()
    if path.is_file() or (not path.exists() and path.parent.name in ("bin", "Scripts")):
        return Stack(name, path, source)
    return Stack(name, interpreter(path), source, path)


def interpreter(folder: Path) -> Path:
    """The interpreter of an environment's folder."""
    return folder / "Scripts" / "python.exe" if os.name == "nt" else folder / "bin" / "python"


def is_ours(folder: Path) -> bool:
    """Whether ``create`` made this environment, to its end."""
    return bool(read_marker(folder))


def read_marker(folder: Path) -> dict[str, Any]:
    """What the marker says; empty if there is none or it is damaged."""
    try:
        content = json.loads((folder / MARKER).read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}
    return content if isinstance(content, dict) else {}


def _everywhere() -> Iterator[Stack]:
    yield from _configured()
    yield from _named_by_variable()
    yield Stack(MAIN, Path(sys.executable), "the running interpreter")
    cache = _cache()
    yield from (at(folder.name, folder, f"the cache, {cache}") for folder in _folders(cache))


def _configured() -> Iterator[Stack]:
    here = Path.cwd()
    file = next(
        (folder / "pyproject.toml" for folder in (here, *here.parents) if (folder / "pyproject.toml").is_file()), None
    )
    if file is None:
        return
    try:
        table: Any = tomllib.loads(file.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise StackError(f"{file} cannot be read", fix=str(error)) from error
    for key in ("tool", "equivalence", "stacks"):
        table = table.get(key, {}) if isinstance(table, dict) else {}
    if not isinstance(table, dict) or not all(isinstance(path, str) for path in table.values()):
        raise StackError(
            f"[tool.equivalence.stacks] of {file}",
            expected='lines such as theano = ".venvs/theano"',
            got=table,
            fix="Write a path for each name.",
        )
    for name, path in table.items():
        yield at(name, file.parent / Path(path).expanduser(), f"[tool.equivalence.stacks] of {file}")


def _named_by_variable() -> Iterator[Stack]:
    for entry in os.environ.get(VARIABLE, "").split(os.pathsep):
        name, equals, path = entry.partition("=")
        if equals:
            yield at(name.strip(), Path(path), VARIABLE)
        elif entry.strip():
            folders = _folders(Path(entry).expanduser())
            yield from (stack for folder in folders if (stack := at(folder.name, folder, VARIABLE)).python.is_file())


def _cache() -> Path:
    return platformdirs.user_cache_path("layer-equivalence") / "stacks"


def _folders(parent: Path) -> list[Path]:
    if not parent.is_dir():
        return []
    return sorted(path for path in parent.iterdir() if path.is_dir() and _NAME.fullmatch(path.name))
