"""Faults of what is done element by element."""

from __future__ import annotations

from typing import Any

import numpy as np

from equivalence.inputs import Array
from equivalence_reference.merging import (
    absolute,
    cast,
    cast_integers,
    divide_integers,
    merge_max,
    merge_mean,
    merge_mul,
    merge_sum,
    normalize_image,
)

_MERGES = {"sum": merge_sum, "mul": merge_mul, "max": merge_max, "mean": merge_mean}

for _name, _operation in _MERGES.items():
    for _other, _wrong in _MERGES.items():
        if _other == _name:
            continue
        _code = "reduction.normalizer" if {_name, _other} == {"sum", "mean"} else "function.variant"

        @_operation.fault(f"{_other}-instead", code=_code)
        def _(x: Array, y: Array, z: Array | None = None, *, wrong: Any = _wrong) -> Any:
            return wrong.reference(x, y, z)

    @_operation.fault("third-left-out", code="function.variant")
    def _(x: Array, y: Array, z: Array | None = None, *, operation: Any = _operation) -> Any:  # noqa: ARG001
        return operation.reference(x, y)

    @_operation.fault("gradient-to-the-first-alone", code="gradient.blocked", gradient=True)
    def _(
        cotangent: Array, x: Array, y: Array, z: Array | None = None, *, operation: Any = _operation
    ) -> dict[str, Array]:
        found = operation.product(cotangent, x, y, z)
        return {name: value if name == "x" else np.zeros_like(value) for name, value in found.items()}


@merge_mean.fault("divided-by-two-always", code="reduction.normalizer")
def _(x: Array, y: Array, z: Array | None = None) -> Any:
    return np.asarray(x + y if z is None else x + y + z) / 2


@merge_mean.fault("mean-of-means", code="reduction.normalizer")
def _(x: Array, y: Array, z: Array | None = None) -> Any:
    first = (x + y) / 2
    return np.asarray(first if z is None else (first + z) / 2)


@merge_mean.fault("gradient-not-divided", code="gradient.scale", gradient=True)
def _(cotangent: Array, x: Array, y: Array, z: Array | None = None) -> dict[str, Array]:
    arrays = {"x": x, "y": y, "z": z}
    return {name: cotangent for name, array in arrays.items() if array is not None}


@merge_max.fault("of-the-magnitudes", code="function.variant")
def _(x: Array, y: Array, z: Array | None = None) -> Any:
    return merge_max.reference(np.abs(x), np.abs(y), None if z is None else np.abs(z))


@merge_max.fault("gradient-to-every-largest", code="gradient.ties", gradient=True)
def _(cotangent: Array, x: Array, y: Array, z: Array | None = None) -> dict[str, Array]:
    largest, arrays = merge_max.reference(x, y, z), {"x": x, "y": y, "z": z}
    return {name: cotangent * (array == largest) for name, array in arrays.items() if array is not None}


@merge_max.fault("gradient-shared-among-the-largest", code="gradient.ties", gradient=True)
def _(cotangent: Array, x: Array, y: Array, z: Array | None = None) -> dict[str, Array]:
    largest, arrays = merge_max.reference(x, y, z), {"x": x, "y": y, "z": z}
    held = {name: (array == largest).astype(x.dtype) for name, array in arrays.items() if array is not None}
    count = sum(held.values(), np.zeros_like(x))
    return {name: cotangent * one / count for name, one in held.items()}


@merge_max.fault("gradient-to-the-last-largest", code="gradient.ties", gradient=True)
def _(cotangent: Array, x: Array, y: Array, z: Array | None = None) -> dict[str, Array]:
    assert merge_max.product is not None
    if z is None:
        found = merge_max.product(cotangent, y, x)
        return {"x": found["y"], "y": found["x"]}
    found = merge_max.product(cotangent, z, y, x)
    return {"x": found["z"], "y": found["y"], "z": found["x"]}


@absolute.fault("left-as-it-is", code="function.variant")
def _(x: Array) -> Array:
    return x


