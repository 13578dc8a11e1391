"""The PyTorch driver: tensors on the CPU, gradients by ``torch.autograd.grad``."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import torch

from equivalence.driver import Call, Result
from equivalence.inputs import Array


class TorchDriver:
    """Performs functions of PyTorch's tensors."""

    def __init__(self) -> None:
        # As every worker: threads would add in another order each time.
        torch.set_num_threads(1)

    def versions(self) -> dict[str, str]:
        """PyTorch's version, and NumPy's."""
        return {"torch": str(torch.__version__), "numpy": np.__version__}

    def run(self, call: Call) -> Result:
        """Evaluate a function of tensors and its vector-Jacobian product."""
        wanted = set(call.wrt) if call.cotangents else set()
        tensors = {name: _as_tensor(array, call.dtype) for name, array in call.arrays.items()}
        for name in wanted:
            tensors[name].requires_grad_()
        outputs = {name: torch.as_tensor(value) for name, value in call.invoke(tensors).items()}
        arrays = {name: _as_array(tensor) for name, tensor in outputs.items()}
        if not call.cotangents or any(arrays[name].shape != t.shape for name, t in call.cotangents.items()):
            return Result(arrays, {})
        return Result(arrays, _gradients(call, tensors, outputs))


def _gradients(call: Call, tensors: Mapping[str, Any], outputs: Mapping[str, Any]) -> dict[str, Array]:
    # An output that depends on no input is not part of a graph, and autograd refuses it; its share is zero.
    connected = [name for name in call.cotangents if outputs[name].requires_grad]
    inputs = [tensors[name] for name in call.wrt]
    found: Any = [None] * len(inputs)
    if connected and inputs:
        found = torch.autograd.grad(
            [outputs[name] for name in connected],
            inputs,
            [_as_tensor(call.cotangents[name], call.dtype).to(outputs[name]) for name in connected],
            allow_unused=True,
        )
    pairs = zip(call.wrt, inputs, found, strict=True)
    return {
        name: _as_array(torch.zeros_like(tensor) if gradient is None else gradient) for name, tensor, gradient in pairs
    }


def _as_tensor(array: Array, dtype: str) -> torch.Tensor:
    """A tensor with memory of its own: the array may be read-only, or walked backwards, which PyTorch cannot."""
    tensor = torch.from_numpy(np.array(array, order="C"))
    return tensor.bfloat16() if dtype == "bfloat16" and tensor.is_floating_point() else tensor


def _as_array(tensor: torch.Tensor) -> Array:
    tensor = tensor.detach().cpu()
    if tensor.dtype is torch.bfloat16:
        # NumPy has no bfloat16; float32 holds each of its values.
        tensor = tensor.float()
    return np.array(tensor.resolve_conj().resolve_neg().numpy())
