"""A run as the plain data a page shows: statuses, counts, facts, warnings, and what is not as expected."""

from __future__ import annotations

import math
import re
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from equivalence.comparison import jsonable
from equivalence.outcome import EXIT_EXPECTED, Outcome, exit_status
from equivalence.runfile import Run

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


def status(outcome: Outcome) -> str:
    """The code of an outcome's status."""
    return "known" if outcome.verdict == "different" and outcome.expected else outcome.verdict


def counts(outcomes: Iterable[Outcome]) -> dict[str, int]:
    """How many outcomes have which status, worst first."""
    return worst_first(Counter(status(outcome) for outcome in outcomes))


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


def overview(run: Run, limit: int = 200) -> dict[str, Any]:
    """What the page shows besides the matrix and the rows of the sections.

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
        "unexpected": unexpected(run.outcomes, limit),
        "unexpected_total": sum(not outcome.expected for outcome in run.outcomes),
        "statuses": STATUSES,
        "kinds": KINDS,
    }


def worst_first(found: Mapping[str, int]) -> dict[str, int]:
    """Counts by status in the order of :data:`STATUSES`."""
    return {code: found[code] for code in STATUSES if code in found}
