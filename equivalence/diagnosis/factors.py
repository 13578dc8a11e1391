"""Hypotheses that an argument is scaled or shifted: constants that people use, and roots and ratios of sizes."""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Iterator, Sequence
from typing import TYPE_CHECKING

import numpy as np

from equivalence.diagnosis import blocks
from equivalence.diagnosis.hypothesis import Hypothesis
from equivalence.diagnosis.spots import Move, Spot, View, moving
from equivalence.inputs import Positive

if TYPE_CHECKING:
    from equivalence.inputs import Array
    from equivalence.sides import Inputs

_COMMON = (2.0, 0.5)

CONSTANTS = (
    2.0,
    0.5,
    255.0,
    1 / 255,
    256.0,
    1 / 256,
    256 / 255,
    255 / 256,
    math.sqrt(2),
    math.sqrt(0.5),
    10.0,
    0.1,
    100.0,
    0.01,
)
"""Factors that ports get wrong."""

_AFFINE: Sequence[tuple[str, Callable[[Array], Array], str]] = (
    ("{0} - 0.5", lambda x: x - 0.5, "constant.value"),
    ("{0} + 0.5", lambda x: x + 0.5, "constant.value"),
    ("2 * {0} - 1", lambda x: 2 * x - 1, "scale.factor"),
    ("({0} + 1) / 2", lambda x: (x + 1) / 2, "scale.factor"),
    ("{0} / 127.5 - 1", lambda x: x / 127.5 - 1, "scale.factor"),
    ("clip({0}, 0, 1)", lambda x: np.clip(x, 0, 1), "constant.value"),
    ("clip({0}, -1, 1)", lambda x: np.clip(x, -1, 1), "constant.value"),
    ("clip({0}, 0, 6)", lambda x: np.clip(x, 0, 6), "constant.value"),
)


def hypotheses(view: View) -> Iterator[Hypothesis]:
    """Constants, roots of sizes, the port's own parameters; of whole arguments, and of single blocks of parameters."""
    for spot in view.arguments:
        if not spot.real:
            continue
        yield from _scaled(view, spot)
        if spot.part == "data":
            yield from _affine(spot)
    yield from _blocks(view)


def named(view: View) -> Iterator[tuple[str, Callable[[Inputs], float | None]]]:
    """Factors by how they are written: of sizes and of the port's own numbers."""
    for axis in view.evidence.complete[0].inputs.setting.sizes:
        if not isinstance(view.evidence.complete[0].inputs.setting.sizes[axis], int):
            continue
        for said, power in ((f"1 / sqrt({axis})", -0.5), (f"sqrt({axis})", 0.5), (f"1 / {axis}", -1.0), (axis, 1.0)):

            def size(inputs: Inputs, axis: str = axis, power: float = power) -> float | None:
                found = inputs.setting.sizes.get(axis)
                return None if not isinstance(found, int) or found < 1 else float(found) ** power

            yield said, size
    for name, value in view.evidence.port.parameters.items():
        if isinstance(value, (int, float)) and not isinstance(value, bool) and value:
            for said, number in (
                (name, value),
                (f"1 / {name}", 1 / value),
                (f"1 - {name}", 1 - value),
                (f"1 / (1 - {name})", 1 / (1 - value) if value != 1 else 0),
            ):
                if number not in (0, 1):
                    yield said, lambda _, number=number: number  # type: ignore[misc]


def _scaled(view: View, spot: Spot) -> Iterator[Hypothesis]:
    prior = 0.9 if spot.part == "data" else 0.88
    code = "variance.meaning" if isinstance(spot.kind, Positive) and spot.part == "parameter" else "scale.factor"
    for value in CONSTANTS if spot.part == "data" else _COMMON:
        yield moving(
            [(spot, lambda array, _, value=value: value * array)],  # type: ignore[misc]
            code=code,
            message=f"The ported layer computes with {value:.10g} times {spot.said}.",
            fix=f"multiply {spot.said} by {1 / value:.10g}",
            prior=prior,
            common=value in _COMMON and spot.part == "data",
        )
    for said, factor in named(view):
        if spot.part == "parameter" and not {*_letters(said)} & {*spot.axes}:
            continue
        yield moving(
            [(spot, _times(factor))],
            code=code,
            message=f"The ported layer multiplies {spot.said} by {said}, the original does not; or the original by its "
            "inverse.",
            fix=f"divide {spot.said} by {said}",
            prior=prior + 0.01,
        )


def _letters(said: str) -> list[str]:
    return re.findall(r"\b[a-z]\b|\b[a-z_]{2,}\b(?<!sqrt)", said)


def _times(factor: Callable[[Inputs], float | None]) -> Move:
    def move(array: Array, inputs: Inputs) -> Array | None:
        value = factor(inputs)
        return None if value is None else array * value

    return move


def _affine(spot: Spot) -> Iterator[Hypothesis]:
    for name, function, code in _AFFINE:
        yield moving(
            [(spot, lambda array, _, function=function: function(array))],  # type: ignore[misc]
            code=code,
            message=f"The ported layer computes with {name.format(spot.said)}, the original with {spot.said}.",
            fix=f"take {spot.said} as it is",
            prior=0.87,
        )


def _blocks(view: View) -> Iterator[Hypothesis]:
    """One block of parameters scaled, as the query's part of a packed projection."""
    for axis, count in blocks.counted(view):
        held = [spot for spot in view.parameters if spot.real and axis in spot.axes]
        if not held or view.evidence.port.sizes.get(axis) is None:
            continue
        for block in range(count):
            for said, factor in named(view):
                if "sqrt" in said:
                    yield moving(
                        [(spot, _part(spot, axis, count, block, factor)) for spot in held],
                        code="scale.factor",
                        message=f"The ported layer multiplies what block {block + 1} of {count} along {axis} gives by "
                        f"{said}, the original does not; or the original by its inverse.",
                        fix=f"divide block {block + 1} by {said}",
                        prior=0.93,
                    )


def _part(spot: Spot, axis: str, count: int, block: int, factor: Callable[[Inputs], float | None]) -> Move:
    place = spot.axes.index(axis)

    def move(array: Array, inputs: Inputs) -> Array | None:
        value = factor(inputs)
        if value is None or array.ndim != len(spot.axes) or array.shape[place] % count:
            return None
        parts = np.split(array, count, place)
        parts[block] = parts[block] * value
        return np.concatenate(parts, place)

    return move
