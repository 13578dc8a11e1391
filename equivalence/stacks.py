"""Stacks: finding them, making one from a recipe, removing one.

A recipe is a pip constraints file that lists every package. Its first lines may be comments that say more::

    # python: 3.11     the Python it needs
    # needs: g++       a command that has to be on the PATH
    # probe: probe.py  a script beside it, run by the finished stack, whose failure means that it does not work
"""

from __future__ import annotations

import hashlib
import json
import os
import re
import shutil
import sys
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from equivalence.errors import StackError
from equivalence.stack_commands import Progress, answer, run
from equivalence.stack_lookup import (
    BEGUN,
    MARKER,
    VARIABLE,
    Stack,
    at,
    cached,
    find,
    is_ours,
    list_stacks,
    look_up,
    read_marker,
)

__all__ = ["Progress", "Stack", "create", "find", "list_stacks", "remove"]

_HEADER = re.compile(r"#\s*(python|needs|probe):\s*(\S+)")
_VERSIONS = """
import importlib.metadata, json, platform
found = {d.metadata["Name"]: d.version for d in importlib.metadata.distributions()}
print(json.dumps({"python": platform.python_version(), "versions": found}, sort_keys=True))
"""


@dataclass(frozen=True)
class Recipe:
    """What a stack is made of."""

    path: Path
    python: str | None = None
    needs: str | None = None
    probe: Path | None = None

    @property
    def digest(self) -> str:
        """Tells whether a stack was made from this recipe as it is now."""
        return hashlib.sha256(self.path.read_bytes()).hexdigest()


def create(name: str, recipe_path: Path, on_progress: Progress = print, *, force: bool = False) -> Stack:
    """Make a stack, in the place the nearest pyproject.toml names, else in the user's cache.

    An existing one that works is left as it is. Whatever stops the making, nothing stays behind.

    Args:
        name: as a pyproject.toml names it.
        recipe_path: the recipe, see this module's docstring.
        on_progress: gets a line at a time of what is done.
        force: make it anew, if it was made by this function before.

    Raises:
        StackError: if it cannot be made; says which step failed and what to do.
    """
    recipe = _read_recipe(recipe_path)
    target = _target(name)
    if _keeps(target, recipe, on_progress, force=force):
        return target
    folder = target.folder
    assert folder is not None
    if recipe.needs and shutil.which(recipe.needs) is None:
        raise StackError(
            f"stack {name!r}", expected=f"{recipe.needs} on the PATH", got="none", fix=f"Install {recipe.needs}."
        )
    python = _suitable_python(recipe.python)
    _delete(folder)
    try:
        folder.mkdir(parents=True)
        (folder / BEGUN).write_text(str(os.getpid()), encoding="utf-8")
        _make(target, recipe, python, on_progress)
    except BaseException:
        # An interruption too: half a stack would look like a whole one to whoever names its folder.
        _delete(folder)
        raise
    on_progress(f"stack {name} is ready: {folder}")
    return target


def remove(name: str) -> Path:
    """Delete a stack that :func:`create` made, and return its folder.

    Raises:
        StackError: if there is none, or its folder does not carry the marker.
    """
    found = look_up(name)
    if found is None or found.folder is None or not found.folder.exists():
        raise StackError(f"stack {name!r}", expected="an environment that can be removed", got="none")
    if not is_ours(found.folder):
        raise StackError(
            f"stack {name!r} of {found.source}",
            expected=f"the marker {MARKER} in {found.folder}",
            got="none",
            fix="It was not made by 'equivalence stacks create'; delete the folder yourself.",
        )
    _delete(found.folder)
    return found.folder


def _read_recipe(path: Path) -> Recipe:
    try:
        lines = Path(path).read_text(encoding="utf-8").splitlines()
    except OSError as error:
        raise StackError(f"recipe {path}", expected="a constraints file", got=error.strerror) from error
    header = {match[1]: match[2] for line in lines if (match := _HEADER.match(line))}
    probe = header.get("probe")
    return Recipe(Path(path), header.get("python"), header.get("needs"), Path(path).parent / probe if probe else None)


def _target(name: str) -> Stack:
    """Where the stack is, or would be made."""
    place = look_up(name)
    if place is not None and place.state != "ready" and place.source == VARIABLE:
        raise StackError(
            f"stack {name!r} of {VARIABLE}",
            expected=f"an environment at {place.python}",
            got="none",
            fix="Correct the variable.",
        )
    if place is None:
        return at(name, cached(name), f"the cache, {cached(name).parent}")
    if place.folder is None and place.state != "ready":
        raise StackError(
            f"stack {name!r} of {place.source}",
            expected="the folder of an environment to make",
            got=f"the path of an interpreter, {place.python}",
            fix="Name a folder instead.",
        )
    return place


