"""PyTorch, element by element."""

from __future__ import annotations

import functools
from typing import Any

from equivalence.binding import binding
from equivalence.lazy import Lazy

torch = Lazy("torch")


def _sum(*parts: Any) -> Any:
    return functools.reduce(torch.add, parts)


def _mul(*parts: Any) -> Any:
    return functools.reduce(torch.mul, parts)


def _max(*parts: Any) -> Any:
    return functools.reduce(torch.maximum, parts)


def _mean(*parts: Any) -> Any:
    return torch.stack(parts).mean(dim=0)


def _cast(x: Any, *, dtype: str) -> Any:
    return x.to(getattr(torch, dtype))


def _divide_integers(x: Any, y: Any, *, rounding: str) -> Any:
    if rounding == "nearest":
        return torch.round(x.double() / y).to(x.dtype)
    return torch.div(x, y, rounding_mode="floor" if rounding == "floor" else "trunc")


def _normalize_image(x: Any, mean: Any, *, reverse: bool, scale: float) -> Any:
    ordered = x.flip(1) if reverse else x
    return ordered.to(mean.dtype) * scale - mean[:, None, None]


merge_sum = binding(
    _sum,
    docs="https://docs.pytorch.org/docs/stable/generated/torch.add.html",
    conventions={"shapes": "broadcast from the last axis"},
)
merge_mul = binding(
    _mul,
    docs="https://docs.pytorch.org/docs/stable/generated/torch.mul.html",
    conventions={"shapes": "broadcast from the last axis"},
)
merge_max = binding(
    _max,
    docs="https://docs.pytorch.org/docs/stable/generated/torch.maximum.html",
    conventions={"gradient of ties": "half to each of two", "NaN in one": "NaN; fmax: the other"},
)
merge_mean = binding(
    _mean,
    docs="https://docs.pytorch.org/docs/stable/generated/torch.mean.html",
    conventions={"own function": "none"},
)
absolute = binding(
    torch.abs,
    docs="https://docs.pytorch.org/docs/stable/generated/torch.abs.html",
    conventions={"gradient at 0": "0"},
)
cast = binding(
    _cast,
    docs="https://docs.pytorch.org/docs/stable/generated/torch.Tensor.to.html",
    conventions={"real to whole": "drops what is behind the point", "out of range": "depends on the machine"},
)
cast_integers = binding(
    _cast,
    docs="https://docs.pytorch.org/docs/stable/generated/torch.Tensor.to.html",
    conventions={"out of range": "wraps around", "int64 with float32": "float32"},
)
divide_integers = binding(
    _divide_integers,
    docs="https://docs.pytorch.org/docs/stable/generated/torch.div.html",
    conventions={
        "a // b": "down; before 1.13 to zero",
        "a / b of whole numbers": "the default dtype, float32",
        "round of halves": "to the even number",
    },
)
normalize_image = binding(
    _normalize_image,
    docs="https://docs.pytorch.org/vision/stable/generated/torchvision.transforms.Normalize.html",
    conventions={
        "preprocess_input": "torchvision: red first, x / 255 (ToTensor), then (x - mean) / deviation",
        "its argument": "Normalize(inplace=False): stays; torch.from_numpy shares the array's memory",
    },
)
