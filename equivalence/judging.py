"""Judging a cell: bounds and float64 results as evidence for each pair's verdict, and who stands alone."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np

from equivalence.binding import HALF
from equivalence.comparison import TOLERANCES, Comparison, compare
from equivalence.errors import EquivalenceError
from equivalence.inputs import Array
from equivalence.matrix import Cell, gradient_quantity, output_quantity
from equivalence.operation import generator
from equivalence.registry import Participant
from equivalence.rounding import PRECISIONS, Bound, to_bfloat16
from equivalence.verdict import Evidence, decide, finite_part

_Beside = tuple[Comparison | None, Comparison | None]

_A_VOTE = 2
"""With more adapters than these, one can stand alone."""

_STAND_INS = 32
"""How often other numbers stand in for NaN and infinity: of several in a window, each should win once."""

_BEYOND_THE_REST = 1e3
"""How large they are, so that they decide what they can."""


@dataclass(frozen=True)
class Evaluation:
    """What a participant gave for a cell, in canonical axes, by quantity; or why it gave nothing."""

    values: Mapping[str, Array]
    error: EquivalenceError | None = None


@dataclass(frozen=True)
class Problem:
    """A cell's canonical arrays and cotangents, and the shape of everything that must come back."""

    arrays: Mapping[str, Array]
    cotangents: Mapping[str, Array]
    shapes: Mapping[str, tuple[int, ...]]


@dataclass(frozen=True)
class Evaluated:
    """A cell's inputs, if they could be made, and what each participant gave."""

    problem: Problem | None
    sides: Mapping[str, Evaluation]


@dataclass(frozen=True)
class Bounded:
    """What the participants gave, with the rounding bounds by quantity; none if the operation declares none.

    Attributes:
        downstream: by quantity, which elements depend on an argument's NaN or infinity; empty if there is none.
    """

    evaluated: Evaluated
    bounds: Mapping[str, Bound]
    downstream: Mapping[str, Array] = field(default_factory=dict)


def stands_alone(verdicts: Mapping[tuple[str, str], str], libraries: Mapping[str, str] | None = None) -> str | None:
    """The adapter that differs from every other while those, at least two, agree among themselves.

    Variants are one, and so are adapters that compute with one library, by adapter in ``libraries``: together they have
    one vote.
    """

    def voter(participant: str) -> str:
        adapter = participant.partition("/")[0]
        return (libraries or {}).get(adapter, adapter)

    adapters = [(voter(left), voter(right), verdict) for (left, right), verdict in verdicts.items()]
    names = dict.fromkeys(name for left, right, _ in adapters for name in (left, right))
    for suspect in names if len(names) > _A_VOTE else ():
        others = [verdict for left, right, verdict in adapters if suspect not in (left, right)]
        against = [verdict for left, right, verdict in adapters if (left == suspect) != (right == suspect)]
        if set(against) == {"different"} and set(others) == {"equal"}:
            return suspect
    return None


def bounds_of(cell: Cell, problem: Problem | None) -> dict[str, Bound]:
    """A-priori rounding bounds of every quantity in the cell's dtype; none if the operation declares none."""
    if problem is None:
        return {}
    operation, precision = cell.operation, PRECISIONS[cell.dtype]
    given = exact(problem.arrays), exact(problem.cotangents), operation.settings(cell.case)
    with np.errstate(over="ignore", invalid="ignore"):
        outputs, gradients = operation.bounds(*given, precision)
    found = {output_quantity(name): bound for name, bound in outputs.items()}
    return found | {gradient_quantity(name): bound for name, bound in gradients.items()}


def evidence_of(cell: Cell, evaluated: Evaluated) -> Bounded:
    """What the participants gave, with what its verdicts rest on."""
    return Bounded(evaluated, bounds_of(cell, evaluated.problem), downstream_of(cell, evaluated.problem))


