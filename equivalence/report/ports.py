"""The answers to checks of ports: one HTML file, and a Markdown summary for a pull request."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from equivalence.answer import PortOutcome, worst
from equivalence.report.data import STATUSES
from equivalence.report.page import fill
from equivalence.report.summary import code, fenced, text
from equivalence.runfile import atomic


def write_port_report(path: Path, outcomes: Sequence[PortOutcome]) -> None:
    """Write the page; the file appears whole or not at all."""
    verdict = worst([outcome.verdict for outcome in outcomes])
    different = sum(outcome.verdict != "equal" for outcome in outcomes)
    ports = "1 port" if len(outcomes) == 1 else f"{len(outcomes)} ports"
    headline = f"{different} of {ports} not equal" if different else f"{ports} checked: all equal"
    shown = {"ports": outcomes, "statuses": STATUSES, "status": STATUSES[verdict], "headline": headline}
    with atomic(path) as stream:
        stream.write(fill("ports.html", **shown))


def markdown_ports(outcomes: Sequence[PortOutcome]) -> str:
    """The answers in Markdown: a line each, and the whole text of each that is not equal."""
    lines = ["## Check of ports", "", "| port | verdict | why |", "|---|---|---|"]
    for outcome in outcomes:
        shown = STATUSES[outcome.verdict]
        lines.append(f"| {code(outcome.name)} | {shown.symbol} {shown.label} | {text(outcome.reason)} |")
    for outcome in outcomes:
        if outcome.verdict != "equal":
            lines += ["", f"### {text(outcome.name)}", "", fenced("text", outcome.text())]
    return "\n".join(lines) + "\n"
