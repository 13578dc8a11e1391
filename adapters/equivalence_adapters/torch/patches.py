"""PyTorch's borders, windows and blocks."""

from __future__ import annotations

from typing import Any

from equivalence.binding import Context, binding
from equivalence.lazy import Lazy

torch, functional = Lazy("torch"), Lazy("torch.nn.functional")

Pair = tuple[int, int]


def _sliding_windows(x: Any, *, size: int, step: int, pad_end: bool) -> Any:
    length = x.shape[1]
    if pad_end:
        behind = (-(-length // step) - 1) * step + size - length
        x = functional.pad(x, (*[0, 0] * (x.ndim - 2), 0, max(0, behind)))
    return x.unfold(1, size, step)


def _pad(x: Any, *, pad: tuple[int, ...], mode: str, value: float) -> Any:
    if mode != "symmetric":
        return functional.pad(x, pad, mode, value if mode == "constant" else None)
    # pad repeats no mirrored edge: it is selected.
    for axis, before, after in ((3, *pad[:2]), (2, *pad[2:])):
        size = x.shape[axis]
        places = torch.arange(-before, size + after)
        mirrored = torch.where(places < 0, -1 - places, torch.where(places >= size, 2 * size - 1 - places, places))
        x = x.index_select(axis, mirrored)
    return x


def _amounts(context: Context) -> tuple[int, ...]:
    (top, bottom), (left, right) = context.parameters["border"]
    return left, right, top, bottom


def _depth_to_space(x: Any, *, block: int, order: str) -> Any:
    if order == "CRD":
        return functional.pixel_shuffle(x, block)
    n, d, h, w = x.shape
    c = d // block**2
    parted = x.reshape(n, block, block, c, h, w).permute(0, 3, 4, 1, 5, 2)
    return parted.reshape(n, c, h * block, w * block)


def _space_to_depth(x: Any, *, block: int, order: str) -> Any:
    if order == "CRD":
        return functional.pixel_unshuffle(x, block)
    n, c, u, v = x.shape
    parted = x.reshape(n, c, u // block, block, v // block, block).permute(0, 3, 5, 1, 2, 4)
    return parted.reshape(n, c * block**2, u // block, v // block)


sliding_windows = binding(
    _sliding_windows,
    docs="https://docs.pytorch.org/docs/stable/generated/torch.Tensor.unfold.html",
    output="n i ... s",
    conventions={
        "place of the new axis": "last",
        "remainder": "dropped",
        "default axis": "none",
    },
)
pad = binding(
    _pad,
    docs="https://docs.pytorch.org/docs/stable/generated/torch.nn.functional.pad.html",
    rename={"border": None},
    recode={
        "pad": _amounts,
        "mode": {"constant": "constant", "reflect": "reflect", "symmetric": "symmetric", "edge": "replicate"},
    },
    conventions={
        "order of the amounts": "last axis first: left, right, top, bottom; axes before are left alone",
        "edge once": "reflect",
        "edge twice": "none",
        "edge repeated": "replicate",
    },
)
unfold = binding(
    functional.unfold,
    docs="https://docs.pytorch.org/docs/stable/generated/torch.nn.Unfold.html",
    rename={"window": "kernel_size"},
    output="n (c p q) (i j)",
    conventions={
        "order in a patch": "c p q: the channel slowest",
        "place of the windows": "one axis, the last",
        "padding": "an amount for each axis, zeros",
    },
)
depth_to_space = binding(
    _depth_to_space,
    docs="https://docs.pytorch.org/docs/stable/generated/torch.nn.PixelShuffle.html",
    conventions={"order of its own": "CRD"},
)
space_to_depth = binding(
    _space_to_depth,
    docs="https://docs.pytorch.org/docs/stable/generated/torch.nn.PixelUnshuffle.html",
    conventions={"order of its own": "CRD"},
)
