"""How each of NumPy's functions passes rounding errors on, and what it adds."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from string import ascii_letters
from typing import Any

import numpy as np

from equivalence.inputs import Array
from equivalence.rounding import Precision, gamma
from equivalence.uncertain.array import FUNCTIONS, UFUNCS, Uncertain, as_uncertain

FUNCTION_ULPS = 8
"""Units in the last place that a framework's exp or tanh may be off by; vectorised versions document up to 4."""


def _rounded(value: Array, error: Array, precision: Precision, ulps: float = 1.0) -> Uncertain:
    """A computed value: what was passed on, and the result's own rounding."""
    size = np.abs(value)
    return Uncertain(value, _finite(value, error + ulps * precision.unit * size + precision.tiny), size, precision)


def _finite(value: Array, error: Array) -> Array:
    """Errors of numbers; infinity and NaN have none, they are in their place or not."""
    return np.where(np.isfinite(value), error, 0.0)


def _add(sign: int) -> Callable[..., Uncertain]:
    def rule(a: Uncertain, b: Uncertain) -> Uncertain:
        value, size = a.value + sign * b.value, a.size_ + b.size_
        # Two numbers give their sum rounded once; in a longer sum, what cancelled before may come last elsewhere.
        cancelled = np.maximum(size - np.abs(a.value) - np.abs(b.value), 0)
        error = a.error + b.error + a.precision.unit * (np.abs(value) + cancelled) + a.precision.tiny
        return Uncertain(value, _finite(value, error), size, a.precision)

    return rule


def _multiply(a: Uncertain, b: Uncertain) -> Uncertain:
    error = np.abs(a.value) * b.error + np.abs(b.value) * a.error + a.error * b.error
    return _rounded(a.value * b.value, error, a.precision)


def _divide(a: Uncertain, b: Uncertain) -> Uncertain:
    value, room = a.value / b.value, np.abs(b.value) - b.error
    error = np.where(room > 0, (a.error + np.abs(value) * b.error) / np.where(room > 0, room, 1), np.inf)
    return _rounded(value, error, a.precision)


def _extreme(ufunc: Any) -> Callable[..., Uncertain]:
    def rule(a: Uncertain, b: Uncertain) -> Uncertain:
        # Of the size of both, because a maximum may be computed as half of a + b + |a - b|.
        size = np.maximum(np.abs(a.value), np.abs(b.value))
        return Uncertain(ufunc(a.value, b.value), np.maximum(a.error, b.error), size, a.precision)

    return rule


def _power(a: Uncertain, b: Uncertain) -> Uncertain:
    p, base = b.value, np.abs(a.value)
    value = np.power(a.value, p)
    near = np.where(p >= 1, base + a.error, np.maximum(base - a.error, 0))
    slope = np.where(p == 0, 0.0, np.abs(p) * np.power(near, p - 1))
    logarithm = np.abs(np.log(np.where(base > 0, base, 1)))
    error = slope * a.error + np.abs(value) * logarithm * np.where(p == np.rint(p), 0, b.error)
    return _rounded(value, error, a.precision, FUNCTION_ULPS)


def _add_powers(a: Uncertain, b: Uncertain) -> Uncertain:
    """The larger exponent and the logarithm of what the other adds, which may cancel."""
    value = np.asarray(np.logaddexp(a.value, b.value))
    size = np.abs(np.maximum(a.value, b.value)) + np.log1p(np.exp(-np.abs(a.value - b.value)))
    error = np.maximum(a.error, b.error) + FUNCTION_ULPS * a.precision.unit * size + a.precision.tiny
    return Uncertain(value, error, size, a.precision)


def _slope(slope: Callable[[Array, Array], Array], *, largest: float = np.inf, ulps: float = FUNCTION_ULPS) -> Any:
    """A function of one argument by the largest slope within the error, and how far apart its values are at most."""

    def rule(ufunc: Any) -> Callable[[Uncertain], Uncertain]:
        def apply(a: Uncertain) -> Uncertain:
            value = np.asarray(ufunc(a.value), np.float64)
            with np.errstate(all="ignore"):
                moved = np.where(a.error > 0, slope(a.value, a.error) * a.error, 0.0)
            return _rounded(value, np.minimum(moved, largest), a.precision, ulps)

        return apply

    return rule


def _square_root(a: Uncertain) -> Uncertain:
    value = np.sqrt(a.value)
    with np.errstate(all="ignore"):
        steep = a.error / (value + np.sqrt(np.maximum(a.value - a.error, 0)))
    return _rounded(value, np.where(a.error > 0, np.minimum(steep, np.sqrt(a.error + a.value)), 0.0), a.precision)


def _nearest(value: Array, error: Array) -> Array:
    return np.asarray(np.maximum(np.abs(value) - error, 0))


def _matmul(a: Uncertain, b: Uncertain) -> Uncertain:
    return _contracted(np.matmul, (a, b), a.precision, a.shape[-1])