def _keeps(target: Stack, recipe: Recipe, on_progress: Progress, *, force: bool) -> bool:
    """Whether what is there stays.

    Raises:
        StackError: if what is there is in the way and not ours to replace.
    """
    folder = target.folder
    if folder is not None and target.state == "incomplete":
        _refuse_if_being_made(target)
        on_progress(f"stack {target.name} in {folder} was left half-made and is made anew")
        return False
    if folder is not None and (not folder.exists() or not any(folder.iterdir())):
        return False
    ours = folder is not None and is_ours(folder)
    if target.state == "ready" and not (force and ours):
        trouble = _trouble(target, recipe, on_progress)
        if trouble is None:
            on_progress(f"stack {target.name} is there already and works: {folder or target.python}")
            if folder is not None and ours and read_marker(folder).get("recipe") != recipe.digest:
                on_progress("its recipe has changed since: --force makes it anew")
            return True
        on_progress(str(trouble))
    if not ours:
        raise StackError(
            f"stack {target.name!r} of {target.source}",
            expected="an environment that works, one made by this command, or no folder",
            got=f"{folder or target.python}, which is none of these",
            fix="Mend it, move it away, or name another folder.",
        )
    return False


def _refuse_if_being_made(target: Stack) -> None:
    assert target.folder is not None
    try:
        process = int((target.folder / BEGUN).read_text(encoding="utf-8"))
        os.kill(process, 0)
    except PermissionError:
        pass  # it lives, and is another user's
    except (OSError, ValueError):
        return
    if process != os.getpid():
        raise StackError(
            f"stack {target.name!r} is being made by process {process}",
            fix="Wait until it is done, or stop that process.",
        )


def _delete(folder: Path) -> None:
    """Take a folder away at once, whatever stops the deletion of what is in it."""
    if not folder.exists():
        return
    aside = folder.with_name(f".{folder.name}.{os.getpid()}")
    folder.rename(aside)
    shutil.rmtree(aside)


def _suitable_python(version: str | None) -> Path:
    """An interpreter of that version: this one if it fits, else the one on the PATH."""
    if version is None or f"{sys.version_info.major}.{sys.version_info.minor}" == version:
        return Path(sys.executable)
    for command in (f"python{version}", "python3", "python"):
        # A version manager's stand-in may be on the PATH for a version that is not installed, so it is asked.
        found = shutil.which(command)
        if found and answer(Path(found), "import sys; print('%d.%d' % sys.version_info[:2])") == version:
            return Path(found)
    raise StackError(
        f"Python {version}",
        expected=f"python{version} on the PATH",
        got=f"this interpreter, {sys.version_info.major}.{sys.version_info.minor}, and no other that fits",
        fix=f"Install Python {version} and run this again.",
    )


def _make(target: Stack, recipe: Recipe, python: Path, on_progress: Progress) -> None:
    folder = target.folder
    assert folder is not None
    on_progress(f"making {folder} with {python}")
    run("make an environment", [python, "-m", "venv", folder], on_progress)
    pip: list[str | Path] = [target.python, "-m", "pip", "--disable-pip-version-check", "--no-input"]
    run("install the packages", [*pip, "install", "-r", recipe.path], on_progress)
    run("find the packages in order", [*pip, "check"], on_progress)
    trouble = _trouble(target, recipe, on_progress)
    if trouble is not None:
        raise trouble
    found = json.loads(answer(target.python, _VERSIONS) or "{}")
    created = datetime.now(UTC).isoformat(timespec="seconds")
    content = {"name": target.name, "created": created, "recipe": recipe.digest, **found}
    partial = folder / f"{MARKER}.part"
    partial.write_text(json.dumps(content, indent=2) + "\n", encoding="utf-8")
    partial.replace(folder / MARKER)
    (folder / BEGUN).unlink()


def _trouble(target: Stack, recipe: Recipe, on_progress: Progress) -> StackError | None:
    """What keeps a stack from working, if anything does."""
    try:
        run("run its probe", [target.python, "-I", *([recipe.probe] if recipe.probe else ["-c", ""])], on_progress)
    except StackError as error:
        return StackError(f"stack {target.name!r} does not work. {error}")
    return None
