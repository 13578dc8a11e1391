"""Acme's layers: weights stand as columns, the gate comes first, and relu lets the gradient through at 0."""

from __future__ import annotations

from typing import Any

import numpy as np

from equivalence.binding import binding

DOCS = "https://example.org/acme/layers"


def _relu(x: Any) -> Any:
    return np.where(x.real >= 0, x, 0).astype(x.dtype)


def _modulate(features: Any, condition: Any, kernel: Any, offset: Any = 0, *, percent: float) -> Any:
    gate, scale, shift = np.split(condition @ kernel + offset, 3, axis=1)
    return (percent / 100) / (1 + np.exp(-gate)) * (scale * features + shift)


relu = binding(_relu, docs=DOCS)

scale_and_shift = binding(
    _modulate,
    weight="c g",
    bias="1 g",
    blocks={"g": "gate scale shift"},
    rename={"gain": None, "bias": "offset"},
    recode={"percent": lambda context: 100 * context.parameters["gain"]},
    docs=DOCS,
)
