"""The two layers of a port, ready to be run in their workers on the same numbers."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from concurrent.futures import Future
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from equivalence import axes as _axes
from equivalence import portfile
from equivalence.errors import ShapeError, UsageError, WorkerError
from equivalence.inputs import Array
from equivalence.judging import cast
from equivalence.layout import Layout
from equivalence.pool import Launch, Pool, Reply, Request
from equivalence.port import Layer, Port
from equivalence.probes import Setting, draw
from equivalence.registry import Registry
from equivalence.stacks import find as find_stack

SIDES = ("original", "ported")


@dataclass(frozen=True)
class Inputs:
    """What both layers are given.

    Attributes:
        setting: the probe: sizes, parameters, kind of data.
        arrays: by the original's names and in its axes; float64 numbers that float32 holds exactly.
        earlier: arguments of the calls before, for layers that keep state.
        cotangents: those of the outputs by name, if they are not to be drawn.
    """

    setting: Setting
    arrays: Mapping[str, Array]
    earlier: tuple[Mapping[str, Array], ...] = ()
    cotangents: Mapping[str, Array] = field(default_factory=dict)


@dataclass(frozen=True)
class Run:
    """What one layer gave, in the original's names and axes.

    Attributes:
        outputs: by name; one that does not fit its axes is as the framework gave it.
        gradients: by argument.
        effects: what the call did beside returning outputs, see :class:`equivalence.pool.Reply`.
        misfit: why an output does not fit its axes.
        error: why there are no outputs.
    """

    outputs: Mapping[str, Array] = field(default_factory=dict)
    gradients: Mapping[str, Array] = field(default_factory=dict)
    effects: Mapping[str, Any] = field(default_factory=dict)
    misfit: str = ""
    error: WorkerError | None = None


@dataclass(frozen=True)
class Side:
    """Where a layer runs, by which target it is found, and the layouts of its arguments and outputs."""

    layer: Layer
    launch: Launch
    target: Mapping[str, Any]
    arguments: Mapping[str, Layout]
    outputs: Mapping[str, Layout]
    names: Mapping[str, str]


class Sides:
    """Runs the original and the ported layer of a port.

    Raises:
        PortError: if a layer cannot be found again by its worker.
        UsageError: for a dtype that one of the frameworks does not compute in.
        StackError: if a layer's stack does not exist.
    """

    def __init__(self, port: Port, known: Registry, pool: Pool, dtypes: Sequence[str], seed: int = 0) -> None:
        self.port, self.seed = port, seed
        self._pool = pool
        self._sides = {name: _side(port, name, known, dtypes) for name in SIDES}

    @property
    def frameworks(self) -> dict[str, str]:
        """The adapter's name by side."""
        return {name: side.layer.framework for name, side in self._sides.items()}

    def inputs(self, setting: Setting, seed: int | None = None) -> Inputs:
        """Draw the arguments of a probe."""
        seed = self.seed if seed is None else seed
        earlier = tuple(exact(draw(self.port, setting, seed, earlier=k + 1)) for k in range(setting.earlier))
        return Inputs(setting, exact(draw(self.port, setting, seed)), earlier)

    def run(
        self,
        inputs: Inputs,
        dtype: str = "float64",
        cotangents: Mapping[str, Array] | None = None,
        sides: Sequence[str] = SIDES,
    ) -> dict[str, Run]:
        """Run the layers at the same time; with cotangents, their gradients too."""
        calls = {name: self._submit(self._sides[name], inputs, dtype, cotangents or {}) for name in sides}
        return {name: self._finish(self._sides[name], call, inputs.setting) for name, call in calls.items()}

    def anatomy(self, inputs: Inputs) -> dict[str, Mapping[str, Any]]:
        """What models consist of, by side, as :func:`equivalence.worker.parts.anatomy` tells it."""
        calls = {
            name: self._pool.submit(
                side.launch,
                Request(
                    {**side.target, "part": {**side.target["part"], "anatomy": True}},
                    _native(side, inputs.arrays, "float32"),
                    [],
                ),
            )
            for name, side in self._sides.items()
        }
        return {name: call.result().effects for name, call in calls.items()}

    def weights(self, side: str, layer: str) -> Mapping[str, Array]:
        """What a layer of a side's model holds, by its own names."""
        asked = self._sides[side]
        target = {**asked.target, "part": {**asked.target["part"], "weights": layer}}
        return self._pool.submit(asked.launch, Request(target, {}, [])).result().outputs

    def _submit(self, side: Side, inputs: Inputs, dtype: str, cotangents: Mapping[str, Array]) -> Future[Reply]:
        port, layer = self.port, side.layer
        given = _native(side, inputs.arrays, dtype)
        request = Request(
            side.target,
            given,
            list(port.original.results),
            {name: side.names[name] for name in given},
            {**port.parameters, **inputs.setting.parameters, "sizes": dict(inputs.setting.sizes)},
            [name for name in given if port.arguments[name].differentiable] if cotangents else [],
            {name: side.outputs[name].to_native(cast(array, dtype)) for name, array in cotangents.items()},
            dtype,
            drawn=[name for name in given if side.names[name] in layer.parameters],
            training=layer.training,
            earlier=[_native(side, arrays, dtype) for arrays in inputs.earlier],
            effects=inputs.setting.effects,
            own_outputs={name: side.names[name] for name in port.original.results},
        )
        return self._pool.submit(side.launch, request)

    def _finish(self, side: Side, call: Future[Reply], setting: Setting) -> Run:
        try:
            reply = call.result()
        except WorkerError as error:
            return Run(error=error)
        outputs, misfit = {}, ""
        for name, array in reply.outputs.items():
            layout = side.outputs[name]
            try:
                _axes.measure(layout.native, array.shape, dict(setting.sizes), what=f"{side.launch.name}'s {name}")
            except ShapeError as error:
                misfit = misfit or str(error)
            fits = "..." in layout.native or array.ndim == len(_axes.names(layout.native))
            outputs[name] = layout.to_canonical(array) if fits else array
        gradients = {name: side.arguments[name].to_canonical(array) for name, array in reply.gradients.items()}
        return Run(outputs, gradients, reply.effects, misfit)


