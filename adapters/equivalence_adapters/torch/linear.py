"""PyTorch's linear layers."""

from __future__ import annotations

from typing import Any

from equivalence.binding import HALF_TOO, binding
from equivalence.lazy import Lazy

torch, functional = Lazy("torch"), Lazy("torch.nn.functional")


def activate(output: Any, activation: str) -> Any:
    """Apply the activation of that name."""
    return output if activation == "linear" else getattr(torch, activation)(output)


def _dense(x: Any, weight: Any, bias: Any = None, *, activation: str) -> Any:
    return activate(functional.linear(x, weight, bias), activation)


def _nin(x: Any, weight: Any, bias: Any = None, *, activation: str) -> Any:
    output = torch.einsum("nc...,oc->no...", x, weight)
    if bias is not None:
        output = output + bias.reshape(-1, *[1] * (x.ndim - 2))
    return activate(output, activation)


# The weight is (out_features, in_features), the features are the last axis: the canonical order.
dense = binding(
    _dense,
    docs="https://docs.pytorch.org/docs/stable/generated/torch.nn.functional.linear.html",
    conventions={
        "more than two axes": "kept: the last is contracted",
        "default activation": "none",
        "default bias": "yes",
        "default initialisation": "weight and bias uniform within 1 / sqrt(c)",
    },
    dtypes=HALF_TOO,
)

# PyTorch has 1x1 convolutions up to three trailing axes only; einsum's ellipsis takes any number, as Lasagne's does.
nin = binding(
    _nin,
    docs="https://docs.pytorch.org/docs/stable/generated/torch.einsum.html",
    conventions={
        "layer of its own": "none: torch.nn.Conv1d, 2d or 3d with a kernel o c 1 ...",
        "default activation": "none",
        "default bias": "yes",
        "default initialisation": "weight and bias uniform within 1 / sqrt(c)",
    },
    dtypes=HALF_TOO,
)


bilinear = binding(
    functional.bilinear,
    docs="https://docs.pytorch.org/docs/stable/generated/torch.nn.functional.bilinear.html",
    conventions={
        "layer of its own": "torch.nn.Bilinear",
        "default bias": "yes",
        "default initialisation": "weight and bias uniform within 1 / sqrt(c)",
    },
)
