"""The answers to checks of ports: one HTML file, and a Markdown summary for a pull request."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from equivalence.answer import PortOutcome, Probe, worst
from equivalence.comparison import Comparison
from equivalence.report.data import STATUSES, number, tally, worst_first
from equivalence.report.page import fill
from equivalence.report.summary import code, fenced, text
from equivalence.runfile import atomic

_ROWS = 50
"""Ports in the Markdown table; those that are not equal come first, and the rest is counted."""

_DETAILS = 30_000
"""Characters of whole answers in Markdown: a comment has 65,536 in all."""


@dataclass
class Row:
    """One kind of probe, in every dtype it ran in."""

    kind: str
    probes: dict[str, Probe] = field(default_factory=dict)

    @property
    def rank(self) -> int:
        """Rows with the gravest marks first."""
        return min(list(STATUSES).index(probe.verdict) for probe in self.probes.values())

    @property
    def sizes(self) -> str:
        """The sizes in words; they are the same in every dtype."""
        found = next(iter(self.probes.values())).sizes
        return ", ".join(f"{letter}={size}" for letter, size in found.items())

    @property
    def largest(self) -> str:
        """The largest difference in each dtype."""
        compared = {name: [*probe.forward.values(), *probe.gradients.values()] for name, probe in self.probes.items()}
        shown = {name: _largest(items) for name, items in compared.items()}
        return ", ".join(f"{value} ({name})" for name, value in shown.items() if value)

    @property
    def reasons(self) -> list[str]:
        """Why, where a probe says so; each sentence once."""
        return list(dict.fromkeys(probe.reason for probe in self.probes.values() if probe.reason))


def _largest(compared: Sequence[Comparison]) -> str:
    found = [item.max_abs for item in compared if item.max_abs is not None]
    return number(max(found)) if found else ""


def rows(outcome: PortOutcome) -> list[Row]:
    """The probes of a port by kind, worst first."""
    found: dict[str, Row] = {}
    for probe in outcome.probes:
        found.setdefault(probe.kind, Row(probe.kind)).probes[probe.dtype] = probe
    return sorted(found.values(), key=lambda row: row.rank)


def counts(verdicts: Sequence[str]) -> dict[str, int]:
    """How many have which verdict, worst first."""
    return worst_first(Counter(verdicts))


def headline(outcomes: Sequence[PortOutcome]) -> str:
    """What came out, in a few words."""
    if not outcomes:
        return "No port was checked"
    found = counts([outcome.verdict for outcome in outcomes])
    ports = "1 port" if len(outcomes) == 1 else f"{len(outcomes)} ports"
    return f"{ports}: {tally(found)}"


def write_port_report(path: Path, outcomes: Sequence[PortOutcome]) -> None:
    """Write the page; the file appears whole or not at all."""
    shown = {
        "ports": outcomes,
        "rows": rows,
        "counts": counts,
        "statuses": STATUSES,
        "status": STATUSES[worst([outcome.verdict for outcome in outcomes])],
        "headline": headline(outcomes),
    }
    with atomic(path) as stream:
        stream.write(fill("ports.html", **shown))


def markdown_ports(outcomes: Sequence[PortOutcome]) -> str:
    """The answers in Markdown: a line each, and the whole text, folded, of each that is not equal."""
    ordered = sorted(outcomes, key=lambda outcome: list(STATUSES).index(outcome.verdict))
    status = STATUSES[worst([outcome.verdict for outcome in outcomes])]
    lines = [
        f"## Ports: {status.symbol} {headline(outcomes)}",
        "",
        "| port | verdict | diagnosis | confidence | what to do |",
        "|---|---|---|--:|---|",
        *map(_line, ordered[:_ROWS]),
    ]
    if len(ordered) > _ROWS:
        lines.append(f"| and {len(ordered) - _ROWS} more | | | | |")
    return "\n".join([*lines, *_folded(ordered)]) + "\n"


def _line(outcome: PortOutcome) -> str:
    shown = STATUSES[outcome.verdict]
    best = outcome.diagnoses[0] if outcome.diagnoses else None
    cells = [code(outcome.name), f"{shown.symbol} {shown.label}"]
    if best is None:
        cells += ["", "", text(outcome.reason)]
    else:
        fix = f"<br>Fix: {text(best.fix)}" if best.fix else ""
        cells += [code(best.code), best.percent, text(best.message) + fix]
    cells[-1] += "".join(f"<br>Warning: {text(warning)}" for warning in outcome.warnings)
    return f"| {' | '.join(cells)} |"


def _folded(outcomes: Sequence[PortOutcome]) -> Iterator[str]:
    left = _DETAILS
    wrong = [outcome for outcome in outcomes if outcome.verdict != "equal"]
    for place, outcome in enumerate(wrong):
        words = outcome.text()
        if len(words) > left:
            yield f"\nThe answers on {len(wrong) - place} more ports are in the log."
            return
        left -= len(words)
        yield f"\n<details><summary>{text(outcome.name)}: {outcome.verdict}</summary>\n"
        yield fenced("text", words)
        yield "\n</details>"
