r"""Arrays that carry a bound on their own rounding error through NumPy's functions.

This is running error analysis (Higham, Accuracy and Stability of Numerical Algorithms, 2nd edition, 2002, section 3.3)
to first order: each number :math:`v` comes with a bound :math:`e` on how far a correct computation in a precision of
unit roundoff :math:`u` may be from it. A function passes the bounds of its arguments on by its derivative and adds its
own rounding:

.. math:: e_{a + b} = e_a + e_b + u\,(m_a + m_b), \qquad e_{ab} = |a| e_b + |b| e_a + e_a e_b + u |ab|, \qquad
    e_{f(a)} = |f'(a)| e_a + c u |f(a)|

The size :math:`m` of a sum is the sum of the sizes of its terms, not its absolute value, so that the bound holds for
whatever order a framework adds in; elsewhere it is the absolute value. Each result may also lose the smallest normal
number, and an argument all of itself if it is below that, because a framework may flush denormals.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np
from numpy.lib.mixins import NDArrayOperatorsMixin

from equivalence.inputs import Array
from equivalence.rounding import Precision, gamma

FUNCTION_ULPS = 8
"""Units in the last place that a framework's exp or tanh may be off by; vectorised versions document up to 4."""

_DECIDE = {
    "less", "less_equal", "greater", "greater_equal", "equal", "not_equal", "isnan", "isinf", "isfinite", "signbit",
    "logical_not", "logical_and", "logical_or", "sign", "floor", "ceil", "rint", "trunc",
}  # fmt: skip
"""What is decided by the values alone: their errors do not pass through."""


class Uncertain(NDArrayOperatorsMixin):
    """An array with a bound on the error, and the size of what was added up, of each of its elements."""

    __array_priority__ = 1000

    def __init__(self, value: Array, error: Array, size: Array, precision: Precision) -> None:
        self.value, self.error, self.size_, self.precision = value, error, size, precision

    @classmethod
    def exact(cls, value: Array, precision: Precision) -> Uncertain:
        """Arguments, which are what they are unless they are denormal."""
        value = np.asarray(value, np.float64)
        size = np.abs(value)
        return cls(value, np.where(size < precision.tiny, size, 0.0), size, precision)

    @classmethod
    def constant(cls, value: Any, precision: Precision) -> Uncertain:
        """A number from the program, which may have to be rounded to the precision first."""
        value = np.asarray(value, np.float64)
        mantissa, _ = np.frexp(np.where(np.isfinite(value), value, 0.0))
        held = mantissa / precision.unit
        size = np.abs(value)
        with np.errstate(invalid="ignore"):
            return cls(value, np.where(held == np.rint(held), 0.0, precision.unit * size), size, precision)

    shape = property(lambda self: self.value.shape)
    ndim = property(lambda self: self.value.ndim)
    dtype = property(lambda self: self.value.dtype)
    size = property(lambda self: self.value.size)
    T = property(lambda self: self.each(np.transpose))

    def each(self, function: Callable[..., Any], *arguments: Any, **keywords: Any) -> Uncertain:
        """A function that only moves numbers, of values, errors and sizes alike."""
        value, error, size = (function(part, *arguments, **keywords) for part in (self.value, self.error, self.size_))
        return Uncertain(value, error, size, self.precision)

    def astype(self, dtype: Any, **_: Any) -> Any:
        """The same: the precision is this array's own affair. What becomes whole numbers has no error any more."""
        return self if np.dtype(dtype).kind == "f" else self.value.astype(dtype)

    def __len__(self) -> int:
        return len(self.value)

    def __getitem__(self, key: Any) -> Uncertain:
        return self.each(lambda part: np.asarray(part[key]))

    def __setitem__(self, key: Any, new: Any) -> None:
        given = new if isinstance(new, Uncertain) else Uncertain.constant(new, self.precision)
        self.value[key], self.error[key], self.size_[key] = given.value, given.error, given.size_

    def __iter__(self) -> Any:
        return (self[k] for k in range(len(self)))

    def __getattr__(self, name: str) -> Any:
        """Methods of arrays are the functions of the same name."""
        if name.startswith("__") or not hasattr(np.ndarray, name) or not hasattr(np, name):
            raise AttributeError(name)
        function = getattr(np, name)
        if name in ("reshape", "transpose"):
            return lambda *axes, **kw: function(self, axes[0] if len(axes) == 1 else axes or None, **kw)
        return lambda *arguments, **keywords: function(self, *arguments, **keywords)

    def __array_ufunc__(self, ufunc: Any, method: str, *inputs: Any, **keywords: Any) -> Any:
        out = keywords.pop("out", None)
        if method == "at":
            return _add_at(self, inputs) if ufunc is np.add else NotImplemented
        if method in ("reduce", "accumulate"):
            result = _FUNCTIONS[_REDUCTIONS[ufunc.__name__, method]](self, *inputs[1:], **keywords)
        elif method == "__call__":
            keywords.pop("dtype", None)
            result = _call(ufunc, inputs, self.precision, **keywords)
        elif method == "outer":
            left, right = inputs
            result = _call(ufunc, (left.reshape(*left.shape, *(1,) * np.ndim(right)), right), self.precision)
        else:
            return NotImplemented
        if out is None:
            return result
        [target] = out
        target[...] = result
        return target

    def __array_function__(self, function: Any, types: Any, arguments: Any, keywords: Any) -> Any:
        del types
        if (known := _FUNCTIONS.get(function.__name__)) is not None:
            return known(*arguments, **keywords)
        if function.__name__ in _MOVING:
            return _moved(function, arguments, keywords, self.precision)
        if function.__name__ in _PLAIN:
            return function(*map(value_of, arguments), **{name: value_of(item) for name, item in keywords.items()})
        raise NotImplementedError(f"rounding of numpy.{function.__name__}")

    def __float__(self) -> float:
        raise TypeError("a float would lose the rounding error: use NumPy's functions in references")

    def __bool__(self) -> bool:
        return bool(self.value)


