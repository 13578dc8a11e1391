"""Taking a ``torch.nn.Module`` apart: its submodules in the order of their calls, and what lies between two of them."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, suppress
from typing import Any

import torch

from equivalence.chain import between, pairs
from equivalence.driver import Row
from equivalence.inputs import Array


def anatomy(model: Any, part: Mapping[str, Any], inputs: Sequence[Array]) -> dict[str, Any]:
    """What :func:`equivalence.worker.parts.anatomy` tells: the children, and in their place those of containers.

    Args:
        model: a module, or a list of named layers.
        part: ``names`` are those of other submodules that are told too.
        inputs: what it is called with.
    """
    module = as_module(model)
    named = dict(_children(module))
    for name in part.get("names", ()):
        with suppress(AttributeError):
            named.setdefault(name, module.get_submodule(name))
    rows: dict[str, Row] = {}
    with ExitStack() as hooks, torch.no_grad():
        for name, child in named.items():
            _watch(hooks, rows, name, child)
        modes = [(one, one.training) for one in module.modules()]
        for one, mode in modes:
            hooks.callback(setattr, one, "training", mode)
        module.eval()
        dtype = next((tensor.dtype for tensor in module.parameters() if tensor.is_floating_point()), torch.float32)
        raised = ""
        try:
            module(*(_as_tensor(array, dtype) for array in inputs))
        except Exception as error:  # noqa: BLE001 - whatever a model raises is an outcome
            raised = f"{type(error).__name__}: {error}"
    return {"layers": list(rows.values()), "chain": _is_chain(module), "raised": raised}


def _watch(hooks: ExitStack, rows: dict[str, Row], name: str, child: Any) -> None:
    def before(module: Any, arguments: Any) -> None:
        given = next((one for one in arguments if isinstance(one, torch.Tensor)), None)
        row = rows.setdefault(name, {"name": name, "parameters": {}, "calls": 0, "takes": None, "gives": None})
        row["parameters"] = {own: list(tensor.shape) for own, tensor in module.state_dict().items()}
        row["takes"] = None if given is None else list(given.shape)
        row["calls"] += 1

    def after(module: Any, arguments: Any, output: Any) -> None:
        del module, arguments
        found = _first(output)
        rows[name]["gives"] = None if found is None else list(found.shape)

    hooks.callback(child.register_forward_pre_hook(before).remove)
    hooks.callback(child.register_forward_hook(after).remove)


def part(model: Any, wanted: Mapping[str, Any]) -> Any:
    """A part of a model as a module that holds the same parameters, see :class:`equivalence.model.Segment`."""
    module = as_module(model)
    if _is_chain(module):
        layers = list(_children(module))
        start, stop = between([name for name, _ in layers], wanted)
        if wanted.get("only") and stop == start + 1:
            return layers[start][1]
        return torch.nn.Sequential(*(layer for _, layer in layers[start:stop]))
    if wanted.get("only"):
        return module.get_submodule(wanted["only"])
    return Stretch(module, wanted)


def weights(model: Any, wanted: Mapping[str, Any]) -> dict[str, Array]:
    """What a layer of a model holds, by its own names."""
    held = part(model, {"only": wanted["weights"]}).state_dict()
    return {name: tensor.detach().double().cpu().numpy() for name, tensor in held.items()}


class Stretch(torch.nn.Module):
    """What a model does from the output of one submodule to that of another, whatever its ``forward`` does between.

    The model is called with zeros, and the output of the first submodule replaced; the call ends at the second.
    """

    def __init__(self, model: Any, wanted: Mapping[str, Any]) -> None:
        super().__init__()
        self.model, self.wanted = model, wanted

    def forward(self, *inputs: Any) -> Any:
        """The output of the second submodule."""
        after, upto = self.wanted["after"], self.wanted["upto"]
        reached: list[Any] = []

        def take(*call: Any) -> None:
            reached.append(_first(call[-1]))
            raise _ReachedError

        with ExitStack() as hooks:
            if after:
                given = self.model.get_submodule(after)
                hooks.callback(given.register_forward_hook(lambda *call: _replaced(call[-1], inputs[0])).remove)
            if upto and self.wanted.get("into"):
                hooks.callback(self.model.get_submodule(upto).register_forward_pre_hook(take).remove)
            elif upto:
                hooks.callback(self.model.get_submodule(upto).register_forward_hook(take).remove)
            try:
                return _first(self.model(*(self._zeros(inputs[0]) if after else inputs)))
            except _ReachedError:
                return reached[0]

    def _zeros(self, given: Any) -> Iterator[Any]:
        for (kind, shape), batch in zip(self.wanted["shapes"], self.wanted["batch"], strict=True):
            sizes = [given.shape[0] if axis == batch else size for axis, size in enumerate(shape)]
            yield torch.zeros(sizes, dtype=given.dtype if kind == "f" else {"b": torch.bool}.get(kind, torch.int64))


class _ReachedError(Exception):
    """Ends a call of a model where no more of it is wanted."""


class _Function(torch.nn.Module):
    def __init__(self, function: Any) -> None:
        super().__init__()
        self.function = function

    def forward(self, *inputs: Any) -> Any:
        return self.function(*inputs)


class _Listed(torch.nn.Sequential):
    """Named layers, the first of which may take several inputs."""

    def forward(self, *inputs: Any) -> Any:
        for layer in self:
            inputs = (layer(*inputs),)
        return inputs[0]


def as_module(model: Any) -> Any:
    """A model as it is; a list of named layers as a module."""
    if isinstance(model, torch.nn.Module):
        return model
    named = [(name.replace(".", "_"), layer) for name, layer in pairs(model)]
    return _Listed(
        OrderedDict((name, one if isinstance(one, torch.nn.Module) else _Function(one)) for name, one in named)
    )


def _is_chain(module: Any) -> bool:
    return type(module) in (torch.nn.Sequential, _Listed)


def _children(module: Any, prefix: str = "") -> Iterator[tuple[str, Any]]:
    """The children by name; those of a sequence in place of the sequence."""
    for name, child in module.named_children():
        if isinstance(child, torch.nn.ModuleList) or type(child) is torch.nn.Sequential:
            yield from _children(child, f"{prefix}{name}.")
        else:
            yield f"{prefix}{name}", child


def _first(output: Any) -> Any:
    """The first tensor of what a module gives."""
    if isinstance(output, torch.Tensor):
        return output
    values = output.values() if isinstance(output, dict) else output if isinstance(output, (tuple, list)) else ()
    return next((found for value in values if (found := _first(value)) is not None), None)


def _replaced(output: Any, tensor: Any) -> Any:
    """The same with another first tensor."""
    if isinstance(output, tuple):
        return (_replaced(output[0], tensor), *output[1:])
    return tensor


def _as_tensor(array: Array, dtype: torch.dtype) -> torch.Tensor:
    tensor = torch.from_numpy(array.copy())
    return tensor.to(dtype) if tensor.is_floating_point() else tensor
