"""PyTorch's indices."""

from __future__ import annotations

from typing import Any

from equivalence.binding import binding
from equivalence.lazy import Lazy

torch, functional = Lazy("torch"), Lazy("torch.nn.functional")


def _one_hot(indices: Any, *, depth: int, axis: int) -> Any:
    # one_hot raises for an index that is no class: those are marked as one of them, and then cleared.
    marked = functional.one_hot(indices.clamp(0, depth - 1), depth)
    valid = (indices >= 0) & (indices < depth)
    return (marked * valid[..., None]).float().movedim(-1, axis)


def _gather(x: Any, indices: Any, *, dim: int, mode: str) -> Any:
    # index_select raises for an index out of range, and for a negative one.
    size, before = x.shape[dim], dim % x.ndim
    counted = torch.where(indices < 0, indices + size, indices) if mode == "from_end" else indices
    places = counted.remainder(size) if mode == "wrap" else counted.clamp(0, size - 1)
    taken = x.index_select(before, places.flatten()).unflatten(before, indices.shape or (1,))
    taken = taken if indices.ndim else taken.squeeze(before)
    if mode in ("clip", "wrap"):
        return taken
    inside = (counted >= 0) & (counted < size)
    shown = inside.reshape(*[1] * before, *indices.shape, *[1] * (x.ndim - before - 1))
    return torch.where(shown, taken, torch.zeros((), dtype=x.dtype))


def _topk(x: Any, *, k: int) -> tuple[Any, Any]:
    found = torch.topk(x, k)
    return found.values, found.indices


one_hot = binding(
    _one_hot,
    docs="https://docs.pytorch.org/docs/stable/generated/torch.nn.functional.one_hot.html",
    conventions={
        "negative index": "error",
        "index beyond the depth": "error",
        "default depth": "one more than the largest index",
        "dtype": "int64",
    },
)
gather = binding(
    _gather,
    docs="https://docs.pytorch.org/docs/stable/generated/torch.index_select.html",
    rename={"axis": "dim"},
    conventions={
        "negative index": "index_select, gather: error; x[indices]: from the end",
        "index beyond the end": "error; on a GPU a failed assertion",
        "default axis": "none; torch.gather is another operation, an index for each element",
    },
)
embedding = binding(
    functional.embedding,
    docs="https://docs.pytorch.org/docs/stable/generated/torch.nn.functional.embedding.html",
    conventions={
        "order of the arguments": "indices, weight",
        "index out of range": "error",
        "gradient": "dense, added up; sparse=True: rows",
        "padding index": "padding_idx: no gradient; nn.Embedding sets the row to 0 too",
        "initial weight": "nn.Embedding: standard normal",
    },
)
argmax = binding(
    torch.argmax,
    docs="https://docs.pytorch.org/docs/stable/generated/torch.argmax.html",
    conventions={
        "default axis": "None: counts through all",
        "ties": "the first",
        "dtype": "int64",
        "axis kept": "keepdim=False",
    },
)
topk = binding(
    _topk,
    docs="https://docs.pytorch.org/docs/stable/generated/torch.topk.html",
    conventions={
        "axis": "the last by default",
        "order": "largest first; sorted=False: any",
        "ties": "no order is documented",
        "dtype of the indices": "int64",
    },
)
