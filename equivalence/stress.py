"""Correct comparisons of every operation on data that is hard on rounding: none may be called different.

A case follows from its number and the seed alone: one of the operation's declared cases lends its parameters, sizes are
random, and the data are of one of :data:`KINDS`. So a case can be computed again by its id, whatever else a run has.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import count
from typing import Any

import numpy as np

from equivalence.axes import ELLIPSIS
from equivalence.deviations import Row
from equivalence.errors import EquivalenceError, UsageError
from equivalence.matrix import Cell, Plan, cells_of, plan
from equivalence.operation import Case, Operation, generator
from equivalence.outcome import EXIT_DIFFERENT, EXIT_EXPECTED, EXIT_UNDECIDED, Outcome
from equivalence.registry import Registry
from equivalence.rounding import selection

COMPARISONS = 20_000
"""Comparisons of a run that shows the rate of false alarms."""

UNDECIDED = 0.02
"""The part of the comparisons that may be undecided."""

ENOUGH = 100
"""Comparisons that a row speaks of, of which one must show what the row says."""

KINDS: Mapping[str, str] = {
    "normal": "normal",
    "long": "normal",
    "long_offset": "offset",
    "scaled": "scaled",
    "mixed": "mixed",
    "cancelling": "cancelling",
    "offset": "offset",
    "denormal": "denormal",
    "nonfinite": "nonfinite",
}
"""Kinds of cases, with the data strategy of each: :data:`equivalence.inputs.STRATEGIES`."""

LONG = 1_000_000
"""Terms of the longest sums."""

_LONG_CHANNELS = 4000
"""Channels of long convolutions: with a window of 9 pixels that is 36,000 terms."""


def stress_plan(
    registry: Registry,
    *,
    operations: Sequence[str] = (),
    frameworks: Sequence[str] = (),
    dtypes: Sequence[str] = (),
    cases: Sequence[str] = (),
    comparisons: int = COMPARISONS,
    seed: int = 0,
) -> Plan:
    """Cells of at least so many comparisons, spread evenly over the operations; or those of the cases named.

    Raises:
        UsageError: for a name that does not exist, with the nearest that do.
    """
    chosen = plan(registry, operations=operations, frameworks=frameworks, dtypes=dtypes)
    declared = list(dict.fromkeys(cell.operation.name for cell in chosen.cells))
    wanted = [registry.operation(name) for name in declared]
    found: list[Cell] = []
    for operation in wanted:
        drawn: Iterator[Case] = (stress_case(operation, number, seed) for number in count())
        named = (_named(operation, case, seed) for case in cases)
        left = comparisons / len(wanted)
        for case in named if cases else drawn:
            for cell in cells_of(registry, operation, case, dtypes, frameworks, chosen.rows):
                found.append(cell)
                left -= len(cell.pairs) * len(cell.quantities)
            if left <= 0 and not cases:
                break
    return Plan(tuple(found), (), chosen.rows)


def _named(operation: Operation, name: str, seed: int) -> Case:
    number = name.rpartition("-")[2]
    nearest = stress_case(operation, int(number) if number.isdecimal() else 1, seed)
    if nearest.id != name:
        what = f"{operation.name} has no stress case {name!r}"
        raise UsageError(what, fix=f"A case is named by its kind and number, such as {nearest.id}.")
    return nearest


def stress_case(operation: Operation, number: int, seed: int) -> Case:
    """The case of that number."""
    rng = generator(seed, operation.name, "stress", str(number))
    kinds = [kind for kind in KINDS if not kind.startswith("long") or _longest(operation)]
    kind = kinds[number % len(kinds)]
    # Every kind meets every declared case in the course of the numbers.
    template = operation.cases[(number // len(kinds) + number % len(kinds)) % len(operation.cases)]
    sizes = _long(operation, template, rng) if kind.startswith("long") else _sizes(operation, template, rng)
    case = Case(f"{kind}-{number}", sizes, template.parameters, template.without, KINDS[kind], stress=True)
    # Where sizes hang together in a way their letters do not say, the declared ones do.
    return case if _accepted(operation, case) else replace(case, sizes=template.sizes)


def _accepted(operation: Operation, case: Case) -> bool:
    try:
        with np.errstate(all="ignore"):
            operation.forward(operation.draw(replace(case, data="normal")), operation.settings(case))
    except (EquivalenceError, ValueError, IndexError):
        return False
    return True


def _sizes(operation: Operation, template: Case, rng: np.random.Generator) -> dict[str, Any]:
    """Other sizes than the template's; multiples of its channels, because groups must divide them."""
    sizes: dict[str, Any] = {}
    factor, groups = int(rng.integers(1, 4)), operation.settings(template).get("groups", 1)
    for letter, size in template.sizes.items():
        if letter.startswith(ELLIPSIS):
            sizes[letter] = tuple(int(rng.integers(1, 7)) for _ in size)
        elif letter == "n":
            sizes[letter] = int(rng.integers(1, 6))
        elif letter in "co" and groups > 1:
            sizes[letter] = size * factor
        elif letter in "co":
            sizes[letter] = int(rng.integers(1, 8))
        elif letter in "hw" and "output_shape" not in template.parameters:
            # Some frameworks compile for each size of an image.
            sizes[letter] = size + 2 * int(rng.integers(0, 2 if "p" in _letters(operation) else 5))
        else:
            sizes[letter] = size
    if "axis" in template.parameters and ELLIPSIS in sizes:
        sizes[ELLIPSIS] = tuple(max(2, size) for size in sizes[ELLIPSIS])
    return sizes


