"""Activations of Theano, with those it lacks from its own functions as Lasagne's users write them."""

from __future__ import annotations

import math
from typing import Any

from equivalence.binding import binding
from equivalence.lazy import Lazy

nnet = Lazy("theano.tensor.nnet")
tensor = Lazy("theano.tensor")

_DOCS = "https://theano-pymc.readthedocs.io/en/latest/library/tensor/"
_LASAGNE = "https://lasagne.readthedocs.io/en/latest/modules/"
_AT_ZERO, _AT_KINKS = "gradient at exactly 0", "gradient at the kinks"

relu = binding(
    # Computed as (x + |x|) / 2, whose gradient at exactly 0 is one half.
    nnet.relu,
    x="...",
    output="...",
    conventions={_AT_ZERO: "1/2"},
    docs=_DOCS + "nnet/nnet.html#theano.tensor.nnet.relu",
)


def _softmax(x: Any, *, axis: int) -> Any:
    # Theano's own softmax is for matrices, and over their last axis only.
    powers = tensor.exp(x - x.max(axis=axis, keepdims=True))
    return powers / powers.sum(axis=axis, keepdims=True)


def _log_softmax(x: Any, *, axis: int) -> Any:
    # Theano's own, too, is for matrices and over their last axis only.
    shifted = x - x.max(axis=axis, keepdims=True)
    return shifted - tensor.log(tensor.exp(shifted).sum(axis=axis, keepdims=True))


_OF_MATRICES = {"default axis": "1, fixed", "axes of the input": "a vector or a matrix"}
softmax = binding(_softmax, conventions=_OF_MATRICES, docs=_DOCS + "nnet/nnet.html#theano.tensor.nnet.softmax")
log_softmax = binding(_log_softmax, conventions=_OF_MATRICES, docs=_DOCS + "nnet/nnet.html#theano.tensor.nnet.softmax")


leaky_relu = binding(
    # Computed as (1 + alpha) / 2 * x + (1 - alpha) / 2 * |x|.
    nnet.relu,
    conventions={
        "default slope": "0; Lasagne 0.01 (leaky_rectify), 1/3 (very_leaky_rectify)",
        "slope in float64": "exact",
        _AT_ZERO: "(1 + slope) / 2",
    },
    docs=_LASAGNE + "nonlinearities.html#lasagne.nonlinearities.LeakyRectify",
)


def _prelu(x: Any, weight: Any) -> Any:
    return nnet.relu(x, weight.dimshuffle("x", 0, *("x" for _ in range(2, x.ndim))))


prelu = binding(
    _prelu,
    conventions={
        "default slopes": "one for each channel, 0.25 (Lasagne)",
        "axes of a slope": "1, the channels; shared_axes='all' for one",
        _AT_ZERO: "(1 + slope) / 2",
    },
    docs=_LASAGNE + "layers/special.html#lasagne.layers.ParametricRectifierLayer",
)


def _relu6(x: Any) -> Any:
    return tensor.clip(x, 0, 6)


relu6 = binding(_relu6, conventions={_AT_KINKS: "1"}, docs=_DOCS + "basic.html#theano.tensor.clip")


def _thresholded_relu(x: Any, *, theta: float) -> Any:
    return tensor.switch(x > theta, x, 0)


thresholded_relu = binding(
    _thresholded_relu,
    conventions={"default threshold": "no function of its own", "at the threshold": "0", "value below": "0"},
    docs=_DOCS + "basic.html#theano.tensor.switch",
)
elu = binding(
    nnet.elu,
    conventions={"default alpha": "1", _AT_ZERO: "alpha"},
    docs=_DOCS + "nnet/nnet.html#theano.tensor.nnet.elu",
)
selu = binding(
    nnet.selu,
    conventions={"alpha, scale": "1.6733, 1.0507", _AT_ZERO: "scale * alpha"},
    docs=_DOCS + "nnet/nnet.html#theano.tensor.nnet.selu",
)