_UNARY: Mapping[str, Any] = {
    "exp": _slope(lambda v, e: np.exp(v + e)),
    "exp2": _slope(lambda v, e: np.log(2) * np.exp2(v + e)),
    "expm1": _slope(lambda v, e: np.exp(v + e)),
    "log": _slope(lambda v, e: 1 / np.maximum(v - e, 0)),
    "log2": _slope(lambda v, e: 1 / (math.log(2) * np.maximum(v - e, 0))),
    "log10": _slope(lambda v, e: 1 / (math.log(10) * np.maximum(v - e, 0))),
    "log1p": _slope(lambda v, e: 1 / np.maximum(1 + v - e, 0)),
    "tanh": _slope(lambda v, e: 1 - np.tanh(_nearest(v, e)) ** 2, largest=2),
    "sinh": _slope(lambda v, e: np.cosh(np.abs(v) + e)),
    "cosh": _slope(lambda v, e: np.sinh(np.abs(v) + e)),
    "sin": _slope(lambda v, e: np.ones_like(v), largest=2),  # noqa: ARG005
    "cos": _slope(lambda v, e: np.ones_like(v), largest=2),  # noqa: ARG005
    "arctan": _slope(lambda v, e: 1 / (1 + _nearest(v, e) ** 2), largest=math.pi),
    "square": _slope(lambda v, e: 2 * np.abs(v) + e, ulps=1),
    "reciprocal": _slope(lambda v, e: 1 / (np.abs(v) * np.maximum(np.abs(v) - e, 0)), ulps=1),
    "absolute": _slope(lambda v, e: np.ones_like(v), ulps=0),  # noqa: ARG005
    "negative": _slope(lambda v, e: np.ones_like(v), ulps=0),  # noqa: ARG005
    "positive": _slope(lambda v, e: np.ones_like(v), ulps=0),  # noqa: ARG005
}


def _contracted(function: Callable[..., Any], operands: Sequence[Any], precision: Precision, terms: int) -> Uncertain:
    r"""A sum of products, as of matrices: :math:`\gamma_n` of the magnitudes, and each operand's own error."""
    given = [as_uncertain(item, precision) for item in operands]
    sizes = [np.abs(item.value) for item in given]
    value, magnitude = function(*(item.value for item in given)), function(*sizes)
    count = terms + len(given)
    error = gamma(count, precision.unit) * magnitude + count * precision.tiny
    for k, item in enumerate(given):
        if item.error.any():
            moved = [size + other.error for size, other in zip(sizes, given, strict=True)]
            moved[k] = item.error
            error = error + function(*moved)
    return Uncertain(value, error, magnitude, precision)


def _einsum(equation: Any, *operands: Any, **_: Any) -> Uncertain:
    if not isinstance(equation, str):
        return _einsum(*_labelled([equation, *operands]))
    precision = next(item.precision for item in operands if isinstance(item, Uncertain))
    inputs, _arrow, output = equation.replace(" ", "").partition("->")
    sizes: dict[str, int] = {}
    for letters, item in zip(inputs.split(","), operands, strict=True):
        before, _dots, after = letters.partition("...")
        shape = np.shape(item)
        sizes |= dict(zip(before, shape, strict=False)) | dict(zip(after[::-1], shape[::-1], strict=False))
    terms = math.prod(size for letter, size in sizes.items() if letter not in output)
    return _contracted(lambda *arrays: np.einsum(equation, *arrays, optimize=True), operands, precision, terms)


def _labelled(given: Sequence[Any]) -> list[Any]:
    """The other form of the call, arrays and lists of axes by turns, as an equation and arrays."""
    lists = [*given[1::2], *([given[-1]] if len(given) % 2 else [])]
    texts = ["".join("..." if axis is Ellipsis else ascii_letters[axis] for axis in axes) for axes in lists]
    arrays = given[: len(given) - len(given) % 2 : 2]
    equation = ",".join(texts[: len(arrays)])
    return [f"{equation}->{texts[-1]}" if len(texts) > len(arrays) else equation, *arrays]


def _dot(a: Any, b: Any) -> Uncertain:
    precision = next(item.precision for item in (a, b) if isinstance(item, Uncertain))
    return _contracted(np.dot, (a, b), precision, np.shape(a)[-1])


def _tensordot(a: Any, b: Any, axes: Any = 2) -> Uncertain:
    precision = next(item.precision for item in (a, b) if isinstance(item, Uncertain))
    shape = np.shape(a)
    summed = shape[len(shape) - axes :] if isinstance(axes, int) else np.take(shape, axes[0])
    return _contracted(lambda x, y: np.tensordot(x, y, axes), (a, b), precision, int(np.prod(summed)))


def _sum(a: Any, axis: Any = None, *, keepdims: bool = False, **_: Any) -> Uncertain:
    u, tiny = a.precision.unit, a.precision.tiny
    with np.errstate(all="ignore"):
        value = np.asarray(np.sum(a.value, axis=axis, keepdims=keepdims))
        size = np.asarray(np.sum(a.size_, axis=axis, keepdims=keepdims))
        n = a.value.size / max(value.size, 1)
        error = np.asarray(np.sum(a.error, axis=axis, keepdims=keepdims)) + gamma(n, u) * size + n * tiny
    return Uncertain(value, error, size, a.precision)


