"""Functions of one number: recognised by name, fitted with a parameter, or taken apart into straight pieces."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import partial
from itertools import islice, pairwise, product
from typing import TYPE_CHECKING, Any

import numpy as np

from equivalence.diagnosis.fitting import values_of
from equivalence.inputs import Array, Real

if TYPE_CHECKING:
    from equivalence.operation import Operation
    from equivalence.registry import Registry

Function = Callable[[Array], Array]

_STEPS = np.concatenate(
    [np.geomspace(1e-3, 100.0, 36), np.linspace(2.06, 3.95, 14), np.arange(12.3, 100, 8.3), [150, 800]]
)
GRID: Array = np.unique(np.concatenate([-_STEPS, [0.0], _STEPS]))
"""Where functions are sampled: near zero, over all that matters to activations, and a few numbers far out."""

TOLERANCE = 1e-9
_RUN = 4
_MOST = 4
_ROUNDS = 25
_SHORTEST = 1e-3
_STARTS = (1.0, 0.5, 2.0, 0.2, 5.0, 1.7, 0.05, 20.0)
_NICE = 1e-8
_SETTINGS = 12


@dataclass(frozen=True)
class Scalar:
    """A function of one number with a name.

    Attributes:
        said: what people call it, with its parameters.
        function: computes it.
        operation: the catalogue's name for it.
        settings: its parameters, and those that were fitted.
    """

    said: str
    function: Function
    operation: str
    settings: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class Piece:
    """A straight piece of a function, from one place to another."""

    low: float
    high: float
    slope: float
    start: float

    @property
    def said(self) -> str:
        """What it is like."""
        if self.slope == 0:
            return f"is {self.start:.6g}"
        return f"has slope {self.slope:.6g}"


def elementwise(known: Registry) -> Iterator[Scalar]:
    """The catalogue's operations that work on each number by itself, with the values of their parameters."""
    for operation in known.operations.values():
        kinds = list(operation.inputs.values())
        whole = len(kinds) == 1 and isinstance(kinds[0], Real) and kinds[0].low is None
        if whole and [kinds[0].axes] == list(operation.outputs.values()):
            names = list(operation.parameters)
            values = product(*(values_of(operation, name, 1) for name in names))
            for chosen in islice(values, _SETTINGS):
                settings = dict(zip(names, chosen, strict=True))
                found = Scalar(_said(operation, settings), partial(operation.reference, **settings), operation.name)
                if _by_itself(found.function):
                    yield replace(found, settings=settings)


def _said(operation: Operation, settings: Mapping[str, Any]) -> str:
    told = ", ".join(
        f"{name}={value:.6g}" if isinstance(value, float) else f"{name}={value!r}" for name, value in settings.items()
    )
    return f"{operation.name} ({told})" if told else operation.name


def _by_itself(function: Function) -> bool:
    half = GRID.size // 2
    whole, one, two = (computed(function, part) for part in (GRID, GRID[:half], GRID[half:]))
    if whole is None or one is None or two is None:
        return False
    return np.array_equal(whole, np.concatenate([one, two]), equal_nan=True)


def computed(function: Function, values: Array) -> Array | None:
    """A function's values in float64; none if it refuses these numbers."""
    try:
        with np.errstate(all="ignore"):
            found = np.asarray(function(values), np.float64)
    except (ArithmeticError, LookupError, TypeError, ValueError):
        return None
    return found if found.shape == values.shape else None


def alike(one: Array | None, two: Array, tolerance: float = TOLERANCE) -> bool:
    """Whether two sets of values are the same but for rounding."""
    if one is None or one.shape != two.shape:
        return False
    scale = float(np.max(np.abs(two), where=np.isfinite(two), initial=0.0))
    return bool(np.allclose(one, two, rtol=tolerance, atol=tolerance * min(1.0, scale), equal_nan=True))


def recognised(known: Registry, values: Array, candidates: Sequence[Scalar]) -> Scalar | None:
    """The function that has these values on the grid: by name, else with one parameter fitted."""
    exact = next((one for one in candidates if alike(computed(one.function, GRID), values)), None)
    if exact is not None:
        return exact
    return next((found for one in candidates for found in _fitted(known, one, values)), None)


def _fitted(known: Registry, one: Scalar, values: Array) -> Iterator[Scalar]:
    operation = known.operations[one.operation]
    for name, own in one.settings.items():
        if isinstance(own, float) and own == operation.defaults[name]:
            yield from _solved(
                one,
                values,
                lambda k, name=name: partial(operation.reference, **{**one.settings, name: k}),  # type: ignore[misc]
                lambda k, name=name: _said(operation, {**one.settings, name: k}),  # type: ignore[misc]
                name,
            )
    forms: Sequence[tuple[str, Callable[[float], Function]]] = (
        ("f(k x) / k", lambda k: lambda x: one.function(k * x) / k),
        ("f(k x)", lambda k: lambda x: one.function(k * x)),
        ("k f(x)", lambda k: lambda x: k * one.function(x)),
        ("x sigmoid", lambda k: lambda x: x * one.function(k * x)),
    )
    for form, made in forms:
        shown = form.replace("x sigmoid", "x f(k x)").replace("f(", f"{one.said}(")
        yield from _solved(one, values, made, lambda k, shown=shown: shown.replace("k", f"{k:.6g}"), form)  # type: ignore[misc]


def _solved(
    one: Scalar, values: Array, made: Callable[[float], Function], said: Callable[[float], str], name: str
) -> Iterator[Scalar]:
    inside = np.abs(GRID) <= 100  # noqa: PLR2004 - beyond, functions are saturated or overflow
    if not np.isfinite(values[inside]).all():
        return

    def residual(k: float) -> Array | None:
        found = computed(made(k), GRID[inside])
        return None if found is None or not np.isfinite(found).all() else found - values[inside]

    k = solve(residual)
    if k is not None and alike(computed(made(k), GRID), values, 10 * TOLERANCE):
        yield Scalar(said(k), made(k), one.operation, {**one.settings, name: k})