def _gelu(x: Any, *, approximate: str) -> Any:
    if approximate == "tanh":
        return 0.5 * x * (1 + tensor.tanh(math.sqrt(2 / math.pi) * (x + 0.044715 * x**3)))
    return 0.5 * x * (1 + tensor.erf(x / math.sqrt(2)))


gelu = binding(
    _gelu,
    conventions={
        "default": "no function of its own",
        "approximation": "to be written out",
        "constants in float64": "exact",
    },
    docs=_DOCS + "basic.html#theano.tensor.erf",
)
sigmoid = binding(
    nnet.sigmoid,
    conventions={"saturates to": "0 and 1; ultra_fast_sigmoid only to 0.00247 and 0.99753"},
    docs=_DOCS + "nnet/nnet.html#theano.tensor.nnet.sigmoid",
)


def _hard_sigmoid(x: Any, *, slope: float) -> Any:
    # Theano's own has one slope only.
    return nnet.hard_sigmoid(x) if slope == 0.2 else tensor.clip(slope * x + 0.5, 0, 1)  # noqa: PLR2004


hard_sigmoid = binding(
    _hard_sigmoid,
    conventions={"slope": "0.2, fixed", "line ends at": "-2.5 and 2.5", _AT_KINKS: "slope"},
    docs=_DOCS + "nnet/nnet.html#theano.tensor.nnet.hard_sigmoid",
)
tanh = binding(tensor.tanh, docs=_DOCS + "basic.html#theano.tensor.tanh")


def _softplus(x: Any, *, beta: float, threshold: float | None) -> Any:
    bent = nnet.softplus(beta * x) / beta
    return bent if threshold is None else tensor.switch(beta * x > threshold, x, bent)


softplus = binding(
    _softplus,
    conventions={
        "default threshold": "16.6 in float32, 33.3 in float64: where exp(-x) is lost beside x",
        "default beta": "1, fixed",
        "far below 0": "exp(x)",
    },
    docs=_DOCS + "nnet/nnet.html#theano.tensor.nnet.softplus",
)
softsign = binding(nnet.softsign, docs=_DOCS + "nnet/nnet.html#theano.tensor.nnet.nnet.softsign")


def _silu(x: Any) -> Any:
    return x * nnet.sigmoid(x)


silu = binding(
    _silu,
    conventions={"names": "none: x * sigmoid(x)", "factor in the sigmoid": "none"},
    docs=_DOCS + "nnet/nnet.html#theano.tensor.nnet.sigmoid",
)


def _hard_swish(x: Any) -> Any:
    return x * tensor.clip(x / 6 + 0.5, 0, 1)


hard_swish = binding(
    _hard_swish,
    conventions={"names": "none: x * clip(x / 6 + 0.5, 0, 1)", "slope of its sigmoid": "hard_sigmoid's is 0.2"},
    docs=_DOCS + "basic.html#theano.tensor.clip",
)


def _mish(x: Any) -> Any:
    return x * tensor.tanh(nnet.softplus(x))


mish = binding(_mish, docs=_DOCS + "nnet/nnet.html#theano.tensor.nnet.softplus")


def _dropout_with_mask(x: Any, mask: Any, *, rate: float, inverted: bool, training: bool) -> Any:
    if not training:
        return x if inverted else x * (1 - rate)
    # As Lasagne's DropoutLayer does it: scaled first, then multiplied by the mask.
    return (x / (1 - rate) if inverted else x) * mask


dropout_with_mask = binding(
    _dropout_with_mask,
    conventions={
        "probability": "p, of dropping",
        "default probability": "0.5",
        "scale": "1/(1-p) in training (rescale=True), none with deterministic=True",
        "NaN that is dropped": "stays NaN",
        "mask": "cannot be given",
    },
    docs=_LASAGNE + "layers/noise.html#lasagne.layers.DropoutLayer",
)
