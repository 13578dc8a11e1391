"""PyTorch's way to layers that see an image through windows: unfold, and 1x1 convolutions."""

from __future__ import annotations

from typing import Any

from equivalence.binding import Context, binding
from equivalence.lazy import Lazy
from equivalence_adapters.padding import convolution_border
from equivalence_adapters.torch.linear import activate

torch, functional = Lazy("torch"), Lazy("torch.nn.functional")


def _mlpconv(
    x: Any,
    kernel: Any,
    hidden: Any,
    weight: Any,
    *biases: Any,
    stride: tuple[int, int],
    padding: tuple[int, ...],
    activation: str,
) -> Any:
    first, second, third = biases or (None, None, None)
    output = activate(functional.conv2d(functional.pad(x, padding), kernel, first, stride=stride), activation)
    output = activate(functional.conv2d(output, hidden, second), activation)
    return activate(functional.conv2d(output, weight, third), activation)


def _border(context: Context) -> tuple[int, ...]:
    (top, bottom), (left, right) = convolution_border(
        Context({**context.parameters, "dilation": (1, 1)}, context.sizes)
    )
    # torch.nn.functional.pad counts the axes from the last.
    return left, right, top, bottom


# The dense layers are convolutions with 1x1 kernels.
mlpconv = binding(
    _mlpconv,
    docs="https://docs.pytorch.org/docs/stable/generated/torch.nn.functional.conv2d.html",
    recode={"padding": _border},
    hidden="k m 1 1",
    weight="o k 1 1",
    conventions={
        "1x1 layers": "torch.nn.Conv2d with a kernel o c 1 1",
        "default activation": "none",
        "default padding": "0",
    },
)

_LOCAL = {
    "default activation": "no such layer",
    "bias": "no such layer",
    "padding": "no such layer; unfold pads both sides alike",
    "still there": "never was: unfold and einsum",
}


def _locally_connected1d(x: Any, weight: Any, bias: Any = None, *, stride: int, kernel: int) -> Any:
    output = torch.einsum("ncjq,ocqj->noj", x.unfold(2, kernel, stride), weight)
    return output if bias is None else output + bias


locally_connected1d = binding(
    _locally_connected1d,
    docs="https://docs.pytorch.org/docs/stable/generated/torch.Tensor.unfold.html",
    recode={"kernel": lambda context: context.sizes["q"]},
    conventions=_LOCAL,
)


def _locally_connected2d(
    x: Any, weight: Any, bias: Any = None, *, stride: tuple[int, int], kernel: tuple[int, int]
) -> Any:
    output = torch.einsum("nfl,ofl->nol", functional.unfold(x, kernel, stride=stride), weight)
    return output if bias is None else output + bias


# unfold has the channels before the window's pixels, and one axis for all places.
locally_connected2d = binding(
    _locally_connected2d,
    docs="https://docs.pytorch.org/docs/stable/generated/torch.nn.functional.unfold.html",
    recode={"kernel": lambda context: (context.sizes["p"], context.sizes["q"])},
    weight="o (c p q) (i j)",
    bias="o (i j)",
    output="n o (i j)",
    conventions=_LOCAL,
)
