"""Faults of borders, windows and blocks."""

from __future__ import annotations

from typing import Any

import numpy as np

from equivalence.inputs import Array
from equivalence.operation import Operation
from equivalence_reference.patches import depth_to_space, pad, sliding_windows, space_to_depth, unfold

Pair = tuple[int, int]


@sliding_windows.fault("reshaped-instead", code="layout.reshaped")
def _(x: Array, size: int, step: int, pad_end: bool) -> Any:  # noqa: FBT001
    right = sliding_windows.reference(x, size=size, step=step, pad_end=pad_end)
    return np.resize(x, right.shape)


@sliding_windows.fault("step-ignored", code="stride.value")
def _(x: Array, size: int, step: int, pad_end: bool) -> Any:  # noqa: ARG001, FBT001
    return sliding_windows.reference(x, size=size, step=1, pad_end=pad_end)


@sliding_windows.fault("side-by-side-always", code="stride.value")
def _(x: Array, size: int, step: int, pad_end: bool) -> Any:  # noqa: ARG001, FBT001
    return sliding_windows.reference(x, size=size, step=size, pad_end=pad_end)


@sliding_windows.fault("last-window-dropped", code="window.rounding")
def _(x: Array, size: int, step: int, pad_end: bool) -> Any:  # noqa: FBT001
    return sliding_windows.reference(x, size=size, step=step, pad_end=pad_end)[:, :-1]


@sliding_windows.fault("end-never-padded", code="padding.amount")
def _(x: Array, size: int, step: int, pad_end: bool) -> Any:  # noqa: ARG001, FBT001
    return sliding_windows.reference(x, size=size, step=step)


@sliding_windows.fault("start-padded", code="padding.side")
def _(x: Array, size: int, step: int, pad_end: bool) -> Any:  # noqa: FBT001
    if not pad_end:
        return sliding_windows.reference(x, size=size, step=step)
    return sliding_windows.reference(x[:, ::-1], size=size, step=step, pad_end=True)[:, ::-1, ::-1]


@sliding_windows.fault("windows-and-steps-exchanged", code="sequence.axis")
def _(x: Array, size: int, step: int, pad_end: bool) -> Any:  # noqa: FBT001
    right = sliding_windows.reference(x, size=size, step=step, pad_end=pad_end)
    return right.swapaxes(1, 2).reshape(right.shape)


@sliding_windows.fault("each-window-reversed", code="sequence.direction")
def _(x: Array, size: int, step: int, pad_end: bool) -> Any:  # noqa: FBT001
    return sliding_windows.reference(x, size=size, step=step, pad_end=pad_end)[:, :, ::-1]


@sliding_windows.fault("gradient-averaged-over-windows", code="gradient.scale", gradient=True)
def _(cotangent: Array, x: Array, size: int, step: int, pad_end: bool) -> dict[str, Array]:  # noqa: FBT001
    assert sliding_windows.product is not None
    keywords: dict[str, Any] = {"size": size, "step": step, "pad_end": pad_end}
    total = sliding_windows.product(cotangent, x, **keywords)["x"]
    held = sliding_windows.product(np.ones_like(cotangent), x, **keywords)["x"]
    return {"x": total / np.maximum(held, 1)}


def _padded(call: dict[str, Any], **changed: Any) -> Any:
    return pad.reference(**call | changed)


@pad.fault("axes-in-the-other-order", code="axis.wrong", of=["pad-axis-order-reversed"])
def _(**call: Any) -> Any:
    return _padded(call, border=call["border"][::-1])


@pad.fault("reflect-for-symmetric", code="padding.value", of=["pad-reflect-vs-symmetric"])
def _(**call: Any) -> Any:
    return _padded(call, mode="reflect" if call["mode"] == "symmetric" else call["mode"])


@pad.fault("symmetric-for-reflect", code="padding.value", of=["pad-reflect-vs-symmetric"])
def _(**call: Any) -> Any:
    return _padded(call, mode="symmetric" if call["mode"] == "reflect" else call["mode"])


@pad.fault("zeros-always", code="padding.value")
def _(**call: Any) -> Any:
    return _padded(call, mode="constant", value=0.0)


@pad.fault("edge-always", code="padding.value")
def _(**call: Any) -> Any:
    return _padded(call, mode="edge")


@pad.fault("value-ignored", code="padding.value")
def _(**call: Any) -> Any:
    return _padded(call, value=0.0)


@pad.fault("sides-exchanged", code="padding.side")
def _(**call: Any) -> Any:
    return _padded(call, border=tuple(sides[::-1] for sides in call["border"]))


