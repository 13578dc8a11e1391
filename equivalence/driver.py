"""What a framework's driver does in a worker: arrays in, outputs and vector-Jacobian products out."""

from __future__ import annotations

import difflib
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, Protocol, TypedDict

import numpy as np

from equivalence.errors import PortError
from equivalence.inputs import Array
from equivalence.operation import named


@dataclass(frozen=True)
class Call:
    """One evaluation of a function in a worker.

    Args:
        key: text that is equal for two calls of the same function with the same parameters, for caching graphs.
        function: the framework's function, an :class:`~equivalence.operation.Operation` for the reference, or an object
            of one of the driver's ``objects``.
        arrays: values by argument, in the function's order and in the dtype asked for.
        keywords: the argument's keyword where it does not go by position.
        parameters: keyword arguments that are no tensors.
        outputs: the names of the outputs, in order.
        wrt: the arguments whose gradients are wanted.
        cotangents: values by output; empty if no gradient is wanted.
        dtype: what the tensors of real arrays must be; for ``bfloat16`` the arrays, here and in the result, are float32
            with bfloat16's values, because NumPy has none. Empty: what the arrays are.
        own_outputs: the layer's own name of an output where it differs.
        drawn: the arguments that are parameters of the object; the others are inputs.
        training: whether the object runs in training mode.
        earlier: inputs of the object's earlier calls, whose state the observed call sees. A function's are run by
            :mod:`equivalence.worker.serve`.
        effects: whether to look for side effects.
        port: whether the function is a user's, who leaves dtypes to the framework's settings.
    """

    key: str
    function: Callable[..., Any]
    arrays: Mapping[str, Array]
    keywords: Mapping[str, str]
    parameters: Mapping[str, Any]
    outputs: tuple[str, ...]
    wrt: tuple[str, ...]
    cotangents: Mapping[str, Array]
    dtype: str = ""
    own_outputs: Mapping[str, str] = field(default_factory=dict)
    drawn: tuple[str, ...] = ()
    training: bool = False
    earlier: tuple[Mapping[str, Array], ...] = ()
    effects: bool = False
    port: bool = False

    def invoke(self, tensors: Mapping[str, Any]) -> dict[str, Any]:
        """Call the function with the framework's own tensors; outputs by name."""
        positional = [tensor for name, tensor in tensors.items() if name not in self.keywords]
        keyword = {self.keywords[name]: tensor for name, tensor in tensors.items() if name in self.keywords}
        own = self.own_names
        found = named(
            dict.fromkeys(own.values(), ""),
            self.function(*positional, **keyword, **self.parameters),
        )
        return {name: found[own[name]] for name in self.outputs}

    @property
    def own_names(self) -> dict[str, str]:
        """The layer's own name of each output."""
        return {name: self.own_outputs.get(name, name) for name in self.outputs}

    @property
    def inputs(self) -> list[str]:
        """The arguments that are no parameters of the object."""
        return [name for name in self.arrays if name not in self.drawn]

    def written(self, after: Mapping[str, Array]) -> list[str]:
        """The arguments that no longer hold what they were given.

        Args:
            after: their values after the call.
        """
        return [name for name, array in after.items() if not np.array_equal(array, self.arrays[name], equal_nan=True)]


@dataclass(frozen=True)
class Result:
    """What a call gave, as arrays by name, and what the driver saw beside them, see :class:`equivalence.pool.Reply`."""

    outputs: Mapping[str, Array]
    gradients: Mapping[str, Array]
    effects: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class Performed:
    """What an object's call gave, in the framework's tensors.

    Attributes:
        outputs: by canonical name.
        state: the canonical names of arguments and outputs that are the object's state.
        constants: the object's own names of the parameters that are not drawn and hold a single value.
    """

    outputs: Mapping[str, Any]
    state: tuple[str, ...] = ()
    constants: tuple[str, ...] = ()


class Row(TypedDict):
    """A layer of a model, as :mod:`equivalence.worker.parts` tells it.

    ``parameters`` are the shapes of what it holds, by its own names, ``calls`` is how often the model calls it,
    ``takes`` and ``gives`` are the shapes of its first input and output; None where it was not called, or gave nothing.
    """

    name: str
    parameters: dict[str, list[int]]
    calls: int
    takes: list[int] | None
    gives: list[int] | None


