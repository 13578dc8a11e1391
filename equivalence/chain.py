"""Models that are lists of named layers, and which of the layers of a chain a part of it holds."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from equivalence.errors import PortError


class Chain:
    """Named functions, one after the other."""

    def __init__(self, layers: Sequence[tuple[str, Callable[..., Any]]]) -> None:
        self.layers = list(layers)

    def __call__(self, /, **inputs: Any) -> Any:
        """What the last gives; the first takes the inputs in order."""
        given: tuple[Any, ...] = tuple(inputs.values())
        for _, function in self.layers:
            given = (function(*given),)
        return given[0] if len(given) == 1 else given


def pairs(model: Any) -> list[tuple[str, Any]]:
    """The layers of a model that is a list of them.

    Raises:
        PortError: if it is none.
    """
    if not isinstance(model, (list, tuple)) or not all(_pair(item) for item in model) or not model:
        raise PortError(
            "a model",
            expected='an object that has layers, or a list of named layers, [("name", function), ...]',
            got=type(model).__name__,
        )
    names = [name for name, _ in model]
    if twice := sorted({name for name in names if names.count(name) > 1}):
        raise PortError("a list of named layers", expected="each name once", got=", ".join(twice))
    return list(model)


def _pair(item: Any) -> bool:
    return isinstance(item, (tuple, list)) and len(item) == 2 and isinstance(item[0], str) and callable(item[1])  # noqa: PLR2004


def between(names: Sequence[str], part: Mapping[str, Any]) -> tuple[int, int]:
    """Which of the layers of a chain a part holds; the name of a container stands for all in it."""

    def last(name: str) -> int:
        return max(place for place, own in enumerate(names) if own == name or own.startswith(f"{name}."))

    def first(name: str) -> int:
        return min(place for place, own in enumerate(names) if own == name or own.startswith(f"{name}."))

    if part.get("only"):
        return first(part["only"]), last(part["only"]) + 1
    start = last(part["after"]) + 1 if part["after"] else 0
    if part.get("into"):
        return start, first(part["upto"])
    return start, last(part["upto"]) + 1 if part["upto"] else len(names)