def value_of(item: Any) -> Any:
    """The values of an array with errors, in whatever tuples and lists; anything else as it is."""
    if isinstance(item, (list, tuple)):
        return type(item)(map(value_of, item))
    return item.value if isinstance(item, Uncertain) else item


def as_uncertain(item: Any, precision: Precision) -> Uncertain:
    """An array with errors; numbers from the program become constants."""
    return item if isinstance(item, Uncertain) else Uncertain.constant(item, precision)


def _rounded(value: Array, error: Array, precision: Precision, ulps: float = 1.0) -> Uncertain:
    """A computed value: what was passed on, and the result's own rounding."""
    size = np.abs(value)
    return Uncertain(value, error + ulps * precision.unit * size + precision.tiny, size, precision)


def _add(sign: int) -> Callable[..., Uncertain]:
    def rule(a: Uncertain, b: Uncertain) -> Uncertain:
        size = a.size_ + b.size_
        u, tiny = a.precision.unit, a.precision.tiny
        return Uncertain(a.value + sign * b.value, a.error + b.error + u * size + tiny, size, a.precision)

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
        value, apart = ufunc(a.value, b.value), np.abs(a.value - b.value) > a.error + b.error
        winner = np.where(value == a.value, a.error, b.error)
        error = np.where(apart, winner, np.maximum(a.error, b.error))
        return Uncertain(value, error, np.abs(value), a.precision)

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

