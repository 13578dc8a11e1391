"""PyTorch's normalizations."""

from __future__ import annotations

import math
from typing import Any

from equivalence.binding import Context, binding
from equivalence.lazy import Lazy

torch, functional = Lazy("torch"), Lazy("torch.nn.functional")

_DOCS = "https://docs.pytorch.org/docs/stable/generated/torch.nn."
_AFFINE = {"scale": "weight", "shift": "bias"}

_BATCH_NORM = {
    "default epsilon": "1e-5",
    "epsilon is added to": "the variance",
    "momentum": "share of the new statistics: 1 - decay",
    "default momentum": "0.1 (a decay of 0.9); None averages all batches alike",
    "variance that divides in training": "biased",
    "variance that is stored": "unbiased",
    "what is stored": "mean and variance",
    "channel axis": "1, fixed",
    "names": "weight, bias, running_mean, running_var",
    "inference mode": "eval(), or track_running_stats=False to never use the stored statistics",
}


batch_norm = binding(
    functional.batch_norm,
    # The weight is the fourth argument there too.
    rename={"shift": "bias", "epsilon": "eps"},
    conventions=_BATCH_NORM,
    docs=_DOCS + "BatchNorm2d.html",
)


def _batch_norm_training(
    x: Any, mean: Any, variance: Any, *, unbiased: bool, momentum: float, **others: Any
) -> tuple[Any, Any, Any]:
    # The statistics are written over.
    new_mean, new_variance = mean.clone(), variance.clone()
    y = functional.batch_norm(x, new_mean, new_variance, training=True, momentum=momentum, **others)
    if not unbiased:
        # PyTorch stores the unbiased variance only.
        batch = torch.var(x.detach(), (0, *range(2, x.ndim)), correction=0)
        new_variance = (1 - momentum) * variance + momentum * batch
    return y, new_mean, new_variance


batch_norm_training = binding(
    _batch_norm_training,
    rename={**_AFFINE, "epsilon": "eps", "decay": "momentum"},
    recode={"momentum": lambda context: 1 - context.parameters["decay"]},
    conventions=_BATCH_NORM,
    docs=_DOCS + "BatchNorm2d.html",
)


def _layer_norm(x: Any, **others: Any) -> Any:
    return functional.layer_norm(x, x.shape[2:], **others)


layer_norm = binding(
    _layer_norm,
    rename={**_AFFINE, "epsilon": "eps"},
    conventions={
        "default epsilon": "1e-5",
        "epsilon is added to": "the variance",
        "variance": "biased",
        "axes": "the last ones, as many as normalized_shape has",
        "shape of scale and shift": "that of the normalized axes",
        "names": "weight, bias",
    },
    docs=_DOCS + "LayerNorm.html",
)

instance_norm = binding(
    functional.instance_norm,
    rename={**_AFFINE, "epsilon": "eps"},
    conventions={
        "default epsilon": "1e-5",
        "epsilon is added to": "the variance",
        "variance": "biased",
        "default scale and shift": "none: affine=False",
        "statistics at inference": "the example's own; the stored ones with track_running_stats=True",
        "channel axis": "1, fixed",
        "names": "weight, bias",
    },
    docs=_DOCS + "InstanceNorm2d.html",
)


def _group_norm(x: Any, *, num_groups: int, **others: Any) -> Any:
    return functional.group_norm(x, num_groups, **others)


group_norm = binding(
    _group_norm,
    rename={**_AFFINE, "epsilon": "eps", "groups": "num_groups"},
    conventions={
        "default epsilon": "1e-5",
        "epsilon is added to": "the variance",
        "variance": "biased",
        "default groups": "none",
        "channels of a group": "successive",
        "channel axis": "1, fixed",
        "names": "weight, bias",
    },
    docs=_DOCS + "GroupNorm.html",
)


def _rms_norm(x: Any, **others: Any) -> Any:
    return functional.rms_norm(x, x.shape[-1:], **others)


rms_norm = binding(
    _rms_norm,
    rename={"scale": "weight", "epsilon": "eps"},
    conventions={
        "default epsilon": "None: the dtype's machine epsilon, 1.2e-7 in float32",
        "epsilon is added to": "the mean of the squares",
        "scale": "the factor itself",
        "axes": "the last ones, as many as normalized_shape has",
        "names": "weight",
    },
    docs=_DOCS + "RMSNorm.html",
)


def _l2_normalize(x: Any, *, dim: int, eps: float, placement: str) -> Any:
    if placement.startswith("max"):
        return functional.normalize(x, dim=dim, eps=eps)
    if placement == "added_to_sum":
        return x * torch.rsqrt(x.square().sum(dim, keepdim=True) + eps)
    return x / (torch.linalg.vector_norm(x, dim=dim, keepdim=True) + eps)


def _least_length(context: Context) -> float:
    """Epsilon beside a length, where another framework has it beside a square."""
    epsilon: float = context.parameters["epsilon"]
    return math.sqrt(epsilon) if context.parameters["placement"] == "max_of_sum" else epsilon


l2_normalize = binding(
    _l2_normalize,
    rename={"axis": "dim", "epsilon": "eps"},
    recode={"eps": _least_length},
    conventions={
        "default epsilon": "1e-12",
        "epsilon": "least length: max(norm, eps)",
        "default axis": "1",
        "zero vector": "stays zero",
    },
    docs=_DOCS + "functional.normalize.html",
)


def _local_response_norm(x: Any, *, size: int, **others: Any) -> Any:
    return functional.local_response_norm(x, size, **others)


def _alpha(context: Context) -> float:
    """PyTorch divides alpha by the size."""
    alpha: float = context.parameters["alpha"]
    return alpha if context.parameters["divided"] else alpha * context.parameters["size"]


local_response_norm = binding(
    _local_response_norm,
    rename={"divided": None},
    recode={"alpha": _alpha},
    conventions={
        "window": "size, all its channels; if even, one more before than behind",
        "alpha": "divided by the size",
        "default window": "none",
        "default alpha, beta, k": "1e-4, 0.75, 1",
        "names": "size, alpha, beta, k",
    },
    docs=_DOCS + "LocalResponseNorm.html",
)
