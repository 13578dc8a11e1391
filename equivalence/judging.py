"""Judging a cell: bounds and float64 results as evidence for each pair's verdict, and who stands alone."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from equivalence.comparison import TOLERANCES, Comparison, compare
from equivalence.errors import EquivalenceError
from equivalence.inputs import Array
from equivalence.matrix import Cell, gradient_quantity, output_quantity
from equivalence.registry import Participant
from equivalence.rounding import PRECISIONS, Bound
from equivalence.verdict import Evidence, decide

_A_VOTE = 2
"""With more adapters than these, one can stand alone."""


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
    """What the participants gave, with the rounding bounds by quantity; none if the operation declares none."""

    evaluated: Evaluated
    bounds: Mapping[str, Bound]


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
    evidence = Evidence(
        rounding,
        _in_float64(pair, quantity, beside),
        _truth(cell, quantity, here),
        (pair[0].name, pair[1].name),
    )
    return decide(left, right, cell.dtype, TOLERANCES[cell.dtype], evidence)


def _in_float64(pair: tuple[Participant, Participant], quantity: str, beside: Bounded | None) -> Comparison | None:
    if beside is None:
        return None
    sides = [beside.evaluated.sides.get(participant.name) for participant in pair]
    values = [side.values[quantity] for side in sides if side is not None and side.error is None]
    if len(values) < len(pair):
        return None
    wide = beside.bounds[quantity]
    return decide(values[0], values[1], "float64", TOLERANCES["float64"], Evidence([wide, wide]))


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
    """Real numbers in a dtype; integers and booleans as they are."""
    return array.astype(dtype) if array.dtype.kind == "f" else array
