"""What a framework's driver does in a worker: arrays in, outputs and vector-Jacobian products out."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Protocol

from equivalence.inputs import Array
from equivalence.operation import named


@dataclass(frozen=True)
class Call:
    """One evaluation of a function in a worker.

    Args:
        key: text that is equal for two calls of the same function with the same parameters, for caching graphs.
        function: the framework's function, an :class:`~equivalence.operation.Operation` for the reference.
        arrays: values by argument, in the function's order and in the dtype asked for.
        keywords: the argument's keyword where it does not go by position.
        parameters: keyword arguments that are no tensors.
        outputs: the names of the outputs, in order.
        wrt: the arguments whose gradients are wanted.
        cotangents: values by output; empty if no gradient is wanted.
        dtype: what the tensors of real arrays must be; for ``bfloat16`` the arrays, here and in the result, are float32
            with bfloat16's values, because NumPy has none. Empty: what the arrays are.
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

    def invoke(self, tensors: Mapping[str, Any]) -> dict[str, Any]:
        """Call the function with the framework's own tensors; outputs by name."""
        positional = [tensor for name, tensor in tensors.items() if name not in self.keywords]
        keyword = {self.keywords[name]: tensor for name, tensor in tensors.items() if name in self.keywords}
        return named(dict.fromkeys(self.outputs, ""), self.function(*positional, **keyword, **self.parameters))


@dataclass(frozen=True)
class Result:
    """What a call gave, as arrays by name."""

    outputs: Mapping[str, Array]
    gradients: Mapping[str, Array]


class Driver(Protocol):
    """A framework in a worker. Made once, after the environment is set; the constructor imports the framework."""

    def versions(self) -> dict[str, str]:
        """Versions by distribution, the framework's first."""

    def run(self, call: Call) -> Result:
        """Evaluate the function and, where cotangents are given, its vector-Jacobian product.

        A gradient that is not connected is zero. If an output's shape is not its cotangent's, only the outputs are
        returned: the caller sees the shape.
        """