@pad.fault("periodic-for-reflect", code="padding.value")
def _(**call: Any) -> Any:
    if call["mode"] != "reflect":
        return _padded(call)
    return np.pad(call["x"], ((0, 0), (0, 0), *call["border"]), mode="wrap")


@pad.fault("gradient-of-the-border-dropped", code="gradient.blocked", gradient=True)
def _(cotangent: Array, **call: Any) -> dict[str, Array]:
    assert pad.product is not None
    return dict(pad.product(cotangent, **call | {"mode": "constant"}))


def _packed(call: dict[str, Any], order: tuple[int, ...]) -> Array:
    right = unfold.reference(**call)
    n, c, p, q, i, j = right.shape
    return np.asarray(right.transpose(0, *order, 4, 5).reshape(n, c, p, q, i, j))


@unfold.fault("pixels-before-channels", code="layout.flatten-order", of=["unfold-patch-order"])
def _(**call: Any) -> Any:
    return _packed(call, (2, 3, 1))


@unfold.fault("columns-before-rows", code="layout.flatten-order")
def _(**call: Any) -> Any:
    return _packed(call, (1, 3, 2))


@unfold.fault("windows-column-by-column", code="layout.transposed")
def _(**call: Any) -> Any:
    right = unfold.reference(**call)
    return right.swapaxes(4, 5).reshape(right.shape)


@unfold.fault("window-reversed", code="kernel.flipped")
def _(**call: Any) -> Any:
    return unfold.reference(**call)[:, :, ::-1, ::-1]


@unfold.fault("stride-of-the-window", code="stride.value")
def _(**call: Any) -> Any:
    return unfold.reference(**call | {"stride": call["window"]})


@unfold.fault("dilation-ignored", code="dilation.value")
def _(**call: Any) -> Any:
    return unfold.reference(**call | {"dilation": (1, 1)})


@unfold.fault("padding-exchanged", code="padding.amount")
def _(**call: Any) -> Any:
    return unfold.reference(**call | {"padding": call["padding"][::-1]})


@unfold.fault("gradient-of-each-pixel-averaged", code="gradient.scale", gradient=True)
def _(cotangent: Array, **call: Any) -> dict[str, Array]:
    assert unfold.product is not None
    seen = unfold.product(np.ones_like(cotangent), **call)["x"]
    return {"x": unfold.product(cotangent, **call)["x"] / np.maximum(seen, 1)}


def _other(order: str) -> str:
    return "CRD" if order == "DCR" else "DCR"


for _operation in (depth_to_space, space_to_depth):

    @_operation.fault("order-of-the-other-kind", code="layout.channel-order")
    def _(x: Array, block: int, order: str, *, wrong: Operation = _operation) -> Any:
        return wrong.reference(x, block=block, order=_other(order))

    @_operation.fault("order-of-crd-always", code="layout.channel-order")
    def _(x: Array, block: int, order: str, *, wrong: Operation = _operation) -> Any:  # noqa: ARG001
        return wrong.reference(x, block=block, order="CRD")

    @_operation.fault("columns-of-a-block-first", code="layout.channel-order", of=["focus-slice-order"])
    def _(x: Array, block: int, order: str, *, wrong: Operation = _operation) -> Any:
        return wrong.reference(x.swapaxes(2, 3), block=block, order=order).swapaxes(2, 3)

    @_operation.fault("gradient-in-the-other-order", code="layout.channel-order", gradient=True)
    def _(cotangent: Array, x: Array, block: int, order: str, *, wrong: Operation = _operation) -> dict[str, Array]:
        assert wrong.product is not None
        return dict(wrong.product(cotangent, x, block=block, order=_other(order)))


@depth_to_space.fault("reshaped-instead", code="layout.reshaped")
def _(x: Array, block: int, order: str) -> Any:
    return x.reshape(depth_to_space.reference(x, block=block, order=order).shape)


@space_to_depth.fault("reshaped-instead", code="layout.reshaped")
def _(x: Array, block: int, order: str) -> Any:
    return x.reshape(space_to_depth.reference(x, block=block, order=order).shape)


@space_to_depth.fault("darknet-reorganisation", code="layout.reshaped", of=["darknet-reorg"])
def _(x: Array, block: int, order: str) -> Any:
    n, c, u, v = x.shape
    if c % block**2:
        return space_to_depth.reference(x, block=block, order=order)
    parted = x.reshape(n, c // block**2, u, block, v, block).transpose(0, 3, 5, 1, 2, 4)
    return parted.reshape(n, c * block**2, u // block, v // block)
