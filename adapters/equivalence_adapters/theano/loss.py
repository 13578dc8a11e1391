"""Losses of Theano, as Lasagne's users write them: nothing is reduced, the classes are the last axis of a matrix."""

from __future__ import annotations

from typing import Any

from equivalence.binding import binding
from equivalence.lazy import Lazy

nnet = Lazy("theano.tensor.nnet")
tensor = Lazy("theano.tensor")

_DOCS = "https://theano-pymc.readthedocs.io/en/latest/library/tensor/"
_LASAGNE = "https://lasagne.readthedocs.io/en/latest/modules/objectives.html"
_COMMON = {"arguments": "output, target", "default reduction": "none; lasagne.objectives.aggregate: mean"}
_CLASSES = {**_COMMON, "class axis": "-1"}


def _reduced(losses: Any, reduction: str, count: Any = None) -> Any:
    if reduction == "none":
        return losses
    if reduction == "row_means":
        return losses.mean(axis=-1)
    if reduction == "mean" and count is None:
        return losses.mean()
    return losses.sum() if reduction == "sum" else losses.sum() / count


def _log_softmax(x: Any) -> Any:
    shifted = x - x.max(axis=-1, keepdims=True)
    return shifted - tensor.log(tensor.exp(shifted).sum(axis=-1, keepdims=True))


def _categorical_with_logits(x: Any, target: Any, weight: Any = None, *, smoothing: float, reduction: str) -> Any:
    aims = target / target.sum(axis=-1, keepdims=True)
    if smoothing:
        aims = (1 - smoothing) * aims + smoothing / x.shape[-1].astype(x.dtype)
    losses = aims * _log_softmax(x)
    return _reduced(-(losses if weight is None else losses * weight).sum(axis=-1), reduction)


categorical_cross_entropy_with_logits = binding(
    _categorical_with_logits,
    x="n ... c",
    target="n ... c",
    conventions={
        **_CLASSES,
        "takes": "no loss of its own takes logits",
        "mean with class weights divides by": "aggregate(mode='normalized_sum'): the weights' sum",
        "label smoothing": "none",
    },
    docs=_LASAGNE + "#lasagne.objectives.categorical_crossentropy",
)


def _categorical(x: Any, target: Any, *, epsilon: float, normalize: bool, reduction: str) -> Any:
    share = x / x.sum(axis=-1, keepdims=True) if normalize else x
    return _reduced(nnet.categorical_crossentropy(tensor.clip(share, epsilon, 1 - epsilon), target), reduction)


categorical_cross_entropy = binding(
    _categorical,
    x="n ... c",
    target="n ... c",
    conventions={
        **_CLASSES,
        "takes": "probabilities",
        "divides probabilities by their sum": "no",
        "probabilities are clipped to": "no limits",
    },
    docs=_DOCS + "nnet/nnet.html#theano.tensor.nnet.categorical_crossentropy",
)


def _chosen(numbers: Any, target: Any) -> Any:
    rows = numbers.reshape((-1, numbers.shape[-1]))
    return rows[tensor.arange(rows.shape[0]), target.flatten()].reshape(target.shape, ndim=target.ndim)


def _counted(losses: Any, target: Any, weight: Any, ignore_index: int | None, reduction: str) -> Any:
    counting = (
        tensor.ones_like(losses) if ignore_index is None else tensor.neq(target, ignore_index).astype(losses.dtype)
    )
    weights = counting if weight is None else counting * weight[target]
    count = (weights if reduction == "weighted_mean" else counting).sum()
    return _reduced(losses * weights, reduction, count)


def _sparse_with_logits(x: Any, target: Any, weight: Any = None, *, ignore_index: int | None, reduction: str) -> Any:
    return _counted(-_chosen(_log_softmax(x), target), target, weight, ignore_index, reduction)


sparse_categorical_cross_entropy_with_logits = binding(
    _sparse_with_logits,
    x="n ... c",
    conventions={
        **_CLASSES,
        "takes": "no loss of its own takes logits; softmax and logarithm are merged when compiled",
        "default ignored class": "none",
        "mean divides by": "all examples; aggregate(mode='normalized_sum'): the weights' sum",
        "class weights": "none: weights[target]",
    },
    docs=_LASAGNE + "#lasagne.objectives.aggregate",
)


def _sparse(x: Any, target: Any, *, epsilon: float, normalize: bool, ignore_index: int | None, reduction: str) -> Any:
    share = tensor.clip(x, epsilon, 1 - epsilon)
    share = share / share.sum(axis=-1, keepdims=True) if normalize else share
    # Theano's own is for matrices.
    matrix = target.ndim == 1
    losses = nnet.categorical_crossentropy(share, target) if matrix else -tensor.log(_chosen(share, target))
    return _counted(losses, target, None, ignore_index, reduction)


