"""TensorFlow's resizing, channels last.

Its kernels for interpolation return float32, whatever they are given, so each has two bindings: the main one multiplies
by matrices of weights, in both dtypes, and the variant ``native`` is the kernel.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from equivalence.binding import Context, binding
from equivalence.lazy import Lazy
from equivalence_adapters.resizing import cubic_weights, linear_weights, nearest_pixels, target
from equivalence_adapters.tensorflow.convolution import NHWC

tf = Lazy("tensorflow")

_DOCS = "https://www.tensorflow.org/api_docs/python/tf/"
_COORDINATES = {
    "size or scale": "size only; the ratio of the sizes counts",
    "default coordinates": "tf.image.resize: half pixel; tf.compat.v1.image: asymmetric, or align_corners=True",
}


def _flags(context: Context) -> dict[str, bool]:
    """How the kernels are told about coordinates; with neither, they are asymmetric."""
    coordinates = context.parameters["coordinates"]
    return {"align_corners": coordinates == "align_corners", "half_pixel_centers": coordinates == "half_pixel"}


def _nearest_flags(context: Context) -> dict[str, bool] | None:
    """The kernel rounds down where coordinates are asymmetric, else half up; it knows the ratio of the sizes only."""
    parameters = context.parameters
    own = "floor" if parameters["coordinates"] == "asymmetric" else "round_half_up"
    return _flags(context) if parameters["scale"] is None and parameters["rounding"] == own else None


def _resize_nearest(x: Any, *, size: tuple[int, int], flags: dict[str, bool] | None, pixels: Any) -> Any:
    if flags is not None:
        return tf.raw_ops.ResizeNearestNeighbor(images=x, size=size, **flags)
    rows, columns = pixels
    return tf.gather(tf.gather(x, rows, axis=1), columns, axis=2)


_NEAREST = {
    "size or scale": "size only; the ratio of the sizes counts",
    "default coordinates and rounding": "tf.image.resize: half pixel, half up; tf.compat.v1.image: asymmetric, floor; "
    "align_corners=True: half up",
    "others": "composed: gather",
}

resize_nearest = binding(
    _resize_nearest,
    docs=_DOCS + "compat/v1/image/resize_nearest_neighbor",
    rename={"scale": None, "coordinates": None, "rounding": None},
    recode={"size": target, "flags": _nearest_flags, "pixels": nearest_pixels},
    x=NHWC,
    output="n i j c",
    conventions=_NEAREST,
)


def _weighed(x: Any, *, weights: Any) -> Any:
    rows, columns = (tf.constant(matrix, x.dtype) for matrix in weights)
    return tf.einsum("ih,nhwc,jw->nijc", rows, x, columns)


_LINEAR = {**_COORDINATES, "antialias": "off by default"}
_CUBIC = {
    **_LINEAR,
    "coefficient": "-0.5; tf.compat.v1.image: -0.75",
    "outside the image": "has no weight; tf.compat.v1.image: the edge",
    "precision of the weights": "a table of 1024 steps, but for antialias",
}

resize_bilinear = binding(
    _weighed,
    docs=_DOCS + "einsum",
    rename={"size": None, "scale": None, "coordinates": None, "antialias": None},
    recode={"weights": linear_weights},
    x=NHWC,
    output="n i j c",
    conventions=_LINEAR,
)

resize_bicubic = binding(
    _weighed,
    docs=_DOCS + "einsum",
    rename={
        "size": None,
        "scale": None,
        "coordinates": None,
        "coefficient": None,
        "exclude_outside": None,
        "antialias": None,
    },
    recode={"weights": cubic_weights},
    x=NHWC,
    output="n i j c",
    conventions=_CUBIC,
)


def _kernel(method: str, legacy: Any) -> Callable[..., Any]:
    """``tf.image.resize`` where pixels have a middle, and else the kernel of TensorFlow 1."""

    def call(x: Any, *, size: tuple[int, int], antialias: bool, flags: dict[str, bool] | None, weights: Any) -> Any:
        if flags is None:
            return _weighed(x, weights=weights)
        if flags["half_pixel_centers"]:
            return tf.image.resize(x, size, method=method, antialias=antialias)
        return legacy(images=x, size=size, **flags)

    return call


def _linear_flags(context: Context) -> dict[str, bool] | None:
    return _flags(context) if context.parameters["scale"] is None else None


def _cubic_flags(context: Context) -> dict[str, bool] | None:
    """With half pixels -0.5 and no weight outside, else -0.75 and the edge."""
    parameters = context.parameters
    own = (-0.5, True) if parameters["coordinates"] == "half_pixel" else (-0.75, False)
    outside = parameters["exclude_outside"] or parameters["antialias"]
    return _linear_flags(context) if (parameters["coefficient"], outside) == own else None


# What the kernels do not know is multiplied by matrices here too.
native_resize_bilinear = binding(
    _kernel("bilinear", tf.raw_ops.ResizeBilinear),
    docs=_DOCS + "image/resize",
    operation="resize_bilinear",
    variant="native",
    dtypes=("float32",),
    rename={"scale": None, "coordinates": None},
    recode={"size": target, "flags": _linear_flags, "weights": linear_weights},
    x=NHWC,
    output="n i j c",
    conventions=_LINEAR,
)

native_resize_bicubic = binding(
    _kernel("bicubic", tf.raw_ops.ResizeBicubic),
    docs=_DOCS + "image/resize",
    operation="resize_bicubic",
    variant="native",
    dtypes=("float32",),
    rename={"scale": None, "coordinates": None, "coefficient": None, "exclude_outside": None},
    recode={"size": target, "flags": _cubic_flags, "weights": cubic_weights},
    x=NHWC,
    output="n i j c",
    conventions=_CUBIC,
)


def _places(grid: Any, size: int, padding: str, align_corners: bool) -> Any:  # noqa: FBT001
    places = (grid + 1) * (size - 1) / 2 if align_corners else ((grid + 1) * size - 1) / 2
    return tf.clip_by_value(places, 0, size - 1) if padding == "border" else places


def _grid_sample(x: Any, grid: Any, *, mode: str, padding: str, align_corners: bool) -> Any:
    _, h, w, _ = x.shape
    column, row = (_places(grid[..., k], size, padding, align_corners) for k, size in enumerate((w, h)))
    if mode == "nearest":
        return _pixels(x, tf.round(row), tf.round(column))
    top, left = tf.floor(row), tf.floor(column)
    total = 0.0
    for p, down in ((top, top + 1 - row), (top + 1, row - top)):
        for q, across in ((left, left + 1 - column), (left + 1, column - left)):
            total += _pixels(x, p, q) * (down * across)[..., None]
    return total


def _pixels(x: Any, row: Any, column: Any) -> Any:
    """The pixel of each place; 0 outside."""
    _, h, w, _ = x.shape
    inside = (row >= 0) & (row < h) & (column >= 0) & (column < w)
    index = tf.stack([tf.clip_by_value(row, 0, h - 1), tf.clip_by_value(column, 0, w - 1)], axis=-1)
    return tf.gather_nd(x, tf.cast(index, tf.int32), batch_dims=1) * tf.cast(inside, x.dtype)[..., None]


grid_sample = binding(
    _grid_sample,
    docs=_DOCS + "gather_nd",
    x=NHWC,
    output="n i j c",
    conventions={
        "default align_corners": "no such function; composed",
        "order of a place": "as composed",
        "outside the image": "as composed",
    },
)
