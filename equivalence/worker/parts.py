"""Taking models apart in a worker: which layers they have, and a part of them as a layer of its own."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from equivalence.driver import Driver, Row
from equivalence.errors import PortError
from equivalence.inputs import Array

_KEPT = 8
_PARTS: OrderedDict[Any, Any] = OrderedDict()
"""Parts that were made, the last used last: a framework may keep copies of them in other dtypes."""


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


def anatomy(driver: Driver, model: Any, part: Mapping[str, Any], inputs: Sequence[Array]) -> dict[str, Any]:
    """The layers of a model in the order in which it calls them, see :class:`~equivalence.driver.Row`.

    Returns:
        ``layers``, the rows; ``chain``, whether each takes what the one before it gave and nothing else; ``raised``,
        what it raised, if it did.
    """
    if hasattr(driver, "anatomy"):
        found: dict[str, Any] = driver.anatomy(model, part, inputs)
        return found
    rows: list[Row] = []
    given, raised = tuple(inputs), ""
    for name, function in pairs(model):
        rows.append({"name": name, "parameters": {}, "calls": 1, "takes": list(given[0].shape), "gives": None})
        try:
            given = (function(*given),)
        except Exception as error:  # noqa: BLE001 - whatever a layer raises is an outcome
            raised = f"{name}: {type(error).__name__}: {error}"
            break
        rows[-1]["gives"] = list(given[0].shape)
    return {"layers": rows, "chain": True, "raised": raised}


def weights(driver: Driver, model: Any, part: Mapping[str, Any]) -> dict[str, Array]:
    """The parameters of the layer ``part["weights"]`` by their own names."""
    found: dict[str, Array] = driver.weights(model, part) if hasattr(driver, "weights") else {}
    return found


def take(driver: Driver, model: Any, part: Mapping[str, Any]) -> Any:
    """A part of a model, see :class:`~equivalence.model.Segment`."""
    key = (id(model), *(part.get(name, "") for name in ("after", "upto", "only", "into")), repr(part["shapes"]))
    if key not in _PARTS:
        # The model is kept too, so that its id stays its own.
        _PARTS[key] = (model, driver.part(model, part) if hasattr(driver, "part") else _chain(model, part))
        while len(_PARTS) > _KEPT:
            _PARTS.popitem(last=False)
    _PARTS.move_to_end(key)
    return _PARTS[key][1]


def _chain(model: Any, part: Mapping[str, Any]) -> Chain:
    layers = pairs(model)
    start, stop = between([name for name, _ in layers], part)
    return Chain(layers[start:stop])


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
