"""What normalizations share: subtract a mean, divide by a deviation, scale and shift; and going back through each."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from equivalence.inputs import Array
from equivalence.propagation import propagated
from equivalence.rounding import Bound, Bounds, Instance, Precision, gamma


@dataclass(frozen=True)
class Standardized:
    r"""Values of mean 0 and, but for epsilon, variance 1, with what they were made of.

    Attributes:
        values: :math:`\hat x`.
        mean: with the axes it was taken over kept, of size one; so is the variance.
        variance: the mean of the squares of what is left without the mean: biased.
        inverse: one over the deviation.
        axes: over which both were taken.
    """

    values: Array
    mean: Array
    variance: Array
    inverse: Array
    axes: tuple[int, ...]

    def back(self, cotangent: Array) -> Array:
        r"""The cotangent of the values, brought back to what they were made from.

        .. math:: \bar x = \frac{1}{\sqrt{v + \epsilon}} \Big(\bar{\hat x} - \operatorname{mean}(\bar{\hat x})
            - \hat x \operatorname{mean}(\bar{\hat x}\,\hat x)\Big)

        The second term is the mean's part, the third the variance's.
        """
        through_mean = cotangent.mean(axis=self.axes, keepdims=True)
        through_variance = (cotangent * self.values).mean(axis=self.axes, keepdims=True)
        return np.asarray(self.inverse * (cotangent - through_mean - self.values * through_variance))


def standardize(x: Array, axes: Sequence[int], epsilon: float) -> Standardized:
    r"""Subtract the mean and divide by the root of the biased variance plus epsilon.

    .. math:: m = \operatorname{mean}(x), \qquad v = \operatorname{mean}\big((x - m)^2\big), \qquad
        \hat x = \frac{x - m}{\sqrt{v + \epsilon}}

    The mean is rounded to its own size, which may be far above the distances to it; what that leaves of a mean is
    subtracted too (Chan, Golub and LeVeque, Algorithms for computing the sample variance, 1983).
    """
    over = tuple(axes)
    rounded = x.mean(axis=over, keepdims=True)
    left = (x - rounded).mean(axis=over, keepdims=True)
    centred = (x - rounded) - left
    variance = (centred * centred).mean(axis=over, keepdims=True)
    inverse = 1 / np.sqrt(variance + epsilon)
    return Standardized(centred * inverse, rounded + left, variance, inverse, over)


def spread(parameter: Array, like: Array, axes: Sequence[int]) -> Array:
    """A parameter that stands on some axes of an array, with axes of size one for the others."""
    shape = [1] * like.ndim
    for axis in axes:
        shape[axis] = like.shape[axis]
    return parameter.reshape(shape)


def affine(values: Array, scale: Array | None, shift: Array | None, axes: Sequence[int]) -> Array:
    """Multiply by a scale and add a shift, each if it is given; both stand on the given axes."""
    result = values if scale is None else values * spread(scale, values, axes)
    return result if shift is None else result + spread(shift, values, axes)


def affine_gradients(
    cotangent: Array, values: Array, scale: Array | None, shift: Array | None, axes: Sequence[int]
) -> tuple[Array, dict[str, Array]]:
    """The cotangent of the values, and the gradients of the scale and the shift that are given."""
    others = tuple(axis for axis in range(values.ndim) if axis not in {a % values.ndim for a in axes})
    found = {}
    if scale is not None:
        found["scale"] = np.asarray((cotangent * values).sum(axis=others))
    if shift is not None:
        found["shift"] = np.asarray(cotangent.sum(axis=others))
    return (cotangent if scale is None else cotangent * spread(scale, values, axes)), found


_FOLDED = 8
"""Roundings of :math:`x a + b`: of the product, of both factors, and of what makes them."""


def folded(instance: Instance, precision: Precision) -> Bounds:
    r"""Bounds of batch normalization with stored statistics, for those too who multiply before they subtract.

    .. math:: y = x a + (\beta - \mu a), \qquad a = \frac{\gamma}{\sqrt{\sigma^2 + \epsilon}}

    is what most frameworks compute. It rounds numbers of the size of :math:`|x a| + |\mu a|`, which may be far above
    that of their difference, and so does its gradient for :math:`\gamma`.
    """
    outputs, gradients = propagated(instance, precision)
    x, given = instance.arrays["x"], instance.arrays
    inverse = 1 / np.sqrt(spread(given["variance"], x, (1,)) + instance.settings["epsilon"])
    size = (np.abs(x) + np.abs(spread(given["mean"], x, (1,)))) * inverse
    scaled = size * np.abs(spread(given["scale"], x, (1,))) if "scale" in given else size
    outputs = {"output": _widened(outputs["output"], scaled, _FOLDED, precision)}
    if "scale" in gradients:
        summed = np.abs(instance.cotangents["output"]) * size
        terms = _FOLDED + x.size // x.shape[1]
        over = (0, *range(2, x.ndim))
        gradients["scale"] = _widened(gradients["scale"], summed.sum(axis=over), terms, precision)
    return outputs, gradients


def _widened(bound: Bound, size: Array, roundings: int, precision: Precision) -> Bound:
    error = bound.error + gamma(roundings, precision.unit) * size + roundings * precision.tiny
    return Bound(error, bound.magnitude + size)
