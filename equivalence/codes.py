"""Codes of diagnoses: each names the convention in which two layers differ, not the operation."""

from __future__ import annotations

from collections.abc import Mapping

NONFINITE = "value.nonfinite"
"""The code whose rows excuse nothing but NaN and infinity, and what depends on them."""

TIES = "gradient.ties"
"""The code whose rows say how a gradient is shared among equal numbers, of which one wins."""

CODES: Mapping[str, str] = {
    "layout.transposed": (
        "axes of an input, a parameter or the output are permuted (NHWC for NCHW, weight H/W "
        "or in/out swapped, dense matrix not transposed)"
    ),
    "layout.reshaped": "a reshape where a transpose was needed, or the reverse",
    "layout.flatten-order": "the order in which axes are flattened before a dense layer",
    "layout.channel-order": (
        "order or interleaving of channels inside one axis (groups shuffled, packed q/k/v, BGR for RGB)"
    ),
    "axis.wrong": "the axis or axes the operation works over, or a parameter broadcasts over",
    "contraction.axes": "which axes a dot, batch_dot or einsum contracts; samples mixed across the batch",
    "kernel.flipped": "convolution against cross-correlation",
    "padding.amount": "how much is padded in all (SAME, VALID, explicit, dilation forgotten)",
    "padding.side": "on which side the odd pixel goes",
    "padding.value": "what is padded (0, -inf, edge, reflect, symmetric)",
    "padding.counted": "whether padding counts in an average",
    "stride.value": "the stride",
    "dilation.value": "the dilation",
    "groups.value": "the number of groups",
    "window.rounding": "ceil or floor of the output size, windows that start in the padding",
    "output-size.ambiguous": "output_padding or output_shape of a transposed operation, and what fills it",
    "resize.coordinates": "align_corners, half-pixel, asymmetric",
    "resize.rounding": "which neighbour is nearest",
    "resize.filter": "antialias, cubic coefficient",
    "epsilon.value": "the size of a stabilising constant",
    "epsilon.placement": (
        "where a stabilising constant is added (inside or outside a root, before or after a correction)"
    ),
    "constant.value": "another fixed constant (slope, alpha, clip, forget bias, scale, threshold)",
    "momentum.convention": "decay against 1 - decay, learning rate inside or outside",
    "variance.correction": "biased against unbiased",
    "variance.meaning": "a stored statistic's meaning (a scale factor not divided out, another moment)",
    "statistics.source": "batch against running statistics, frozen or not",
    "scale.factor": "a constant factor (1/N, sqrt(d), keep probability)",
    "reduction.normalizer": "what a mean or sum is divided by",
    "bias.missing": "a bias that only one has",
    "bias.duplicated": "a bias that one adds twice",
    "bias.placement": "where a bias is added",
    "parameter.swapped": "two parameters exchanged (gamma/beta, mean/variance)",
    "parameter.transformed": "a parameter stored in another form (1 + weight, log, transposed block)",
    "gate.order": "the order of a recurrent cell's gates",
    "gate.polarity": "the sense of a recurrent cell's gate",
    "gate.formula": "the formula of a recurrent cell's gates",
    "sequence.direction": "the direction in which a sequence is walked",
    "sequence.mask": "how a sequence is masked",
    "sequence.axis": "how a sequence is laid out",
    "sequence.state": "how a sequence is started or ended",
    "function.variant": (
        "a variant of the same function (GELU tanh or erf, hard sigmoid, ReLU6, missing or doubled activation)"
    ),
    NONFINITE: (
        "where NaN and infinity go: which operand wins in a maximum, whether padding or a skipped term multiplies "
        "infinity"
    ),
    "mask.polarity": "what true means in a mask",
    "mask.alignment": "where a mask is aligned",
    "mask.additive": "a mask that is added or multiplied",
    "index.negative": "what a negative index means",
    "index.out-of-range": "what an index out of range gives",
    "index.offset": "the number an index counts from",
    "gradient.scale": "only the gradient: a factor",
    TIES: "only the gradient: tied maxima",
    "gradient.blocked": "only the gradient: a stopped path",
    "precision.lower": "computed in a lower precision than asked",
    "precision.cast-order": "a cast in another place",
    "precision.cancellation": "right algebra, digits lost",
    "precision.integer": "integer division, truncation, wrap-around",
    "precision.overflow": "overflow or saturation at large values",
    "effect.input-mutated": "one layer changes its input",
    "effect.state": "one layer keeps state",
    "effect.random": "one layer draws random numbers",
    "unknown": "different, and nothing above explains it",
}
"""What two layers with this diagnosis differ in, by code."""
