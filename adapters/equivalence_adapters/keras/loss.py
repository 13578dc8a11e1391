"""Keras's losses: the target first, then the output; what they reduce to depends on the class or the function."""

from __future__ import annotations

from typing import Any

from equivalence.binding import binding
from equivalence.lazy import Lazy

losses, ops = Lazy("keras.losses"), Lazy("keras.ops")

_DOCS = "https://keras.io/api/losses/"
_MEAN = "sum_over_batch_size: mean, over all that is left"
_COMMON = {"arguments": "target, output", "default reduction": _MEAN}
_CLASSES = {"arguments": "target, output", "class axis": "-1", "default reduction": _MEAN}


def _categorical(x: Any, target: Any, *, reduction: str) -> Any:
    return losses.CategoricalCrossentropy(reduction=reduction, dtype=x.dtype.name)(target, x)


categorical_cross_entropy = binding(
    _categorical,
    x="n ... c",
    target="n ... c",
    rename={"epsilon": None, "normalize": None},
    only={"epsilon": [1e-7], "normalize": [True]},
    conventions={
        **_CLASSES,
        "takes": "probabilities, or logits with from_logits=True",
        "divides probabilities by their sum": "yes, before they are clipped",
        "probabilities are clipped to": "1e-7 and 1 - 1e-7: keras.config.epsilon()",
    },
    docs=_DOCS + "probabilistic_losses/#categoricalcrossentropy-class",
)


def _sparse(x: Any, target: Any, *, ignore_class: int | None, reduction: str) -> Any:
    loss = losses.SparseCategoricalCrossentropy(ignore_class=ignore_class, reduction=reduction, dtype=x.dtype.name)
    return loss(target, x)


sparse_categorical_cross_entropy = binding(
    _sparse,
    x="n ... c",
    rename={"epsilon": None, "normalize": None, "ignore_index": "ignore_class"},
    only={"epsilon": [1e-7], "normalize": [True]},
    conventions={
        **_CLASSES,
        "takes": "probabilities, or logits with from_logits=True",
        "default ignored class": "none: ignore_class",
        "divides probabilities by their sum": "yes on TensorFlow, after they are clipped",
        "probabilities are clipped to": "1e-7 and 1 - 1e-7: keras.config.epsilon()",
    },
    docs=_DOCS + "probabilistic_losses/#sparsecategoricalcrossentropy-class",
)


_REDUCTIONS = {
    "mean": "sum_over_batch_size",
    "none": "none",
    "sum": "sum",
    "row_means": "none",
    "batchmean": "sum_over_batch_size",
}


def _apply(kind: Any, x: Any, target: Any, reduction: str, **settings: Any) -> Any:
    loss = kind(reduction=_REDUCTIONS[reduction], dtype=x.dtype.name, **settings)
    if reduction in {"row_means", "batchmean"}:
        return loss(target, x)
    # Keras puts the last axis together before it reduces: one of size 1 keeps the elements apart.
    return loss(ops.expand_dims(target, -1), ops.expand_dims(x, -1))


def _binary(x: Any, target: Any, *, reduction: str) -> Any:
    return _apply(losses.BinaryCrossentropy, x, target, reduction)


binary_cross_entropy = binding(
    _binary,
    rename={"epsilon": None, "least_log": None},
    only={"epsilon": [1e-7], "least_log": [None]},
    conventions={
        **_COMMON,
        "probabilities are clipped to": "1e-7 and 1 - 1e-7: keras.config.epsilon()",
        "a logarithm is at least": "no limit, but for the clipping",
        "loss of a wrong certainty": "16.1; 15.9 in float32 for a no",
    },
    docs=_DOCS + "probabilistic_losses/#binarycrossentropy-class",
)

_NONE = {**_COMMON, "reduction none returns": "the mean over the last axis; sum adds these up"}


def _mse(x: Any, target: Any, *, reduction: str) -> Any:
    return _apply(losses.MeanSquaredError, x, target, reduction)


def _mae(x: Any, target: Any, *, reduction: str) -> Any:
    return _apply(losses.MeanAbsoluteError, x, target, reduction)


def _huber(x: Any, target: Any, *, delta: float, reduction: str) -> Any:
    return _apply(losses.Huber, x, target, reduction, delta=delta)


def _hinge(x: Any, target: Any, *, squared: bool, reduction: str) -> Any:
    kind = losses.SquaredHinge if squared else losses.Hinge
    return _apply(kind, x, ops.cast(target, x.dtype.name), reduction)


def _kl_divergence(x: Any, target: Any, *, reduction: str) -> Any:
    return _apply(losses.KLDivergence, ops.exp(x), target, reduction)


mse = binding(_mse, conventions=_NONE, docs=_DOCS + "regression_losses/#meansquarederror-class")
mae = binding(
    _mae,
    conventions={**_NONE, "gradient where both are equal": "0"},
    docs=_DOCS + "regression_losses/#meanabsoluteerror-class",
)
huber = binding(
    _huber,
    conventions={**_NONE, "default limit": "1", "far slope": "delta"},
    docs=_DOCS + "regression_losses/#huber-class",
)
hinge = binding(
    _hinge,
    conventions={**_NONE, "targets": "1 or -1; 0 or 1 if all are", "function": "Hinge, SquaredHinge"},
    docs=_DOCS + "hinge_losses/#hinge-class",
)
kl_divergence = binding(
    _kl_divergence,
    rename={"log_target": None},
    only={"log_target": [False]},
    conventions={
        "arguments": "target, probabilities of the output",
        "default reduction": "sum over the last axis, mean over the rest: PyTorch's batchmean",
        "probabilities are clipped to": "1e-7 and 1: keras.config.epsilon()",
        "targets": "probabilities",
    },
    docs=_DOCS + "probabilistic_losses/#kldivergence-class",
)
