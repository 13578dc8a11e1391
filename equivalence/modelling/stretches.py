"""Stretches of two models, from one place at which both hold the same to the next, each as a port of two layers."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from equivalence import axes as _axes
from equivalence.inputs import Array, Input, Real, as_input
from equivalence.layout import Layout
from equivalence.model import ModelPort, Segment
from equivalence.port import Layer, Port
from equivalence.sides import SIDES

_LETTERS = "ijklmopqrstuvwz"
_X = "x"

Pair = tuple[str, str]


@dataclass(frozen=True)
class Cut:
    """A place at which both models hold the same: after a layer of each.

    Attributes:
        layers: the layers' names; empty for the models' inputs, and for their outputs.
        axes: of what they give, the original's and the ported model's.
        sizes: of the original's axes, as far as they are known; a negative one is not.
    """

    layers: Pair
    axes: Pair
    sizes: Sequence[int] | None = None


@dataclass(frozen=True)
class Stretch:
    """What lies between two cuts.

    Attributes:
        before: where it begins; none at the models' inputs.
        after: where it ends.
        names: the layers in it, of the original and of the ported model.
        only: whether it is the layers at its end alone, without what lies before them.
        into: whether it ends before the layers at its end.
    """

    before: Cut | None
    after: Cut
    names: tuple[Sequence[str], Sequence[str]]
    only: bool = False
    into: bool = False

    @property
    def title(self) -> str:
        """Both sides' layers in words."""
        original, ported = (" + ".join(names) or "the rest" for names in self.names)
        return f"{original} / {ported}"

    def with_next(self, other: Stretch) -> Stretch:
        """This and the next one as one."""
        names = tuple((*one, *two) for one, two in zip(self.names, other.names, strict=True))
        return Stretch(self.before, other.after, names)  # type: ignore[arg-type]


@dataclass(frozen=True)
class Whole:
    """Two models at given sizes of their inputs.

    Attributes:
        name: the port's.
        sizes: by letter of the inputs.
        names: other layers that are asked for by name.
    """

    port: ModelPort
    name: str
    sizes: Mapping[str, Any] = field(default_factory=dict)
    names: tuple[Sequence[str], Sequence[str]] = ((), ())

    @property
    def batch(self) -> str:
        """The letter of the batch: the first of the first input."""
        return _axes.names(next(iter(_kinds(self.port.original).values())).axes)[0]

    def as_port(self, axes: Pair) -> Port:
        """Both models as one layer each."""
        return self.stretch(Stretch(None, Cut(("", ""), axes), ((), ())))

    def stretch(self, stretch: Stretch, given: Mapping[str, Array] | None = None) -> Port:
        """A stretch as a port.

        Args:
            stretch: the stretch.
            given: its inputs, by the original's names, of whose sizes it is.
        """
        kinds = self._inputs(stretch)
        sizes = self._sizes(kinds[0], given)
        outputs = self._outputs(stretch, kinds, sizes)
        layers = [self._segment(place, stretch, kinds[place], outputs[place], sizes) for place in range(len(SIDES))]
        first = stretch.before is None
        return Port(
            layers[0],
            layers[1],
            sizes={letter: size for letter, size in sizes.items() if letter != self.batch or letter in self.port.sizes}
            if self.sizes or given
            else dict(self.port.sizes),
            match=self.port.match if first else {},
            name=f"{self.name}, {stretch.title}",
            where=self.port.where,
        )

    def _inputs(self, stretch: Stretch) -> list[dict[str, Input]]:
        if stretch.before is None:
            return [_kinds(model) for model in (self.port.original, self.port.ported)]
        return [{_X: Real(axes)} for axes in stretch.before.axes]

    def _sizes(self, kinds: Mapping[str, Input], given: Mapping[str, Array] | None) -> dict[str, Any]:
        if given is None:
            return {letter: size for letter, size in self.sizes.items() if letter in _letters(kinds)}
        return {
            axis.rstrip("'"): size
            for name, array in given.items()
            for axis, size in zip(_axes.names(kinds[name].axes), array.shape, strict=True)
        }

    def _outputs(self, stretch: Stretch, kinds: Sequence[Mapping[str, Input]], sizes: Mapping[str, Any]) -> Pair:
        """The axes of the outputs; a letter of the inputs whose size is another there is replaced."""
        cut = stretch.after
        taken = {*_letters(kinds[0]), *(axis.rstrip("'") for axis in _axes.names(cut.axes[0]))}
        fresh = iter(letter for letter in _LETTERS if letter not in taken)
        own = cut.sizes or [-1] * len(_axes.names(cut.axes[0]))
        if "..." in cut.axes[0]:
            return cut.axes
        changed = {
            axis: next(fresh)
            for axis, size in zip(_axes.names(cut.axes[0]), own, strict=True)
            if axis in _letters(kinds[0]) and axis != self.batch and sizes.get(axis) != size
        }
        found = [" ".join(changed.get(axis, axis) for axis in _axes.names(axes)) for axes in cut.axes]
        return found[0], found[1]

    def _segment(
        self, place: int, stretch: Stretch, kinds: Mapping[str, Input], output: str, sizes: Mapping[str, Any]
    ) -> Segment:
        model = (self.port.original, self.port.ported)[place]
        own = _kinds(model)
        part = {
            "after": stretch.before.layers[place] if stretch.before else "",
            "upto": stretch.after.layers[place],
            "only": stretch.after.layers[place] if stretch.only else "",
            "into": stretch.into,
            "inputs": list(own),
            "sizes": dict(self.sizes),
            "shapes": [[_dtype(kind), _shape(kind, self.sizes)] for kind in own.values()],
            "batch": [_place(kind, self.batch) for kind in own.values()],
            "takes": [[_dtype(kind), _shape(kind, sizes)] for kind in kinds.values()],
            "names": list(self.names[place]),
        }
        return Segment(
            model.framework,
            model.function,  # type: ignore[arg-type] # the worker takes the part of it
            kinds,
            output,
            stack=model.stack,
            python=model.python,
            where=model.where,
            whole=self.port,
            part=part,
        )


def at(whole: Whole, sizes: Mapping[str, Any], names: tuple[Sequence[str], Sequence[str]]) -> Whole:
    """The same models at other sizes."""
    return replace(whole, sizes=dict(sizes), names=names)


def canonical(axes: Pair, shape: Sequence[int]) -> tuple[int, ...]:
    """A shape of the ported model's in the original's order of axes."""
    order = Layout(*axes)
    own = _axes.names(order.native)
    return tuple(shape[own.index(axis)] for axis in _axes.names(order.canonical))


def _kinds(model: Any) -> dict[str, Input]:
    assert isinstance(model, Layer) or hasattr(model, "inputs")
    return {name: as_input(kind) for name, kind in model.inputs.items()}


def _letters(kinds: Mapping[str, Input]) -> set[str]:
    return set().union(*(_axes.letters(kind.axes) for kind in kinds.values()))


def _dtype(kind: Input) -> str:
    return {"Real": "f", "Positive": "f", "Mask": "b"}.get(type(kind).__name__, "i")


def _shape(kind: Input, sizes: Mapping[str, Any]) -> list[int]:
    return list(_axes.shape(kind.axes, sizes)) if _axes.letters(kind.axes) <= set(sizes) else []


def _place(kind: Input, letter: str) -> int:
    names = _axes.names(kind.axes)
    return names.index(letter) if letter in names else -1
