"""A-priori rounding bounds of operations that are more than one weighted sum."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

import numpy as np

from equivalence.inputs import Array
from equivalence.rounding import Bound, Bounds, Instance, Precision, multilinear, summed

FUNCTION_ULPS = 8
"""Units in the last place that a framework's exp or tanh may be off by; vectorised versions document up to 4."""


def averaging(instance: Instance, precision: Precision) -> Bounds:
    """Bounds of an average over the trailing axes: a sum of as many terms as there are, divided by their number."""
    x, terms = instance.arrays["x"], float(np.prod(instance.arrays["x"].shape[2:]))
    magnitude = instance.forward({"x": np.abs(x)})["output"]
    backwards = instance.gradients({name: np.abs(c) for name, c in instance.cotangents.items()}, {"x": x})
    forward = summed(magnitude, np.full(magnitude.shape, terms), precision)
    # The sum is larger than the average by their number.
    outputs = {"output": replace(forward, peak=magnitude * terms)}
    return outputs, {name: summed(value, np.ones(value.shape), precision) for name, value in backwards.items()}


def activated(instance: Instance, precision: Precision) -> Bounds:
    r"""Bounds of a weighted sum :math:`z` followed by an activation :math:`f`.

    Forward, :math:`|f'| \le 1` passes on the bound of :math:`z`, and :math:`f` adds its own rounding. Backward, the
    cotangent :math:`\bar z = \bar y f'(z)` is off by :math:`|\bar y|\,|f'(z + \delta) - f'(z)|`: for relu all of it
    where :math:`|z|` is within its bound, for tanh :math:`2 |y|` times the bound of :math:`y`. What is added
    up in :math:`1 - y^2`, which cancels where tanh saturates, has the size :math:`1 + y^2`.
    """
    name = instance.settings["activation"]
    linear = replace(instance, settings={**instance.settings, "activation": "linear"})
    outputs, _ = multilinear(replace(linear, cotangents={}), precision)
    before = outputs["output"]
    if name == "linear" or not instance.cotangents:
        return multilinear(linear, precision) if name == "linear" else (outputs, {})
    cotangent = instance.cotangents["output"]
    value = linear.forward(instance.arrays)["output"]
    after, slope, unsure = before, np.greater(value, 0).astype(value.dtype), np.zeros_like(value)
    steep = np.ones_like(value)
    if name == "relu":
        unsure += np.abs(value) <= before.error
    else:
        y = np.tanh(value)
        # However far off its argument is, tanh stays between -1 and 1.
        off = np.where(np.isinf(value), 0.0, np.minimum(before.error, 2))
        after = replace(before, error=off + FUNCTION_ULPS * precision.unit * np.abs(y))
        slope, unsure = 1 - y**2, 2 * np.abs(y) * after.error + FUNCTION_ULPS * precision.unit
        steep = 1 + y**2
    turned = replace(linear, cotangents={"output": cotangent * slope})
    _, exact = multilinear(turned, precision)
    moved, sizes = (_absolute(turned, np.abs(cotangent) * part) for part in (unsure, steep))
    return {"output": after}, {k: Bound(b.error + 2 * moved[k], sizes[k] + moved[k]) for k, b in exact.items()}


def _absolute(instance: Instance, cotangent: Array) -> Mapping[str, Array]:
    sizes = {name: np.abs(array) for name, array in instance.arrays.items()}
    return instance.gradients({"output": cotangent}, sizes)


def normalized_exponentials(instance: Instance, precision: Precision) -> Bounds:
    r"""Bounds of softmax, first order in the unit roundoff :math:`u`.

    The shift :math:`x_k - m` is off by :math:`u |x_k - m|`, which becomes a relative error of the exponential, beside
    its own. The sum of :math:`n` exponentials weighs those errors by :math:`y_l`, and adds :math:`n u`:

    .. math:: |\delta y_k| \le y_k u \Big(d_k + \sum_l y_l d_l + n + c\Big), \qquad d_k = |x_k - m|

    The gradient :math:`\bar x_l = y_l (\bar y_l - \sum_k \bar y_k y_k)` passes these on to first order.
    """
    x, axis = instance.arrays["x"], instance.settings["axis"]
    y, n = instance.forward(instance.arrays)["output"], x.shape[axis]

    def over(values: Array) -> Array:
        return np.asarray(values.sum(axis=axis, keepdims=True))

    # What is minus infinity, or far enough below the largest, is exactly 0 and adds nothing.
    distance = np.where(y > 0, x.max(axis=axis, keepdims=True) - x, 0.0)
    relative = precision.unit * (distance + over(y * distance) + n + 3 * FUNCTION_ULPS)
    off = y * relative + n * precision.tiny
    outputs = {"output": Bound(off, np.ones_like(y))}
    if not instance.cotangents:
        return outputs, {}
    size = np.abs(instance.cotangents["output"])
    mean = over(size * y)
    error = off * (size + mean) + y * (over(size * off) + (n + 8) * precision.unit * (mean + size))
    return outputs, {"x": Bound(error + n * precision.tiny, y * (size + mean))}
