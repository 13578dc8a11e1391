"""What ``equivalence power`` measured as the plain data a page shows."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from equivalence.outcome import REFERENCE
from equivalence.power.results import Mutant, Power, Tally, bindings, faults, tally
from equivalence.report.data import STATUSES
from equivalence.runfile import Run

_LIMIT = 100
"""Survivors and errors shown at most; they are counted, and the JSON has them all."""


@dataclass(frozen=True)
class Line:
    """An operation's row in the table."""

    name: str
    faults: Tally
    bindings: Tally
    both: Tally


def section(power: Power, run: Run) -> dict[str, Any]:
    """What the page shows of a result beside a run."""
    wrong = [*power.survivors, *power.errors]
    code = "different" if power.survivors else "equal" if power.score is not None and not wrong else "error"
    return {
        "status": STATUSES[code],
        "score": power.percent,
        "counted": tally(power.mutants),
        "version": power.version,
        "commit": power.commit,
        "created": power.created,
        "doubts": [*_doubts(power, run), *_cut(len(wrong))],
        "wrong": wrong[:_LIMIT],
        "lines": [
            Line(name, faults(group), bindings(group), tally(group)) for name, group in power.by_operation().items()
        ],
        "equivalents": _equivalents(power.mutants),
    }


def _doubts(power: Power, run: Run) -> Iterator[str]:
    """Where the result does not speak of everything that was compared, or speaks of something else."""
    here = run.header["versions"].get("layer-equivalence"), run.header["commit"]
    if here != (power.version, power.commit):
        yield "This was measured with another version or commit than the run."
    operations = dict.fromkeys(outcome.operation for outcome in run.outcomes)
    if missing := [name for name in operations if name not in power.by_operation()]:
        yield f"Not measured: {', '.join(missing)}."
    names = dict.fromkeys(name for outcome in run.outcomes for name in (outcome.left, outcome.right) if name)
    measured = {mutant.participant for mutant in power.mutants if not mutant.fault} | {REFERENCE}
    if missing := [name for name in names if name not in measured]:
        yield f"No bindings of {', '.join(missing)} were mutated."


def _cut(wrong: int) -> list[str]:
    return [f"The first {_LIMIT} of {wrong} are shown; the JSON has them all."] if wrong > _LIMIT else []


def _equivalents(mutants: tuple[Mutant, ...]) -> dict[tuple[str, str, str], list[str]]:
    """Names of those that are equivalent, by operation, participant and reason."""
    found: dict[tuple[str, str, str], list[str]] = {}
    for mutant in mutants:
        if mutant.status == "equivalent":
            found.setdefault((mutant.operation, mutant.participant, mutant.reason), []).append(mutant.name)
    return found
