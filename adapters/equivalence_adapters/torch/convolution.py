"""PyTorch's convolutions: cross-correlations, padded alike on both sides."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

from equivalence.binding import HALF_TOO, Context, Flip, binding
from equivalence.lazy import Lazy
from equivalence_adapters.padding import Border, convolution_border

functional = Lazy("torch.nn.functional")

Sizes = tuple[int, ...]

CONVENTIONS = {
    "kernel": "cross-correlation: not flipped",
    "kernel layout": "OIHW: output channels, input channels of one group, spatial axes",
    "same": '"same": stride 1 only, the odd pixel at the end',
    "default padding": "0",
    "padding in numbers": "one number an axis, on both sides of it",
    "groups": "groups=; consecutive blocks of channels",
}
_DOCS = "https://docs.pytorch.org/docs/stable/generated/torch.nn.functional.conv{}d.html"


def unflipped(axes: str, argument: str = "weight") -> dict[str, Flip]:
    """PyTorch knows cross-correlation only; a true convolution is one with the kernel turned around."""
    return {argument: Flip(axes, when={"flip_kernel": True})}


def symmetric(border: Border) -> bool:
    """Whether both sides get the same, which is all that PyTorch's whole-number padding can say."""
    return all(before == after for before, after in border)


def torch_border(border: Border) -> tuple[int, ...]:
    """A border as ``torch.nn.functional.pad`` wants it: from the last axis to the first.

    https://docs.pytorch.org/docs/stable/generated/torch.nn.functional.pad.html
    """
    return tuple(amount for sides in reversed(border) for amount in sides)


def torch_padding(context: Context) -> str | Sizes:
    """PyTorch's own word or number for what a convolution adds; nothing where it has none."""
    parameters, border = context.parameters, convolution_border(context)
    if parameters["padding"] == "valid":
        return "valid"
    if parameters["padding"] == "same_upper" and set(parameters["stride"]) == {1}:
        # PyTorch's own "same" is for stride 1 only, and puts an odd pixel at the end.
        return "same"
    return tuple(before if symmetric(border) else 0 for before, _ in border)


def torch_outside(context: Context) -> Sizes | None:
    """What has to be added before the convolution, because it cannot add it itself."""
    border = convolution_border(context)
    return None if isinstance(torch_padding(context), str) or symmetric(border) else torch_border(border)


def convolve(
    convolution: Callable[..., Any], x: Any, weight: Any, bias: Any = None, *, border: Sizes | None, **keywords: Any
) -> Any:
    """A convolution of an image with a border."""
    return convolution(x if border is None else functional.pad(x, border), weight, bias, **keywords)


_SETTINGS: dict[str, Any] = {
    "rename": {"flip_kernel": None},
    "recode": {"padding": torch_padding, "border": torch_outside},
    "conventions": CONVENTIONS,
}

conv1d = binding(partial(convolve, functional.conv1d), docs=_DOCS.format(1), flip=unflipped("q"), **_SETTINGS)
conv2d = binding(
    partial(convolve, functional.conv2d),
    docs=_DOCS.format(2),
    flip=unflipped("p q"),
    **_SETTINGS,
    dtypes=HALF_TOO,
)
conv3d = binding(partial(convolve, functional.conv3d), docs=_DOCS.format(3), flip=unflipped("r p q"), **_SETTINGS)


def _strided(x: Any, weight: Any, bias: Any = None) -> Any:
    return functional.conv2d(x, weight, bias, stride=weight.shape[2:])


def _local_dense(x: Any, weight: Any, bias: Any = None, *, block: Sizes) -> Any:
    blocks = functional.unfold(x, block, stride=block)
    output = functional.linear(blocks.mT, weight, bias).mT
    return output.reshape(*output.shape[:2], x.shape[2] // block[0], x.shape[3] // block[1])


_LOCAL = {
    "kernel": "cross-correlation: the layer's matrix needs no flip",
    "order in which a block is flattened": "channels, rows, columns",
    "what to do with the layer's matrix": "reshape (o, c p q) to (o, c, p, q)",
    "pixels left over": "dropped",
}

local_fc_as_conv = binding(_strided, docs=_DOCS.format(2), conventions=_LOCAL)

dense_local_fc_as_conv = binding(
    _local_dense,
    docs="https://docs.pytorch.org/docs/stable/generated/torch.nn.functional.unfold.html",
    operation="local_fc_as_conv",
    variant="dense",
    recode={"block": lambda context: (context.sizes["p"], context.sizes["q"])},
    weight="o (c p q)",
    conventions=_LOCAL,
)
