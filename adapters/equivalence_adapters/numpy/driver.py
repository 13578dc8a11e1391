"""The NumPy driver: references with their own vector-Jacobian products, other functions by finite differences."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import numpy as np

from equivalence.driver import Call, Result
from equivalence.inputs import Array
from equivalence.operation import Operation

_ATTEMPTS = 4
"""How often a step is made 16 times smaller while two steps disagree."""

_EPSILON = float(np.finfo(np.float64).eps)


class NumpyDriver:
    """Performs references and functions of arrays."""

    def versions(self) -> dict[str, str]:
        """NumPy's version."""
        return {"numpy": np.__version__}

    def run(self, call: Call) -> Result:
        """Evaluate a reference or a function of arrays, and its vector-Jacobian product.

        Everything is computed in the dtype of the arrays, but for finite differences: see :func:`differences`.
        """
        if isinstance(call.function, Operation):
            return _reference(call.function, call)
        given = {name: np.array(array) for name, array in call.arrays.items()}
        outputs = _as_arrays(call.invoke(given))
        gradients = differences(call, outputs) if _comparable(call, outputs) else {}
        return Result(outputs, gradients, {"mutated": call.written(given)} if call.effects else {})


def _reference(operation: Operation, call: Call) -> Result:
    arrays = {name: np.array(array) for name, array in call.arrays.items()}
    found = operation.forward(arrays, call.parameters)
    outputs = {name: np.asarray(found[name]) for name in call.outputs}
    if not _comparable(call, outputs):
        return Result(outputs, {})
    gradients = operation.gradients(call.cotangents, arrays, call.parameters)
    return Result(outputs, {name: np.asarray(gradients[name]) for name in call.wrt})


def _comparable(call: Call, outputs: Mapping[str, Array]) -> bool:
    return bool(call.cotangents) and all(outputs[name].shape == t.shape for name, t in call.cotangents.items())


def _evaluate(call: Call, arrays: Mapping[str, Array]) -> dict[str, Array]:
    """Outputs as arrays; the function gets copies, so that one that writes into its input spoils no later call."""
    return _as_arrays(call.invoke({name: np.array(array) for name, array in arrays.items()}))


def _as_arrays(found: Mapping[str, Any]) -> dict[str, Array]:
    return {name: np.array(_as_array(value)) for name, value in found.items()}


def _as_array(value: Any) -> Array:
    """A function of arrays may compute with PyTorch inside; its tensors must be cut off their graph first."""
    return np.asarray(value.detach().cpu() if hasattr(value, "detach") else value)


def differences(call: Call, outputs: Mapping[str, Array]) -> dict[str, Array]:
    r"""Approximate the vector-Jacobian product by central differences, one input element at a time, in float64.

    .. math:: D(h) = \sum_k t_k \frac{y_k(x + h) - y_k(x - h)}{2h}, \qquad
        \frac{\partial s}{\partial x} = \frac{4 D(h/2) - D(h)}{3} + O(h^4)

    The outputs :math:`y` are subtracted before they are projected on the cotangents :math:`t`, so that outputs that do
    not depend on the element add no rounding. The step :math:`h` is :math:`\epsilon^{0.3} \max(1, |x|)`, where
    :math:`\epsilon` belongs to the coarsest dtype the function returns when it is given float64. That makes it 2e-5 for
    a function that keeps float64, with an error of about 1e-11 of the outputs, and 8e-3 for one that computes in
    float32, with an error of about 1e-5. While :math:`D(h)` and :math:`D(h/2)` disagree, the step is made 16 times
    smaller, because something other than curvature, such as the kink of a relu, lies between; the step at which they
    agree best counts. Exactly at a kink the result is the mean of the slopes on both sides.
    Where an output is not a number, so is every gradient: nothing tells which elements it depends on.

    Source: Ridders, Accurate computation of F'(x) and F'(x) F''(x) (1982), for the extrapolation.

    Args:
        call: the function, its arrays and cotangents.
        outputs: the function's outputs in the dtype asked for; those that are no real numbers have no gradient.
    """
    real = [name for name in call.cotangents if outputs[name].dtype.kind == "f"]
    exact = replace(call, arrays={name: _widened(array) for name, array in call.arrays.items()})
    cotangents = {name: call.cotangents[name].astype(np.float64) for name in real}
    found = _evaluate(exact, exact.arrays).values()
    precision = max([_EPSILON, *(float(np.finfo(y.dtype).eps) for y in found if y.dtype.kind == "f")]) ** 0.3
    gradients = {}
    for name in call.wrt:
        gradient = np.zeros(call.arrays[name].shape)
        for index in np.ndindex(gradient.shape):
            gradient[index] = _slope(exact, name, index, cotangents, precision)
        gradients[name] = gradient.astype(call.arrays[name].dtype)
    return gradients


def _widened(array: Array) -> Array:
    return np.array(array, np.float64) if array.dtype.kind == "f" else np.array(array)


def _slope(call: Call, name: str, index: tuple[int, ...], cotangents: Mapping[str, Array], precision: float) -> float:
    """One element of the gradient, from the step at which two quotients agree best."""
    step = precision * max(1.0, abs(float(call.arrays[name][index])))
    # Where an output is not a number, no two quotients agree, and the slope is not a number either.
    best, least = math.nan, math.inf
    for _ in range(_ATTEMPTS):
        coarse, fine = (_quotient(call, name, index, cotangents, part * step) for part in (1.0, 0.5))
        gap = abs(fine - coarse)
        if gap < least:
            best, least = (4.0 * fine - coarse) / 3.0, gap
        if gap <= precision * (1.0 + abs(fine)):
            break
        step /= 16.0
    return best


def _quotient(call: Call, name: str, index: tuple[int, ...], cotangents: Mapping[str, Array], step: float) -> float:
    """The difference quotient of the outputs, projected on their cotangents."""
    above, below = (_moved(call, name, index, distance) for distance in (step, -step))
    change = sum(
        float(np.sum(cotangent * _change(above[output].astype(np.float64), below[output].astype(np.float64))))
        for output, cotangent in cotangents.items()
    )
    return change / (2.0 * step)


def _change(above: Array, below: Array) -> Array:
    """What changed; an infinity that stays is no change, a NaN is not a number."""
    with np.errstate(invalid="ignore"):
        return np.where(above == below, 0.0, above - below)


def _moved(call: Call, name: str, index: tuple[int, ...], distance: float) -> dict[str, Array]:
    """The outputs when one input element is moved."""
    array = call.arrays[name].copy()
    array[index] += distance
    return _evaluate(call, {**call.arrays, name: array})
