"""Normalizations of Theano, and those that Lasagne composes."""

from __future__ import annotations

from typing import Any

from equivalence.binding import Context, binding
from equivalence.lazy import Lazy

tensor, bn, gradient = Lazy("theano.tensor"), Lazy("theano.tensor.nnet.bn"), Lazy("theano.gradient")

_DOCS = "https://theano-pymc.readthedocs.io/en/latest/library/tensor/nnet/bn.html"
_LASAGNE = "https://lasagne.readthedocs.io/en/latest/modules/layers/normalization.html"

_BATCH_NORM = {
    "default epsilon": "1e-4; less than 1e-5 is refused, and so is 1e-5 itself in float32",
    "epsilon is added to": "the variance",
    "momentum": "share of the new statistics, running_average_factor: 1 - decay",
    "default momentum": "0.1 (a decay of 0.9)",
    "variance that divides in training": "biased",
    "variance that is stored": "unbiased",
    "what is stored": "mean and variance, by the caller",
    "channel axis": "axes='spatial' shares all but axis 1; the default 'per-activation' shares axis 0 only",
    "names": "gamma, beta, running_mean, running_var",
    "inference mode": "batch_normalization_test",
}


def _affine_or_none(mean: Any, scale: Any, shift: Any) -> tuple[Any, Any]:
    return (
        tensor.ones_like(mean) if scale is None else scale,
        tensor.zeros_like(mean) if shift is None else shift,
    )


def _batch_norm(x: Any, mean: Any, *, var: Any, gamma: Any = None, beta: Any = None, epsilon: float) -> Any:
    gamma, beta = _affine_or_none(mean, gamma, beta)
    return bn.batch_normalization_test(x, gamma, beta, mean, var, axes="spatial", epsilon=epsilon)


batch_norm = binding(
    _batch_norm,
    rename={"variance": "var", "scale": "gamma", "shift": "beta"},
    conventions=_BATCH_NORM,
    docs=_DOCS,
)


def _channels(parameter: Any, x: Any) -> Any:
    """A parameter of each channel, broadcast over examples and pixels."""
    return parameter.dimshuffle("x", 0, *("x" for _ in range(x.ndim - 2)))


def _affine(values: Any, scale: Any, shift: Any) -> Any:
    values = values if scale is None else values * scale
    return values if shift is None else values + shift


def _lasagne_batch_norm(
    x: Any, mean: Any, variance: Any, *, gamma: Any = None, beta: Any = None, epsilon: float
) -> Any:
    # What the layer has stored in place of the variance.
    inv_std = tensor.inv(tensor.sqrt(variance + epsilon))
    factor = _channels(inv_std if gamma is None else gamma * inv_std, x)
    values = (x - _channels(mean, x)) * factor
    return values if beta is None else values + _channels(beta, x)


lasagne_batch_norm = binding(
    _lasagne_batch_norm,
    operation="batch_norm",
    variant="lasagne",
    rename={"scale": "gamma", "shift": "beta"},
    conventions={
        **_BATCH_NORM,
        "default epsilon": "1e-4",
        "momentum": "share of the new statistics, alpha: 1 - decay",
        "variance that is stored": "none: the inverse deviation of the biased variance, epsilon included",
        "what is stored": "mean and inv_std = 1 / sqrt(variance + epsilon): epsilon cannot be changed afterwards",
        "channel axis": "1; axes='auto' shares all others",
        "names": "beta, gamma, mean, inv_std, in this order in get_all_param_values()",
        "inference mode": "deterministic=True",
    },
    docs=_LASAGNE + "#lasagne.layers.BatchNormLayer",
)


def _batch_norm_training(
    x: Any,
    mean: Any,
    variance: Any,
    *,
    gamma: Any = None,
    beta: Any = None,
    epsilon: float,
    running_average_factor: float,
    unbiased: bool,
) -> list[Any]:
    gamma, beta = _affine_or_none(mean, gamma, beta)
    y, _, _, new_mean, new_variance = bn.batch_normalization_train(
        x, gamma, beta, "spatial", epsilon, running_average_factor, mean, variance
    )
    if not unbiased:
        # Theano stores the unbiased variance only.
        batch = x.var(axis=(0, *range(2, x.ndim)))
        new_variance = variance * (1 - running_average_factor) + batch * running_average_factor
    # The op has no gradient of its statistics either, but fails when it is asked.
    return [y, gradient.disconnected_grad(new_mean), gradient.disconnected_grad(new_variance)]


batch_norm_training = binding(
    _batch_norm_training,
    rename={"scale": "gamma", "shift": "beta", "decay": "running_average_factor"},
    recode={"running_average_factor": lambda context: 1 - context.parameters["decay"]},
    conventions=_BATCH_NORM,
    docs=_DOCS,
)


def _standardize(x: Any, axes: tuple[int, ...], epsilon: float) -> Any:
    deviation = tensor.sqrt(x.var(axis=axes, keepdims=True) + epsilon)
    return (x - x.mean(axis=axes, keepdims=True)) / deviation


def _layer_norm(x: Any, *, gamma: Any = None, beta: Any = None, epsilon: float) -> Any:
    # Scale and shift broadcast over the axes before theirs by themselves.
    return _affine(_standardize(x, tuple(range(2, x.ndim)), epsilon), gamma, beta)