def downstream_of(cell: Cell, problem: Problem | None) -> dict[str, Array]:
    """By quantity, the elements that depend on NaN or infinity of an argument; none if all arguments are finite.

    They are those of the reference that change where one or another number stands in for what is not finite.
    """
    if problem is None or all(np.isfinite(array).all() for array in problem.arrays.values()):
        return {}
    first, *others = (_with_stand_ins(cell, problem, number) for number in range(_STAND_INS))
    return {quantity: np.any([other[quantity] != value for other in others], 0) for quantity, value in first.items()}


def _with_stand_ins(cell: Cell, problem: Problem, number: int) -> dict[str, Array]:
    rng, settings = generator(number, *cell.key, "stand-ins"), cell.operation.settings(cell.case)
    arrays = {
        name: np.where(np.isfinite(array), array, _BEYOND_THE_REST * rng.standard_normal(array.shape))
        if array.dtype.kind == "f"
        else array
        for name, array in exact(problem.arrays).items()
    }
    found = {output_quantity(name): y for name, y in cell.operation.forward(arrays, settings).items()}
    if problem.cotangents:
        gradients = cell.operation.gradients(exact(problem.cotangents), arrays, settings)
        found |= {gradient_quantity(name): gradient for name, gradient in gradients.items()}
    return found


def judge(
    cell: Cell, pair: tuple[Participant, Participant], quantity: str, bounded: tuple[Bounded, Bounded | None]
) -> Comparison:
    """Compare a quantity between two participants, with the bounds and what both give in float64 as evidence."""
    here, beside = bounded
    left, right = (here.evaluated.sides[participant.name].values[quantity] for participant in pair)
    if quantity not in here.bounds:
        return compare(left, right, TOLERANCES[cell.dtype])
    # The reference computes in float64 whatever the cell's dtype: beside float32 its own rounding is nothing.
    rounding = [here.bounds[quantity] for p in pair if p.binding is not None or cell.dtype == "float64"]
    exact_all, exact_finite = _in_float64(pair, quantity, beside)
    evidence = Evidence(
        rounding,
        exact_all,
        _truth(cell, quantity, here),
        (pair[0].name, pair[1].name),
        here.downstream.get(quantity),
        exact_finite,
    )
    return decide(left, right, cell.dtype, TOLERANCES[cell.dtype], evidence)


def _in_float64(pair: tuple[Participant, Participant], quantity: str, beside: Bounded | None) -> _Beside:
    """The comparison in float64, and that of what has nothing to do with NaN or infinity, where that is less."""
    if beside is None:
        return None, None
    sides = [beside.evaluated.sides.get(participant.name) for participant in pair]
    values = [side.values[quantity] for side in sides if side is not None and side.error is None]
    if len(values) < len(pair):
        return None, None
    evidence = Evidence([beside.bounds[quantity]] * 2)
    found = decide(values[0], values[1], "float64", TOLERANCES["float64"], evidence)
    finite = finite_part(values[0], values[1], beside.downstream.get(quantity)) if found.count else None
    rest = None if finite is None else decide(*finite, "float64", TOLERANCES["float64"], evidence)
    return found, rest


def _truth(cell: Cell, quantity: str, here: Bounded) -> Array | None:
    """What the reference gives in float64 for arguments rounded to the cell's dtype; in float64 none is better."""
    reference = next((p.name for p in cell.participants if p.binding is None), None)
    if reference is None or cell.dtype == "float64":
        return None
    return here.evaluated.sides[reference].values.get(quantity)


def exact(arrays: Mapping[str, Array]) -> dict[str, Array]:
    """The same numbers in float64, for the reference."""
    return {name: cast(array, "float64") for name, array in arrays.items()}


def cast(array: Array, dtype: str) -> Array:
    """Real numbers in a dtype, for bfloat16 held in float32; integers and booleans as they are."""
    if array.dtype.kind != "f":
        return array
    if dtype in HALF:
        # An argument that became infinite would make another problem of it: it stops at the largest number.
        largest = PRECISIONS[dtype].largest
        array = np.where(np.isfinite(array), np.clip(array, -largest, largest), array)
    return to_bfloat16(array) if dtype == "bfloat16" else array.astype(dtype)
