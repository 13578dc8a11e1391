"""The PyTorch driver: tensors on the CPU, gradients by ``torch.autograd.grad``."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from types import MappingProxyType
from typing import Any

import numpy as np
import torch

from equivalence.driver import Call, Performed, Result
from equivalence.inputs import Array
from equivalence_adapters.torch import driver_models, modules


class TorchDriver:
    """Performs functions of PyTorch's tensors, and its modules."""

    objects: Mapping[type, str] = MappingProxyType({torch.nn.Module: "forward"})

    def __init__(self) -> None:
        # As every worker: threads would add in another order each time.
        torch.set_num_threads(1)
        # What modules draw when they are made is the same in every run.
        torch.manual_seed(0)

    def versions(self) -> dict[str, str]:
        """PyTorch's version, and NumPy's."""
        return {"torch": str(torch.__version__), "numpy": np.__version__}

    def run(self, call: Call) -> Result:
        """Evaluate a function of tensors, or a module, and its vector-Jacobian product."""
        wanted = set(call.wrt) if call.cotangents else set()
        leaves = {name: _as_tensor(array, call.dtype) for name, array in call.arrays.items()}
        for name in wanted:
            leaves[name].requires_grad_()
        # A layer that writes into its input may do so, as within a network, but not into a leaf of the graph.
        tensors = {name: leaf.clone() if name in wanted else leaf for name, leaf in leaves.items()}
        performed = _perform(call, tensors)
        outputs = {name: torch.as_tensor(value) for name, value in performed.outputs.items()}
        arrays = {name: _as_array(tensor) for name, tensor in outputs.items()}
        effects: dict[str, Any] = {"dtypes": {name: _name(tensor) for name, tensor in outputs.items()}}
        effects["state"] = list(performed.state)
        if call.effects:
            effects["mutated"] = call.written({name: _as_array(tensor) for name, tensor in tensors.items()})
            effects["degenerate"] = list(performed.constants)
        if not call.cotangents or any(arrays[name].shape != t.shape for name, t in call.cotangents.items()):
            return Result(arrays, {}, effects)
        return Result(arrays, _gradients(call, leaves, outputs), effects)

    def anatomy(self, model: Any, part: Mapping[str, Any], inputs: Sequence[Array]) -> dict[str, Any]:
        """The layers of a model, see :func:`equivalence.worker.parts.anatomy`."""
        return driver_models.anatomy(model, part, inputs)

    def part(self, model: Any, part: Mapping[str, Any]) -> Any:
        """A part of a model, see :class:`equivalence.model.Segment`."""
        return driver_models.part(model, part)

    def weights(self, model: Any, part: Mapping[str, Any]) -> dict[str, Array]:
        """What a layer of a model holds, see :func:`equivalence.worker.parts.weights`."""
        return driver_models.weights(model, part)


def _perform(call: Call, tensors: Mapping[str, Any]) -> Performed:
    if not isinstance(call.function, torch.nn.Module):
        return Performed(call.invoke(tensors))
    earlier = [{name: _as_tensor(array, call.dtype) for name, array in batch.items()} for batch in call.earlier]
    return modules.perform(call, tensors, earlier)


def _name(tensor: torch.Tensor) -> str:
    return str(tensor.dtype).removeprefix("torch.")


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
