"""Calling a Keras layer with weights that are tensors, so that their gradients can be taken."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any


def apply(layer: Any, weights: Sequence[Any], *inputs: Any, state: Sequence[Any] = (), **keywords: Any) -> Any:
    """A layer's output with the given tensors in place of its variables.

    Args:
        layer: the layer, which is built here if it is not.
        weights: in the order of its trainable variables.
        inputs: what it is called with.
        state: in the order of its other variables; if given, the new state is returned beside the output.
        keywords: of the call, such as ``training`` or ``mask``.
    """
    if not layer.built:
        layer.build(*(tensor.shape for tensor in inputs))
    kept = [variable.value for variable in layer.non_trainable_variables] if not state else list(state)
    output, changed = layer.stateless_call(list(weights), kept, *inputs, **keywords)
    return (output, changed) if state else output