def _letters(operation: Operation) -> set[str]:
    """The letters of an operation's cases."""
    return {letter for case in operation.cases for letter in case.sizes}


def _longest(operation: Operation) -> bool:
    """Whether anything is added up over an axis whose letters say so; what selects values adds nothing."""
    letters = _letters(operation)
    adds = "axis" in operation.parameters if letters == {ELLIPSIS} else letters in _SUMS
    return operation.rounding is not selection and adds


_SUMS = ({"n", "c", "o", ELLIPSIS}, {"n", "c", "h", "w", "o", "p", "q"})
"""Letters of dense layers and of convolutions; operations over one axis have a parameter of that name."""


def _long(operation: Operation, template: Case, rng: np.random.Generator) -> dict[str, Any]:
    """A million terms where that leaves a small output; thousands of channels for a convolution."""
    sizes = dict(template.sizes) | ({"n": 1} if "n" in template.sizes else {})
    terms, settings = int(LONG ** rng.uniform(0.5, 1)), operation.settings(template)
    if "p" in sizes:
        groups = settings.get("groups", 1)
        long = int(rng.integers(_LONG_CHANNELS // 10, _LONG_CHANNELS)) // groups * groups
        return sizes | {"c": long, "o": groups}
    if "c" in sizes:
        return sizes | {"c": terms, "o": 2, ELLIPSIS: (1,) * len(sizes[ELLIPSIS])}
    axis, shape = settings.get("axis", -1), [1] * len(sizes[ELLIPSIS])
    if shape:
        shape[axis if isinstance(axis, int) else -1] = terms
    return sizes | {ELLIPSIS: tuple(shape)}


@dataclass(frozen=True)
class Count:
    """How many comparisons of an operation ended alike, and why."""

    operation: str
    verdict: str
    reason: str
    number: int


def counted(outcomes: Iterable[Outcome]) -> list[Count]:
    """Comparisons by operation, verdict and the gist of the reason."""
    found = Counter((outcome.operation, *_gist(outcome)) for outcome in outcomes)
    return [Count(*key, number) for key, number in sorted(found.items())]


def _gist(outcome: Outcome) -> tuple[str, str]:
    if outcome.known_difference is not None:
        return "known difference", outcome.known_difference
    reason = outcome.comparison.reason
    if outcome.verdict == "equal":
        return "equal", "rounding"
    for gist in ("overflow", "says nothing after so many terms", "near it", "NaN or infinity", "precision finding"):
        if gist in reason:
            return outcome.verdict, gist
    return outcome.verdict, reason.rpartition(": ")[2]


def stopped(rows: Iterable[Row], outcomes: Iterable[Outcome]) -> list[Row]:
    """Rows about stress that many comparisons were of, none of which showed the difference.

    Cases are random: that a few of them do not show it says nothing.
    """
    shown, met = set(), Counter[Row]()
    about = [row for row in rows if row.kind == "stress"]
    for outcome in outcomes:
        for name in (outcome.left, outcome.right):
            shown.add((name.partition("/")[0], outcome.operation, outcome.known_difference))
            cell = (outcome.operation, outcome.case, outcome.dtype, outcome.quantity)
            met.update(row for row in about if row.operation == outcome.operation and row.matches(name, *cell))
    return [row for row in about if met[row] >= ENOUGH and (row.adapter, row.operation, row.code) not in shown]


def stress_status(outcomes: Sequence[Outcome], stale: Sequence[Row] = ()) -> int:
    """1 if anything is different that no row says; else 2 for too much undecided, an error or a stale row; else 0."""
    if any(outcome.verdict == "different" and not outcome.expected for outcome in outcomes):
        return EXIT_DIFFERENT
    undecided = sum(outcome.verdict == "undecided" for outcome in outcomes)
    bad = not outcomes or stale or any(outcome.verdict == "error" for outcome in outcomes)
    return EXIT_UNDECIDED if bad or undecided >= UNDECIDED * len(outcomes) else EXIT_EXPECTED


def unexpected(outcomes: Iterable[Outcome]) -> Iterator[Outcome]:
    """What a person must look at: differences and errors that no row says."""
    return (o for o in outcomes if o.verdict in ("different", "error") and not o.expected)