sparse_categorical_cross_entropy = binding(
    _sparse,
    x="n ... c",
    conventions={
        **_CLASSES,
        "takes": "probabilities, of a matrix",
        "default ignored class": "none",
        "divides probabilities by their sum": "no",
        "probabilities are clipped to": "no limits",
    },
    docs=_DOCS + "nnet/nnet.html#theano.tensor.nnet.categorical_crossentropy",
)


def _binary_with_logits(x: Any, target: Any, *, pos_weight: float, reduction: str) -> Any:
    if pos_weight == 1:
        return _reduced(nnet.sigmoid_binary_crossentropy(x, target), reduction)
    return _reduced((1 - target) * x + (1 + (pos_weight - 1) * target) * nnet.softplus(-x), reduction)


binary_cross_entropy_with_logits = binding(
    _binary_with_logits,
    conventions={**_COMMON, "weight of a yes": "none"},
    docs=_DOCS + "nnet/nnet.html#theano.tensor.nnet.sigmoid_binary_crossentropy",
)


def _binary(x: Any, target: Any, *, epsilon: float, least_log: float | None, reduction: str) -> Any:
    share = tensor.clip(x, epsilon, 1 - epsilon)
    if least_log is None:
        return _reduced(nnet.binary_crossentropy(share, target), reduction)
    yes, no = (tensor.maximum(tensor.log(part), least_log) for part in (share, 1 - share))
    return _reduced(-(target * yes + (1 - target) * no), reduction)


binary_cross_entropy = binding(
    _binary,
    conventions={
        **_COMMON,
        "probabilities are clipped to": "no limits",
        "a logarithm is at least": "no limit",
        "loss of a wrong certainty": "infinity",
    },
    docs=_DOCS + "nnet/nnet.html#theano.tensor.nnet.binary_crossentropy",
)


def _mse(x: Any, target: Any, *, reduction: str) -> Any:
    return _reduced((x - target) ** 2, reduction)


def _mae(x: Any, target: Any, *, reduction: str) -> Any:
    return _reduced(abs(x - target), reduction)


def _huber(x: Any, target: Any, *, delta: float, reduction: str) -> Any:
    size = abs(x - target)
    return _reduced(tensor.switch(size <= delta, 0.5 * size**2, delta * (size - 0.5 * delta)), reduction)


def _smooth_l1(x: Any, target: Any, *, beta: float, reduction: str) -> Any:
    size = abs(x - target)
    return _reduced(tensor.switch(size <= beta, 0.5 * size**2 / beta, size - 0.5 * beta), reduction)


def _hinge(x: Any, target: Any, *, squared: bool, reduction: str) -> Any:
    margin = 1 - (2 * target.astype(x.dtype) - 1) * x
    lacking = tensor.switch(margin > 0, margin, 0)
    return _reduced(lacking**2 if squared else lacking, reduction)


def _kl_divergence(x: Any, target: Any, *, log_target: bool, reduction: str) -> Any:
    share, logarithm = (tensor.exp(target), target) if log_target else (target, tensor.log(target))
    count = x.shape[0].astype(x.dtype) if reduction == "batchmean" else None
    return _reduced(share * (logarithm - x), reduction, count)


_NONE = {**_COMMON, "reduction none returns": "every element"}
mse = binding(_mse, conventions=_NONE, docs=_LASAGNE + "#lasagne.objectives.squared_error")
mae = binding(
    _mae, conventions={**_NONE, "gradient where both are equal": "0"}, docs=_DOCS + "basic.html#theano.tensor.abs_"
)
huber = binding(
    _huber,
    conventions={**_NONE, "default limit": "no function of its own", "far slope": "delta"},
    docs=_DOCS + "basic.html#theano.tensor.switch",
)
smooth_l1 = binding(
    _smooth_l1,
    conventions={**_NONE, "default width": "no function of its own", "far slope": "1"},
    docs=_DOCS + "basic.html#theano.tensor.switch",
)
hinge = binding(
    _hinge,
    conventions={**_NONE, "targets": "0 or 1 (binary=True), or 1 or -1", "function": "Lasagne: binary_hinge_loss"},
    docs=_LASAGNE + "#lasagne.objectives.binary_hinge_loss",
)
kl_divergence = binding(
    _kl_divergence,
    conventions={
        "arguments": "no function of its own",
        "default reduction": "none",
        "probabilities are clipped to": "no limits",
        "targets": "either, as it is written out",
    },
    docs=_DOCS + "basic.html#theano.tensor.log",
)
