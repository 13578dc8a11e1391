"""Calling a ``torch.nn.Module`` with other parameters, in another precision, without changing it."""

from __future__ import annotations

import inspect
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

from equivalence.driver import Call, Performed, check_parameter, single_valued, sorted_out
from equivalence.errors import PortError
from equivalence.lazy import Lazy

torch = Lazy("torch")


def perform(call: Call, tensors: Mapping[str, Any], earlier: list[dict[str, Any]]) -> Performed:
    """A module's outputs, with ``torch.func.functional_call``.

    Its parameters and buffers are copies in the call's dtype, or the tensors drawn for them. A buffer is state: no
    gradient reaches it. Arguments go to ``forward`` by name if it has all their names, else by position in the declared
    order.

    Args:
        call: the call; its function is the module.
        tensors: by argument.
        earlier: by argument, for each earlier call. Buffers go from call to call.

    Raises:
        PortError: for a parameter the module does not have, or of another shape; for a scripted module.
    """
    module: Any = call.function
    if isinstance(module, torch.jit.ScriptModule):
        raise PortError(
            "a scripted module",
            expected="a module whose parameters can be replaced",
            got=type(module).__name__,
            fix="Give the module it was made from, or a function that calls it.",
        )
    with _mode(module, training=call.training):
        _materialize(module, call, tensors)
        names = _names(module)
        drawn = {call.keywords.get(name, name): name for name in call.drawn}
        held = {name: tuple(tensor.shape) for name, tensor in _held(module, duplicates=True).items()}
        for own, name in drawn.items():
            check_parameter(own, tuple(tensors[name].shape), held)
        state = [name for own, name in drawn.items() if names[own] not in dict(module.named_parameters())]
        values = {own: _cast(tensor, call.dtype) for own, tensor in _held(module).items()}
        values |= {names[drawn_as]: tensors[name].detach().clone() for drawn_as, name in drawn.items() if name in state}
        weights = {names[own]: name for own, name in drawn.items() if name not in state}
        for batch in earlier:
            with torch.no_grad():
                _call(call, values, {**tensors, **batch}, weights)
        returned = _call(call, values, tensors, weights)
    after = {own: values[name] for own, name in names.items()}
    outputs, stored = sorted_out(call, returned, after)
    # What the call left in a buffer may hang on its graph; nobody differentiates it there.
    outputs |= {name: outputs[name].detach() for name in stored}
    return Performed(outputs, (*state, *stored), tuple(_constants(module, drawn)) if call.effects else ())


def _call(call: Call, values: dict[str, Any], tensors: Mapping[str, Any], weights: Mapping[str, str]) -> Any:
    """Call the module; ``values`` hold the new state afterwards."""
    values |= {own: tensors[name] for own, name in weights.items()}
    inputs = {call.keywords.get(name, name): tensors[name] for name in call.inputs}
    positional, named = _arguments(call.function, inputs)
    return torch.func.functional_call(call.function, values, positional, {**named, **call.parameters})


def _arguments(module: Any, inputs: Mapping[str, Any]) -> tuple[tuple[Any, ...], dict[str, Any]]:
    accepted = inspect.signature(module.forward).parameters.values()
    known = {p.name for p in accepted if p.kind in (p.POSITIONAL_OR_KEYWORD, p.KEYWORD_ONLY)}
    return ((), dict(inputs)) if set(inputs) <= known else (tuple(inputs.values()), {})


def _held(module: Any, *, duplicates: bool = False) -> dict[str, Any]:
    """Parameters and buffers by name; one that has several names under the first, unless duplicates are wanted."""
    unique = not duplicates
    return {
        **dict(module.named_parameters(remove_duplicate=unique)),
        **dict(module.named_buffers(remove_duplicate=unique)),
    }


def _names(module: Any) -> dict[str, str]:
    """For each name of a parameter or a buffer, the first name of the same tensor."""
    first = {id(tensor): name for name, tensor in _held(module).items()}
    return {name: first[id(tensor)] for name, tensor in _held(module, duplicates=True).items()}


def _cast(tensor: Any, dtype: str) -> Any:
    copy = tensor.detach().clone()
    return copy.to(getattr(torch, dtype)) if dtype and copy.is_floating_point() else copy


def _materialize(module: Any, call: Call, tensors: Mapping[str, Any]) -> None:
    """A lazy module gets its parameters from the shapes of its first call."""
    if any(map(torch.nn.parameter.is_lazy, _held(module).values())):
        inputs = {call.keywords.get(name, name): _single(tensors[name]) for name in call.inputs}
        positional, named = _arguments(module, inputs)
        with torch.no_grad():
            module(*positional, **named, **call.parameters)


def _single(tensor: Any) -> Any:
    return tensor.detach().float() if tensor.is_floating_point() else tensor


def _constants(module: Any, drawn: Mapping[str, str]) -> Iterator[str]:
    taken = {_names(module)[own] for own in drawn}
    for own, tensor in _held(module).items():
        if own not in taken and tensor.is_floating_point() and single_valued(tensor.detach().double().cpu().numpy()):
            yield own


@contextmanager
def _mode(module: Any, *, training: bool) -> Iterator[None]:
    before = [(part, part.training) for part in module.modules()]
    module.train(training)
    try:
        yield
    finally:
        for part, mode in before:
            part.training = mode
