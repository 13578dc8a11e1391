"""Theano in a worker: a graph of symbolic variables is compiled once and serves every call of its structure."""

from __future__ import annotations

import importlib
import logging
import os
import shlex
import sys
from collections import OrderedDict
from collections.abc import Callable, Mapping
from importlib.metadata import version
from pathlib import Path
from typing import Any

from equivalence.driver import Call, Result
from equivalence.inputs import Array
from equivalence.lazy import Lazy
from equivalence_adapters.theano.headers import precompile
from equivalence_adapters.theano.interpreting import interpret

theano = Lazy("theano")

GRAPHS_KEPT = 512
"""Compiled graphs held in memory; fuzzing asks for far more, one after the other."""

Graph = Callable[..., list[Array]]


def flags(given: str, prefix: str) -> str:
    """``THEANO_FLAGS`` with the suite's settings in front of the user's, because the last of a name counts.

    Args:
        given: the user's flags.
        prefix: the stack's folder, where compiled code is kept.
    """
    settings = {
        # Without a value the import asks numpy.distutils for a BLAS library and dies.
        "blas__ldflags": "",
        # The arrays are small: an unoptimized module is ready sooner and hardly slower.
        "gcc__cxxflags": "-O0",
        # Fused element-wise operations have no function of NumPy's, see equivalence_adapters.theano.interpreting.
        "optimizer_excluding": "fusion",
        # Several workers compile into one folder, one at a time.
        "compile__timeout": "600",
        "base_compiledir": shlex.quote(os.path.join(prefix, "compiledir")),  # noqa: PTH118 - text for a variable
    }
    own = [f"{name}={value}" for name, value in settings.items()]
    return ",".join([*own, given] if given.strip() else own)


class TheanoDriver:
    """Theano: builds, differentiates and compiles graphs."""

    def __init__(self) -> None:
        os.environ["THEANO_FLAGS"] = flags(os.environ.get("THEANO_FLAGS", ""), sys.prefix)
        # It would say on every start that no BLAS library is linked, which is what the flags ask for.
        logging.getLogger("theano.tensor.blas").setLevel(logging.ERROR)
        importlib.import_module("theano")
        theano.config.gcc__cxxflags += f" {precompile(theano, Path(theano.config.base_compiledir))}"
        interpret()
        self._graphs: OrderedDict[object, Graph] = OrderedDict()

    def versions(self) -> dict[str, str]:
        """Versions by distribution, Theano's first."""
        return {name: version(name) for name in ("Theano-PyMC", "numpy", "scipy")}

    def run(self, call: Call) -> Result:
        """Evaluate the function and, where cotangents are given, its vector-Jacobian product."""
        if not (call.wrt and call.cotangents):
            return self._evaluate(call, differentiate=False)
        try:
            result = self._evaluate(call, differentiate=True)
        except Exception:
            # A cotangent that does not fit makes the one graph of outputs and gradients fail; the caller needs to see
            # the outputs' shapes then. Where they do fit, the error is the function's own.
            result = self._evaluate(call, differentiate=False)
            if _fits(result.outputs, call.cotangents):
                raise
        return result if _fits(result.outputs, call.cotangents) else Result(result.outputs, {})

    def _evaluate(self, call: Call, *, differentiate: bool) -> Result:
        given = [*call.arrays.items(), *(call.cotangents.items() if differentiate else ())]
        arrays = [array for _, array in given]
        key = (
            call.key,
            differentiate and call.wrt,
            *((name, str(array.dtype), array.ndim) for name, array in given),
        )
        if key not in self._graphs:
            self._graphs[key] = _compile(call, differentiate=differentiate)
        self._graphs.move_to_end(key)
        while len(self._graphs) > GRAPHS_KEPT:
            self._graphs.popitem(last=False)
        values = self._graphs[key](*arrays)
        split = len(call.outputs)
        return Result(
            dict(zip(call.outputs, values[:split], strict=True)),
            dict(zip(call.wrt, values[split:], strict=True)) if differentiate else {},
        )


def _fits(outputs: Mapping[str, Array], cotangents: Mapping[str, Array]) -> bool:
    return all(outputs[name].shape == cotangent.shape for name, cotangent in cotangents.items())


def _compile(call: Call, *, differentiate: bool) -> Graph:
    """Compile one function from the arguments and cotangents to the outputs and gradients."""
    with theano.config.change_flags(floatX=_float_type(call.arrays)):
        inputs = {name: _variable(name, array, (False,) * array.ndim) for name, array in call.arrays.items()}
        called = call.invoke(inputs)
        outputs = {name: theano.tensor.as_tensor_variable(called[name]) for name in call.outputs}
        cotangents: dict[str, Any] = {}
        gradients: list[Any] = []
        if differentiate:
            cotangents = {
                name: _variable(f"cotangent_{name}", array, outputs[name].broadcastable)
                for name, array in call.cotangents.items()
            }
            gradients = _gradients(outputs, cotangents, [inputs[name] for name in call.wrt])
        compiled: Graph = theano.function(
            [*inputs.values(), *cotangents.values()], [*outputs.values(), *gradients], on_unused_input="ignore"
        )
    return compiled


def _gradients(outputs: Mapping[str, Any], cotangents: Mapping[str, Any], wrt: list[Any]) -> list[Any]:
    # A known gradient replaces what reaches a variable from later in the graph, so it is given to a copy that nothing
    # else uses: an output may be computed from another output, or be an input.
    known = {theano.tensor.tensor_copy(outputs[name]): cotangent for name, cotangent in cotangents.items()}
    found: list[Any] = theano.grad(
        None, wrt, known_grads=OrderedDict(known), disconnected_inputs="ignore", return_disconnected="zero"
    )
    return found


def _variable(name: str, array: Array, broadcastable: tuple[bool, ...]) -> Any:
    return theano.tensor.TensorType(str(array.dtype), broadcastable)(name)


def _float_type(arrays: Mapping[str, Array]) -> str:
    """The type that Theano code takes for constants: with float64, ``0.1 * x`` would leave float32."""
    kinds = {array.dtype for array in arrays.values() if array.dtype.kind == "f"}
    return str(max(kinds, key=lambda kind: kind.itemsize)) if kinds else "float64"