@absolute.fault("relu", code="function.variant")
def _(x: Array) -> Array:
    return np.maximum(x, 0)


@absolute.fault("squared", code="function.variant")
def _(x: Array) -> Array:
    return x * x


@absolute.fault("root-with-epsilon", code="epsilon.value")
def _(x: Array) -> Any:
    return np.sqrt(x * x + np.asarray(1e-7, x.dtype))


@absolute.fault("root-of-the-square", code="precision.overflow")
def _(x: Array) -> Any:
    return np.sqrt(x * x * np.asarray(1e-20, x.dtype)) * np.asarray(1e10, x.dtype)


@absolute.fault("gradient-at-0-is-1", code="gradient.ties", gradient=True)
def _(cotangent: Array, x: Array) -> dict[str, Array]:
    return {"x": cotangent * np.where(x >= 0, 1, -1)}


@absolute.fault("gradient-without-the-sign", code="gradient.scale", gradient=True)
def _(cotangent: Array, x: Array) -> dict[str, Array]:  # noqa: ARG001
    return {"x": cotangent}


@cast.fault("to-the-nearest", code="precision.integer", of=["cast-truncates-instead-of-rounding"])
def _(x: Array, dtype: str) -> Array:
    return (x if dtype == "bool" else np.rint(x)).astype(dtype)


@cast.fault("down", code="precision.integer")
def _(x: Array, dtype: str) -> Array:
    return (x if dtype == "bool" else np.floor(x)).astype(dtype)


@cast.fault("up", code="precision.integer")
def _(x: Array, dtype: str) -> Array:
    return (x if dtype == "bool" else np.ceil(x)).astype(dtype)


@cast.fault("left-real", code="precision.integer")
def _(x: Array, dtype: str) -> Array:
    return x.astype(bool) if dtype == "bool" else x


@cast.fault("truncated-before-it-is-a-boolean", code="precision.cast-order")
def _(x: Array, dtype: str) -> Array:
    return x.astype(np.int64).astype(dtype)


@cast.fault("positive-is-true", code="precision.integer")
def _(x: Array, dtype: str) -> Array:
    return x > 0 if dtype == "bool" else x.astype(dtype)


@cast_integers.fault("clipped-into-the-bytes", code="precision.overflow")
def _(x: Array, dtype: str) -> Array:
    return np.clip(x, 0, 255) if dtype == "uint8" else x.astype(dtype)


@cast_integers.fault("not-wrapped-around", code="precision.integer")
def _(x: Array, dtype: str) -> Array:
    return x if dtype == "uint8" else x.astype(dtype)


@cast_integers.fault("positive-is-true", code="precision.integer")
def _(x: Array, dtype: str) -> Array:
    return x > 0 if dtype == "bool" else x.astype(dtype)


@cast_integers.fault("number-kept-instead-of-a-boolean", code="precision.integer")
def _(x: Array, dtype: str) -> Array:
    return x if dtype == "bool" else x.astype(dtype)


@cast_integers.fault("scaled-as-a-byte", code="scale.factor")
def _(x: Array, dtype: str) -> Array:
    return x.astype(dtype) / 255 if dtype == "float32" else x.astype(dtype)


@divide_integers.fault("truncated", code="precision.integer", of=["floor-divide-truncates"])
def _(x: Array, y: Array, rounding: str) -> Any:
    return divide_integers.reference(x, y, rounding="truncate" if rounding == "floor" else rounding)


@divide_integers.fault("floored", code="precision.integer", of=["floor-divide-truncates"])
def _(x: Array, y: Array, rounding: str) -> Any:
    return divide_integers.reference(x, y, rounding="floor" if rounding == "truncate" else rounding)


@divide_integers.fault(
    "truncated-instead-of-rounded", code="precision.integer", of=["cast-truncates-instead-of-rounding"]
)
def _(x: Array, y: Array, rounding: str) -> Any:
    return divide_integers.reference(x, y, rounding="truncate" if rounding == "nearest" else rounding)


