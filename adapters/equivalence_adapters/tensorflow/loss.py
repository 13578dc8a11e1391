"""TensorFlow's losses, and those it lacks from its own functions: the classes are the last axis, no loss reduces."""

from __future__ import annotations

from typing import Any

from equivalence.binding import binding
from equivalence.lazy import Lazy

tf = Lazy("tensorflow")

_DOCS = "https://www.tensorflow.org/api_docs/python/tf/"
_COMMON = {"arguments": "by keyword", "default reduction": "none"}
_CLASSES = {"arguments": "by keyword: labels, logits", "class axis": "-1", "default reduction": "none"}


def _reduced(losses: Any, reduction: str, count: Any = None) -> Any:
    if reduction == "none":
        return losses
    if reduction == "row_means":
        return tf.reduce_mean(losses, -1)
    if reduction == "mean" and count is None:
        return tf.reduce_mean(losses)
    total = tf.reduce_sum(losses)
    return total if reduction == "sum" else total / count


def _categorical_with_logits(x: Any, target: Any, weight: Any = None, *, smoothing: float, reduction: str) -> Any:
    aims = target / tf.reduce_sum(target, -1, keepdims=True)
    aims = (1 - smoothing) * aims + smoothing / x.shape[-1]
    if weight is None:
        return _reduced(tf.nn.softmax_cross_entropy_with_logits(labels=aims, logits=x), reduction)
    # The native loss takes it for granted that the targets of an example sum to 1.
    return _reduced(-tf.reduce_sum(weight * aims * tf.nn.log_softmax(x), -1), reduction)


categorical_cross_entropy_with_logits = binding(
    _categorical_with_logits,
    x="n ... c",
    target="n ... c",
    conventions={
        **_CLASSES,
        "takes": "logits; the gradient supposes targets that sum to 1",
        "mean with class weights divides by": "no class weights",
        "label smoothing": "none; Keras: (1 - s) t + s / C",
    },
    docs=_DOCS + "nn/softmax_cross_entropy_with_logits",
)


def _categorical(x: Any, target: Any, *, epsilon: float, normalize: bool, reduction: str) -> Any:
    share = x / tf.reduce_sum(x, -1, keepdims=True) if normalize else x
    logarithms = tf.math.log(tf.clip_by_value(share, epsilon, 1 - epsilon))
    return _reduced(-tf.reduce_sum(target * logarithms, -1), reduction)


categorical_cross_entropy = binding(
    _categorical,
    x="n ... c",
    target="n ... c",
    conventions={
        **_CLASSES,
        "takes": "no loss takes probabilities",
        "divides probabilities by their sum": "no",
        "probabilities are clipped to": "no limits",
    },
    docs=_DOCS + "math/log",
)


def _sparse_with_logits(x: Any, target: Any, weight: Any = None, *, ignore_index: int | None, reduction: str) -> Any:
    losses = tf.nn.sparse_softmax_cross_entropy_with_logits(labels=target, logits=x)
    return _counted(losses, target, weight, ignore_index, reduction)


def _counted(losses: Any, target: Any, weight: Any, ignore_index: int | None, reduction: str) -> Any:
    counting = tf.ones_like(losses) if ignore_index is None else tf.cast(target != ignore_index, losses.dtype)
    weights = counting if weight is None else counting * tf.gather(weight, target)
    count = tf.reduce_sum(weights if reduction == "weighted_mean" else counting)
    return _reduced(losses * weights, reduction, count)


sparse_categorical_cross_entropy_with_logits = binding(
    _sparse_with_logits,
    x="n ... c",
    conventions={
        **_CLASSES,
        "takes": "logits",
        "default ignored class": "none; a target out of range is an error on a CPU, NaN on a GPU",
        "mean divides by": "does not reduce",
        "class weights": "none",
    },
    docs=_DOCS + "nn/sparse_softmax_cross_entropy_with_logits",
)


def _sparse(x: Any, target: Any, *, epsilon: float, normalize: bool, ignore_index: int | None, reduction: str) -> Any:
    logarithms = tf.math.log(tf.clip_by_value(x, epsilon, 1 - epsilon))
    if normalize:
        logarithms -= tf.reduce_logsumexp(logarithms, -1, keepdims=True)
    losses = -tf.gather(logarithms, target, axis=-1, batch_dims=len(target.shape))
    return _counted(losses, target, None, ignore_index, reduction)


