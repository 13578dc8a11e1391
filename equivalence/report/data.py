"""A run as the plain data a page shows: facts, warnings, the matrix of marks, and what is not as expected."""

from __future__ import annotations

import math
import re
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations
from typing import Any

from equivalence.comparison import jsonable
from equivalence.outcome import EXIT_EXPECTED, Outcome, exit_status
from equivalence.runfile import Run

Pair = tuple[str, str]
"""Two participants; the second is empty for one that failed with nobody to be compared with."""

KINDS = ("forward", "gradient")
"""The two marks of a cell. A participant that gave nothing spoils both."""


@dataclass(frozen=True)
class Status:
    """A verdict as a page shows it; a known difference is a status of its own."""

    code: str
    symbol: str
    label: str


STATUSES: Mapping[str, Status] = {
    status.code: status
    for status in (
        Status("different", "\N{NOT EQUAL TO}", "different"),
        Status("error", "!", "error"),
        Status("undecided", "?", "undecided"),
        Status("known", "\N{DAGGER}", "known difference"),
        Status("equal", "=", "equal"),
        Status("skipped", "\N{EN DASH}", "skipped"),
    )
}
"""Worst first: the mark of many comparisons is the first of these that one of them has."""


@dataclass(frozen=True)
class Mark:
    """What became of one operation between two participants, forward or gradient.

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
        words = [f"{count} {STATUSES[code].label}" for code, count in self.counts.items()]
        return ", ".join(words) + (
            "" if self.ratio is None else f"; worst required / allowed tolerance: {number(self.ratio)}"
        )


@dataclass(frozen=True)
class Row:
    """One operation: its marks by pair (an index into the matrix's pairs) and kind, and what its section is called."""

    name: str
    family: str
    anchor: str
    counts: Mapping[str, int]
    marks: Mapping[tuple[int, str], Mark]
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


def status(outcome: Outcome) -> str:
    """The code of an outcome's status."""
    return "known" if outcome.verdict == "different" and outcome.expected else outcome.verdict


def counts(outcomes: Iterable[Outcome]) -> dict[str, int]:
    """How many outcomes have which status, worst first."""
    return _worst_first(Counter(status(outcome) for outcome in outcomes))


def tally(found: Mapping[str, int]) -> str:
    """Counts in words: ``2 different, 1 error``."""
    plural = {code: "s" * (code in {"error", "known"} and count != 1) for code, count in found.items()}
    return ", ".join(f"{count} {STATUSES[code].label}{plural[code]}" for code, count in found.items())


def kinds(outcome: Outcome) -> Sequence[str]:
    """Which marks an outcome counts for."""
    if outcome.quantity == "call":
        return KINDS
    return ("gradient",) if outcome.quantity.startswith("gradient") else ("forward",)


def ratio(outcome: Outcome) -> float | None:
    """The required tolerance over the allowed one."""
    required, allowed = outcome.comparison.required_tolerance, outcome.comparison.tolerance
    if required is None or allowed is None:
        return None
    if allowed == 0:
        return 0.0 if required == 0 else math.inf
    return required / allowed


def number(value: float | None, digits: int = 2) -> str:
    """A number as a page shows it: few digits, ``1e-5`` and not ``1e-05``, a dash for none."""
    if value is None:
        return "\N{EN DASH}"
    if not math.isfinite(value):
        return str(jsonable(value))
    return re.sub(r"e\+?(-?)0*", r"e\1", f"{value:.{digits}g}")


def matrix(run: Run) -> Matrix:
    """Every operation by every pair, each cell with the worst of its comparisons."""
    groups: dict[str, list[Outcome]] = defaultdict(list)
    for outcome in run.outcomes:
        groups[outcome.operation].append(outcome)
    pairs = _pairs(groups.values(), list(run.header["versions"]))
    anchors = _anchors(groups)
    return Matrix(
        pairs,
        [
            Row(name, outcomes[0].family, anchors[name], counts(outcomes), _marks(outcomes, pairs), outcomes)
            for name, outcomes in groups.items()
        ],
    )


def unexpected(outcomes: Iterable[Outcome], limit: int) -> list[Outcome]:
    """The first outcomes that are not as expected; each operation and pair has one before any has two."""
    found = [outcome for outcome in outcomes if not outcome.expected]
    turns: Counter[tuple[str, str, str]] = Counter()
    places = []
    for place, outcome in enumerate(found):
        key = outcome.operation, outcome.left, outcome.right
        places.append((turns[key], place))
        turns[key] += 1
    return [found[place] for place in sorted(place for _, place in sorted(places)[:limit])]


def headline(run: Run) -> tuple[Status, str]:
    """What came out, in a few words."""
    result = exit_status((outcome.verdict, outcome.expected) for outcome in run.outcomes)
    found = counts(run.outcomes)
    wrong: dict[str, int] = {code: found[code] for code in ("different", "error", "undecided") if code in found}
    words = tally(wrong)
    if not wrong and result != EXIT_EXPECTED:
        wrong, words = {"error": 0}, "Nothing was compared"
    worst = next(iter(wrong), "equal")
    if not run.complete:
        return STATUSES["error" if worst == "equal" else worst], f"Incomplete: {words or 'as expected so far'}"
    return STATUSES[worst], words or "Everything as expected"


def frameworks(run: Run) -> tuple[dict[str, str], dict[str, str]]:
    """What took part with its versions, and what did not with the reason and how to fix it."""
    present, missing = {}, dict(run.header["absent"])
    for name, versions in run.header["versions"].items():
        if not isinstance(versions, Mapping):
            present[name] = str(versions)
        elif "error" in versions:
            missing[name] = str(versions["error"])
        else:
            present[name] = ", ".join(f"{package} {version}" for package, version in versions.items())
    return present, missing


def page(run: Run, limit: int = 200) -> dict[str, Any]:
    """Everything the template shows, except the rows of the sections.

    Args:
        run: what ran.
        limit: how many comparisons that are not as expected are shown at the top at most; the sections have them all.
    """
    present, missing = frameworks(run)
    status_, words = headline(run)
    return {
        "status": status_,
        "headline": words,
        "counts": counts(run.outcomes),
        "total": len(run.outcomes),
        "complete": run.complete,
        "header": run.header,
        "present": present,
        "missing": missing,
        "matrix": matrix(run),
        "unexpected": unexpected(run.outcomes, limit),
        "unexpected_total": sum(not outcome.expected for outcome in run.outcomes),
        "statuses": STATUSES,
        "kinds": KINDS,
    }


def _worst_first(found: Mapping[str, int]) -> dict[str, int]:
    return {code: found[code] for code in STATUSES if code in found}


def _takers(outcomes: Iterable[Outcome]) -> list[str]:
    return list(dict.fromkeys(name for outcome in outcomes for name in (outcome.left, outcome.right) if name))


def _pairs(groups: Iterable[Sequence[Outcome]], order: Sequence[str]) -> list[Pair]:
    """Every pair that was compared, or would have been if one of the two had given anything."""
    found: dict[frozenset[str], Pair] = {}
    seen: dict[str, int] = {}

    def rank(name: str) -> tuple[int, int]:
        adapter = name.partition("/")[0]
        return order.index(adapter) if adapter in order else len(order), seen.get(name, -1)

    for outcomes in groups:
        takers = _takers(outcomes)
        seen |= {name: len(seen) + k for k, name in enumerate(takers) if name not in seen}
        silent = {outcome.left for outcome in outcomes if not outcome.right}
        found |= {frozenset(pair): pair for outcome in outcomes if all(pair := (outcome.left, outcome.right))}
        for pair in combinations(sorted(takers, key=rank), 2):
            if silent & set(pair):
                found.setdefault(frozenset(pair), pair)
        if len(takers) == 1:
            found.setdefault(frozenset(takers), (takers[0], ""))
    return sorted(found.values(), key=lambda pair: [rank(name) for name in pair])


def _marks(outcomes: Sequence[Outcome], pairs: Sequence[Pair]) -> dict[tuple[int, str], Mark]:
    """The marks of one operation."""
    places = {pair: place for place, pair in enumerate(pairs)}
    takers = {*_takers(outcomes), ""}
    tallies: dict[tuple[int, str], Counter[str]] = defaultdict(Counter)
    ratios: dict[tuple[int, str], float] = {}
    for outcome in outcomes:
        pair = outcome.left, outcome.right
        spoiled = (
            [places[pair]] if outcome.right else [k for pair, k in places.items() if _spoils(pair, outcome, takers)]
        )
        for key in ((place, kind) for place in spoiled for kind in kinds(outcome)):
            tallies[key][status(outcome)] += 1
            if (found := ratio(outcome)) is not None:
                ratios[key] = max(ratios.get(key, 0.0), found)
    return {key: Mark(_worst_first(tally), ratios.get(key)) for key, tally in tallies.items()}


def _spoils(pair: Pair, outcome: Outcome, takers: Iterable[str]) -> bool:
    """Whether a participant's failure spoils this pair: it is in it, and the other takes part in the operation."""
    return outcome.left in pair and set(pair) <= set(takers)


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
