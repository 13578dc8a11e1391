"""PyTorch's resizing, which is ``interpolate``, and its grid sampling."""

from __future__ import annotations

from typing import Any

from equivalence.binding import Context, binding
from equivalence.lazy import Lazy
from equivalence_adapters.resizing import cubic_weights, linear_weights, nearest_pixels

functional, torch = Lazy("torch.nn.functional"), Lazy("torch")

_INTERPOLATE = "https://docs.pytorch.org/docs/stable/generated/torch.nn.functional.interpolate.html"
_SIZES = {
    "size or scale": "either; the scale that is given counts, unless recompute_scale_factor=True",
}


def _given(context: Context) -> dict[str, Any]:
    parameters = context.parameters
    return {
        name: parameters[given] for name, given in (("size", "size"), ("scale_factor", "scale")) if parameters[given]
    }


def _nearest_mode(context: Context) -> str | None:
    """PyTorch's name for coordinates and rounding, of which it knows two."""
    names = {("asymmetric", "floor"): "nearest", ("half_pixel", "round_half_up"): "nearest-exact"}
    return names.get((context.parameters["coordinates"], context.parameters["rounding"]))


def _resize_nearest(x: Any, *, mode: str | None, given: dict[str, Any], pixels: Any) -> Any:
    if mode:
        return functional.interpolate(x, mode=mode, **given)
    rows, columns = (torch.tensor(each) for each in pixels)
    return x[:, :, rows][:, :, :, columns]


resize_nearest = binding(
    _resize_nearest,
    docs=_INTERPOLATE,
    rename={"size": None, "scale": None, "coordinates": None, "rounding": None},
    recode={"mode": _nearest_mode, "given": _given, "pixels": nearest_pixels},
    conventions={
        **_SIZES,
        "default coordinates and rounding": "asymmetric, floor; nearest-exact: half pixel, half up",
        "others": "composed: index",
    },
)


def _weighed(x: Any, weights: Any) -> Any:
    rows, columns = (torch.tensor(matrix, dtype=x.dtype) for matrix in weights)
    return rows @ x @ columns.T


def _interpolated(mode: str) -> Any:
    def call(x: Any, *, given: dict[str, Any] | None, align_corners: bool, antialias: bool, weights: Any) -> Any:
        if given is None:
            return _weighed(x, weights)
        return functional.interpolate(x, mode=mode, align_corners=align_corners, antialias=antialias, **given)

    return call


def _linear(context: Context) -> dict[str, Any] | None:
    return None if context.parameters["coordinates"] == "asymmetric" else _given(context)


def _cubic(context: Context) -> dict[str, Any] | None:
    """PyTorch has a coefficient of -0.75 and repeats the edge, but with antialias -0.5 and leaves out the outside."""
    parameters = context.parameters
    native = parameters["coefficient"] == (-0.5 if parameters["antialias"] else -0.75)
    return _linear(context) if native and (parameters["antialias"] or not parameters["exclude_outside"]) else None


def _aligned(context: Context) -> bool:
    return bool(context.parameters["coordinates"] == "align_corners")


resize_bilinear = binding(
    _interpolated("bilinear"),
    docs=_INTERPOLATE,
    rename={"size": None, "scale": None, "coordinates": None},
    recode={"given": _linear, "align_corners": _aligned, "weights": linear_weights},
    conventions={
        **_SIZES,
        "default coordinates": "half pixel; align_corners=True; asymmetric composed by matrices",
        "antialias": "off by default",
    },
)

resize_bicubic = binding(
    _interpolated("bicubic"),
    docs=_INTERPOLATE,
    rename={"size": None, "scale": None, "coordinates": None, "coefficient": None, "exclude_outside": None},
    recode={"given": _cubic, "align_corners": _aligned, "weights": cubic_weights},
    conventions={
        **_SIZES,
        "default coordinates": "half pixel; align_corners=True; asymmetric composed by matrices",
        "antialias": "off by default",
        "coefficient": "-0.75; with antialias -0.5; others composed by matrices",
        "outside the image": "the edge; with antialias it has no weight",
        "precision of the weights": "that of the image",
    },
)

grid_sample = binding(
    functional.grid_sample,
    docs="https://docs.pytorch.org/docs/stable/generated/torch.nn.functional.grid_sample.html",
    rename={"padding": "padding_mode"},
    conventions={
        "default align_corners": "False (True before 1.3)",
        "order of a place": "across, down",
        "outside the image": "zeros by default; border, reflection",
    },
)
