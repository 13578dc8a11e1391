"""PyTorch's rearranging of tensors."""

from __future__ import annotations

from typing import Any

from equivalence.binding import binding
from equivalence.lazy import Lazy

torch = Lazy("torch")


def _squeeze(x: Any, *, dim: tuple[int, ...] | None) -> Any:
    # Without a dim, squeeze takes no None for it.
    return torch.squeeze(x) if dim is None else torch.squeeze(x, tuple(dim))


def _flatten(x: Any) -> Any:
    return torch.flatten(x, start_dim=1)


def _concatenate(*parts: Any) -> Any:
    return torch.cat(parts, dim=1)


permute_dimensions = binding(
    torch.permute,
    docs="https://docs.pytorch.org/docs/stable/generated/torch.permute.html",
    rename={"axes": "dims"},
    conventions={
        "meaning of the permutation": "dims[k] is the input's axis that becomes axis k",
        "left out": "error; torch.transpose exchanges two axes, Tensor.T reverses all",
    },
)
expand_dims = binding(
    torch.unsqueeze,
    docs="https://docs.pytorch.org/docs/stable/generated/torch.unsqueeze.html",
    conventions={"negative axis": "counts the output's axes: -1 puts the new one last", "default axis": "none"},
)
squeeze = binding(
    _squeeze,
    docs="https://docs.pytorch.org/docs/stable/generated/torch.squeeze.html",
    rename={"axes": "dim"},
    conventions={
        "an axis of another size": "is left as it is, without an error",
        "left out": "all axes of size one, the batch's too",
        "where sizes are unknown": "as at run time",
    },
)
reshape = binding(
    torch.reshape,
    docs="https://docs.pytorch.org/docs/stable/generated/torch.reshape.html",
    conventions={"order": "C, the last axis fastest", "size 0 in the shape": "an empty axis"},
)
flatten = binding(
    _flatten,
    docs="https://docs.pytorch.org/docs/stable/generated/torch.flatten.html",
    rename={"channels": None},
    only={"channels": ["first"]},
    conventions={
        "order on the framework's layout": "c h w: the channel slowest",
        "axes kept": "torch.flatten: none; nn.Flatten: the batch's",
    },
)
flatten_channels_last = binding(
    _flatten,
    docs="https://docs.pytorch.org/docs/stable/generated/torch.flatten.html",
    operation="flatten",
    variant="channels_last",
    x="n ... c",
    rename={"channels": None},
    only={"channels": ["last"]},
    conventions={
        "order on the framework's layout": "h w c, after permute(0, 2, 3, 1)",
        "axes kept": "torch.flatten: none; nn.Flatten: the batch's",
    },
)
concatenate = binding(
    _concatenate,
    docs="https://docs.pytorch.org/docs/stable/generated/torch.cat.html",
    conventions={"axis of the channels": "1", "default axis": "0, the batch"},
)
repeat = binding(
    torch.repeat_interleave,
    docs="https://docs.pytorch.org/docs/stable/generated/torch.repeat_interleave.html",
    conventions={"order": "a a b b; Tensor.repeat: a b a b", "default axis": "None: flattens first"},
)
tile = binding(
    torch.tile,
    docs="https://docs.pytorch.org/docs/stable/generated/torch.tile.html",
    rename={"multiples": "dims"},
    conventions={"order": "a b a b, as Tensor.repeat", "fewer numbers than axes": "1 is put before them"},
)
