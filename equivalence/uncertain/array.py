"""The array class: it hands NumPy's functions to the rules, which stand in tables by name."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextvars import ContextVar
from typing import Any

import numpy as np
from numpy.lib.mixins import NDArrayOperatorsMixin

from equivalence.inputs import Array
from equivalence.rounding import Precision

Rule = Callable[..., Any]

PEAK: ContextVar[list[float] | None] = ContextVar("peak", default=None)
"""The largest number seen since the list was put here, as its last element."""

UFUNCS: dict[str, Rule] = {}
"""Rules of element-wise functions and matrix products by name: operands in, result out."""

FUNCTIONS: dict[str, Rule] = {}
"""Rules of functions of whole arrays by name, called as the function is."""

_DECIDE = {
    "less", "less_equal", "greater", "greater_equal", "equal", "not_equal", "isnan", "isinf", "isfinite", "signbit",
    "logical_not", "logical_and", "logical_or", "sign", "floor", "ceil", "rint", "trunc",
}  # fmt: skip
"""What is decided by the values alone: their errors do not pass through."""


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
            return FUNCTIONS[f"{ufunc.__name__}.at"](*inputs)
        if method in ("reduce", "accumulate"):
            result = FUNCTIONS[_REDUCTIONS[ufunc.__name__, method]](self, *inputs[1:], **keywords)
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
        if (known := FUNCTIONS.get(function.__name__)) is not None:
            return _noted(known(*arguments, **keywords))
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


def _call(ufunc: Any, inputs: Sequence[Any], precision: Precision, **keywords: Any) -> Any:
    name = ufunc.__name__
    if name in _DECIDE:
        return ufunc(*map(value_of, inputs), **keywords)
    if name not in UFUNCS:
        raise NotImplementedError(f"rounding of numpy.{name}")
    with np.errstate(all="ignore"):
        return _noted(UFUNCS[name](*(as_uncertain(item, precision).each(np.asarray) for item in inputs)))


def _noted(result: Any) -> Any:
    """The result, whose largest number counts: what passes through more than a format holds may overflow there."""
    peak = PEAK.get()
    if peak is not None and isinstance(result, Uncertain):
        peak[-1] = max(peak[-1], float(result.size_.max(initial=0.0, where=np.isfinite(result.size_))))
    return result


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
