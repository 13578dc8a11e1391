"""Finding which operation of the catalogue a layer is, with which parameters, from what it returns."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import chain, combinations, islice, permutations, product
from typing import TYPE_CHECKING, Any

import numpy as np

from equivalence import axes as _axes
from equivalence.diagnosis.binding import Way, ways
from equivalence.diagnosis.evidence import HARD, MOST, Evidence
from equivalence.diagnosis.hypothesis import Arrays
from equivalence.errors import EquivalenceError
from equivalence.inputs import Array
from equivalence.observation import Observation, distance, share
from equivalence.operation import OUTPUT, Operation, named

if TYPE_CHECKING:
    from equivalence.sides import Inputs

SETTINGS = 250
"""Settings of an operation's parameters that are tried."""

CONSTANTS = (
    0.0,
    *(10.0**-k for k in range(12, 0, -1)),
    0.05,
    1 / 6,
    0.2,
    0.25,
    0.3,
    1 / 3,
    0.5,
    0.75,
    0.9,
    0.99,
    0.999,
)
CONSTANTS_TOO = (1.0, 1.5, 2.0, 3.0, 4.0, 6.0, 8.0)
_ALONE = 10_000
_SIDES = 2
_NEAR = 0.5
_ROUNDS = ((48, 2), (16, 10), (4, 60), (1, 250))
"""How many ways are tried with how many settings."""

_REFINED = 4


@dataclass(frozen=True)
class Fit:
    """A layer as an operation: how its arguments correspond, its parameters, and where its outputs are.

    Attributes:
        outputs: by the port's output, the operation's and the order of its axes.
    """

    operation: Operation
    way: Way
    settings: Mapping[str, Any]
    outputs: Mapping[str, tuple[str, tuple[int, ...]]]

    def predict(self, inputs: Inputs) -> Arrays | None:
        """The outputs by the port's names and in its axes; none where the operation refuses the arguments."""
        return self.evaluated(self.operation.reference, inputs)

    def evaluated(self, function: Callable[..., Any], inputs: Inputs) -> Arrays | None:
        """Likewise for another function with the reference's signature; it has no state that earlier calls leave."""
        if inputs.earlier:
            return None
        found = evaluate(self.operation, self.way, self.settings, inputs, function)
        if found is None:
            return None
        outputs = {}
        for name, (theirs, order) in self.outputs.items():
            array = found[theirs]
            if array.ndim != len(order):
                return None
            outputs[name] = array.transpose(order)
        return outputs

    def gradients(self, product: Callable[..., Any], inputs: Inputs, cotangents: Arrays) -> Arrays | None:
        """Vector-Jacobian products by the port's arguments, from a function with the signature of the operation's."""
        moved = {
            theirs: cotangents[name].transpose(np.argsort(order)) for name, (theirs, order) in self.outputs.items()
        }
        if set(moved) != set(self.operation.outputs):
            return None
        arrays = self.way.to_operation(inputs.arrays, self.operation)
        cotangent = moved[OUTPUT] if list(moved) == [OUTPUT] else moved
        try:
            with np.errstate(all="ignore"):
                found = product(cotangent, **arrays, **self.settings)
        except (EquivalenceError, ArithmeticError, LookupError, TypeError, ValueError):
            return None
        return self.way.from_operation(found, inputs.arrays)

    def at(self, settings: Mapping[str, Any]) -> Fit:
        """The same with other parameters."""
        return replace(self, settings=settings)


def evaluate(
    operation: Operation,
    way: Way,
    settings: Mapping[str, Any],
    inputs: Inputs,
    function: Callable[..., Any] | None = None,
) -> dict[str, Array] | None:
    """The operation's outputs by its own names; none where it refuses the arguments."""
    try:
        arrays = way.to_operation(inputs.arrays, operation)
        copies = {name: np.array(array) for name, array in arrays.items()}
        with np.errstate(all="ignore"):
            found = named(operation.outputs, (function or operation.reference)(**copies, **settings))
        return {name: _without(way.single, operation.outputs[name], array) for name, array in found.items()}
    except (EquivalenceError, ArithmeticError, LookupError, TypeError, ValueError):
        return None


def _without(single: str, axes: str, array: Array) -> Array:
    """An output without the axis that the port does not have."""
    return np.asarray(array).squeeze(_axes.names(axes).index(single)) if single else np.asarray(array)


