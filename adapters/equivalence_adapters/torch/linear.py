"""PyTorch's linear layers."""

from __future__ import annotations

from typing import Any

from equivalence.binding import HALF_TOO, binding
from equivalence.lazy import Lazy

torch, functional = Lazy("torch"), Lazy("torch.nn.functional")


def _activate(output: Any, activation: str) -> Any:
    return output if activation == "linear" else getattr(torch, activation)(output)


def _dense(x: Any, weight: Any, bias: Any = None, *, activation: str) -> Any:
    return _activate(functional.linear(x, weight, bias), activation)


def _nin(x: Any, weight: Any, bias: Any = None, *, activation: str) -> Any:
    output = torch.einsum("nc...,oc->no...", x, weight)
    if bias is not None:
        output = output + bias.reshape(-1, *[1] * (x.ndim - 2))
    return _activate(output, activation)


# The weight is (out_features, in_features), the features are the last axis: the canonical order.
dense = binding(
    _dense, docs="https://docs.pytorch.org/docs/stable/generated/torch.nn.functional.linear.html", dtypes=HALF_TOO
)

# PyTorch has 1x1 convolutions up to three trailing axes only; einsum's ellipsis takes any number, as Lasagne's does.
nin = binding(_nin, docs="https://docs.pytorch.org/docs/stable/generated/torch.einsum.html", dtypes=HALF_TOO)
