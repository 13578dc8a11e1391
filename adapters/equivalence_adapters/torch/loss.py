"""PyTorch's losses: the output first, then the target; the classes are axis 1."""

from __future__ import annotations

from typing import Any

from equivalence.binding import binding
from equivalence.lazy import Lazy

torch, functional = Lazy("torch"), Lazy("torch.nn.functional")

_DOCS = "https://docs.pytorch.org/docs/stable/generated/torch.nn."
_COMMON = {"arguments": "output, target", "default reduction": "mean, over all elements"}
_CLASSES = {
    "arguments": "output, target",
    "class axis": "1",
    "default reduction": "mean",
}


def _categorical_with_logits(x: Any, target: Any, weight: Any = None, *, label_smoothing: float, reduction: str) -> Any:
    aims = target / target.sum(1, keepdim=True)
    return functional.cross_entropy(x, aims, weight, label_smoothing=label_smoothing, reduction=reduction)


categorical_cross_entropy_with_logits = binding(
    _categorical_with_logits,
    rename={"smoothing": "label_smoothing"},
    conventions={
        **_CLASSES,
        "takes": "logits, always",
        "mean with class weights divides by": "the examples where targets are probabilities, else the weights' sum",
        "label smoothing": "(1 - s) t + s / C",
    },
    docs=_DOCS + "CrossEntropyLoss.html",
)


def _categorical(x: Any, target: Any, *, epsilon: float, normalize: bool, reduction: str) -> Any:
    share = x / x.sum(1, keepdim=True) if normalize else x
    losses = -(target * torch.log(torch.clamp(share, epsilon, 1 - epsilon))).sum(1)
    return losses if reduction == "none" else getattr(losses, reduction)()


categorical_cross_entropy = binding(
    _categorical,
    conventions={
        **_CLASSES,
        "takes": "no loss takes probabilities: nll_loss takes their logarithms",
        "divides probabilities by their sum": "no",
        "probabilities are clipped to": "no limits",
    },
    docs=_DOCS + "NLLLoss.html",
)


def _sparse_with_logits(x: Any, target: Any, weight: Any = None, *, ignore_index: int | None, reduction: str) -> Any:
    others = {} if ignore_index is None else {"ignore_index": ignore_index}
    if reduction == "weighted_mean":
        return functional.cross_entropy(x, target, weight, **others)
    if reduction == "mean" and weight is not None:
        losses = functional.cross_entropy(x, target, weight, reduction="sum", **others)
        return losses / (target.numel() if ignore_index is None else (target != ignore_index).sum())
    return functional.cross_entropy(x, target, weight, reduction=reduction, **others)


sparse_categorical_cross_entropy_with_logits = binding(
    _sparse_with_logits,
    conventions={
        **_CLASSES,
        "takes": "logits, always",
        "default ignored class": "-100",
        "mean divides by": "the weights' sum of the examples that count",
        "class weights": "weight, by the target's class",
    },
    docs=_DOCS + "CrossEntropyLoss.html",
)


def _sparse(x: Any, target: Any, *, epsilon: float, normalize: bool, ignore_index: int | None, reduction: str) -> Any:
    share = torch.clamp(x, epsilon, 1 - epsilon)
    share = share / share.sum(1, keepdim=True) if normalize else share
    others = {} if ignore_index is None else {"ignore_index": ignore_index}
    return functional.nll_loss(torch.log(share), target, reduction=reduction, **others)


sparse_categorical_cross_entropy = binding(
    _sparse,
    conventions={
        **_CLASSES,
        "takes": "nll_loss: logarithms of probabilities",
        "default ignored class": "-100",
        "divides probabilities by their sum": "no",
        "probabilities are clipped to": "no limits",
    },
    docs=_DOCS + "NLLLoss.html",
)


def _binary_with_logits(x: Any, target: Any, *, pos_weight: float, reduction: str) -> Any:
    weight = None if pos_weight == 1 else torch.tensor(pos_weight, dtype=x.dtype)
    return functional.binary_cross_entropy_with_logits(x, target, pos_weight=weight, reduction=reduction)


binary_cross_entropy_with_logits = binding(
    _binary_with_logits,
    conventions={**_COMMON, "weight of a yes": "pos_weight, a tensor"},
    docs=_DOCS + "BCEWithLogitsLoss.html",
)


def _binary(x: Any, target: Any, *, epsilon: float, least_log: float | None, reduction: str) -> Any:
    share = torch.clamp(x, epsilon, 1 - epsilon)
    if least_log is None:
        return functional.binary_cross_entropy(share, target, reduction=reduction)
    yes, no = (torch.clamp(torch.log(part), min=least_log) for part in (share, 1 - share))
    losses = -(target * yes + (1 - target) * no)
    return losses if reduction == "none" else getattr(losses, reduction)()


binary_cross_entropy = binding(
    _binary,
    conventions={
        **_COMMON,
        "probabilities are clipped to": "no limits",
        "a logarithm is at least": "-100",
        "loss of a wrong certainty": "100",
    },
    docs=_DOCS + "BCELoss.html",
)


def _by_rows(native: Any) -> Any:
    def call(x: Any, target: Any, *, reduction: str) -> Any:
        if reduction == "row_means":
            return native(x, target, reduction="none").mean(-1)
        return native(x, target, reduction=reduction)

    return call


_NONE = {**_COMMON, "reduction none returns": "every element"}
mse = binding(_by_rows(functional.mse_loss), conventions=_NONE, docs=_DOCS + "MSELoss.html")
mae = binding(
    _by_rows(functional.l1_loss),
    conventions={**_NONE, "gradient where both are equal": "0"},
    docs=_DOCS + "L1Loss.html",
)
huber = binding(
    functional.huber_loss,
    conventions={**_NONE, "default limit": "1", "far slope": "delta; smooth_l1_loss: 1"},
    docs=_DOCS + "HuberLoss.html",
)
smooth_l1 = binding(
    functional.smooth_l1_loss,
    conventions={**_NONE, "default width": "1", "far slope": "1"},
    docs=_DOCS + "SmoothL1Loss.html",
)


def _hinge(x: Any, target: Any, *, squared: bool, reduction: str) -> Any:
    lacking = functional.relu(1 - (2 * target.to(x.dtype) - 1) * x)
    losses = lacking.square() if squared else lacking
    return losses if reduction == "none" else getattr(losses, reduction)()


hinge = binding(
    _hinge,
    conventions={
        **_NONE,
        "targets": "1 or -1",
        "function": "none: hinge_embedding_loss is another, multi_margin_loss is for classes",
    },
    docs=_DOCS + "functional.relu.html",
)
kl_divergence = binding(
    functional.kl_div,
    conventions={
        "arguments": "logarithms of the output's probabilities, target",
        "default reduction": "mean, over all elements; batchmean is the divergence",
        "probabilities are clipped to": "no limits",
        "targets": "probabilities, or logarithms with log_target",
    },
    docs=_DOCS + "KLDivLoss.html",
)
