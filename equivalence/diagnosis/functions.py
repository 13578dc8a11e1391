"""Hypotheses that a function is applied to an output in one layer and not in the other."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING

import numpy as np

from equivalence.diagnosis.evidence import Evidence
from equivalence.diagnosis.hypothesis import Arrays, Hypothesis
from equivalence.diagnosis.spots import Spot, View, given, moving
from equivalence.inputs import Integers
from equivalence.observation import distance

if TYPE_CHECKING:
    from equivalence.inputs import Array
    from equivalence.sides import Inputs

Function = Callable[["Array"], "Array"]


def _softplus(x: Array) -> Array:
    return np.logaddexp(x, 0.0)


def _sigmoid(x: Array) -> Array:
    return 0.5 * (1 + np.tanh(0.5 * x))


FUNCTIONS: dict[str, Function] = {
    "relu": lambda x: np.maximum(x, 0),
    "relu6": lambda x: np.clip(x, 0, 6),
    "sigmoid": _sigmoid,
    "tanh": np.tanh,
    "softplus": _softplus,
    "exp": np.exp,
    "log": np.log,
    "sqrt": np.sqrt,
    "square": np.square,
    "abs": np.abs,
    "1 / y": np.reciprocal,
    "1 - y": lambda x: 1 - x,
    "elu": lambda x: np.where(x > 0, x, np.expm1(np.minimum(x, 0))),
    "silu": lambda x: x * _sigmoid(x),
    "leaky relu (0.01)": lambda x: np.where(x > 0, x, 0.01 * x),
    "leaky relu (0.2)": lambda x: np.where(x > 0, x, 0.2 * x),
    "hard sigmoid (x / 5 + 1/2)": lambda x: np.clip(0.2 * x + 0.5, 0, 1),
    "hard sigmoid (x / 6 + 1/2)": lambda x: np.clip(x / 6 + 0.5, 0, 1),
    "clip to 0 and 1": lambda x: np.clip(x, 0, 1),
    "clip to -1 and 1": lambda x: np.clip(x, -1, 1),
    "sign": np.sign,
    "log1p": np.log1p,
    "log base 2": np.log2,
    "log base 10": np.log10,
}
"""Functions that one layer may have and the other not."""

_WHOLE: dict[str, Function] = {
    "cut off to a whole number": np.trunc,
    "rounded to a whole number": np.rint,
    "rounded down to a whole number": np.floor,
    "rounded up to a whole number": np.ceil,
    "wrapped to 8 bits": lambda x: np.mod(np.trunc(x), 256),
}

_INVERSES: dict[str, Function] = {
    "sigmoid": lambda y: np.log(y) - np.log1p(-y),
    "tanh": np.arctanh,
    "exp": np.log,
    "log": np.exp,
    "softplus": lambda y: np.log(np.expm1(y)),
    "sqrt": np.square,
    "log1p": np.expm1,
}


def over_axes(spot: Spot) -> dict[str, Function]:
    """Functions of an output that work along an axis."""
    found: dict[str, Function] = {}
    for place, axis in enumerate(spot.axes):
        found[f"softmax over {axis}"] = lambda y, place=place: _softmax(y, place)  # type: ignore[misc]
        found[f"log softmax over {axis}"] = lambda y, place=place: np.log(_softmax(y, place))  # type: ignore[misc]
        found[f"division by the norm over {axis}"] = lambda y, place=place: (  # type: ignore[misc]
            y / np.sqrt(np.sum(y * y, place, keepdims=True))
        )
        found[f"division by the sum over {axis}"] = lambda y, place=place: y / np.sum(y, place, keepdims=True)  # type: ignore[misc]
        found[f"the running sum over {axis}"] = lambda y, place=place: np.cumsum(y, place)  # type: ignore[misc]
        found[f"subtraction of the mean over {axis}"] = lambda y, place=place: (  # type: ignore[misc]
            y - np.mean(y, place, keepdims=True)
        )
    return found


def _softmax(y: Array, axis: int) -> Array:
    raised = np.exp(y - np.max(y, axis, keepdims=True, initial=-np.inf))
    return np.asarray(raised / np.sum(raised, axis, keepdims=True))


def hypotheses(view: View) -> Iterator[Hypothesis]:
    """Of each output: a function more, a function less; then numbers made whole, precision lost, signs."""
    for spot in view.outputs:
        own = {**FUNCTIONS, **over_axes(spot)}
        yield from (_more(spot, name, function) for name, function in own.items())
        yield from (_undone(spot, name, function) for name, function in _INVERSES.items())
        for name, function in own.items():
            yield from _less(view, spot, name, function)
        yield from _shortened(spot)
    yield from _mirrored(view)


def _quiet(function: Function) -> Callable[[Array, Inputs], Array]:
    def move(array: Array, _: Inputs) -> Array:
        with np.errstate(all="ignore"):
            return np.asarray(function(np.asarray(array, np.float64)))

    return move


def _code(name: str) -> str:
    return "reduction.normalizer" if "division by the sum" in name else "function.variant"


def _more(spot: Spot, name: str, function: Function) -> Hypothesis:
    return moving(
        [(spot, _quiet(function))],
        code=_code(name),
        message=f"The ported layer applies {name} to {spot.said}, the original does not.",
        fix=f"leave out {name}",
        prior=0.95,
        common=name in ("relu", "sigmoid", "tanh"),
    )


def _undone(spot: Spot, name: str, inverse: Function) -> Hypothesis:
    return moving(
        [(spot, _quiet(inverse))],
        code="function.variant",
        message=f"The original applies {name} to {spot.said}, the ported layer does not.",
        fix=f"apply {name} to {spot.said}",
        prior=0.94,
    )


def _less(view: View, spot: Spot, name: str, function: Function) -> Iterator[Hypothesis]:
    """That the original's output is a function of the ported layer's, which cannot be told from what comes out."""
    evidence = view.evidence

    def applied(right: Arrays, wrong: Arrays) -> Array | None:
        if spot.name not in right or spot.name not in wrong or wrong[spot.name].shape != right[spot.name].shape:
            return None
        with np.errstate(all="ignore"):
            found = np.asarray(function(np.asarray(wrong[spot.name], np.float64)))
        return found if distance({"": found}, {"": right[spot.name]}) <= evidence.tolerance else None

    def base(inputs: Inputs) -> Arrays | None:
        right, wrong = evidence.original(inputs), evidence.ported(inputs)
        if right is None or wrong is None or applied(right, wrong) is None:
            return None
        return {**right, spot.name: wrong[spot.name]}

    shown = (applied(item.original.outputs, item.ported.outputs) for item in evidence.telling)
    if sum(found is not None and _informative(found) for found in shown) < _SEVERAL:
        return
    yield Hypothesis(
        code=_code(name),
        message=f"The original applies {name} to {spot.said}, the ported layer does not.",
        fix=f"apply {name} to {spot.said}",
        prior=0.94,
        base=base,
    )


_SEVERAL = 2
_TELLING = 4


def _informative(array: Array) -> bool:
    """Whether a function left enough different numbers to be recognised by."""
    return len(np.unique(array)) >= min(_TELLING, array.size) and array.size > 1


def _shortened(spot: Spot) -> Iterator[Hypothesis]:
    for name, function in _WHOLE.items():
        yield moving(
            [(spot, _quiet(function))],
            code="precision.integer",
            message=f"{spot.said} is {name} in the ported layer.",
            fix=f"do not convert {spot.said} to integers",
            prior=0.95,
        )
    for dtype in ("float16", "float32"):
        yield moving(
            [(spot, lambda array, _, dtype=dtype: array.astype(dtype).astype(np.float64))],  # type: ignore[misc]
            code="precision.lower",
            message=f"{spot.said} is rounded to {dtype} in the ported layer, whatever precision is asked for.",
            fix=f"do not convert {spot.said} to {dtype}",
            prior=0.94,
        )


def _mirrored(view: View) -> Iterator[Hypothesis]:
    """Rounding, or any function, that treats negative numbers as positive ones: what is odd in one layer only."""
    evidence = view.evidence
    for spot in view.data:
        numbers = spot.real or isinstance(spot.kind, Integers)
        if not numbers or len(view.outputs) != 1:
            continue
        for shift, when in ((0.0, "negative"), (0.0, "always"), *([(0.5, "negative")] if spot.real else [])):

            def base(inputs: Inputs, spot: Spot = spot, shift: float = shift, when: str = when) -> Arrays | None:
                own = given(inputs, {spot.name: lambda x, _: x - shift if shift else x})
                mirrored = given(inputs, {spot.name: lambda x, _: -x - shift if shift else -x})
                right = None if own is None else evidence.original(own)
                turned = None if mirrored is None else evidence.original(mirrored)
                if right is None or turned is None:
                    return None
                [(name, array)] = right.items()
                if array.shape != turned[name].shape:
                    return None
                away = 0 - turned[name]
                if when == "always":
                    return {name: away}
                return {name: np.where(array + away < 0, away, array)}

            whole = _is_whole(evidence)
            yield Hypothesis(
                code="precision.integer" if whole else "function.variant",
                message=f"The ported layer rounds {'' if shift else 'negative '}{spot.said} towards zero, the original "
                "does not."
                if whole
                else f"The ported layer treats negative {spot.said} as positive numbers, with the sign turned.",
                fix="round as the original does" if whole else "treat negative numbers as the original does",
                prior=0.93 if whole else 0.88,
                base=base,
            )


def _is_whole(evidence: Evidence) -> bool:
    """Whether the original gives whole numbers."""
    arrays = [array for item in evidence.complete for array in item.original.outputs.values()]
    with np.errstate(invalid="ignore"):
        return bool(arrays) and all(bool(np.all((array == np.rint(array)) | ~np.isfinite(array))) for array in arrays)
