"""The arrays of a port as black-box hypotheses see them: what their axes are called, and what becomes of them."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import TYPE_CHECKING, Literal

import numpy as np

from equivalence import axes as _axes
from equivalence.diagnosis.hypothesis import Arrays, Hypothesis
from equivalence.inputs import Array, Input, Lengths, Positive, Real
from equivalence.probing.parts import Letters
from equivalence.probing.parts import letters as letters_of

if TYPE_CHECKING:
    from equivalence.diagnosis.evidence import Evidence
    from equivalence.sides import Inputs

Move = Callable[[Array, "Inputs"], "Array | None"]
"""What becomes of one array; none where it does not apply."""

_RECURRENT = re.compile(r"recurrent|_[hi]h(_|$)|lstm|gru|rnn|gate|peephole", re.IGNORECASE)
_BIAS = re.compile(r"bias|beta|shift|offset|(^|_)b(_|$|\d)", re.IGNORECASE)


@dataclass(frozen=True)
class Spot:
    """An argument or an output of a port.

    Attributes:
        name: the original's name for it.
        said: the ported layer's name for it.
        part: what it is.
        kind: what an argument may hold; none for an output.
        axes: names of its axes in the original's order, each of those that ``...`` stands for too.
        native: the same in the ported layer's order.
    """

    name: str
    said: str
    part: Literal["data", "parameter", "output"]
    kind: Input | None
    axes: tuple[str, ...]
    native: tuple[str, ...]

    @property
    def real(self) -> bool:
        """Whether it holds real numbers."""
        return self.kind is None or isinstance(self.kind, (Real, Positive))

    @property
    def to_native(self) -> tuple[int, ...]:
        """The places of the ported layer's axes in the original's order."""
        return tuple(self.axes.index(axis) for axis in self.native)

    def own_axis(self, place: int) -> int:
        """Where the ported layer has the axis at a place of the original's order."""
        return self.native.index(self.axes[place])

    def own_order(self, order: Sequence[int]) -> tuple[int, ...]:
        """A permutation of the original's axes as one of the ported layer's."""
        return tuple(self.own_axis(order[place]) for place in self.to_native)

    @property
    def bias_like(self) -> bool:
        """Whether its name is a bias's, or it has one axis and may be negative."""
        return bool(_BIAS.search(self.name)) or (len(self.axes) == 1 and isinstance(self.kind, Real))


def letter(axis: str) -> str:
    """The letter that has the size of a named axis; a divided axis is another."""
    return axis.rstrip("'")


@dataclass(frozen=True)
class View:
    """A port's arrays, and the parts that its letters play."""

    evidence: Evidence

    @property
    def framework(self) -> str:
        """The ported layer's."""
        return self.evidence.framework

    @cached_property
    def letters(self) -> Letters:
        """The parts that letters play."""
        return letters_of(self.evidence.port)

    @cached_property
    def arguments(self) -> list[Spot]:
        """What the layers are given."""
        port = self.evidence.port
        first = self.evidence.complete[0].inputs.arrays
        return [
            self._spot(name, self.evidence.roles[name], kind, kind.axes, first[name].ndim)
            for name, kind in port.arguments.items()
        ]

    @cached_property
    def outputs(self) -> list[Spot]:
        """What they give."""
        first = self.evidence.complete[0].original.outputs
        results = self.evidence.port.original.results
        return [self._spot(name, "output", None, axes, first[name].ndim) for name, axes in results.items()]

    def _spot(self, name: str, part: str, kind: Input | None, axes: str, count: int) -> Spot:
        port = self.evidence.port
        own = port.own_name("ported", name)
        theirs = port.ported.results[own] if part == "output" else port.ported.kinds[own].axes
        if part == "output" and own == "output":
            own = "y"
        return Spot(name, own, part, kind, _expanded(axes, count), _expanded(theirs, count))  # type: ignore[arg-type]

    @property
    def spots(self) -> list[Spot]:
        """Arguments and outputs."""
        return [*self.arguments, *self.outputs]

    @property
    def data(self) -> list[Spot]:
        """The arguments that are data."""
        return [spot for spot in self.arguments if spot.part == "data"]

    @property
    def parameters(self) -> list[Spot]:
        """The arguments that are parameters."""
        return [spot for spot in self.arguments if spot.part == "parameter"]

    @cached_property
    def times(self) -> tuple[str, ...]:
        """Letters along which a sequence may run."""
        walked = {kind.of for kind in self.evidence.port.arguments.values() if isinstance(kind, Lengths)}
        spatial = self.letters.spatial
        alone = spatial if len(spatial) == 1 else ()
        return tuple(x for x in spatial if x in walked or x in alone or x in ("t", "s"))

    @cached_property
    def lengths(self) -> dict[str, str]:
        """By letter, the argument that says how long each sequence is."""
        kinds = self.evidence.port.arguments
        return {kind.of: name for name, kind in kinds.items() if isinstance(kind, Lengths)}

    @cached_property
    def recurrent(self) -> bool:
        """Whether the port looks like a recurrent layer: by its names, or a sequence and a square parameter."""
        names = " ".join(spot.name for spot in self.arguments)
        square = any(len({letter(a) for a in spot.axes}) < len(spot.axes) for spot in self.parameters)
        return bool(_RECURRENT.search(names)) or (bool(self.times) and square)

    def has(self, spot: Spot, *letters: str) -> bool:
        """Whether a spot has all these letters as axes."""
        return all(x in spot.axes for x in letters)

    def size_of(self, spot: Spot, axis: str) -> list[int]:
        """The sizes that an axis has had."""
        place = spot.axes.index(axis)
        found = []
        for item in self.evidence.complete:
            arrays = item.original.outputs if spot.part == "output" else item.inputs.arrays
            if arrays[spot.name].ndim == len(spot.axes):
                found.append(arrays[spot.name].shape[place])
        return found


