"""PyTorch's convolutions: cross-correlations, padded alike on both sides."""

from __future__ import annotations

from typing import Any

from equivalence.binding import HALF_TOO, Context, Flip, binding
from equivalence.lazy import Lazy
from equivalence_adapters.padding import Border, convolution_border, transposed_border, transposed_excess

functional = Lazy("torch.nn.functional")

# PyTorch knows cross-correlation only; a true convolution is one with the kernel turned around.
_FLIP = {"weight": Flip("p q", when={"flip_kernel": True})}


def symmetric(border: Border) -> bool:
    """Whether both sides get the same, which is all that PyTorch's whole-number padding can say."""
    return all(before == after for before, after in border)


def torch_border(border: Border) -> tuple[int, ...]:
    """A border as ``torch.nn.functional.pad`` wants it: from the last axis to the first.

    https://docs.pytorch.org/docs/stable/generated/torch.nn.functional.pad.html
    """
    (top, bottom), (left, right) = border
    return left, right, top, bottom


def _padding(context: Context) -> str | tuple[int, int]:
    parameters, border = context.parameters, convolution_border(context)
    if parameters["padding"] == "valid":
        return "valid"
    if parameters["padding"] == "same_upper" and tuple(parameters["stride"]) == (1, 1):
        # PyTorch's own "same" is for stride 1 only, and puts an odd pixel at the end.
        return "same"
    return (border[0][0], border[1][0]) if symmetric(border) else (0, 0)


def _outside(context: Context) -> tuple[int, ...] | None:
    """What has to be added before the convolution, because it cannot add it itself."""
    border = convolution_border(context)
    return None if isinstance(_padding(context), str) or symmetric(border) else torch_border(border)


def _conv2d(x: Any, weight: Any, bias: Any = None, *, border: tuple[int, ...] | None, **keywords: Any) -> Any:
    return functional.conv2d(x if border is None else functional.pad(x, border), weight, bias, **keywords)


conv2d = binding(
    _conv2d,
    docs="https://docs.pytorch.org/docs/stable/generated/torch.nn.functional.conv2d.html",
    rename={"flip_kernel": None},
    recode={"padding": _padding, "border": _outside},
    flip=_FLIP,
    dtypes=HALF_TOO,
)


def _transposed(context: Context) -> tuple[tuple[int, int], tuple[int, int], Border]:
    """Padding, output padding, and what is cut off before and after, as ``conv_transpose2d`` counts them.

    Its padding takes as much off both sides, and its output padding adds at the end. What is taken off one side more
    than off the other must be cut off the result.
    """
    border, excess = transposed_border(context), transposed_excess(context)
    both = [min(side) for side in border]
    begin = [border[k][0] - both[k] for k in range(2)]
    # Output padding and a larger border at the end cancel each other.
    end = [border[k][1] - both[k] - excess[k] for k in range(2)]
    cut = [(begin[k], max(end[k], 0)) for k in range(2)]
    return (both[0], both[1]), (max(-end[0], 0), max(-end[1], 0)), (cut[0], cut[1])


def _cut(context: Context) -> tuple[int, ...] | None:
    cut = torch_border(_transposed(context)[2])
    # A negative border takes away.
    return tuple(-amount for amount in cut) if any(cut) else None


def _conv_transpose2d(x: Any, weight: Any, bias: Any = None, *, cut: tuple[int, ...] | None, **keywords: Any) -> Any:
    output = functional.conv_transpose2d(x, weight, bias, **keywords)
    return output if cut is None else functional.pad(output, cut)


# The weight's first axis is the input's channels: the canonical order. The output's size is no argument of the
# function; it follows from the output padding.
conv_transpose2d = binding(
    _conv_transpose2d,
    docs="https://docs.pytorch.org/docs/stable/generated/torch.nn.ConvTranspose2d.html",
    rename={"flip_kernel": None, "output_shape": None},
    recode={
        "padding": lambda context: _transposed(context)[0],
        "output_padding": lambda context: _transposed(context)[1],
        "cut": _cut,
    },
    flip=_FLIP,
    dtypes=HALF_TOO,
)
