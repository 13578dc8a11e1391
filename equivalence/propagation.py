"""Rounding bounds of any operation, by running its reference on arrays that carry their own errors.

A second copy of the reference's package is loaded, in which ``numpy`` makes :class:`~equivalence.uncertain.Uncertain`
arrays wherever NumPy itself would make arrays that forget the errors: ``np.zeros``, ``np.asarray`` and their like. The
text of the reference is the one that is tested, so its algorithm and the bound cannot drift apart.
"""

from __future__ import annotations

import builtins
import importlib
import importlib.util
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from pathlib import Path
from threading import RLock
from types import ModuleType
from typing import TYPE_CHECKING, Any

import numpy as np

from equivalence.errors import DeclarationError
from equivalence.inputs import Array
from equivalence.rounding import Bound, Bounds, Instance, Precision
from equivalence.uncertain import PEAK, Uncertain, as_uncertain, value_of

if TYPE_CHECKING:
    from equivalence.operation import Operation

_SPARE = 4
"""Roundings beyond those of the reference: a framework may scale, or take a constant, in another place."""

_PRECISION: ContextVar[Precision | None] = ContextVar("precision", default=None)


def propagated(instance: Instance, precision: Precision) -> Bounds:
    """First-order bounds of the reference's outputs and gradients: running error analysis of its own text."""
    copy, settings = shadow(instance.operation), instance.settings
    with computing(precision):
        outputs = bounded(copy.forward(carrying(instance.arrays, precision), settings), precision)
        gradients: dict[str, Bound] = {}
        if instance.cotangents and copy.product is not None:
            cotangents = carrying(instance.cotangents, precision)
            found = copy.gradients(cotangents, carrying(instance.arrays, precision), settings)
            gradients = bounded(found, precision)
    return outputs, gradients


def carrying(arrays: Mapping[str, Array], precision: Precision) -> dict[str, Any]:
    """Arrays that carry their errors, which are none so far."""
    return {
        name: Uncertain.exact(array, precision) if array.dtype.kind == "f" else array for name, array in arrays.items()
    }


def bounded(found: Mapping[str, Any], precision: Precision) -> dict[str, Bound]:
    """The bounds of what was computed with :func:`carrying` arrays, inside of :func:`computing`."""
    # What was made of whole numbers alone, such as a one-hot vector, is constant; whole numbers have no bound.
    real = {name: as_uncertain(item, precision) for name, item in found.items() if item.dtype.kind == "f"}
    [peak] = PEAK.get() or [0.0]
    return {
        name: Bound(
            item.error + _SPARE * precision.unit * item.size_,
            item.size_,
            # What passes through no more than the format holds overflows nowhere but in its own result.
            np.maximum(item.size_, peak) if peak > precision.largest else None,
        )
        for name, item in real.items()
    }


@contextmanager
def computing(precision: Precision) -> Iterator[None]:
    """Copied references compute in this precision."""
    tokens = _PRECISION.set(precision), PEAK.set([0.0])
    try:
        with np.errstate(all="ignore"):
            yield
    finally:
        _PRECISION.reset(tokens[0])
        PEAK.reset(tokens[1])


_SHADOWS: dict[str, ModuleType] = {}
_LOADING = RLock()


def shadow(operation: Operation) -> Operation:
    """The same operation, whose reference computes with errors.

    Raises:
        DeclarationError: if its module, loaded anew, does not declare it.
    """
    module, _, name = operation.origin.partition(":")
    with _LOADING:
        found: Operation | None = getattr(_shadowed(module), name, None)
    if found is None:
        raise DeclarationError(f"rounding of {operation.name}", expected=f"its declaration in {module}", got="none")
    return found


def _shadowed(name: str) -> ModuleType:
    if name not in _SHADOWS:
        spec = importlib.util.find_spec(name)
        if spec is None or spec.origin is None:
            raise DeclarationError(f"module {name}", expected="a module with a source", got=spec)
        module = _SHADOWS[name] = importlib.util.module_from_spec(spec)
        module.__dict__["__builtins__"] = {**vars(builtins), "__import__": _importer(name.partition(".")[0])}
        code = compile(Path(spec.origin).read_bytes(), spec.origin, "exec")
        # What a module computes while it is read is no part of a computation under way.
        token = _PRECISION.set(None)
        try:
            exec(code, module.__dict__)  # noqa: S102 - the module's own source, imported already as it is
        finally:
            _PRECISION.reset(token)
    return _SHADOWS[name]


def _importer(top: str) -> Any:
    """What ``import`` does in a copied package: copies of its own modules, and a NumPy that keeps errors."""

    def load(name: str, home: Any = None, local: Any = None, fromlist: Any = (), level: int = 0) -> Any:
        if level == 0 and name == "numpy" and not fromlist:
            return _NUMPY
        if level or name.partition(".")[0] != top:
            return builtins.__import__(name, home, local, fromlist, level)
        module = _shadowed(name)
        for attribute in fromlist or ():
            if not hasattr(module, attribute) and importlib.util.find_spec(f"{name}.{attribute}"):
                setattr(module, attribute, _shadowed(f"{name}.{attribute}"))
        return module if fromlist else _shadowed(top)

    return load


class _Numpy(ModuleType):
    """NumPy, but for the functions that make new arrays of numbers."""

    def __getattr__(self, name: str) -> Any:
        return getattr(np, name)

    @staticmethod
    def asarray(item: Any, dtype: Any = None, **_: Any) -> Any:
        if isinstance(item, (list, tuple)) and any(isinstance(part, Uncertain) for part in item):
            item = np.stack([_as(part) for part in item])
        if isinstance(item, Uncertain):
            return item if dtype is None else item.astype(dtype)
        return np.asarray(item, dtype)

    ascontiguousarray = asanyarray = asarray

    @classmethod
    def array(cls, item: Any, dtype: Any = None, **_: Any) -> Any:
        found = cls.asarray(item, dtype)
        return found.each(np.array) if isinstance(found, Uncertain) else np.array(found)

    @staticmethod
    def zeros(shape: Any, dtype: Any = float) -> Any:
        return _full(shape, 0.0, dtype)

    empty = zeros

    @staticmethod
    def ones(shape: Any, dtype: Any = float) -> Any:
        return _full(shape, 1.0, dtype)

    @staticmethod
    def full(shape: Any, value: Any, dtype: Any = None) -> Any:
        return _full(shape, value, np.asarray(value_of(value)).dtype if dtype is None else dtype)

    @staticmethod
    def vectorize(function: Any, otypes: Any = None, **_: Any) -> Any:
        plain = np.vectorize(function, otypes=otypes or [float])

        def apply(item: Any) -> Any:
            if not isinstance(item, Uncertain):
                return plain(item)
            value = np.asarray(plain(item.value), np.float64)
            ends = [np.abs(plain(item.value + sign * item.error) - value) for sign in (-1, 1)]
            rounding = 8 * item.precision.unit * np.abs(value) + item.precision.tiny
            return Uncertain(value, np.maximum(*ends) + rounding, np.abs(value), item.precision)

        return apply


def _as(item: Any) -> Uncertain:
    precision = _PRECISION.get()
    assert precision is not None
    return as_uncertain(item, precision)


def _full(shape: Any, value: Any, dtype: Any) -> Any:
    if np.dtype(dtype).kind != "f" or _PRECISION.get() is None:
        return np.full(shape, value, dtype)
    return _as(value).each(lambda part: np.full(shape, part))


_NUMPY = _Numpy("numpy")
