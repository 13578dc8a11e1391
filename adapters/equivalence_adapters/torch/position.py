"""Position embeddings composed in PyTorch, which has none of its own."""

from __future__ import annotations

from typing import Any

from equivalence.binding import binding
from equivalence.lazy import Lazy

torch, functional = Lazy("torch"), Lazy("torch.nn.functional")

_DOCS = "https://docs.pytorch.org/docs/stable/generated/torch."


def _angles(x: Any, positions: int, features: int, offset: int, base: float) -> Any:
    # In float64: in float32 an angle of hundreds has lost digits.
    frequencies = base ** (-torch.arange(0, features, 2, dtype=torch.float64) / features)
    angles = torch.outer(torch.arange(offset, offset + positions, dtype=torch.float64), frequencies)
    return angles.sin().to(x.dtype), angles.cos().to(x.dtype)


def _sinusoidal(x: Any, *, layout: str, offset: int, base: float) -> Any:
    waves = _angles(x, x.shape[1], x.shape[2], offset, base)
    return x + (torch.cat(waves, -1) if layout == "concat" else torch.stack(waves, -1).flatten(-2))


sinusoidal_position_embedding = binding(
    _sinusoidal,
    docs=_DOCS + "stack.html",
    conventions={
        "layer": "none",
        "order of the features": "composed; its tutorial's is by turns, fairseq's sines first",
        "frequencies": "composed: base^(-2i/C); fairseq's last one is exactly 1 / base",
        "first position": "composed: 0; fairseq padding_idx + 1",
    },
)


def _rotary(x: Any, *, pairing: str, offset: int, base: float) -> Any:
    sine, cosine = _angles(x, x.shape[2], x.shape[3], offset, base)
    if pairing == "half":
        one, other = x.chunk(2, -1)
        return torch.cat([one * cosine - other * sine, other * cosine + one * sine], -1)
    one, other = x.unflatten(-1, (-1, 2)).unbind(-1)
    return torch.stack([one * cosine - other * sine, other * cosine + one * sine], -1).flatten(-2)


rotary_position_embedding = binding(
    _rotary,
    docs=_DOCS + "stack.html",
    conventions={
        "layer": "none; torchtune's RotaryPositionalEmbeddings",
        "pairs": "composed; torchtune's and Meta's Llama are neighbours, Hugging Face's halves",
        "weights of the other pairing": "the rows of query and key projections have to be re-ordered",
        "default base": "composed; 10000 in torchtune",
        "axes": "composed: n m t d; n t m d in torchtune",
    },
)


def _learned(x: Any, weight: Any, mask: Any = None, *, offset: int) -> Any:
    if mask is None:
        return x + weight[offset : offset + x.shape[1]]
    return x + functional.embedding(mask.cumsum(1) * mask + offset - 1, weight)


learned_position_embedding = binding(
    _learned,
    docs=_DOCS + "nn.functional.embedding.html",
    conventions={
        "layer": "none; Embedding of positions",
        "first position": "0; fairseq, RoBERTa and BART padding_idx + 1 = 2",
        "padding": "counts, but not in fairseq and RoBERTa",
        "gradient of padding's row": "as of others; none with padding_idx",
    },
)