def _mean(a: Any, axis: Any = None, *, keepdims: bool = False, **_: Any) -> Any:
    total = _sum(a, axis, keepdims=keepdims)
    return total / float(a.value.size / max(total.value.size, 1))


def _variance(a: Any, axis: Any = None, *, ddof: int = 0, keepdims: bool = False, **_: Any) -> Any:
    squares = np.square(a - _mean(a, axis, keepdims=True))
    total = _sum(squares, axis, keepdims=keepdims)
    return total / (a.value.size / max(total.value.size, 1) - ddof)


def _largest(function: Any) -> Callable[..., Uncertain]:
    def rule(a: Any, axis: Any = None, *, keepdims: bool = False, **_: Any) -> Uncertain:
        value = np.asarray(function(a.value, axis=axis, keepdims=keepdims))
        return Uncertain(value, np.asarray(a.error.max(axis=axis, keepdims=keepdims)), np.abs(value), a.precision)

    return rule


def _cumulated(a: Any, axis: int | None = None, **_: Any) -> Uncertain:
    value, size, error = (np.cumsum(part, axis=axis) for part in (a.value, a.size_, a.error))
    n = np.cumsum(np.ones(a.shape), axis=axis)
    return Uncertain(value, error + gamma(n, a.precision.unit) * size + n * a.precision.tiny, size, a.precision)


def _times(a: Any, axis: Any = None, *, keepdims: bool = False, **_: Any) -> Uncertain:
    value = np.asarray(np.prod(a.value, axis=axis, keepdims=keepdims))
    n = a.value.size / max(value.size, 1)
    with np.errstate(all="ignore"):
        worst = np.prod(np.abs(a.value) + a.error, axis=axis, keepdims=keepdims) - np.abs(value)
    return _rounded(value, np.asarray(worst), a.precision, n)


def _clip(a: Any, low: Any = None, high: Any = None, **_: Any) -> Any:
    a = a if low is None else np.maximum(a, low)
    return a if high is None else np.minimum(a, high)


def _filled(number: float) -> Callable[..., Any]:
    def rule(a: Any, dtype: Any = None, *, shape: Any = None, **_: Any) -> Any:
        shape = a.shape if shape is None else shape
        if dtype is not None and np.dtype(dtype).kind != "f":
            return np.full(shape, number, dtype)
        return Uncertain.constant(np.full(shape, number), a.precision)

    return rule


def _full_like(a: Any, number: Any, dtype: Any = None, *, shape: Any = None, **_: Any) -> Any:
    return _filled(number)(a, dtype, shape=shape)


def _put_along_axis(a: Any, indices: Array, values: Any, axis: int | None) -> None:
    values = as_uncertain(values, a.precision)
    for part, new in ((a.value, values.value), (a.error, values.error), (a.size_, values.size_)):
        np.put_along_axis(part, indices, new, axis)


def _add_at(target: Uncertain, where: Any, given: Any) -> None:
    given = as_uncertain(given, target.precision)
    count = np.zeros(target.shape)
    for part, new in ((target.value, given.value), (target.error, given.error), (target.size_, given.size_)):
        np.add.at(part, where, new)
    np.add.at(count, where, 1.0)
    target.error += count * (target.precision.unit * target.size_ + target.precision.tiny)


UFUNCS |= {name: rule(getattr(np, name)) for name, rule in _UNARY.items()}
UFUNCS |= {
    "sqrt": _square_root,
    "matmul": _matmul,
    "add": _add(1),
    "subtract": _add(-1),
    "multiply": _multiply,
    "divide": _divide,
    "maximum": _extreme(np.maximum),
    "minimum": _extreme(np.minimum),
    "fmax": _extreme(np.fmax),
    "fmin": _extreme(np.fmin),
    "logaddexp": _add_powers,
    "power": _power,
    "float_power": _power,
}
FUNCTIONS |= {
    "add.at": _add_at,
    "sum": _sum,
    "mean": _mean,
    "var": _variance,
    "std": lambda a, *arguments, **keywords: np.sqrt(_variance(a, *arguments, **keywords)),
    "max": _largest(np.max),
    "amax": _largest(np.max),
    "min": _largest(np.min),
    "amin": _largest(np.min),
    "prod": _times,
    "cumsum": _cumulated,
    "clip": _clip,
    "einsum": _einsum,
    "dot": _dot,
    "tensordot": _tensordot,
    "outer": lambda a, b, **_: np.multiply(a.reshape(-1, 1), b.reshape(1, -1)),
    "zeros_like": _filled(0.0),
    "empty_like": _filled(0.0),
    "ones_like": _filled(1.0),
    "full_like": _full_like,
    "put_along_axis": _put_along_axis,
    "sort": lambda a, axis=-1, **_: np.take_along_axis(a, np.argsort(a.value, axis=axis, kind="stable"), axis),
    "norm": lambda a, ord=None, axis=None, keepdims=False: np.sqrt(  # noqa: ARG005, A006
        _sum(np.square(a), axis, keepdims=keepdims)
    ),
}
