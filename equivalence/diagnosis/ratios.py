"""Hypotheses that an output is a multiple of the original's, or that and a constant, and where those come from."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Sequence
from itertools import permutations
from typing import TYPE_CHECKING

import numpy as np

from equivalence.diagnosis.hypothesis import Hypothesis
from equivalence.diagnosis.spots import Spot, View, moving
from equivalence.inputs import Integers, Lengths, Mask
from equivalence.observation import Observation

if TYPE_CHECKING:
    from equivalence.inputs import Array
    from equivalence.sides import Inputs

Factor = Callable[["Inputs"], "float | Array | None"]

_CONSTANTS: Sequence[tuple[str, float]] = (
    ("", 1.0),
    ("2 * ", 2.0),
    ("0.5 * ", 0.5),
)
_NEAR = 1e-9
_SAME = 1e-7


def hypotheses(view: View) -> Iterator[Hypothesis]:
    """A factor that sizes or counts explain, then one that is the same everywhere, then a constant added."""
    for spot in view.outputs:
        items = [item for item in view.evidence.telling if not item.inputs.setting.data] or view.evidence.telling
        ratios = [_ratio(item, spot) for item in items]
        if items and all(ratio is not None for ratio in ratios):
            yield from _explained(view, spot, items, [float(ratio) for ratio in ratios if ratio is not None])
        yield from _by_row(view, spot)
        yield from _shifted(spot, items)
        yield from _affine(spot, items)


def _arrays(item: Observation, spot: Spot) -> tuple[Array, Array] | None:
    right, wrong = item.original.outputs.get(spot.name), item.ported.outputs.get(spot.name)
    if right is None or wrong is None or right.shape != wrong.shape:
        return None
    if not (np.isfinite(right).all() and np.isfinite(wrong).all()):
        return None
    return np.asarray(right, np.float64), np.asarray(wrong, np.float64)


def _ratio(item: Observation, spot: Spot) -> float | None:
    """By what the ported layer's output is a multiple of the original's; none if it is not."""
    pair = _arrays(item, spot)
    if pair is None or not pair[0].any():
        return None
    right, wrong = pair
    found = float(np.vdot(right, wrong) / np.vdot(right, right))
    return found if np.allclose(found * right, wrong, rtol=_SAME, atol=_SAME * np.abs(wrong).max()) else None


def _explained(view: View, spot: Spot, items: Sequence[Observation], ratios: Sequence[float]) -> Iterator[Hypothesis]:
    lost = _lost(view, spot)
    same = all(math.isclose(ratio, ratios[0], rel_tol=_NEAR) for ratio in ratios)
    for said, factor in _factors(view):
        for prefix, constant in _CONSTANTS:
            if _matches(factor, constant, items, ratios):
                yield _multiplied(spot, f"{prefix}{said}", factor, constant, lost=lost)
    if same and not math.isclose(ratios[0], 1.0, rel_tol=_NEAR):
        value = _nice(ratios[0])
        yield _multiplied(spot, _written(value), lambda _: value, 1.0, lost=False, prior=0.95)


def _matches(factor: Factor, constant: float, items: Sequence[Observation], ratios: Sequence[float]) -> bool:
    for item, ratio in zip(items, ratios, strict=True):
        value = factor(item.inputs)
        if value is None or not math.isclose(constant * float(np.asarray(value)), ratio, rel_tol=_NEAR):
            return False
    return True


def _multiplied(
    spot: Spot, said: str, factor: Factor, constant: float, *, lost: bool, prior: float = 0.96
) -> Hypothesis:
    def move(array: Array, inputs: Inputs) -> Array | None:
        value = factor(inputs)
        return None if value is None else array * (constant * np.asarray(value))

    return moving(
        [(spot, move)],
        code="reduction.normalizer" if lost else "scale.factor",
        message=f"{spot.said} is {said} times what it should be: the two layers divide the sum by different numbers."
        if lost
        else f"{spot.said} is {said} times what it should be.",
        fix=f"divide {spot.said} by {said}",
        prior=prior,
    )


def _lost(view: View, spot: Spot) -> bool:
    """Whether an output has fewer axes than the data: something was summed over them."""
    lost = {axis for other in view.data for axis in other.axes} - set(spot.axes)
    contracted = {axis for other in view.parameters for axis in other.axes}
    return bool(lost - contracted) and not view.letters.kernel


def _factors(view: View) -> Iterator[tuple[str, Factor]]:
    """What may explain a factor: counts of what is masked, sizes and their products, ratios and roots."""
    yield from _counts(view)
    sizes = [x for x, size in view.evidence.complete[0].inputs.setting.sizes.items() if isinstance(size, int)]
    one: list[tuple[str, Callable[[float], float]]] = [
        ("{0}", lambda a: a),
        ("1 / {0}", lambda a: 1 / a),
        ("sqrt({0})", math.sqrt),
        ("1 / sqrt({0})", lambda a: 1 / math.sqrt(a)),
        ("{0} / ({0} - 1)", lambda a: a / (a - 1)),
        ("({0} - 1) / {0}", lambda a: (a - 1) / a),
        ("sqrt({0} / ({0} - 1))", lambda a: math.sqrt(a / (a - 1))),
        ("sqrt(({0} - 1) / {0})", lambda a: math.sqrt((a - 1) / a)),
        ("{0}²", lambda a: a * a),
        ("1 / {0}²", lambda a: 1 / (a * a)),
        ("1 / ({0} - 1)", lambda a: 1 / (a - 1)),
        ("({0} - 1)", lambda a: a - 1),
        ("log({0})", math.log),
        ("1 / log({0})", lambda a: 1 / math.log(a)),
    ]
    for x in sizes:
        yield from ((said.format(x), _of([x], function)) for said, function in one)
    two: list[tuple[str, Callable[[float, float], float]]] = [
        ("{0} / {1}", lambda a, b: a / b),
        ("sqrt({0} / {1})", lambda a, b: math.sqrt(a / b)),
        ("{0} / ({1} - 1)", lambda a, b: a / (b - 1)),
        ("({1} - 1) / {0}", lambda a, b: (b - 1) / a),
    ]
    for x, y in permutations(sizes, 2):
        yield from ((said.format(x, y), _of([x, y], function)) for said, function in two)
        if x < y:
            yield f"{x} * {y}", _of([x, y], lambda a, b: a * b)
            yield f"1 / ({x} * {y})", _of([x, y], lambda a, b: 1 / (a * b))
            yield f"1 / sqrt({x} * {y})", _of([x, y], lambda a, b: 1 / math.sqrt(a * b))
            yield f"sqrt({x} * {y})", _of([x, y], lambda a, b: math.sqrt(a * b))
    yield from _products(sizes)


def _products(sizes: Sequence[str]) -> Iterator[tuple[str, Factor]]:
    for count in (3, 4):
        for k in range(len(sizes) - count + 1):
            chosen = sizes[k : k + count]
            said = " * ".join(chosen)
            yield said, _of(chosen, lambda *a: math.prod(a))
            yield f"1 / ({said})", _of(chosen, lambda *a: 1 / math.prod(a))


def _of(letters: Sequence[str], function: Callable[..., float]) -> Factor:
    def factor(inputs: Inputs) -> float | None:
        sizes = [inputs.setting.sizes.get(x) for x in letters]
        try:
            return float(function(*sizes)) if all(isinstance(size, int) for size in sizes) else None
        except (ArithmeticError, ValueError):
            return None

    return factor


def _counts(view: View) -> Iterator[tuple[str, Factor]]:
    for spot in view.arguments:
        if isinstance(spot.kind, Mask):
            for said, function in (
                ("the share of {0} that is true", lambda mask, _: mask.mean()),
                ("the number of true in {0}", lambda mask, _: mask.sum()),
            ):
                yield from _both(said.format(spot.said), _counted(spot, function))
        elif isinstance(spot.kind, Lengths):
            of = spot.kind.of
            yield from _both(
                f"the mean of {spot.said} over {of}",
                _counted(spot, lambda lengths, inputs, of=of: lengths.mean() / inputs.setting.sizes[of]),  # type: ignore[misc]
            )
            yield from _both(f"the sum of {spot.said}", _counted(spot, lambda lengths, _: lengths.sum()))
        elif isinstance(spot.kind, Integers) and spot.kind.low < 0:
            yield from _both(
                f"the share of {spot.said} that is not negative", _counted(spot, lambda i, _: (i >= 0).mean())
            )
    for spot in view.arguments:
        if spot.real and len(spot.axes) == 1 and spot.part == "parameter":
            yield from _both(f"the sum of {spot.said}", _counted(spot, lambda w, _: w.sum()))
            yield from _both(f"the mean of {spot.said}", _counted(spot, lambda w, _: w.mean()))
        elif spot.real and not spot.axes:
            yield from _both(spot.said, _counted(spot, lambda w, _: w))
            yield from _both(f"1 - {spot.said}", _counted(spot, lambda w, _: 1 - w))


def _both(said: str, factor: Factor) -> Iterator[tuple[str, Factor]]:
    def inverse(inputs: Inputs) -> float | Array | None:
        value = factor(inputs)
        return None if value is None or not np.all(value) else 1 / np.asarray(value)

    yield said, factor
    yield f"1 / ({said})", inverse


def _counted(spot: Spot, function: Callable[[Array, Inputs], float | Array]) -> Factor:
    return lambda inputs: function(inputs.arrays[spot.name], inputs)


def _by_row(view: View, spot: Spot) -> Iterator[Hypothesis]:
    """A factor of its own for each example: how much of it is masked, or how long it is."""
    batch = next((axis for axis in spot.axes if axis in view.letters.batch), None)
    for other in view.arguments:
        if batch is None or batch not in other.axes or not isinstance(other.kind, (Mask, Lengths)):
            continue

        def share(inputs: Inputs, other: Spot = other) -> Array:
            array = inputs.arrays[other.name]
            rest = tuple(k for k, axis in enumerate(other.axes) if axis != batch)
            size = inputs.setting.sizes[other.kind.of] if isinstance(other.kind, Lengths) else 1
            own = array.mean(rest) if isinstance(other.kind, Mask) else array / size
            return own.reshape([-1 if axis == batch else 1 for axis in spot.axes])

        def inverse(inputs: Inputs, share: Callable[[Inputs], Array] = share) -> Array | None:
            own = share(inputs)
            return 1 / own if own.all() else None

        yield _multiplied(spot, f"the share of {other.said} in each example", share, 1.0, lost=True, prior=0.94)
        yield _multiplied(
            spot, f"one over the share of {other.said} in each example", inverse, 1.0, lost=True, prior=0.94
        )


def _shifted(spot: Spot, items: Sequence[Observation]) -> Iterator[Hypothesis]:
    """A constant that is added."""
    found = []
    for item in items:
        pair = _arrays(item, spot)
        if pair is None or pair[0].size == 0:
            return
        apart = pair[1] - pair[0]
        if np.ptp(apart) > _SAME * max(1.0, float(np.abs(pair[0]).max())):
            return
        found.append(float(np.median(apart)))
    if not found or not found[0] or not all(math.isclose(value, found[0], rel_tol=_SAME) for value in found):
        return
    value = _nice(found[0])
    yield moving(
        [(spot, lambda array, _: array + value)],
        code="constant.value",
        message=f"{spot.said} is {_written(value)} more than it should be, everywhere.",
        fix=f"add {_written(-value)} to {spot.said}",
        prior=0.94,
    )


def _affine(spot: Spot, items: Sequence[Observation]) -> Iterator[Hypothesis]:
    """A factor and a constant together."""
    if not items or (pair := _arrays(items[0], spot)) is None or pair[0].size < 4:  # noqa: PLR2004 - two are fitted
        return
    right, wrong = pair[0].ravel(), pair[1].ravel()
    if np.ptp(right) == 0:
        return
    middle = right.mean()
    factor = float(np.dot(right - middle, wrong) / np.dot(right - middle, right - middle))
    added = float(wrong.mean() - factor * middle)
    fits = np.allclose(factor * right + added, wrong, rtol=_SAME, atol=_SAME * max(1.0, np.abs(wrong).max()))
    if not fits or abs(factor - 1) < _SAME or abs(added) < _SAME or abs(factor) < _SAME:
        return
    a, b = _nice(factor), _nice(added)
    yield moving(
        [(spot, lambda array, _: a * array + b)],
        code="scale.factor",
        message=f"{spot.said} is {_written(a)} times what it should be, and {_written(b)} more.",
        fix=f"({spot.said} - {_written(b)}) / {_written(a)}",
        prior=0.93,
    )


def _nice(value: float) -> float:
    """The short number that is meant, if one is very near."""
    short = float(f"{value:.6g}")
    return short if math.isclose(short, value, rel_tol=_NEAR) else value


def _written(value: float) -> str:
    for number in range(2, 17):
        if math.isclose(value, 1 / number, rel_tol=_NEAR) and number not in (2, 4, 5, 8, 10):
            return f"1/{number}"
        if math.isclose(value, math.sqrt(number), rel_tol=_NEAR) and math.isqrt(number) ** 2 != number:
            return f"sqrt({number})"
    return f"{value:.10g}"
