"""Leaving to NumPy what Theano would compile at great cost: each element-wise operation, sum and slice of each graph.

Theano has two implementations of these operations, C code that is compiled for every new combination, and NumPy's
functions (what ``linker=py`` uses for everything). The graph, its derivatives and its optimization are Theano's either
way. What lies in :data:`COMPILED`, convolution, pooling and the like, is always C code: it is what people run, and its
Python twins are slow or missing.
"""

from __future__ import annotations

import functools
from typing import Any

from equivalence.lazy import Lazy

op = Lazy("theano.graph.op")

COMPILED = ("theano.tensor.nnet", "theano.tensor.signal")
"""Modules whose operations are compiled."""


def interpret() -> None:
    """From now on, compile the operations of :data:`COMPILED` only. Calling it again changes nothing."""
    original = op.COp.make_thunk
    if hasattr(original, "__wrapped__"):
        return

    @functools.wraps(original)
    def make_thunk(
        self: Any, node: Any, storage_map: Any, compute_map: Any, no_recycling: Any, impl: str | None = None
    ) -> Any:
        if impl is None and not type(self).__module__.startswith(COMPILED):
            impl = "py"
        return original(self, node, storage_map, compute_map, no_recycling, impl)

    op.COp.make_thunk = make_thunk