sparse_categorical_cross_entropy = binding(
    _sparse,
    x="n ... c",
    conventions={
        **_CLASSES,
        "takes": "no loss takes probabilities",
        "default ignored class": "none",
        "divides probabilities by their sum": "no",
        "probabilities are clipped to": "no limits",
    },
    docs=_DOCS + "gather",
)


def _binary_with_logits(x: Any, target: Any, *, pos_weight: float, reduction: str) -> Any:
    if pos_weight == 1:
        return _reduced(tf.nn.sigmoid_cross_entropy_with_logits(labels=target, logits=x), reduction)
    return _reduced(tf.nn.weighted_cross_entropy_with_logits(target, x, pos_weight), reduction)


binary_cross_entropy_with_logits = binding(
    _binary_with_logits,
    conventions={**_COMMON, "weight of a yes": "pos_weight of weighted_cross_entropy_with_logits"},
    docs=_DOCS + "nn/weighted_cross_entropy_with_logits",
)


def _binary(x: Any, target: Any, *, epsilon: float, least_log: float | None, reduction: str) -> Any:
    share = tf.clip_by_value(x, epsilon, 1 - epsilon)
    yes, no = tf.math.log(share), tf.math.log(1 - share)
    if least_log is not None:
        yes, no = tf.maximum(yes, least_log), tf.maximum(no, least_log)
    return _reduced(-(target * yes + (1 - target) * no), reduction)


binary_cross_entropy = binding(
    _binary,
    conventions={
        **_COMMON,
        "probabilities are clipped to": "no loss takes probabilities",
        "a logarithm is at least": "no limit",
        "loss of a wrong certainty": "infinity",
    },
    docs=_DOCS + "math/log",
)


def _mse(x: Any, target: Any, *, reduction: str) -> Any:
    return _reduced(tf.math.squared_difference(x, target), reduction)


def _mae(x: Any, target: Any, *, reduction: str) -> Any:
    return _reduced(tf.abs(x - target), reduction)


def _huber(x: Any, target: Any, *, delta: float, reduction: str) -> Any:
    size = tf.abs(x - target)
    return _reduced(tf.where(size <= delta, 0.5 * tf.square(size), delta * (size - 0.5 * delta)), reduction)


def _smooth_l1(x: Any, target: Any, *, beta: float, reduction: str) -> Any:
    size = tf.abs(x - target)
    return _reduced(tf.where(size <= beta, 0.5 * tf.square(size) / beta, size - 0.5 * beta), reduction)


def _hinge(x: Any, target: Any, *, squared: bool, reduction: str) -> Any:
    lacking = tf.nn.relu(1 - (2 * tf.cast(target, x.dtype) - 1) * x)
    return _reduced(tf.square(lacking) if squared else lacking, reduction)


def _kl_divergence(x: Any, target: Any, *, log_target: bool, reduction: str) -> Any:
    share, logarithm = (tf.exp(target), target) if log_target else (target, tf.math.log(target))
    return _reduced(share * (logarithm - x), reduction, x.shape[0] if reduction == "batchmean" else None)


_NONE = {**_COMMON, "reduction none returns": "every element"}
mse = binding(_mse, conventions=_NONE, docs=_DOCS + "math/squared_difference")
mae = binding(_mae, conventions={**_NONE, "gradient where both are equal": "0"}, docs=_DOCS + "math/abs")
huber = binding(
    _huber, conventions={**_NONE, "default limit": "no function of its own", "far slope": "delta"}, docs=_DOCS + "where"
)
smooth_l1 = binding(
    _smooth_l1,
    conventions={**_NONE, "default width": "no function of its own", "far slope": "1"},
    docs=_DOCS + "where",
)
hinge = binding(
    _hinge, conventions={**_NONE, "targets": "1 or -1", "function": "none: relu(1 - t * x)"}, docs=_DOCS + "nn/relu"
)
kl_divergence = binding(
    _kl_divergence,
    conventions={
        "arguments": "no function of its own",
        "default reduction": "none",
        "probabilities are clipped to": "no limits",
        "targets": "either, as it is written out",
    },
    docs=_DOCS + "math/log",
)
