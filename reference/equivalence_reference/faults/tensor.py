"""Faults of rearranging."""

from __future__ import annotations

from typing import Any

import numpy as np

from equivalence.inputs import Array
from equivalence_reference.tensor import (
    concatenate,
    expand_dims,
    flatten,
    permute_dimensions,
    repeat,
    reshape,
    squeeze,
    tile,
)

Axes = tuple[int, ...]


@permute_dimensions.fault("inverse-permutation", code="layout.transposed")
def _(x: Array, axes: Axes) -> Array:
    return x.transpose(np.argsort(axes))


@permute_dimensions.fault(
    "reshaped-instead",
    code="layout.reshaped",
    of=["conv-kernel-reshape-instead-of-transpose", "attention-heads-merged-without-transpose"],
)
def _(x: Array, axes: Axes) -> Array:
    return x.reshape([x.shape[axis] for axis in axes])


@permute_dimensions.fault("axes-reversed", code="layout.transposed")
def _(x: Array, axes: Axes) -> Array:  # noqa: ARG001
    return x.transpose()


@permute_dimensions.fault("left-as-it-was", code="layout.transposed")
def _(x: Array, axes: Axes) -> Array:  # noqa: ARG001
    return x


@permute_dimensions.fault("last-two-exchanged-as-well", code="layout.transposed")
def _(x: Array, axes: Axes) -> Array:
    return x.transpose(axes).swapaxes(-1, -2)


@permute_dimensions.fault("gradient-permuted-onwards", code="layout.transposed", gradient=True)
def _(cotangent: Array, x: Array, axes: Axes) -> dict[str, Array]:
    onwards = cotangent.transpose(axes)
    return {"x": onwards if onwards.shape == x.shape else onwards.reshape(x.shape)}


@expand_dims.fault("counted-on-the-input", code="axis.wrong")
def _(x: Array, axis: int) -> Array:
    return np.expand_dims(x, axis if axis >= 0 else axis + x.ndim)


@expand_dims.fault("always-last", code="axis.wrong")
def _(x: Array, axis: int) -> Array:  # noqa: ARG001
    return x[..., None]


@expand_dims.fault("always-first", code="axis.wrong")
def _(x: Array, axis: int) -> Array:  # noqa: ARG001
    return x[None]


@expand_dims.fault("gradient-scaled-by-the-elements", code="gradient.scale", gradient=True)
def _(cotangent: Array, x: Array, axis: int) -> dict[str, Array]:  # noqa: ARG001
    return {"x": cotangent.reshape(x.shape) / x.size}


@expand_dims.fault("transposed-on-the-way", code="layout.reshaped")
def _(x: Array, axis: int) -> Array:
    return np.expand_dims(x.T.reshape(x.shape), axis)


@squeeze.fault("all-axes-of-size-one", code="axis.wrong")
def _(x: Array, axes: Axes | None) -> Array:  # noqa: ARG001
    return np.squeeze(x)


@squeeze.fault("batch-kept", code="axis.wrong")
def _(x: Array, axes: Axes | None) -> Array:
    return np.squeeze(x, tuple(a for a in range(1, 3) if x.shape[a] == 1)) if axes is None else np.squeeze(x, axes)


@squeeze.fault("first-axis-of-size-one-alone", code="axis.wrong")
def _(x: Array, axes: Axes | None) -> Array:  # noqa: ARG001
    return np.squeeze(x, x.shape.index(1))


@squeeze.fault("order-of-the-rest-reversed", code="layout.transposed")
def _(x: Array, axes: Axes | None) -> Array:
    return np.squeeze(x, axes).T


@squeeze.fault("gradient-blocked", code="gradient.blocked", gradient=True)
def _(cotangent: Array, x: Array, axes: Axes | None) -> dict[str, Array]:  # noqa: ARG001
    return {"x": np.zeros_like(cotangent).reshape(x.shape)}


@reshape.fault("fortran-order", code="layout.reshaped")
def _(x: Array, shape: Axes) -> Array:
    return x.reshape(shape, order="F")


@reshape.fault("axes-reversed-first", code="layout.transposed")
def _(x: Array, shape: Axes) -> Array:
    return x.T.reshape(shape)


@reshape.fault("last-two-axes-exchanged-first", code="layout.transposed")
def _(x: Array, shape: Axes) -> Array:
    return x.swapaxes(1, 2).reshape(shape)


@reshape.fault("columns-for-rows", code="layout.reshaped")
def _(x: Array, shape: Axes) -> Array:
    return x.reshape(shape[::-1])


@reshape.fault("gradient-in-fortran-order", code="layout.reshaped", gradient=True)
def _(cotangent: Array, x: Array, shape: Axes) -> dict[str, Array]:  # noqa: ARG001
    return {"x": cotangent.reshape(x.shape, order="F")}


@flatten.fault("order-of-the-other-layout", code="layout.flatten-order", of=["flatten-order-nhwc-nchw"])
def _(x: Array, channels: str) -> Any:
    return flatten.reference(x, channels="last" if channels == "first" else "first")


@flatten.fault("channels-first-always", code="layout.flatten-order", of=["flatten-order-nhwc-nchw"])
def _(x: Array, channels: str) -> Any:  # noqa: ARG001
    return flatten.reference(x, channels="first")


@flatten.fault("columns-before-rows", code="layout.flatten-order")
def _(x: Array, channels: str) -> Any:
    moved = x.swapaxes(2, 3) if x.ndim > 3 else x  # noqa: PLR2004
    return flatten.reference(moved, channels=channels)


