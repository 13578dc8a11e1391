"""The code of a diagnosis that says a parameter of an operation has another value."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

PARAMETERS: Mapping[str, str] = {
    "activation": "function.variant",
    "align_corners": "resize.coordinates",
    "antialias": "resize.filter",
    "approximate": "function.variant",
    "axes": "axis.wrong",
    "axis": "axis.wrong",
    "backwards": "sequence.direction",
    "block": "layout.channel-order",
    "causal": "mask.alignment",
    "centered": "variance.meaning",
    "channels": "layout.flatten-order",
    "coefficient": "resize.filter",
    "coordinates": "resize.coordinates",
    "correction": "variance.correction",
    "count_include_pad": "padding.counted",
    "decay": "momentum.convention",
    "dilation": "dilation.value",
    "divided": "scale.factor",
    "epsilon": "epsilon.value",
    "epsilon_in": "epsilon.placement",
    "equation": "contraction.axes",
    "exclude_outside": "padding.value",
    "flip_kernel": "kernel.flipped",
    "function": "function.variant",
    "groups": "groups.value",
    "inverted": "scale.factor",
    "layout": "layout.channel-order",
    "masked_output": "sequence.mask",
    "nesterov": "momentum.convention",
    "offset": "index.offset",
    "order": "layout.channel-order",
    "output_padding": "output-size.ambiguous",
    "output_shape": "output-size.ambiguous",
    "pairing": "layout.channel-order",
    "placement": "epsilon.placement",
    "rate": "scale.factor",
    "rate_inside": "momentum.convention",
    "reduction": "reduction.normalizer",
    "repeats": "layout.channel-order",
    "reset_after": "gate.formula",
    "reverse": "sequence.direction",
    "rounding": "window.rounding",
    "scale": "scale.factor",
    "size": "constant.value",
    "smoothing": "scale.factor",
    "stride": "stride.value",
    "training": "statistics.source",
    "unbiased": "variance.correction",
    "value": "padding.value",
    "window": "constant.value",
}
"""By parameter of the catalogue's operations; one that is not named is a constant."""


_OF_OPERATION: Mapping[tuple[str, str], str] = {
    ("divide_integers", "rounding"): "precision.integer",
    ("gather", "mode"): "index.out-of-range",
    ("grid_sample", "mode"): "resize.filter",
    ("normalize_image", "reverse"): "layout.channel-order",
    ("pad", "mode"): "padding.value",
    ("resize_nearest", "coordinates"): "resize.rounding",
    ("resize_nearest", "rounding"): "resize.rounding",
    ("spatial_pyramid_pool", "mode"): "function.variant",
}
"""Likewise, where the operation makes another thing of the name."""


def code_of(operation: str, name: str, original: Any, ported: Any) -> str:
    """The code that says this parameter differs."""
    if name == "weight_decay" and _doubled(original, ported):
        return "scale.factor"
    if name == "padding":
        return _padding(original, ported)
    if operation == "resize_nearest" and name == "coordinates" and "align_corners" in (original, ported):
        return "resize.coordinates"
    return _OF_OPERATION.get((operation, name)) or PARAMETERS.get(name, "constant.value")


def _doubled(one: float, two: float) -> bool:
    """Whether the penalty is half the square on one side and the square on the other."""
    return bool(min(abs(one), abs(two)) and math.isclose(max(abs(one / two), abs(two / one)), 2.0, rel_tol=1e-3))


def _padding(original: Any, ported: Any) -> str:
    """``same_upper`` and ``same_lower`` differ in the side alone, as do borders of the same total."""
    one, two = str(original), str(ported)
    if one.startswith("same") and two.startswith("same"):
        return "padding.side"
    if {one, two} & {"border", "zeros"}:
        return "padding.value"
    if isinstance(original, tuple) and isinstance(ported, tuple):
        return "padding.side" if _totals(original) == _totals(ported) else "padding.amount"
    return "padding.amount"


def _totals(padding: tuple[Any, ...]) -> list[int]:
    """How much is padded in all along each axis; one number is for both sides."""
    return [sum(part) if isinstance(part, tuple) else 2 * part for part in padding]
