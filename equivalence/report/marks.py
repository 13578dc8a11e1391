"""The matrix: operation by pair of frameworks, each cell with a mark for forward and one for gradient."""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from equivalence.outcome import Outcome
from equivalence.report.data import STATUSES, Status, counts, kinds, number, ratio, status, tally, worst_first
from equivalence.runfile import Run

Pair = tuple[str, str]
"""Two frameworks, whichever of their variants are compared; twice the same for its own variants.

The second is empty for one that gave nothing and had nobody to be compared with.
"""


@dataclass(frozen=True)
class Mark:
    """What became of one operation between two frameworks, forward or gradient.

    Attributes:
        counts: comparisons by status, worst first.
        ratio: the worst required tolerance over the allowed one, where one was computed.
    """

    counts: Mapping[str, int]
    ratio: float | None

    @property
    def status(self) -> Status:
        """The worst status that occurs."""
        return STATUSES[next(iter(self.counts))]

    @property
    def brief(self) -> str:
        """What stands beside the symbol: the ratio where it is what decided, else the verdict."""
        decided = self.status.code in {"equal", "different", "known"} and self.ratio is not None
        return number(self.ratio) if decided else self.status.label

    @property
    def text(self) -> str:
        """The counts and the ratio in words."""
        ending = "" if self.ratio is None else f"; worst required / allowed tolerance: {number(self.ratio)}"
        return tally(self.counts) + ending


@dataclass(frozen=True)
class Row:
    """One operation: its marks by pair and kind, and what its section is called."""

    name: str
    family: str
    anchor: str
    counts: Mapping[str, int]
    marks: Mapping[tuple[Pair, str], Mark]
    outcomes: Sequence[Outcome]


@dataclass(frozen=True)
class Matrix:
    """Operation by pair."""

    pairs: Sequence[Pair]
    rows: Sequence[Row]

    @property
    def families(self) -> dict[str, list[Row]]:
        """The rows by family."""
        found: dict[str, list[Row]] = defaultdict(list)
        for row in self.rows:
            found[row.family].append(row)
        return dict(found)


def label(pair: Pair) -> list[str]:
    """The one or two names of a pair."""
    left, right = pair
    return [left, "its variants"] if left == right else [name for name in pair if name]


def framework(participant: str) -> str:
    """The framework of a participant, which may be a variant."""
    return participant.partition("/")[0]


def matrix(run: Run) -> Matrix:
    """Every operation by every pair, each cell with the worst of its comparisons."""
    groups: dict[str, list[Outcome]] = defaultdict(list)
    for outcome in run.outcomes:
        groups[outcome.operation].append(outcome)
    places = _places(run)
    anchors = _anchors(groups)
    rows = [
        Row(name, outcomes[0].family, anchors[name], counts(outcomes), _marks(outcomes, places), outcomes)
        for name, outcomes in groups.items()
    ]
    pairs = {pair for row in rows for pair, _ in row.marks}
    return Matrix(sorted(pairs, key=lambda pair: [places[name] for name in pair]), rows)


def _places(run: Run) -> dict[str, int]:
    """The order of the frameworks: the header's, then as they come; nobody is last."""
    named = [name for outcome in run.outcomes for name in (outcome.left, outcome.right) if name]
    return {name: k for k, name in enumerate(dict.fromkeys([*run.header["versions"], *map(framework, named), ""]))}


def _marks(outcomes: Sequence[Outcome], places: Mapping[str, int]) -> dict[tuple[Pair, str], Mark]:
    """The marks of one operation."""
    takers = {name for outcome in outcomes for name in (outcome.left, outcome.right) if name}
    tallies: dict[tuple[Pair, str], Counter[str]] = defaultdict(Counter)
    ratios: dict[tuple[Pair, str], float] = {}
    for outcome in outcomes:
        for key in ((pair, kind) for pair in _pairs(outcome, takers, places) for kind in kinds(outcome)):
            tallies[key][status(outcome)] += 1
            if (found := ratio(outcome)) is not None:
                ratios[key] = max(ratios.get(key, 0.0), found)
    return {key: Mark(worst_first(found), ratios.get(key)) for key, found in tallies.items()}


def _pairs(outcome: Outcome, takers: set[str], places: Mapping[str, int]) -> set[Pair]:
    """The pairs an outcome counts for: all its participant's pairs with who takes part, if it gave nothing."""
    others = {outcome.right} if outcome.right else (takers - {outcome.left} or {""})
    own = framework(outcome.left)
    ordered = (sorted((own, framework(other)), key=places.__getitem__) for other in others)
    return {(left, right) for left, right in ordered}


def _anchors(names: Iterable[str]) -> dict[str, str]:
    """A unique fragment of an address for each operation, of harmless characters."""
    found: dict[str, str] = {}
    for name in names:
        base = anchor = "operation-" + re.sub(r"[^A-Za-z0-9_.-]+", "-", name)
        count = 1
        while anchor in found.values():
            count += 1
            anchor = f"{base}-{count}"
        found[name] = anchor
    return found
