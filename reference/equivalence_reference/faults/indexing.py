"""Faults of indices."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from equivalence.inputs import Array
from equivalence_reference.indexing import argmax, embedding, gather, one_hot, topk


@one_hot.fault("rows-of-the-identity", code="index.negative", of=["one-hot-out-of-range"])
def _(indices: Array, depth: int, axis: int) -> Any:
    return one_hot.reference(np.where(indices < 0, indices + depth, indices), depth=depth, axis=axis)


@one_hot.fault("clipped-into-range", code="index.out-of-range", of=["one-hot-out-of-range"])
def _(indices: Array, depth: int, axis: int) -> Any:
    return one_hot.reference(np.clip(indices, 0, depth - 1), depth=depth, axis=axis)


@one_hot.fault("modulo-the-depth", code="index.out-of-range")
def _(indices: Array, depth: int, axis: int) -> Any:
    return one_hot.reference(indices % depth, depth=depth, axis=axis)


@one_hot.fault("counted-from-one", code="index.offset")
def _(indices: Array, depth: int, axis: int) -> Any:
    return one_hot.reference(indices - 1, depth=depth, axis=axis)


@one_hot.fault("axis-always-last", code="axis.wrong")
def _(indices: Array, depth: int, axis: int) -> Any:  # noqa: ARG001
    return one_hot.reference(indices, depth=depth, axis=-1)


@one_hot.fault("axis-always-second", code="axis.wrong")
def _(indices: Array, depth: int, axis: int) -> Any:  # noqa: ARG001
    return one_hot.reference(indices, depth=depth, axis=1)


@one_hot.fault("depth-from-the-largest-index", code="constant.value")
def _(indices: Array, depth: int, axis: int) -> Any:  # noqa: ARG001
    return one_hot.reference(indices, depth=int(indices.max()) + 1, axis=axis)


@one_hot.fault("one-cold", code="mask.polarity")
def _(indices: Array, depth: int, axis: int) -> Any:
    return 1 - one_hot.reference(indices, depth=depth, axis=axis)


@gather.fault("out-of-range-clipped", code="index.out-of-range", of=["gather-out-of-range"])
def _(x: Array, indices: Array, axis: int, mode: str) -> Any:
    return gather.reference(x, indices, axis=axis, mode="clip" if mode == "zero" else mode)


@gather.fault("out-of-range-zero", code="index.out-of-range", of=["gather-out-of-range"])
def _(x: Array, indices: Array, axis: int, mode: str) -> Any:
    return gather.reference(x, indices, axis=axis, mode="zero" if mode == "clip" else mode)


@gather.fault("negative-from-the-end-in-every-mode", code="index.negative")
def _(x: Array, indices: Array, axis: int, mode: str) -> Any:
    size = x.shape[axis]
    counted = np.where((indices < 0) & (indices >= -size), indices + size, indices)
    return gather.reference(x, counted, axis=axis, mode=mode)


@gather.fault("negative-never-from-the-end", code="index.negative")
def _(x: Array, indices: Array, axis: int, mode: str) -> Any:
    return gather.reference(x, indices, axis=axis, mode="zero" if mode == "from_end" else mode)


@gather.fault("remainder-of-the-sign-of-the-index", code="index.negative")
def _(x: Array, indices: Array, axis: int, mode: str) -> Any:
    if mode == "wrap":
        indices = np.abs(np.fmod(indices, x.shape[axis]))
    return gather.reference(x, indices, axis=axis, mode=mode)


@gather.fault("wrapped-once-only", code="index.out-of-range")
def _(x: Array, indices: Array, axis: int, mode: str) -> Any:
    if mode != "wrap":
        return gather.reference(x, indices, axis=axis, mode=mode)
    size = x.shape[axis]
    once = np.where(indices < 0, indices + size, np.where(indices >= size, indices - size, indices))
    return gather.reference(x, once, axis=axis, mode="clip")


@gather.fault("first-axis-always", code="axis.wrong")
def _(x: Array, indices: Array, axis: int, mode: str) -> Any:  # noqa: ARG001
    return gather.reference(x, indices, axis=0, mode=mode)


@gather.fault("last-axis-always", code="axis.wrong")
def _(x: Array, indices: Array, axis: int, mode: str) -> Any:  # noqa: ARG001
    return gather.reference(x, indices, axis=-1, mode=mode)


@gather.fault("indices-transposed", code="layout.transposed")
def _(x: Array, indices: Array, axis: int, mode: str) -> Any:
    return gather.reference(x, indices.T, axis=axis, mode=mode)


@gather.fault("counted-from-one", code="index.offset")
def _(x: Array, indices: Array, axis: int, mode: str) -> Any:
    return gather.reference(x, indices - 1, axis=axis, mode=mode)


@gather.fault("gradient-of-the-last-taken-alone", code="gradient.blocked", gradient=True)
def _(cotangent: Array, x: Array, indices: Array, axis: int, mode: str) -> dict[str, Array]:
    assert gather.product is not None
    total = gather.product(cotangent, x, indices, axis=axis, mode=mode)["x"]
    count = gather.product(np.ones_like(cotangent), x, indices, axis=axis, mode=mode)["x"]
    return {"x": np.where(count > 1, total / np.maximum(count, 1), total)}


@gather.fault("gradient-of-what-is-out-of-range", code="index.out-of-range", gradient=True, of=["gather-out-of-range"])
def _(cotangent: Array, x: Array, indices: Array, axis: int, mode: str) -> dict[str, Array]:
    assert gather.product is not None
    wrong = {"zero": "clip", "from_end": "wrap"}.get(mode, mode)
    return dict(gather.product(cotangent, x, indices, axis=axis, mode=wrong))


@embedding.fault("scaled-by-root-of-the-dimension", code="scale.factor", of=["embedding-scale-sqrt-d"])
def _(indices: Array, weight: Array) -> Any:
    return embedding.reference(indices, weight) * np.sqrt(weight.shape[1]).astype(weight.dtype)


@embedding.fault("indices-counted-from-one", code="index.offset")
def _(indices: Array, weight: Array) -> Any:
    return embedding.reference((indices + 1) % len(weight), weight)


@embedding.fault("positions-behind-a-padding-index", code="index.offset", of=["position-embedding-offset"])
def _(indices: Array, weight: Array) -> Any:
    return embedding.reference((indices + 2) % len(weight), weight)


@embedding.fault("square-weight-transposed", code="layout.transposed")
def _(indices: Array, weight: Array) -> Any:
    return embedding.reference(indices, weight.T if weight.shape[0] == weight.shape[1] else weight)


@embedding.fault("time-before-batch", code="sequence.axis")
def _(indices: Array, weight: Array) -> Any:
    return embedding.reference(indices.T, weight)


@embedding.fault("word-0-is-padding", code="sequence.mask")
def _(indices: Array, weight: Array) -> Any:
    return np.take(weight, indices, axis=0) * (indices != 0)[..., None]


@embedding.fault("gradient-of-word-0-blocked", code="gradient.blocked", gradient=True)
def _(cotangent: Array, indices: Array, weight: Array) -> dict[str, Array]:
    assert embedding.product is not None
    found = embedding.product(cotangent, indices, weight)["weight"]
    found[0] = 0
    return {"weight": found}


@embedding.fault("gradient-divided-by-the-frequency", code="gradient.scale", gradient=True)
def _(cotangent: Array, indices: Array, weight: Array) -> dict[str, Array]:
    assert embedding.product is not None
    often = np.maximum(np.bincount(indices.ravel(), minlength=len(weight)), 1)
    return {"weight": embedding.product(cotangent, indices, weight)["weight"] / often[:, None]}


@argmax.fault("last-of-several", code="gradient.ties")
def _(x: Array, axis: int | None, keepdims: bool) -> Any:  # noqa: FBT001
    turned, size = np.flip(x, axis), x.size if axis is None else x.shape[axis]
    return size - 1 - argmax.reference(turned, axis=axis, keepdims=keepdims)


@argmax.fault("first-axis-by-default", code="axis.wrong")
def _(x: Array, axis: int | None, keepdims: bool) -> Any:  # noqa: FBT001
    return argmax.reference(x, axis=0 if axis is None else axis, keepdims=keepdims)


@argmax.fault("of-all-always", code="axis.wrong")
def _(x: Array, axis: int | None, keepdims: bool) -> Any:  # noqa: ARG001, FBT001
    return argmax.reference(x, axis=None, keepdims=keepdims)


@argmax.fault("last-axis-always", code="axis.wrong")
def _(x: Array, axis: int | None, keepdims: bool) -> Any:  # noqa: ARG001, FBT001
    return argmax.reference(x, axis=-1, keepdims=keepdims)


@argmax.fault("axis-dropped", code="axis.wrong")
def _(x: Array, axis: int | None, keepdims: bool) -> Any:  # noqa: ARG001, FBT001
    return argmax.reference(x, axis=axis, keepdims=False)


@argmax.fault("of-the-magnitudes", code="function.variant")
def _(x: Array, axis: int | None, keepdims: bool) -> Any:  # noqa: FBT001
    return argmax.reference(np.abs(x), axis=axis, keepdims=keepdims)


@argmax.fault("counted-from-one", code="index.offset")
def _(x: Array, axis: int | None, keepdims: bool) -> Any:  # noqa: FBT001
    return argmax.reference(x, axis=axis, keepdims=keepdims) + 1


@topk.fault("smallest-first", code="function.variant")
def _(x: Array, k: int) -> tuple[Array, Array]:
    values, places = topk.reference(x, k=k)
    return values[..., ::-1], places[..., ::-1]


@topk.fault("in-order-of-their-places", code="function.variant")
def _(x: Array, k: int) -> tuple[Array, Array]:
    places = np.sort(topk.reference(x, k=k)[1], axis=-1)
    return np.take_along_axis(x, places, axis=-1), places


@topk.fault("of-the-smallest", code="function.variant")
def _(x: Array, k: int) -> tuple[Array, Array]:
    values, places = topk.reference(-x, k=k)
    return -values, places


@topk.fault("last-of-equals-first", code="gradient.ties")
def _(x: Array, k: int) -> tuple[Array, Array]:
    values, places = topk.reference(x[..., ::-1], k=k)
    return values, x.shape[-1] - 1 - places


@topk.fault("of-the-magnitudes", code="function.variant")
def _(x: Array, k: int) -> tuple[Array, Array]:
    places = topk.reference(np.abs(x), k=k)[1]
    return np.take_along_axis(x, places, axis=-1), places


@topk.fault("gradient-of-the-largest-alone", code="gradient.blocked", gradient=True)
def _(cotangents: Mapping[str, Array], x: Array, k: int) -> dict[str, Array]:
    assert topk.product is not None
    first = np.array(cotangents["values"])
    first[..., 1:] = 0
    return dict(topk.product({"values": first}, x, k=k))


@topk.fault("gradient-in-the-first-places", code="gradient.blocked", gradient=True)
def _(cotangents: Mapping[str, Array], x: Array, k: int) -> dict[str, Array]:
    gradient = np.zeros_like(x)
    gradient[..., :k] = cotangents["values"]
    return {"x": gradient}