_BINARY: Mapping[str, Any] = {
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


def _call(ufunc: Any, inputs: Sequence[Any], precision: Precision, **keywords: Any) -> Any:
    name = ufunc.__name__
    if name in _DECIDE:
        return ufunc(*map(value_of, inputs), **keywords)
    with np.errstate(all="ignore"):
        if name == "matmul":
            return _contracted(np.matmul, inputs, precision, np.shape(inputs[0])[-1])
        arguments = [as_uncertain(item, precision) for item in inputs]
        if name == "sqrt":
            return _square_root(*arguments)
        if name in _UNARY:
            return _UNARY[name](ufunc)(*arguments)
        if name in _BINARY:
            return _BINARY[name](*(item.each(np.asarray) for item in arguments))
    raise NotImplementedError(f"rounding of numpy.{name}")


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


def _einsum(equation: str, *operands: Any, **_: Any) -> Uncertain:
    precision = next(item.precision for item in operands if isinstance(item, Uncertain))
    inputs, _arrow, output = equation.replace(" ", "").partition("->")
    sizes: dict[str, int] = {}
    for letters, item in zip(inputs.split(","), operands, strict=True):
        before, _dots, after = letters.partition("...")
        shape = np.shape(item)
        sizes |= dict(zip(before, shape, strict=False)) | dict(zip(after[::-1], shape[::-1], strict=False))
    terms = math.prod(size for letter, size in sizes.items() if letter not in output)
    return _contracted(lambda *arrays: np.einsum(equation, *arrays, optimize=True), operands, precision, terms)


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


def _add_at(a: Uncertain, inputs: Sequence[Any]) -> None:
    target, where, given = inputs
    given = as_uncertain(given, a.precision)
    count = np.zeros(target.shape)
    for part, new in ((target.value, given.value), (target.error, given.error), (target.size_, given.size_)):
        np.add.at(part, where, new)
    np.add.at(count, where, 1.0)
    target.error += count * (a.precision.unit * target.size_ + a.precision.tiny)


def _moved(function: Any, arguments: Any, keywords: Any, precision: Precision) -> Any:
    """Values, errors and sizes go the same way; constants among the arguments have errors of their own."""

    def part(item: Any, name: str) -> Any:
        if isinstance(item, (list, tuple)):
            return type(item)(part(inner, name) for inner in item)
        if isinstance(item, Uncertain):
            return getattr(item, name)
        return item if name == "value" or not _real(item) else getattr(Uncertain.constant(item, precision), name)

    value, error, size = (
        function(*part(arguments, name), **{key: part(item, name) for key, item in keywords.items()})
        for name in ("value", "error", "size_")
    )
    if isinstance(value, (list, tuple)):
        return [Uncertain(*parts, precision) for parts in zip(value, error, size, strict=True)]
    return Uncertain(np.asarray(value), np.asarray(error), np.asarray(size), precision)


def _real(item: Any) -> bool:
    return isinstance(item, (float, np.floating)) or (isinstance(item, np.ndarray) and item.dtype.kind == "f")


_MOVING = {
    "reshape", "transpose", "moveaxis", "swapaxes", "expand_dims", "squeeze", "broadcast_to", "concatenate", "stack",
    "flip", "flipud", "fliplr", "roll", "rot90", "repeat", "tile", "take", "take_along_axis", "pad", "ravel",
    "sliding_window_view", "copy", "split", "array_split", "hsplit", "vsplit", "diagonal", "where", "compress",
    "delete", "insert", "append", "tril", "triu", "atleast_1d", "atleast_2d", "vstack", "hstack", "dstack",
    "broadcast_arrays", "choose", "select", "permute_dims", "rollaxis", "column_stack", "diag", "nan_to_num", "unstack",
}  # fmt: skip
_PLAIN = {
    "shape", "ndim", "size", "argmax", "argmin", "argsort", "nonzero", "argwhere", "isclose", "allclose", "any", "all",
    "array_equal", "searchsorted", "count_nonzero", "result_type", "can_cast", "shares_memory", "may_share_memory",
    "round", "around", "isneginf", "isposinf", "lexsort", "argpartition", "iscomplexobj", "isrealobj", "digitize",
}  # fmt: skip
_REDUCTIONS = {
    ("add", "reduce"): "sum",
    ("add", "accumulate"): "cumsum",
    ("maximum", "reduce"): "max",
    ("minimum", "reduce"): "min",
    ("multiply", "reduce"): "prod",
}
_FUNCTIONS: Mapping[str, Callable[..., Any]] = {
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