_COMPOSED = {
    "default epsilon": "none: composed; Lasagne's normalizations have 1e-4",
    "epsilon is added to": "the variance",
    "variance": "biased, from var",
    "names": "gamma, beta in Lasagne",
}

layer_norm = binding(
    _layer_norm,
    rename={"scale": "gamma", "shift": "beta"},
    conventions={
        **_COMPOSED,
        "axes": "any; Lasagne's StandardizationLayer takes all but the examples by default",
        "shape of scale and shift": "any that broadcasts",
    },
    docs=_LASAGNE + "#lasagne.layers.StandardizationLayer",
)


def _instance_norm(x: Any, *, gamma: Any = None, beta: Any = None, epsilon: float) -> Any:
    values = _standardize(x, tuple(range(2, x.ndim)), epsilon)
    return _affine(values, *(p if p is None else _channels(p, x) for p in (gamma, beta)))


instance_norm = binding(
    _instance_norm,
    rename={"scale": "gamma", "shift": "beta"},
    conventions={
        **_COMPOSED,
        "default scale and shift": "both in Lasagne's instance_norm, which adds layers",
        "statistics at inference": "the example's own",
        "channel axis": "1: axes='spatial' of Lasagne's StandardizationLayer",
    },
    docs=_LASAGNE + "#lasagne.layers.instance_norm",
)


def _group_norm(x: Any, *, gamma: Any = None, beta: Any = None, groups: int, epsilon: float) -> Any:
    shape = [x.shape[axis] for axis in range(x.ndim)]
    parts = x.reshape([shape[0], groups, shape[1] // groups, *shape[2:]], ndim=x.ndim + 1)
    values = _standardize(parts, tuple(range(2, x.ndim + 1)), epsilon).reshape(shape, ndim=x.ndim)
    return _affine(values, *(p if p is None else _channels(p, x) for p in (gamma, beta)))


group_norm = binding(
    _group_norm,
    rename={"scale": "gamma", "shift": "beta"},
    conventions={
        **_COMPOSED,
        "default groups": "none",
        "channels of a group": "successive",
        "channel axis": "any",
    },
    docs=_LASAGNE + "#lasagne.layers.StandardizationLayer",
)


def _rms_norm(x: Any, scale: Any = None, *, epsilon: float) -> Any:
    root = tensor.sqrt(tensor.sqr(x).mean(axis=-1, keepdims=True) + epsilon)
    return _affine(x / root, scale, None)


rms_norm = binding(
    _rms_norm,
    conventions={
        "default epsilon": "none: composed",
        "epsilon is added to": "the mean of the squares",
        "scale": "the factor itself",
        "axes": "any",
        "names": "none",
    },
    docs="https://theano-pymc.readthedocs.io/en/latest/library/tensor/basic.html#theano.tensor.mean",
)


def _l2_normalize(x: Any, *, axis: int, epsilon: float, placement: str) -> Any:
    squares = tensor.sqr(x).sum(axis=axis, keepdims=True)
    if placement == "added_to_sum":
        return x / tensor.sqrt(squares + epsilon)
    if placement == "added_to_norm":
        return x / (tensor.sqrt(squares) + epsilon)
    # Both are a least square: the root of zero has no gradient.
    return x / tensor.sqrt(tensor.maximum(squares, epsilon))


def _least_square(context: Context) -> float:
    """Epsilon beside a square, where another framework has it beside a length."""
    epsilon: float = context.parameters["epsilon"]
    return epsilon**2 if context.parameters["placement"] == "max_of_norm" else epsilon


l2_normalize = binding(
    _l2_normalize,
    recode={"epsilon": _least_square},
    conventions={
        "default epsilon": "none: composed",
        "epsilon": "wherever the caller puts it",
        "default axis": "none",
        "zero vector": "stays zero; the gradient of sqrt(sum) at zero is NaN, so take the maximum below the root",
    },
    docs="https://theano-pymc.readthedocs.io/en/latest/library/tensor/basic.html#theano.tensor.maximum",
)


def _local_response_norm(x: Any, *, n: int, alpha: float, beta: float, k: float) -> Any:
    # As Lasagne's LocalResponseNormalization2DLayer does it, with slices of the padded squares.
    before, channels = n // 2, x.shape[1]
    border = tensor.alloc(tensor.constant(0, dtype=x.dtype), x.shape[0], channels + n - 1, x.shape[2], x.shape[3])
    squares = tensor.set_subtensor(border[:, before : before + channels], tensor.sqr(x))
    scale = k
    for first in range(n):
        scale = scale + alpha * squares[:, first : first + channels]
    return x / scale**beta


local_response_norm = binding(
    _local_response_norm,
    rename={"size": "n", "divided": None},
    recode={
        "alpha": lambda context: (
            context.parameters["alpha"] / (context.parameters["size"] if context.parameters["divided"] else 1)
        )
    },
    conventions={
        "window": "n, all its channels; Lasagne refuses even ones",
        "alpha": "not divided",
        "default window": "n=5",
        "default alpha, beta, k": "1e-4, 0.75, 2",
        "names": "n, alpha, beta, k",
    },
    docs=_LASAGNE + "#lasagne.layers.LocalResponseNormalization2DLayer",
)
