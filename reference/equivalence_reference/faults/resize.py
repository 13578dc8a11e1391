"""Faults of resizing."""

from __future__ import annotations

from typing import Any

import numpy as np

from equivalence.inputs import Array
from equivalence_reference.faults.window_pooling import Wrong, each
from equivalence_reference.resize import grid_sample, resize_bicubic, resize_bilinear, resize_nearest

INTERPOLATED = (resize_bilinear, resize_bicubic)
RESIZED = (resize_nearest, *INTERPOLATED)
Call = dict[str, Any]


def _told(operation: Any, name: str, given: str, told: str) -> Wrong:
    def wrong(x: Array, **call: Any) -> Any:
        antialias = call.get("antialias", False)
        return operation.reference(x, **call | ({name: told} if call[name] == given and not antialias else {}))

    return wrong


@each(RESIZED, "half-pixel-as-align-corners", code="resize.coordinates", of=("resize-align-corners",))
def _(operation: Any) -> Wrong:
    return _told(operation, "coordinates", "half_pixel", "align_corners")


@each(RESIZED, "align-corners-as-half-pixel", code="resize.coordinates", of=("resize-align-corners",))
def _(operation: Any) -> Wrong:
    return _told(operation, "coordinates", "align_corners", "half_pixel")


@each(RESIZED, "half-pixel-as-asymmetric", code="resize.coordinates", of=("resize-asymmetric-vs-half-pixel",))
def _(operation: Any) -> Wrong:
    return _told(operation, "coordinates", "half_pixel", "asymmetric")


@each(RESIZED, "asymmetric-as-half-pixel", code="resize.coordinates", of=("resize-asymmetric-vs-half-pixel",))
def _(operation: Any) -> Wrong:
    return _told(operation, "coordinates", "asymmetric", "half_pixel")


@each(RESIZED, "ratio-of-sizes-for-the-scale", code="resize.coordinates", of=("resize-scale-factor-vs-size-ratio",))
def _(operation: Any) -> Wrong:
    def ratio(x: Array, **call: Any) -> Any:
        if call["scale"] is None:
            return operation.reference(x, **call)
        size = tuple(int(pixels * scale) for pixels, scale in zip(x.shape[2:], call["scale"], strict=True))
        return operation.reference(x, **call | {"scale": None, "size": size})

    return ratio


@each(RESIZED, "rows-and-columns-swapped", code="layout.transposed")
def _(operation: Any) -> Wrong:
    return lambda x, **call: operation.reference(x.swapaxes(2, 3), **call).swapaxes(2, 3)


@each(RESIZED, "size-swapped", code="layout.transposed")
def _(operation: Any) -> Wrong:
    return lambda x, **call: operation.reference(
        x, **call | {name: call[name] and call[name][::-1] for name in ("size", "scale")}
    )


@each(RESIZED, "gradient-shared-by-the-ratio-of-pixels", code="gradient.scale", gradient=True)
def _(operation: Any) -> Wrong:
    def shared(cotangent: Array, x: Array, **call: Any) -> dict[str, Array]:
        ratio = np.asarray(x[0, 0].size / cotangent[0, 0].size, x.dtype)
        return {"x": operation.product(cotangent, x, **call)["x"] * ratio}

    return shared


@each(RESIZED, "gradient-resized-back", code="gradient.scale", gradient=True)
def _(operation: Any) -> Wrong:
    def back(cotangent: Array, x: Array, **call: Any) -> dict[str, Array]:
        return {"x": operation.reference(cotangent, **call | {"size": x.shape[2:], "scale": None})}

    return back


@each(INTERPOLATED, "not-antialiased", code="resize.filter", of=("resize-antialias-on-downsample",))
def _(operation: Any) -> Wrong:
    return lambda x, **call: operation.reference(x, **call | {"antialias": False})


@each(INTERPOLATED, "antialiased", code="resize.filter", of=("resize-antialias-on-downsample",))
def _(operation: Any) -> Wrong:
    return lambda x, **call: operation.reference(x, **call | {"antialias": call["coordinates"] == "half_pixel"})


def _rounded(given: str, told: str) -> Wrong:
    return _told(resize_nearest, "rounding", given, told)


resize_nearest.fault("floor-as-half-up", code="resize.rounding", of=["resize-nearest-rounding"])(
    _rounded("floor", "round_half_up")
)
resize_nearest.fault("half-up-as-floor", code="resize.rounding", of=["resize-nearest-rounding"])(
    _rounded("round_half_up", "floor")
)
resize_nearest.fault("half-up-as-half-down", code="resize.rounding", of=["resize-nearest-rounding"])(
    _rounded("round_half_up", "round_half_down")
)
resize_nearest.fault("half-down-as-half-up", code="resize.rounding", of=["resize-nearest-rounding"])(
    _rounded("round_half_down", "round_half_up")
)