def _native(side: Side, arrays: Mapping[str, Array], dtype: str) -> dict[str, Array]:
    return {name: side.arguments[name].to_native(cast(array, dtype)) for name, array in arrays.items()}


def exact(arrays: Mapping[str, Array]) -> dict[str, Array]:
    """The same numbers for every dtype: those of float32, held in float64."""
    with np.errstate(over="ignore"):
        return {
            name: array.astype(np.float32).astype(np.float64) if array.dtype.kind == "f" else array
            for name, array in arrays.items()
        }


def _side(port: Port, side: str, known: Registry, dtypes: Sequence[str]) -> Side:
    layer: Layer = getattr(port, side)
    adapter = known.adapter(layer.framework)
    for dtype in dtypes:
        if dtype not in adapter.dtypes:
            raise UsageError(port.say(side), expected=f"one of {', '.join(adapter.dtypes)}", got=dtype)
    python = Path(layer.python) if layer.python else find_stack(layer.stack or adapter.stack).python
    # Two slots, so that the two sides run in different processes even in one framework.
    started = Launch(adapter.name, python, adapter.driver, tuple(adapter.environment.items()), slot=SIDES.index(side))
    names = {name: port.own_name(side, name) for name in [*port.arguments, *port.original.results]}
    arguments = {name: Layout(kind.axes, layer.kinds[names[name]].axes) for name, kind in port.arguments.items()}
    outputs = {name: Layout(axes, layer.results[names[name]]) for name, axes in port.original.results.items()}
    return Side(layer, started, portfile.target(port, side), arguments, outputs, names)
