"""What both layers of a port gave on one probe, and how far apart that is."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from equivalence.comparison import compare
from equivalence.errors import ShapeError
from equivalence.inputs import Array
from equivalence.sides import Inputs, Run


@dataclass(frozen=True)
class Observation:
    """Both layers on one probe, in float64."""

    inputs: Inputs
    original: Run
    ported: Run
    cotangents: Mapping[str, Array]

    @property
    def name(self) -> str:
        """The probe's."""
        return self.inputs.setting.name

    @cached_property
    def complete(self) -> bool:
        """Whether both layers gave outputs."""
        return self.original.error is None and self.ported.error is None

    @cached_property
    def error(self) -> float:
        """How far the outputs are apart: the tolerance that would accept them."""
        return distance(self.ported.outputs, self.original.outputs) if self.complete else np.inf


def distance(left: Mapping[str, Array], right: Mapping[str, Array]) -> float:
    """The smallest tolerance that would accept two sets of arrays; infinite if shapes or names differ."""
    if set(left) != set(right) or not left:
        return np.inf
    worst = 0.0
    for name, array in left.items():
        if array.size == 0 and np.shape(right[name]) == array.shape:
            continue
        try:
            found = compare(np.asarray(array), np.asarray(right[name]), 1.0).required_tolerance
        except ShapeError:
            return np.inf
        worst = max(worst, np.inf if found is None else found)
    return worst


def share(predicted: Mapping[str, Array], actual: Mapping[str, Array], tolerance: float) -> tuple[Array, int]:
    """Which elements of all outputs a prediction gets right, and how many there are; none if shapes differ."""
    if set(predicted) != set(actual) or any(np.shape(predicted[n]) != a.shape for n, a in actual.items()):
        return np.zeros(0, bool), 0
    right = [
        np.isclose(np.asarray(predicted[name]), array, rtol=tolerance, atol=tolerance * _scale(array), equal_nan=True)
        for name, array in actual.items()
    ]
    flat = np.concatenate([np.ravel(part) for part in right]) if right else np.zeros(0, bool)
    return flat, flat.size


def _scale(array: Array) -> float:
    finite = np.abs(array[np.isfinite(array)]) if array.dtype.kind == "f" else np.zeros(0)
    return min(1.0, float(finite.max())) if finite.size else 1.0
