"""Activations number by number, with the standard library's functions."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np

Array = np.ndarray[Any, np.dtype[Any]]


def _each(x: Array, number: Callable[[float], float]) -> Array:
    result = np.zeros(x.shape)
    for index in np.ndindex(x.shape):
        result[index] = number(float(x[index]))
    return result


def _logistic(number: float) -> float:
    """1 / (1 + exp(-x)), as a tangent of half the argument: no power overflows."""
    return (1 + math.tanh(number / 2)) / 2


def leaky_relu(x: Array, *, alpha: float = 0.01) -> Array:
    """A sloped line up to 0, the number itself from there on."""
    return _each(x, lambda number: number if number > 0 else alpha * number)


def prelu(x: Array, weight: Array) -> Array:
    """A sloped line with its channel's slope."""
    result = np.array(x)
    for index in np.ndindex(x.shape):
        if x[index] < 0:
            result[index] = weight[index[1]] * x[index]
    return result


def relu6(x: Array) -> Array:
    """Two comparisons for each number."""
    return _each(x, lambda number: 0.0 if number < 0 else 6.0 if number > 6 else number)  # noqa: PLR2004


def thresholded_relu(x: Array, *, theta: float = 1.0) -> Array:
    """The number, if it is above the threshold."""
    return _each(x, lambda number: number if number > theta else 0.0)


def elu(x: Array, *, alpha: float = 1.0) -> Array:
    """An exponential up to 0, the number itself from there on."""
    return _each(x, lambda number: number if number > 0 else alpha * math.expm1(number))


def selu(x: Array) -> Array:
    """The same, with the two constants of the paper's appendix worked out from its fixed point."""
    root = math.sqrt(2 / math.pi)
    tail = math.erfc(1 / math.sqrt(2)) * math.exp(0.5) - 1
    alpha = -root / tail
    squares = math.erfc(math.sqrt(2)) * math.exp(2) - 2 * math.erfc(1 / math.sqrt(2)) * math.exp(0.5) + 1
    scale = math.sqrt(2 / (1 + alpha**2 * squares))
    return _each(x, lambda number: scale * (number if number > 0 else alpha * math.expm1(number)))


def gelu(x: Array, *, approximate: str = "none") -> Array:
    """The number times the share of a standard normal distribution below it, or nearly that."""
    if approximate == "none":
        return _each(x, lambda number: number * math.erfc(-number / math.sqrt(2)) / 2)
    return _each(x, lambda number: number * _logistic(math.sqrt(8 / math.pi) * (number + 0.044715 * number**3)))


def sigmoid(x: Array) -> Array:
    """The logistic function, by a hyperbolic tangent."""
    return _each(x, _logistic)


def hard_sigmoid(x: Array, *, slope: float = 1 / 6) -> Array:
    """A line between 0 and 1."""

    def number(value: float) -> float:
        if value < -0.5 / slope:
            return 0.0
        return 1.0 if value > 0.5 / slope else slope * value + 0.5

    return _each(x, number)


def tanh(x: Array) -> Array:
    """The standard library's."""
    return _each(x, math.tanh)


def softplus(x: Array, *, beta: float = 1.0, threshold: float | None = None) -> Array:
    """The logarithm of 1 + exp, or the number itself where that is as good."""

    def number(value: float) -> float:
        if threshold is not None and beta * value > threshold:
            return value
        return (max(beta * value, 0.0) + math.log1p(math.exp(-abs(beta * value)))) / beta

    return _each(x, number)


def softsign(x: Array) -> Array:
    """The number over one more than its size."""
    return _each(x, lambda number: number / (1 + (number if number > 0 else -number)))


def silu(x: Array) -> Array:
    """The number times the logistic function of it."""
    return _each(x, lambda number: number * _logistic(number))


def hard_swish(x: Array) -> Array:
    """Nothing below -3, the number above 3, a parabola between."""

    def number(value: float) -> float:
        if abs(value) >= 3:  # noqa: PLR2004
            return value if value > 0 else 0.0
        return (value * value + 3 * value) / 6

    return _each(x, number)


def mish(x: Array) -> Array:
    """By powers: with w = 1 + exp(x), the tangent is (w^2 - 1) / (w^2 + 1)."""

    def number(value: float) -> float:
        if value > 30:  # noqa: PLR2004 - there the tangent is 1 to the last digit
            return value
        power = math.exp(value)
        return value * (power * power + 2 * power) / (power * power + 2 * power + 2)

    return _each(x, number)


def log_softmax(x: Array, *, axis: int = -1) -> Array:
    """Minus the logarithm of the sum of exp(x_l - x_k), whose largest term is taken out."""
    classes = np.moveaxis(x, axis, -1)
    result = np.zeros(classes.shape)
    for index in np.ndindex(classes.shape):
        others = [float(other - classes[index]) for other in classes[index[:-1]]]
        most = max(others)
        result[index] = -most - math.log(math.fsum(math.exp(other - most) for other in others))
    return np.moveaxis(result, -1, axis)


def dropout_with_mask(
    x: Array, mask: Array, *, rate: float = 0.5, inverted: bool = True, training: bool = True
) -> Array:
    """Number by number: dropped or kept, and scaled by whichever of the two phases makes up for it."""
    result = np.zeros(x.shape)
    for index in np.ndindex(x.shape):
        if training and not mask[index]:
            continue
        result[index] = x[index]
        if training and inverted:
            result[index] /= 1 - rate
        if not training and not inverted:
            result[index] *= 1 - rate
    return result