def solve(
    residual: Callable[[float], Array | None], starts: Sequence[float] = _STARTS, rounds: int = _ROUNDS
) -> float | None:
    """The positive number at which a residual is smallest: from the best start by Gauss-Newton steps.

    Args:
        residual: what is to become nothing; none where it cannot be computed.
        starts: numbers to begin at.
        rounds: how many steps are made at most.
    """

    def size(k: float) -> float:
        found = residual(k)
        return math.inf if found is None else float(np.sum(np.square(found)))

    k = min(starts, key=size)
    best = size(k)
    if not math.isfinite(best):
        return None
    for _ in range(rounds):
        here, beside = residual(k), residual(k * (1 + 1e-6))
        if here is None or beside is None:
            return None
        slope = (beside - here) / 1e-6
        square = float(slope @ slope)
        step = -float(slope @ here) / square if square else 0.0
        if not math.isfinite(step) or abs(step) < 1e-14:  # noqa: PLR2004
            break
        moved, damped = None, max(-1.0, min(1.0, step))
        while moved is None and abs(damped) > _SHORTEST * abs(step):
            candidate = k * math.exp(damped)
            if (found := size(candidate)) < best:
                moved, best = candidate, found
            damped /= 4
        if moved is None:
            break
        k = moved
    return nice(k)


def exact(residual: Callable[[float], Array | None], k: float, share: float) -> bool:
    """Whether a number leaves no more than a share of what one leaves."""
    left, before = residual(k), residual(1.0)
    if left is None or before is None or not np.any(before):
        return False
    return bool(np.max(np.abs(left)) <= share * np.max(np.abs(before)))


def nice(value: float) -> float:
    """The short number that is meant, if one is very near."""
    for digits in (1, 2, 3, 4, 5):
        short = float(f"{value:.{digits}g}")
        if math.isclose(short, value, rel_tol=_NICE):
            return short
    return value


def pieces(places: Array, values: Array) -> list[Piece] | None:
    """A function as a few straight pieces, from points in rising order; none if it is curved, or torn in many."""
    found: list[Piece] = []
    first, left, count = 0, 0, places.size
    while first < count - 1:
        last = _straight(places, values, first)
        if last - first + 1 >= _RUN:
            slope = (values[last] - values[first]) / (places[last] - places[first])
            found.append(_line(places, values, first, last, float(slope)))
            first = last
        else:
            left += 1
            first += 1
        if left > _MOST or len(found) > _MOST:
            return None
    return found or None


def _straight(places: Array, values: Array, first: int) -> int:
    """The last point on one line with a point and its neighbour."""
    slope = (values[first + 1] - values[first]) / (places[first + 1] - places[first])
    rest = slice(first, None)
    on = values[first] + slope * (places[rest] - places[first])
    steep = max(1.0, abs(float(slope)))
    near = np.abs(on - values[rest]) <= 1e-7 * np.abs(values[rest]) + 1e-9 * steep * np.abs(
        places[rest] - places[first]
    )
    return first + (int(np.argmin(near)) if not near.all() else near.size) - 1


def _line(places: Array, values: Array, first: int, last: int, slope: float) -> Piece:
    whole = nice(slope) if abs(slope) > 1e-12 else 0.0  # noqa: PLR2004
    start = float(np.median(values[first : last + 1] - whole * places[first : last + 1]))
    return Piece(float(places[first]), float(places[last]), whole, nice(start) if abs(start) > 1e-9 else 0.0)  # noqa: PLR2004


def knots(found: Sequence[Piece]) -> list[float]:
    """Where one piece ends and the next begins: where they meet, or between their ends if they do not."""
    places = []
    for one, two in pairwise(found):
        met = (one.start - two.start) / (two.slope - one.slope) if two.slope != one.slope else math.inf
        slack = 1e-6 * max(1.0, abs(met)) if math.isfinite(met) else 0.0
        inside = one.high - slack <= met <= two.low + slack
        places.append(nice(met) if inside and abs(met) > 1e-9 else 0.0 if inside else (one.high + two.low) / 2)  # noqa: PLR2004
    return places


def piecewise(found: Sequence[Piece]) -> Function:
    """The function that these pieces are."""
    edges = np.asarray(knots(found))
    slopes, starts = (np.asarray([getattr(piece, name) for piece in found]) for name in ("slope", "start"))

    def function(x: Array) -> Array:
        which = np.searchsorted(edges, x)
        return np.asarray(starts[which] + np.where(slopes[which] == 0, 0.0, slopes[which] * x))

    return function


def compared(one: Sequence[Piece], two: Sequence[Piece]) -> str:
    """Where the original's pieces and the ported layer's differ, and how."""
    edges = sorted({*knots(one), *knots(two)})
    told = []
    for low, high in pairwise([-math.inf, *edges, math.inf]):
        middle = (max(low, min(high, 0.0) - 1.0) + min(high, max(low, 0.0) + 1.0)) / 2
        first, second = (found[int(np.searchsorted(knots(found), middle))] for found in (one, two))
        if (first.slope, first.start) != (second.slope, second.start):
            ends = [f"above {low:.6g}"] * math.isfinite(low) + [f"below {high:.6g}"] * math.isfinite(high)
            where = " and ".join(ends) or "everywhere"
            told.append(f"{where} the original {first.said} and the ported layer {second.said}")
    return "; ".join(told) + "."
