"""PyTorch's activations."""

from __future__ import annotations

from typing import Any

from equivalence.binding import HALF_TOO, binding
from equivalence.lazy import Lazy

torch, functional = Lazy("torch"), Lazy("torch.nn.functional")

_DOCS = "https://docs.pytorch.org/docs/stable/generated/torch.nn."
_AT_ZERO, _AT_KINKS = "gradient at exactly 0", "gradient at the kinks"

relu = binding(
    functional.relu,
    conventions={_AT_ZERO: "0"},
    docs=_DOCS + "functional.relu.html",
    dtypes=HALF_TOO,
)
softmax = binding(
    functional.softmax,
    rename={"axis": "dim"},
    conventions={
        "default axis": "none: dim=None guesses (0 for 0, 1 and 3 axes, else 1) and warns",
        "axes of the input": "any number",
    },
    docs=_DOCS + "functional.softmax.html",
    dtypes=HALF_TOO,
)
log_softmax = binding(
    functional.log_softmax,
    rename={"axis": "dim"},
    conventions={
        "default axis": "none: dim=None guesses (0 for 0, 1 and 3 axes, else 1) and warns",
        "axes of the input": "any number",
    },
    docs=_DOCS + "functional.log_softmax.html",
)
leaky_relu = binding(
    functional.leaky_relu,
    rename={"alpha": "negative_slope"},
    conventions={"default slope": "0.01", "slope in float64": "exact", _AT_ZERO: "the slope"},
    docs=_DOCS + "LeakyReLU.html",
)
prelu = binding(
    functional.prelu,
    conventions={
        "default slopes": "one for all channels, 0.25",
        "axes of a slope": "1, the channels, or none",
        _AT_ZERO: "the slope",
    },
    docs=_DOCS + "PReLU.html",
)
relu6 = binding(functional.relu6, conventions={_AT_KINKS: "0"}, docs=_DOCS + "ReLU6.html")


def _thresholded_relu(x: Any, *, threshold: float) -> Any:
    return functional.threshold(x, threshold, 0.0)


thresholded_relu = binding(
    _thresholded_relu,
    rename={"theta": "threshold"},
    conventions={"default threshold": "none", "at the threshold": "0", "value below": "an argument"},
    docs=_DOCS + "Threshold.html",
)
elu = binding(functional.elu, conventions={"default alpha": "1", _AT_ZERO: "alpha"}, docs=_DOCS + "ELU.html")
selu = binding(
    functional.selu, conventions={"alpha, scale": "1.6733, 1.0507", _AT_ZERO: "scale * alpha"}, docs=_DOCS + "SELU.html"
)
gelu = binding(
    functional.gelu,
    conventions={"default": "erf", "approximation": "approximate='tanh'", "constants in float64": "exact"},
    docs=_DOCS + "GELU.html",
)
sigmoid = binding(
    torch.sigmoid,
    conventions={"saturates to": "0 and 1"},
    docs="https://docs.pytorch.org/docs/stable/generated/torch.sigmoid.html",
)


def _hard_sigmoid(x: Any, *, slope: float) -> Any:
    # PyTorch's own has one slope only.
    return functional.hardsigmoid(x) if slope == 1 / 6 else torch.clamp(slope * x + 0.5, 0, 1)


hard_sigmoid = binding(
    _hard_sigmoid,
    conventions={"slope": "1/6, fixed", "line ends at": "-3 and 3", _AT_KINKS: "0"},
    docs=_DOCS + "Hardsigmoid.html",
)
tanh = binding(torch.tanh, docs="https://docs.pytorch.org/docs/stable/generated/torch.tanh.html")


def _softplus(x: Any, *, beta: float, threshold: float | None) -> Any:
    if threshold is None:
        return torch.logaddexp(beta * x, torch.zeros((), dtype=x.dtype)) / beta
    return functional.softplus(x, beta, threshold)


softplus = binding(
    _softplus,
    conventions={
        "default threshold": "20: the identity where beta * x is beyond",
        "default beta": "1",
        "far below 0": "exp(x)",
    },
    docs=_DOCS + "Softplus.html",
)
softsign = binding(functional.softsign, docs=_DOCS + "Softsign.html")
silu = binding(
    functional.silu, conventions={"names": "silu, SiLU", "factor in the sigmoid": "none"}, docs=_DOCS + "SiLU.html"
)
hard_swish = binding(
    functional.hardswish,
    conventions={"names": "hardswish, Hardswish", "slope of its sigmoid": "1/6"},
    docs=_DOCS + "Hardswish.html",
)
mish = binding(functional.mish, docs=_DOCS + "Mish.html")


def _dropout_with_mask(x: Any, mask: Any, *, rate: float, inverted: bool, training: bool) -> Any:
    if not training:
        return functional.dropout(x, rate, training=False) if inverted else x * (1 - rate)
    kept = x * mask
    return kept / (1 - rate) if inverted else kept


dropout_with_mask = binding(
    _dropout_with_mask,
    conventions={
        "probability": "p, of dropping",
        "default probability": "0.5",
        "scale": "1/(1-p) in training, none in eval()",
        "NaN that is dropped": "stays NaN",
        "mask": "cannot be given",
    },
    docs=_DOCS + "Dropout.html",
)