@divide_integers.fault("halves-away-from-zero", code="precision.integer")
def _(x: Array, y: Array, rounding: str) -> Any:
    if rounding != "nearest":
        return divide_integers.reference(x, y, rounding=rounding)
    return np.sign(x) * ((2 * np.abs(x) + y) // (2 * y))


@divide_integers.fault("halves-up", code="precision.integer")
def _(x: Array, y: Array, rounding: str) -> Any:
    return (2 * x + y) // (2 * y) if rounding == "nearest" else divide_integers.reference(x, y, rounding=rounding)


@divide_integers.fault("not-rounded", code="precision.integer")
def _(x: Array, y: Array, rounding: str) -> Array:  # noqa: ARG001
    return x / y


@divide_integers.fault("arguments-exchanged", code="parameter.swapped")
def _(x: Array, y: Array, rounding: str) -> Any:
    return divide_integers.reference(y, np.where(x == 0, 1, x), rounding=rounding)


@normalize_image.fault("channels-not-reversed", code="layout.channel-order", of=["preprocess-bgr-rgb"])
def _(x: Array, mean: Array, reverse: bool, scale: float) -> Any:  # noqa: ARG001, FBT001
    return normalize_image.reference(x, mean, scale=scale)


@normalize_image.fault("mean-subtracted-before-the-reversal", code="layout.channel-order", of=["preprocess-mean-order"])
def _(x: Array, mean: Array, reverse: bool, scale: float) -> Any:  # noqa: FBT001
    return normalize_image.reference(x, mean[::-1] if reverse else mean, reverse=reverse, scale=scale)


@normalize_image.fault("divided-by-256", code="scale.factor", of=["preprocess-scale-255-256"])
def _(x: Array, mean: Array, reverse: bool, scale: float) -> Any:  # noqa: FBT001
    return normalize_image.reference(x, mean, reverse=reverse, scale=scale if scale == 1 else 1 / 256)


@normalize_image.fault("normalized-a-second-time", code="effect.input-mutated", of=["preprocess-mutates-input"])
def _(x: Array, mean: Array, reverse: bool, scale: float) -> Any:  # noqa: FBT001
    once = normalize_image.reference(x, mean, reverse=reverse, scale=scale)
    return normalize_image.reference(once, mean, reverse=reverse, scale=scale)


@normalize_image.fault("mean-cast-to-integers", code="precision.integer", of=["dtype-integer-constant-cast"])
def _(x: Array, mean: Array, reverse: bool, scale: float) -> Any:  # noqa: FBT001
    return normalize_image.reference(x, np.trunc(mean), reverse=reverse, scale=scale)


@normalize_image.fault("scaled-in-integers", code="precision.integer", of=["dtype-integer-constant-cast"])
def _(x: Array, mean: Array, reverse: bool, scale: float) -> Any:  # noqa: FBT001
    whole = np.trunc(x * scale).astype(x.dtype)
    return normalize_image.reference(whole, mean, reverse=reverse)


@normalize_image.fault("mean-subtracted-before-the-scale", code="scale.factor")
def _(x: Array, mean: Array, reverse: bool, scale: float) -> Any:  # noqa: FBT001
    return normalize_image.reference(x, mean * np.asarray(scale, mean.dtype), reverse=reverse, scale=scale)


@normalize_image.fault("columns-reversed", code="axis.wrong")
def _(x: Array, mean: Array, reverse: bool, scale: float) -> Any:  # noqa: FBT001
    return normalize_image.reference(x[..., ::-1] if reverse else x, mean, scale=scale)


@normalize_image.fault("gradient-averaged", code="gradient.scale", gradient=True)
def _(cotangent: Array, x: Array, mean: Array, reverse: bool, scale: float) -> dict[str, Array]:  # noqa: ARG001, FBT001
    return {"mean": -cotangent.mean(axis=(0, 2, 3))}