def fits(evidence: Evidence, operation: Operation, side: str) -> Fit | None:
    """The first way in which a layer is the operation, on every probe where the layer gives outputs.

    Where none is exact, those that come nearest are tried with other constants.
    """
    complete = [item for item in evidence.complete if not item.inputs.earlier]
    items = [item for item in complete if not item.inputs.setting.data] or complete
    if not items:
        return None
    first, near = min(items, key=_numbers), list[tuple[float, int, Fit]]()
    shapes = {name: array.shape for name, array in first.inputs.arrays.items()}
    wanted = getattr(first, side).outputs
    for way, settings in _candidates(
        ways(evidence.port, operation, shapes), settings_of(evidence, operation, first, pinned=side == "original")
    ):
        fit = _fit(operation, way, settings, first, wanted)
        if fit is None:
            continue
        error = distance(fit.predict(first.inputs) or {}, wanted)
        if error > evidence.tolerance:
            near.append((error, len(near), fit))
        elif all(_holds(fit, item, side, evidence) for item in complete):
            return fit
    candidates = (_refined(fit, first, side, evidence.tolerance) for _, _, fit in sorted(near)[:_REFINED])
    return next((f for f in candidates if f and all(_holds(f, i, side, evidence) for i in complete)), None)


def _numbers(item: Observation) -> int:
    """How many numbers the arguments hold; a batch of one tells too little."""
    arrays = item.inputs.arrays.values()
    return sum(int(array.size) for array in arrays) + _ALONE * sum(1 in array.shape for array in arrays)


def _candidates(found: Iterable[Way], settings: Sequence[Mapping[str, Any]]) -> Iterator[tuple[Way, Mapping[str, Any]]]:
    """Many ways with few settings, then fewer ways with more."""
    every, before = list(found), (0, 0)
    for count, depth in _ROUNDS:
        for rank, way in enumerate(every[:count]):
            yield from ((way, item) for item in settings[before[1] if rank < before[0] else 0 : depth])
        before = count, depth


def _holds(fit: Fit, item: Observation, side: str, evidence: Evidence) -> bool:
    predicted = fit.predict(item.inputs)
    if predicted is None:
        return False
    wanted, predicted = getattr(item, side).outputs, evidence.settle(predicted)
    if distance(predicted, wanted) <= evidence.tolerance:
        return True
    right, count = share(predicted, wanted, HARD)
    return bool(item.inputs.setting.data) and count > 0 and bool(right.mean() >= MOST)


def _fit(operation: Operation, way: Way, settings: Mapping[str, Any], item: Observation, wanted: Arrays) -> Fit | None:
    """The operation with these parameters, if it comes near the outputs with their axes in some order."""
    found = evaluate(operation, way, settings, item.inputs)
    outputs = None if found is None else _located(found, wanted)
    return None if outputs is None else Fit(operation, way, settings, outputs)


def _near(one: Array, two: Array) -> bool:
    """Whether a constant may be all that lies between two arrays."""
    finite = np.isfinite(one) & np.isfinite(two)
    if not np.array_equal(np.isnan(one), np.isnan(two)):
        return False
    one, two = (np.asarray(array[finite], np.float64) for array in (one, two))
    return bool(np.linalg.norm(one - two) <= _NEAR * np.linalg.norm(two))


def _alike(one: Array, two: Array) -> bool:
    """Whether two arrays may hold the same numbers in some order, or numbers near them."""
    finite = np.isfinite(one).sum() == np.isfinite(two).sum()
    with np.errstate(all="ignore"):
        first, second = (np.sort(np.asarray(array, np.float64), axis=None) for array in (one, two))
    return bool(finite) and _near(first, second)


def _located(found: Mapping[str, Array], outputs: Arrays) -> dict[str, tuple[str, tuple[int, ...]]] | None:
    """For each of the layer's outputs, which of the operation's comes nearest, in which order of axes."""
    places: dict[str, tuple[str, tuple[int, ...]]] = {}
    sure = False
    for name, array in outputs.items():
        near = [p for p in _places(found, array) if _near(found[p[0]].transpose(p[1]), array)]
        # One output near is enough: a constant may be far off in another, such as a decay in running statistics.
        far = [] if near or len(outputs) == 1 else list(_places(found, array, alike=False))
        if not (near or far):
            return None
        places[name] = min(near or far, key=lambda p: _apart(found[p[0]].transpose(p[1]), array))
        sure |= bool(near)
    return places if sure else None


def _apart(one: Array, two: Array) -> float:
    return distance({"": one}, {"": two})


