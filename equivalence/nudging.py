"""How a layer answers to arguments that are changed by next to nothing: what it loses to rounding, and what it ignores.

A layer that is as accurate as its arithmetic allows gives the exact answer for arguments that are off by a few units in
the last place. So no layer can be held to more than what its outputs move when the arguments do: where sums cancel or a
softmax tips over, that is much.

Source: Higham, Accuracy and Stability of Numerical Algorithms (2002), section 1.5, on backward error.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

import numpy as np

from equivalence.comparison import largest
from equivalence.inputs import Array
from equivalence.rounding import PRECISIONS
from equivalence.sides import SIDES, Inputs, Run, Sides

UNITS = 4.0
"""Units in the last place that arguments are changed by."""

_BELOW_FLOAT32 = 1e-9


def nudged(inputs: Inputs, relative: float, seed: int) -> Inputs:
    """The same inputs, each number changed by a random part of itself; equal numbers stay equal."""
    rng = np.random.default_rng(seed)
    return replace(inputs, arrays={name: _changed(array, relative, rng) for name, array in inputs.arrays.items()})


def _changed(array: Array, relative: float, rng: np.random.Generator) -> Array:
    if array.dtype.kind != "f":
        return array
    values, places = np.unique(array, return_inverse=True)
    factors = 1.0 + relative * rng.uniform(-1.0, 1.0, values.shape)
    return (values * factors)[places].reshape(array.shape)


def moved(sides: Sides, inputs: Inputs, cotangents: Mapping[str, Array], kind: str) -> dict[str, dict[str, float]]:
    """By dtype and name, how far the original's outputs or gradients move in float64 for a rounding of that dtype.

    Args:
        sides: the layers.
        inputs: the probe's.
        cotangents: for gradients.
        kind: ``outputs`` or ``gradients``.
    """
    given = cotangents if kind == "gradients" else {}
    before = getattr(sides.run(inputs, "float64", given, ["original"])["original"], kind)
    found: dict[str, dict[str, float]] = {}
    for dtype, precision in PRECISIONS.items():
        other = nudged(inputs, UNITS * precision.unit, sides.seed)
        after = getattr(sides.run(other, "float64", given, ["original"])["original"], kind)
        found[dtype] = {name: _apart(array, after[name]) for name, array in before.items() if name in after}
    return found


def _apart(before: Array, after: Array) -> float:
    if before.shape != after.shape or before.dtype.kind != "f":
        return 0.0
    with np.errstate(invalid="ignore"):
        apart = np.abs(before - after)
    return largest(apart)


def ignores_digits(sides: Sides, inputs: Inputs) -> bool:
    """Whether the ported layer takes no notice of digits that float32 does not have, and the original does."""
    other = nudged(inputs, _BELOW_FLOAT32, sides.seed)
    before, after = sides.run(inputs), sides.run(other)
    if any(_unusable(run) for run in (*before.values(), *after.values())):
        return False
    change = {side: _flat(before[side], after[side]) for side in SIDES}
    if change["ported"].shape != change["original"].shape or not change["original"].size:
        return False
    return bool(np.max(np.abs(change["ported"] - change["original"])) > np.max(np.abs(change["original"])) / 2)


def _unusable(run: Run) -> bool:
    return bool(run.error or run.misfit)


def _flat(before: Run, after: Run) -> Array:
    parts = [np.ravel(after.outputs[name] - array) for name, array in before.outputs.items() if array.dtype.kind == "f"]
    return np.concatenate(parts) if parts else np.zeros(0)
