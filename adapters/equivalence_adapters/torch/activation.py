"""PyTorch's activations."""

from __future__ import annotations

from equivalence.binding import HALF_TOO, binding
from equivalence.lazy import Lazy

functional = Lazy("torch.nn.functional")

relu = binding(
    functional.relu,
    docs="https://docs.pytorch.org/docs/stable/generated/torch.nn.functional.relu.html",
    dtypes=HALF_TOO,
)
softmax = binding(
    functional.softmax,
    rename={"axis": "dim"},
    docs="https://docs.pytorch.org/docs/stable/generated/torch.nn.functional.softmax.html",
    dtypes=HALF_TOO,
)
