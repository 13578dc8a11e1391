"""PyTorch has no such layer; this is how its users write it, the shift first."""

from __future__ import annotations

from typing import Any

from equivalence.binding import binding
from equivalence.lazy import Lazy

torch, functional = Lazy("torch"), Lazy("torch.nn.functional")


def _scale_and_shift(x: Any, condition: Any, weight: Any, bias: Any = None, *, gain: float) -> Any:
    shift, gate, scale = functional.linear(condition, weight, bias).chunk(3, dim=1)
    return gain * torch.sigmoid(gate) * (scale * x + shift)


scale_and_shift = binding(
    _scale_and_shift,
    blocks={"g": "shift gate scale"},
    docs="https://docs.pytorch.org/docs/stable/generated/torch.nn.functional.linear.html",
)