def _expanded(axes: str, count: int) -> tuple[str, ...]:
    """One name per axis; an axis divided by a parameter is another than the whole one."""
    parsed = _axes.parse(axes)
    found: list[str] = []
    for axis in parsed:
        if axis.variadic:
            found += [f"{axis.name}{k}" for k in range(count - len(parsed) + 1)]
        else:
            found.append(f"{axis.name}/{axis.divisor}" if axis.divisor else axis.name)
    return tuple(found)


_IMPOSSIBLE = (ArithmeticError, LookupError, TypeError, ValueError)
"""What NumPy raises where a change does not suit an array."""


def _moved(move: Move, array: Array, inputs: Inputs) -> Array | None:
    try:
        return move(array, inputs)
    except _IMPOSSIBLE:
        return None


def given(inputs: Inputs, moves: Mapping[str, Move]) -> Inputs | None:
    """The same inputs with some arguments changed, those of earlier calls too."""

    def moved(arrays: Arrays) -> dict[str, Array] | None:
        found = {}
        for name, array in arrays.items():
            changed = _moved(moves[name], array, inputs) if name in moves else array
            if changed is None:
                return None
            found[name] = np.asarray(changed, order="C")
        return found

    now, earlier = moved(inputs.arrays), [moved(arrays) for arrays in inputs.earlier]
    if now is None:
        return None
    return replace(inputs, arrays=now, earlier=tuple(arrays for arrays in earlier if arrays is not None))


def returned(outputs: Arrays, inputs: Inputs, moves: Mapping[str, Move]) -> Arrays | None:
    """The same outputs with some of them changed."""
    found = {}
    for name, array in outputs.items():
        changed = _moved(moves[name], array, inputs) if name in moves else array
        if changed is None:
            return None
        found[name] = np.asarray(changed)
    return found


def moving(
    moves: Sequence[tuple[Spot, Move]],
    *,
    code: str,
    message: str,
    fix: str = "",
    prior: float = 0.9,
    common: bool = False,
) -> Hypothesis:
    """The hypothesis that these arguments reach the original changed, and these outputs leave it so."""
    before = {spot.name: move for spot, move in moves if spot.part != "output"}
    after = {spot.name: move for spot, move in moves if spot.part == "output"}
    return Hypothesis(
        code=code,
        message=message,
        fix=fix,
        prior=prior,
        before=(lambda inputs: given(inputs, before)) if before else None,
        after=(lambda outputs, inputs: returned(outputs, inputs, after)) if after else None,
        common=common,
    )


def likely_first(hypotheses: Iterable[Hypothesis]) -> list[Hypothesis]:
    """The frequent ones first, then by how believable they are."""
    return sorted(hypotheses, key=lambda hypothesis: (not hypothesis.common, -hypothesis.prior))


def subsets(items: Sequence[str]) -> Iterator[tuple[str, ...]]:
    """All of them first, then the smaller choices, the single ones before pairs."""
    if items:
        yield tuple(items)
    for number in range(1, 2 ** len(items) - 1):
        yield tuple(item for k, item in enumerate(items) if number >> k & 1)
