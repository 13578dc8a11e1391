r"""A-priori bounds on rounding: how far a correct computation may be from the exact result, element by element.

The model is the standard one, :math:`\mathrm{fl}(a \circ b) = (a \circ b)(1 + \delta)` with :math:`|\delta| \le u`, the
unit roundoff. A product of :math:`n` such factors is :math:`1 + \theta_n` with
:math:`|\theta_n| \le \gamma_n = n u / (1 - n u)` (Higham, Accuracy and Stability of Numerical Algorithms, 2nd edition,
2002, lemma 3.1). A sum of :math:`n` products, in whatever order, is computed with

.. math:: |\hat y - y| \le \gamma_n \sum_{k=1}^{n} |w_k|\,|x_k|

(ibid., equations 3.4 and 3.5 for products, 4.4 for sums), with the *magnitude sum* on the right. What is more than one
such sum is followed step by step, each step passing on the bounds of the one before: :mod:`equivalence.propagation`
does so with the reference itself. A framework may flush denormal numbers to zero, which adds the smallest normal number
for each result, and for an argument below it all of the argument.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from equivalence.inputs import Array

if TYPE_CHECKING:
    from equivalence.operation import Operation


@dataclass(frozen=True)
class Precision:
    """A floating-point format: unit roundoff, smallest normal and largest finite number."""

    unit: float
    tiny: float
    largest: float


PRECISIONS: Mapping[str, Precision] = {
    "float64": Precision(2.0**-53, 2.0**-1022, float(np.finfo(np.float64).max)),
    "float32": Precision(2.0**-24, 2.0**-126, float(np.finfo(np.float32).max)),
    "float16": Precision(2.0**-11, 2.0**-14, 65504.0),
    "bfloat16": Precision(2.0**-8, 2.0**-126, 3.3895313892515355e38),
}


_BFLOAT16_DIGITS, _BFLOAT16_LOWEST = 8, -133
"""Binary digits of bfloat16's significand; the exponent of its smallest denormal number."""


def to_bfloat16(array: Array) -> Array:
    """Round to nearest bfloat16, ties to even, held in float32: NumPy has no bfloat16, and float32 has its values."""
    with np.errstate(over="ignore", invalid="ignore"):
        # From float64 at once: by way of float32 a number just beside a tie would be rounded twice.
        wide = np.asarray(array, np.float64)
        last = np.maximum(np.frexp(wide)[1] - _BFLOAT16_DIGITS, _BFLOAT16_LOWEST)
        return np.asarray(np.ldexp(np.rint(np.ldexp(wide, -last)), last), np.float32)


@dataclass(frozen=True)
class Bound:
    """For each element: how far a correct computation may be off.

    Attributes:
        error: the bound.
        magnitude: the sum of the absolute values of what is added up.
        peak: the largest number a computation may pass through, where that is not ``magnitude``.
    """

    error: Array
    magnitude: Array
    peak: Array | None = None

    @property
    def vacuity(self) -> float:
        """The largest error beside the largest magnitude, of those that are finite."""
        finite = np.isfinite(self.magnitude) & np.isfinite(self.error)
        largest = float(self.magnitude.max(initial=0.0, where=finite))
        return float(self.error.max(initial=0.0, where=finite)) / largest if largest > 0 else 0.0

    def passes(self, largest: float) -> Array:
        """Where a computation from finite arguments may pass through more than the largest number."""
        peak = self.magnitude if self.peak is None else self.peak
        with np.errstate(over="ignore", invalid="ignore"):
            # Without a bound on the error, the size of the terms themselves says it.
            reached = peak + np.where(np.isinf(self.error), 0.0, self.error)
            return np.asarray(np.isfinite(peak) & (reached > largest))


@dataclass(frozen=True)
class Instance:
    """An operation at exact float64 arguments, cotangents and parameters."""

    operation: Operation
    arrays: Mapping[str, Array]
    cotangents: Mapping[str, Array]
    settings: Mapping[str, Any]

    def forward(self, arrays: Mapping[str, Array]) -> dict[str, Array]:
        """The reference's outputs at other arguments."""
        return self.operation.forward(arrays, self.settings)

    def gradients(self, cotangents: Mapping[str, Array], arrays: Mapping[str, Array]) -> dict[str, Array]:
        """The reference's vector-Jacobian products at other cotangents and arguments; none without cotangents."""
        return self.operation.gradients(cotangents, arrays, self.settings) if cotangents else {}


Bounds = tuple[dict[str, Bound], dict[str, Bound]]
"""Bounds of the outputs by name, and of the gradients by argument."""

Rounding = Callable[[Instance, Precision], Bounds]
"""How an operation's bounds follow from its arguments."""

_SPARE = 4
"""Roundings beyond one for each term: a scale, a bias, an average's division."""


def gamma(count: Array | float, unit: float) -> Array:
    r""":math:`\gamma_n = n u / (1 - n u)`; infinite where :math:`n u \ge 1`, where the model says nothing."""
    product = np.asarray(count, np.float64) * unit
    return np.where(product < 1, product / np.where(product < 1, 1 - product, 1), np.inf)


def summed(magnitude: Array, count: Array, precision: Precision) -> Bound:
    """The bound of a sum of ``count`` products whose absolute values sum to ``magnitude``."""
    roundings = count + _SPARE
    return Bound(gamma(roundings, precision.unit) * magnitude + roundings * precision.tiny, magnitude)


def selection(instance: Instance, precision: Precision) -> Bounds:
    """Bounds of an operation that picks or drops values, such as a maximum: exact forward, sums backwards."""
    outputs = {
        name: Bound(np.full(value.shape, precision.tiny), np.abs(value))
        for name, value in instance.forward(instance.arrays).items()
    }
    turned, unit = _each(np.abs, instance.cotangents), _each(np.ones_like, instance.cotangents)
    backwards = instance.gradients(turned, instance.arrays), instance.gradients(unit, instance.arrays)
    return outputs, _summed(*backwards, precision)


def _each(function: Callable[[Array], Array], arrays: Mapping[str, Array]) -> dict[str, Array]:
    return {name: function(array) if array.dtype.kind == "f" else array for name, array in arrays.items()}


def _summed(magnitudes: Mapping[str, Array], counts: Mapping[str, Array], precision: Precision) -> dict[str, Bound]:
    return {name: summed(magnitude, counts[name], precision) for name, magnitude in magnitudes.items()}
