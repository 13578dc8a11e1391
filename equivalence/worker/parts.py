"""Taking models apart in a worker: which layers they have, and a part of them as a layer of its own."""

from __future__ import annotations

import json
from collections import OrderedDict
from collections.abc import Mapping, Sequence
from typing import Any

from equivalence.chain import Chain, between, pairs
from equivalence.driver import Call, Driver, Row
from equivalence.inputs import Array
from equivalence.operation import OUTPUT

_KEPT = 8
_PARTS: OrderedDict[Any, Any] = OrderedDict()
"""Parts that were made, the last used last: a framework may keep copies of them in other dtypes."""


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
    given, raised = list(inputs), ""
    for layer in pairs(model):
        name = layer[0]
        rows.append({"name": name, "parameters": {}, "calls": 1, "takes": list(given[0].shape), "gives": None})
        try:
            given = [driver.run(_call(layer, part, given)).outputs[OUTPUT]]
        except Exception as error:  # noqa: BLE001 - whatever a layer raises is an outcome
            raised = f"{name}: {type(error).__name__}: {error}"
            break
        rows[-1]["gives"] = list(given[0].shape)
    return {"layers": rows, "chain": True, "raised": raised}


def _call(layer: tuple[str, Any], part: Mapping[str, Any], given: Sequence[Array]) -> Call:
    """One layer of a list on arrays."""
    arrays = {str(place): array for place, array in enumerate(given)}
    key = json.dumps([repr(layer), part, [array.ndim for array in given]], default=repr)
    return Call(key, Chain([layer]), arrays, {name: name for name in arrays}, {}, (OUTPUT,), (), {}, port=True)


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
