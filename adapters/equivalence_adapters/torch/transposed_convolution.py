"""PyTorch's transposed convolutions: gradients of cross-correlations, cut off alike on both sides."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

from equivalence.binding import HALF_TOO, Context, binding
from equivalence.lazy import Lazy
from equivalence_adapters.padding import Border, transposed_border, transposed_excess
from equivalence_adapters.torch.convolution import torch_border, unflipped

functional = Lazy("torch.nn.functional")

Sizes = tuple[int, ...]

_DOCS = "https://docs.pytorch.org/docs/stable/generated/torch.nn.ConvTranspose{}d.html"


def _transposed(context: Context) -> tuple[Sizes, Sizes, Border]:
    """Padding, output padding, and what is cut off before and after, as ``conv_transpose2d`` counts them.

    Its padding takes as much off both sides, and its output padding adds at the end. What is taken off one side more
    than off the other must be cut off the result.
    """
    border, excess = transposed_border(context), transposed_excess(context)
    both = tuple(min(sides) for sides in border)
    # Output padding and a larger border at the end cancel each other.
    end = [after - less - more for (_, after), less, more in zip(border, both, excess, strict=True)]
    cut = [(before - less, max(last, 0)) for (before, _), less, last in zip(border, both, end, strict=True)]
    return both, tuple(max(-last, 0) for last in end), tuple(cut)


def _cut(context: Context) -> Sizes | None:
    cut = torch_border(_transposed(context)[2])
    # A negative border takes away.
    return tuple(-amount for amount in cut) if any(cut) else None


def _transpose(
    transpose: Callable[..., Any], x: Any, weight: Any, bias: Any = None, *, cut: Sizes | None, **keywords: Any
) -> Any:
    output = transpose(x, weight, bias, **keywords)
    return output if cut is None else functional.pad(output, cut)


# The weight's first axis is the input's channels: the canonical order. The output's size is no argument of the
# function; it follows from the output padding.
_SETTINGS: dict[str, Any] = {
    "rename": {"flip_kernel": None, "output_shape": None},
    "recode": {
        "padding": lambda context: _transposed(context)[0],
        "output_padding": lambda context: _transposed(context)[1],
        "cut": _cut,
    },
    "conventions": {
        "kernel": "the gradient of a cross-correlation: painted as it is",
        "kernel layout": "IOHW: input channels, output channels of one group, spatial axes",
        "size of the output": "(h - 1) stride - 2 padding + dilation (p - 1) + output_padding + 1",
        "output_padding": "pixels more at the end, below the stride or the dilation; the bias is added there too",
        "same": "none: padding=(p - 1) // 2 with an output_padding for odd kernels only",
        "default padding": "0",
        "padding in numbers": "one number an axis, cut off both sides of the output",
        "groups": "groups=; consecutive blocks of channels",
    },
}

conv_transpose1d = binding(
    partial(_transpose, functional.conv_transpose1d), docs=_DOCS.format(1), flip=unflipped("q"), **_SETTINGS
)
conv_transpose2d = binding(
    partial(_transpose, functional.conv_transpose2d),
    docs=_DOCS.format(2),
    flip=unflipped("p q"),
    **_SETTINGS,
    dtypes=HALF_TOO,
)
conv_transpose3d = binding(
    partial(_transpose, functional.conv_transpose3d), docs=_DOCS.format(3), flip=unflipped("r p q"), **_SETTINGS
)