def _places(found: Mapping[str, Array], array: Array, *, alike: bool = True) -> Iterator[tuple[str, tuple[int, ...]]]:
    for theirs, value in found.items():
        if (
            value.ndim == array.ndim
            and sorted(value.shape) == sorted(array.shape)
            and (not alike or _alike(value, array))
        ):
            for order in islice(permutations(range(value.ndim)), 120):
                if value.transpose(order).shape == array.shape:
                    yield theirs, order


def _refined(fit: Fit, item: Observation, side: str, tolerance: float) -> Fit | None:
    """The same with one constant found by search; none if none explains the outputs."""
    wanted = getattr(item, side).outputs

    def error(settings: Mapping[str, Any]) -> float:
        return _squared(fit.at(settings).predict(item.inputs), wanted)

    for name, value in fit.settings.items():
        if not isinstance(value, float) or isinstance(value, bool):
            continue

        def at(constant: float, name: str = name) -> float:
            return error({**fit.settings, name: constant})

        best = _zoom(at, min((*CONSTANTS, *CONSTANTS_TOO), key=at))
        found = fit.at({**fit.settings, name: best})
        predicted = found.predict(item.inputs)
        if predicted is not None and distance(predicted, wanted) <= tolerance:
            return found
    return None


def _zoom(error: Callable[[float], float], best: float) -> float:
    """Golden-section search around a constant, by factors."""
    low, high = best / 10 - 1e-13, best * 10 + 1e-13
    ratio = (math.sqrt(5) - 1) / 2
    for _ in range(60):
        one, two = high - ratio * (high - low), low + ratio * (high - low)
        low, high = (low, two) if error(one) < error(two) else (one, high)
    middle = (low + high) / 2
    rounded = float(f"{middle:.3g}")
    return min((best, middle, rounded), key=error)


def _squared(predicted: Arrays | None, wanted: Arrays) -> float:
    if predicted is None or any(predicted[name].shape != array.shape for name, array in wanted.items()):
        return math.inf
    with np.errstate(all="ignore"):
        total = sum(float(np.sum((predicted[name] - array) ** 2)) for name, array in wanted.items())
    return total if math.isfinite(total) else math.inf


def settings_of(evidence: Evidence, operation: Operation, item: Observation, *, pinned: bool) -> list[dict[str, Any]]:
    """Settings to try: the port's own, then the cases' and those two changes away, without repetition.

    What the port declares is so in the original; the ported layer may have it otherwise, unless ``pinned``.
    """
    given = {
        name: value
        for name, value in {**evidence.port.parameters, **item.inputs.setting.parameters}.items()
        if name in operation.defaults
    }
    base = {**operation.defaults, **given}
    fixed = given if pinned else {}
    rank = max((array.ndim for array in item.inputs.arrays.values()), default=0)
    choices = [
        [(name, value) for value in values_of(operation, name, rank)]
        for name in operation.defaults
        if name not in fixed
    ]
    singles = [[change] for values in choices for change in values]
    doubles = ([*pair] for one, two in combinations(choices, 2) for pair in product(one, two))
    changes: Iterable[list[tuple[str, Any]]] = chain(
        [[]], ([*case.parameters.items()] for case in operation.cases), singles, doubles
    )
    found: dict[str, dict[str, Any]] = {}
    for change in changes:
        settings = {**base, **{name: value for name, value in change if name not in fixed}}
        found.setdefault(repr(settings), settings)
        if len(found) >= SETTINGS:
            break
    return list(found.values())


def values_of(operation: Operation, name: str, rank: int) -> list[Any]:
    """Values of a parameter: those of the cases, and others of their kind."""
    declared = list(operation.parameters.get(name, ()))
    found = [operation.defaults[name], *declared, *_others(name, declared, rank)]
    unique: dict[str, Any] = {}
    for value in found:
        unique.setdefault(repr(value), value)
    return list(unique.values())


def _others(name: str, declared: list[Any], rank: int) -> Iterator[Any]:
    if name == "axis":
        yield from (*range(rank), None)
        return
    if name == "axes":
        yield from (axes for count in range(1, rank) for axes in combinations(range(rank), count))
        return
    for value in declared:
        if isinstance(value, bool) or value is None or isinstance(value, str):
            continue
        if isinstance(value, int):
            yield from (1, 2, 3, 4, 5, 8)
        elif isinstance(value, tuple) and value and all(isinstance(part, int) for part in value):
            yield from ((k,) * len(value) for k in range(1, 5))
        elif (
            isinstance(value, tuple)
            and value
            and all(isinstance(part, tuple) and len(part) == _SIDES for part in value)
        ):
            yield from (((one, two),) * len(value) for one in range(4) for two in range(4))