@resize_nearest.fault("interpolated", code="function.variant")
def _(x: Array, rounding: str, **call: Any) -> Any:  # noqa: ARG001
    return resize_bilinear.reference(x, **call)


@resize_bilinear.fault("nearest", code="function.variant")
def _(x: Array, antialias: bool, **call: Any) -> Any:  # noqa: ARG001, FBT001
    return resize_nearest.reference(x, **call)


@resize_bicubic.fault("minus-a-half-for-minus-three-quarters", code="resize.filter", of=["resize-bicubic-coefficient"])
def _(**call: Any) -> Any:
    return resize_bicubic.reference(**call | {"coefficient": -0.5})


@resize_bicubic.fault("minus-three-quarters-for-minus-a-half", code="resize.filter", of=["resize-bicubic-coefficient"])
def _(**call: Any) -> Any:
    return resize_bicubic.reference(**call | {"coefficient": -0.75})


@resize_bicubic.fault("edge-repeated", code="padding.value")
def _(**call: Any) -> Any:
    return resize_bicubic.reference(**call | {"exclude_outside": False})


@resize_bicubic.fault("outside-excluded", code="padding.value")
def _(**call: Any) -> Any:
    return resize_bicubic.reference(**call | {"exclude_outside": True})


@resize_bicubic.fault("linear", code="function.variant")
def _(x: Array, coefficient: float, exclude_outside: bool, **call: Any) -> Any:  # noqa: ARG001, FBT001
    return resize_bilinear.reference(x, **call)


@grid_sample.fault("corners-aligned", code="resize.coordinates", of=["grid-sample-align-corners"])
def _(**call: Any) -> Any:
    return grid_sample.reference(**call | {"align_corners": True})


@grid_sample.fault("corners-not-aligned", code="resize.coordinates", of=["grid-sample-align-corners"])
def _(**call: Any) -> Any:
    return grid_sample.reference(**call | {"align_corners": False})


@grid_sample.fault("edge-outside", code="padding.value")
def _(**call: Any) -> Any:
    return grid_sample.reference(**call | {"padding": "border"})


@grid_sample.fault("zeros-outside", code="padding.value")
def _(**call: Any) -> Any:
    return grid_sample.reference(**call | {"padding": "zeros"})


@grid_sample.fault("bilinear-always", code="function.variant")
def _(**call: Any) -> Any:
    return grid_sample.reference(**call | {"mode": "bilinear"})


@grid_sample.fault("nearest-always", code="function.variant")
def _(**call: Any) -> Any:
    return grid_sample.reference(**call | {"mode": "nearest"})


@grid_sample.fault("across-and-down-swapped", code="layout.channel-order")
def _(grid: Array, **call: Any) -> Any:
    return grid_sample.reference(grid=grid[..., ::-1], **call)


@grid_sample.fault("from-0-to-1", code="scale.factor")
def _(grid: Array, **call: Any) -> Any:
    return grid_sample.reference(grid=2 * grid - 1, **call)


def _grid_gradients(cotangent: Array, call: Call) -> dict[str, Array]:
    found: dict[str, Array] = grid_sample.product(cotangent, **call)  # type: ignore[misc]
    return found


@grid_sample.fault("gradient-of-the-grid-blocked", code="gradient.blocked", gradient=True)
def _(cotangent: Array, **call: Any) -> dict[str, Array]:
    return {**_grid_gradients(cotangent, call), "grid": np.zeros_like(call["grid"])}


@grid_sample.fault("gradient-of-the-grid-in-pixels", code="gradient.scale", gradient=True)
def _(cotangent: Array, **call: Any) -> dict[str, Array]:
    found, (h, w) = _grid_gradients(cotangent, call), call["x"].shape[2:]
    less = 1 if call["align_corners"] else 0
    return {**found, "grid": found["grid"] / np.array([(w - less) / 2, (h - less) / 2], found["grid"].dtype)}


@grid_sample.fault("gradient-of-the-grid-beyond-the-border", code="gradient.blocked", gradient=True)
def _(cotangent: Array, **call: Any) -> dict[str, Array]:
    found = _grid_gradients(cotangent, call)
    return {**found, "grid": _grid_gradients(cotangent, call | {"padding": "zeros"})["grid"]}