class Driver(Protocol):
    """A framework in a worker. Made once, after the environment is set; the constructor imports the framework.

    A driver whose framework has objects that hold parameters says which in ``objects``: the name of the method that an
    object's call goes to, by class. One whose framework has models takes them apart: ``anatomy(model, part, inputs)``,
    ``part(model, part)`` and ``weights(model, part)``, as :mod:`equivalence.worker.parts` has them.
    """

    def versions(self) -> dict[str, str]:
        """Versions by distribution, the framework's first."""

    def run(self, call: Call) -> Result:
        """Evaluate the function and, where cotangents are given, its vector-Jacobian product.

        A gradient that is not connected is zero. If an output's shape is not its cotangent's, only the outputs are
        returned: the caller sees the shape.
        """


def sorted_out(call: Call, returned: Any, state: Mapping[str, Any]) -> tuple[dict[str, Any], list[str]]:
    """An object's outputs by canonical name, and which of them are its state.

    A dictionary gives its outputs by name. Otherwise nested tuples such as ``(y, (h, c))`` are flattened, without what
    is ``None``; if there are as many values as declared outputs, these are they, in order. Otherwise declared outputs
    with the name of a parameter or a buffer are read from ``state``, and the others are the first of the values.

    Args:
        call: the call.
        returned: what the object returned.
        state: its parameters and buffers after the call, by own name.

    Raises:
        PortError: if there are too few values.
    """
    own = call.own_names
    if isinstance(returned, Mapping) and any(name in returned for name in own.values()):
        found = {name: returned[own[name]] for name in own if own[name] in returned}
        stored = [name for name in own if name not in found]
    else:
        values = list(_leaves(returned))
        stored = [] if len(values) == len(own) else [name for name in own if own[name] in state]
        found = dict(zip([name for name in own if name not in stored], values, strict=False))
    if missing := [own[name] for name in own if name not in found and own[name] not in state]:
        raise PortError(
            "outputs",
            expected=f"{', '.join(own.values())}, returned or held by the {type(call.function).__name__}",
            got=f"no {', '.join(missing)}; it holds {_known(state)}",
            fix=_nearest(missing[0], state),
        )
    return {name: found[name] if name in found else state[own[name]] for name in own}, stored


def _leaves(value: Any) -> Iterable[Any]:
    if isinstance(value, (tuple, list, Mapping)):
        for item in value.values() if isinstance(value, Mapping) else value:
            yield from _leaves(item)
    elif value is not None:
        yield value


def check_parameter(name: str, given: tuple[int, ...], held: Mapping[str, tuple[int, ...]]) -> None:
    """See that an object holds a parameter of this name and shape.

    Args:
        name: the parameter's own name.
        given: the shape of what is drawn for it.
        held: the shapes of what the object holds, by name; by the ends of a name too, which ``/`` divides.

    Raises:
        PortError: if it does not.
    """
    if name not in held:
        raise PortError(
            f"parameters: {name}",
            expected=f"a parameter of the object: {_known(held)}",
            got="no such",
            fix=_nearest(name, held),
        )
    if held[name] != given:
        raise PortError(
            f"parameters: {name}",
            expected=f"shape {held[name]}, as the object holds it",
            got=f"{given} from its axes",
            fix="Order the axes as the framework does, and give the sizes of the object: Port(sizes={...}).",
        )


def _known(held: Iterable[str]) -> str:
    names = list(held)
    whole = [name for name in names if not any(other.endswith(f"/{name}") for other in names)]
    return ", ".join(whole) or "nothing"


def _nearest(name: str, known: Iterable[str]) -> str:
    close = difflib.get_close_matches(name, list(known), n=1)
    return f"Did you mean {close[0]}?" if close else ""


def single_valued(array: Array) -> bool:
    """Whether a parameter with this value proves nothing: all zeros, all ones, or several numbers that are alike."""
    if array.dtype.kind != "f" or not array.size:
        return False
    first = array.flat[0]
    return bool(np.all(array == first)) and (array.size > 1 or first in (0.0, 1.0))
