"""Corresponding layers of two models with parameters as arguments: drawn anew, or those that each of them has."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from equivalence import axes as _axes
from equivalence.comparison import TOLERANCES
from equivalence.errors import EquivalenceError, ShapeError
from equivalence.inputs import Array, Input
from equivalence.layout import Layout
from equivalence.model import Segment
from equivalence.modelling.anatomy import Anchor
from equivalence.observation import distance
from equivalence.operation import Operation
from equivalence.port import Port
from equivalence.probes import Setting
from equivalence.registry import Registry
from equivalence.sides import SIDES, Inputs, Run, Sides, exact
from equivalence.stored import Form, binding_of, forms

_LETTERS = "abdegijklmopqrstuvwz"

Shapes = Mapping[str, Sequence[int]]


@dataclass(frozen=True)
class _Held:
    """How one side stores one argument of an operation."""

    own: str
    axes: str


def renewed(port: Port, known: Registry, anchor: Anchor) -> Port | None:
    """A stretch as a port whose parameters are drawn anew; none if it is not known which of them correspond.

    That is looked up in how the layers of both frameworks store the parameters of an operation.

    Args:
        port: the stretch.
        known: the operations and adapters.
        anchor: its layers that hold parameters.
    """
    held = anchor.held
    for operation in known.operations.values():
        sides = [
            _stored(known, framework, operation, shapes)
            for framework, shapes in zip((port.original.framework, port.ported.framework), held, strict=True)
        ]
        if (
            sides[0]
            and sides[1]
            and set(sides[0]) == set(sides[1])
            and (found := _with(port, operation, sides, anchor))
        ):
            return found
    return None


def _stored(known: Registry, framework: str, operation: Operation, shapes: Shapes) -> dict[str, _Held]:
    """How a layer that holds arrays of these shapes stores the operation's arguments; nothing if it does not."""
    adapter = known.adapter(framework)
    for form in forms(known, adapter, operation) if adapter.bindings and shapes else ():
        names = {name for name in shapes if name not in form.without}
        if not names or not names <= set(form.arrays) or form.when:
            continue
        found = _plain(known, framework, operation, form, names)
        if found and all(len(_axes.names(item.axes)) == len(shapes[item.own]) for item in found.values()):
            return found
    return {}


def _plain(
    known: Registry, framework: str, operation: Operation, form: Form, names: set[str]
) -> dict[str, _Held] | None:
    """The axes of each array, if each of them is one argument in no order of its own."""
    try:
        binding = binding_of(known, known.adapter(framework), operation, form.variants[0] if form.variants else None)
    except EquivalenceError:
        return None
    found = {}
    for name in names:
        stored = form.arrays[name]
        [argument] = stored.arguments if len(stored.arguments) == 1 else [""]
        odd = stored.join != "of" or stored.blocks or stored.negate or stored.plus or stored.inverse_deviation
        if odd or binding is None or argument in binding.flip:
            return None
        axes = stored.axes or binding.layouts.get(argument, operation.inputs[argument].axes)
        if any(sign in axes for sign in "'.1(") or set(binding.blocks) & _axes.letters(axes):
            return None
        found[argument] = _Held(name, axes)
    return found


def _with(port: Port, operation: Operation, sides: Sequence[Mapping[str, _Held]], anchor: Anchor) -> Port | None:
    """The port with the parameters as arguments; none if their sizes do not agree."""
    sizes: dict[str, int] = {}
    for side, shapes in zip(sides, anchor.held, strict=True):
        for item in side.values():
            try:
                _axes.measure(_undivided(item.axes), shapes[item.own], sizes, what=item.own)
            except ShapeError:
                return None
    letters = _fitting(port, sizes)
    before = [prefix(port, place, anchor) for place in range(len(SIDES))]
    kinds = [
        {start + item.own: _kind(operation, argument, item, letters) for argument, item in side.items()}
        for start, side in zip(before, sides, strict=True)
    ]
    names = {before[0] + sides[0][argument].own: before[1] + sides[1][argument].own for argument in sides[0]}
    return replace(
        port,
        original=replace(port.original, parameters=kinds[0]),
        ported=replace(port.ported, parameters=kinds[1]),
        match={**port.match, **names},
        sizes={**port.sizes, **{letters[letter]: size for letter, size in sizes.items()}},
    )


def _kind(operation: Operation, argument: str, item: _Held, letters: Mapping[str, str]) -> Input:
    axes = " ".join(letters[letter] for letter in _undivided(item.axes).split())
    return replace(operation.inputs[argument], axes=axes)


def _undivided(axes: str) -> str:
    return " ".join(name.partition("/")[0] for name in axes.split())


def _fitting(port: Port, sizes: Mapping[str, int]) -> dict[str, str]:
    """The port's letter for each letter of the parameters: the same if it has the same size there, else a new one."""
    inputs = set().union(*(_axes.letters(kind.axes) for kind in port.arguments.values()))
    taken = inputs.union(*(_axes.letters(axes) for axes in port.original.results.values()))
    fresh = iter(letter for letter in _LETTERS if letter not in taken and letter not in sizes)
    return {
        letter: letter if letter not in taken or port.sizes.get(letter) == size else next(fresh)
        for letter, size in sizes.items()
    }


def prefix(port: Port, place: int, anchor: Anchor) -> str:
    """What stands before the names of a layer's parameters in the stretch; Keras finds them by their ends."""
    layer = port.original if place == 0 else port.ported
    if layer.framework != "torch" or (isinstance(layer, Segment) and layer.part["only"]):
        return ""
    own = anchor.takes.layers[place]
    return f"{list(anchor.stretch.names[place]).index(own)}." if anchor.chain[place] else f"model.{own}."


class Kept(Sides):
    """A stretch with the parameters it has: the original may be given others, the ported one has always its own."""

    def __init__(self, port: Port, anchor: Anchor, *rest: Any) -> None:
        super().__init__(port, *rest)
        self._anchor = anchor
        self._own = [dict(self._held(side)) for side in SIDES]

    @property
    def same(self) -> bool:
        """Whether both sides hold the same parameters, but for rounding to float32."""
        return distance(*self._own) <= TOLERANCES["float32"]

    def _held(self, side: str) -> Iterator[tuple[str, Array]]:
        layer, place = getattr(self.port, side), SIDES.index(side)
        found = self.weights(side, self._anchor.takes.layers[place])
        start = prefix(self.port, place, self._anchor)
        for name in self.port.original.parameters:
            own = self.port.own_name(side, name)
            array = found[own.removeprefix(start)]
            yield name, Layout(self.port.arguments[name].axes, layer.kinds[own].axes).to_canonical(array)

    def inputs(self, setting: Setting, seed: int | None = None) -> Inputs:
        """Draw what the layers are called with; the parameters are the original's."""
        drawn = super().inputs(setting, seed)
        return replace(drawn, arrays={**drawn.arrays, **exact(self._own[0])})

    def run(
        self,
        inputs: Inputs,
        dtype: str = "float64",
        cotangents: Mapping[str, Array] | None = None,
        sides: Sequence[str] = SIDES,
    ) -> dict[str, Run]:
        """Run the original with the parameters it is given, the ported layer with its own."""
        found: dict[str, Run] = {}
        for side in sides:
            own = replace(inputs, arrays={**inputs.arrays, **exact(self._own[1])}) if side == "ported" else inputs
            found |= super().run(own, dtype, cotangents, [side])
        return found