@flatten.fault("fortran-order", code="layout.flatten-order")
def _(x: Array, channels: str) -> Array:
    ordered = x if channels == "first" else np.moveaxis(x, 1, -1)
    return ordered.reshape(len(x), -1, order="F")


@flatten.fault("examples-mixed", code="layout.reshaped")
def _(x: Array, channels: str) -> Array:
    ordered = x if channels == "first" else np.moveaxis(x, 1, -1)
    return np.moveaxis(ordered, 0, -1).reshape(len(x), -1)


@flatten.fault("pixels-flattened-alone", code="axis.wrong")
def _(x: Array, channels: str) -> Array:  # noqa: ARG001
    return x.reshape(*x.shape[:2], -1)


@flatten.fault("gradient-in-the-other-order", code="layout.flatten-order", gradient=True)
def _(cotangent: Array, x: Array, channels: str) -> dict[str, Array]:
    assert flatten.product is not None
    other = "last" if channels == "first" else "first"
    return dict(flatten.product(cotangent, x, channels=other))


def _parts(x: Array, y: Array, z: Array | None) -> list[Array]:
    return [part for part in (x, y, z) if part is not None]


@concatenate.fault("axis-of-the-other-layout", code="axis.wrong", of=["concat-axis-not-remapped"])
def _(x: Array, y: Array, z: Array | None = None) -> Array:
    return np.concatenate(_parts(x, y, z), axis=-1)


@concatenate.fault("along-the-batch", code="axis.wrong")
def _(x: Array, y: Array, z: Array | None = None) -> Array:
    return np.concatenate(_parts(x, y, z), axis=0)


@concatenate.fault("order-reversed", code="layout.channel-order")
def _(x: Array, y: Array, z: Array | None = None) -> Array:
    return np.concatenate(_parts(x, y, z)[::-1], axis=1)


@concatenate.fault("channels-interleaved", code="layout.channel-order")
def _(x: Array, y: Array, z: Array | None = None) -> Array:
    parts = _parts(x, y, z)
    whole = np.concatenate(parts, axis=1)
    if len({part.shape[1] for part in parts}) > 1:
        return whole
    order = np.arange(whole.shape[1]).reshape(len(parts), -1).T.ravel()
    return np.take(whole, order, axis=1)


@concatenate.fault("last-two-exchanged", code="layout.channel-order")
def _(x: Array, y: Array, z: Array | None = None) -> Array:
    return np.concatenate(_parts(x, y, z) if z is None else [x, z, y], axis=1)


@concatenate.fault("gradient-of-all-to-the-first", code="gradient.blocked", gradient=True)
def _(cotangent: Array, x: Array, y: Array, z: Array | None = None) -> dict[str, Array]:
    assert concatenate.product is not None
    found = dict(concatenate.product(cotangent, x, y, z))
    return {name: value if name == "x" else np.zeros_like(value) for name, value in found.items()}


@repeat.fault("tiled", code="layout.channel-order", of=["repeat-vs-tile"])
def _(x: Array, repeats: int, axis: int) -> Array:
    return np.concatenate([x] * repeats, axis=axis)


@repeat.fault("last-axis-always", code="axis.wrong")
def _(x: Array, repeats: int, axis: int) -> Array:  # noqa: ARG001
    return np.repeat(x, repeats, axis=-1)


@repeat.fault("flattened-first", code="axis.wrong")
def _(x: Array, repeats: int, axis: int) -> Array:  # noqa: ARG001
    return np.repeat(x, repeats)


@repeat.fault("once-more", code="constant.value")
def _(x: Array, repeats: int, axis: int) -> Array:
    return np.repeat(x, repeats + 1, axis=axis)


@repeat.fault("gradient-of-a-tile", code="layout.channel-order", gradient=True, of=["repeat-vs-tile"])
def _(cotangent: Array, x: Array, repeats: int, axis: int) -> dict[str, Array]:
    return {"x": sum(np.split(cotangent, repeats, axis), np.zeros_like(x))}


@repeat.fault("gradient-averaged", code="gradient.scale", gradient=True)
def _(cotangent: Array, x: Array, repeats: int, axis: int) -> dict[str, Array]:
    assert repeat.product is not None
    return {"x": repeat.product(cotangent, x, repeats=repeats, axis=axis)["x"] / repeats}


@tile.fault("repeated", code="layout.channel-order", of=["repeat-vs-tile"])
def _(x: Array, multiples: Axes) -> Array:
    for axis, many in enumerate(multiples):
        x = np.repeat(x, many, axis=axis)
    return x


@tile.fault("multiples-reversed", code="axis.wrong")
def _(x: Array, multiples: Axes) -> Array:
    return np.tile(x, multiples[::-1])


@tile.fault("last-axis-not-tiled", code="axis.wrong")
def _(x: Array, multiples: Axes) -> Array:
    return np.tile(x, (*multiples[:-1], 1))


@tile.fault("mirrored-copies", code="layout.channel-order")
def _(x: Array, multiples: Axes) -> Array:
    for axis, many in enumerate(multiples):
        x = np.concatenate([np.flip(x, axis) if copy % 2 else x for copy in range(many)], axis)
    return x


@tile.fault("gradient-of-the-first-copy", code="gradient.blocked", gradient=True)
def _(cotangent: Array, x: Array, multiples: Axes) -> dict[str, Array]:  # noqa: ARG001
    return {"x": cotangent[tuple(slice(size) for size in x.shape)]}


@tile.fault("gradient-averaged", code="gradient.scale", gradient=True)
def _(cotangent: Array, x: Array, multiples: Axes) -> dict[str, Array]:
    assert tile.product is not None
    return {"x": tile.product(cotangent, x, multiples=multiples)["x"] / np.prod(multiples)}
