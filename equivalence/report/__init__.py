"""The report of a run: one HTML file that needs no network, and a Markdown summary for a pull request."""

from __future__ import annotations

from pathlib import Path

from equivalence.claims.results import Claims
from equivalence.power.results import Power
from equivalence.report import claims as claims_section
from equivalence.report import power as power_section
from equivalence.report.data import overview
from equivalence.report.marks import label, matrix
from equivalence.report.page import fill
from equivalence.report.rows import rows
from equivalence.report.summary import markdown
from equivalence.runfile import Run, atomic

__all__ = ["markdown", "render", "write_report"]


def render(run: Run, power: Power | None = None, claims: Claims | None = None) -> str:
    """The report as HTML; with what ``equivalence power`` and ``equivalence claims`` found, if that is given."""
    shown = matrix(run)
    measured = None if power is None else power_section.section(power, run)
    claimed = None if claims is None else claims_section.section(claims, run)
    return fill(
        "template.html", matrix=shown, rows=rows(shown), label=label, power=measured, claims=claimed, **overview(run)
    )


def write_report(path: Path, run: Run, power: Power | None = None, claims: Claims | None = None) -> None:
    """Write the report; the file appears whole or not at all."""
    with atomic(path) as stream:
        stream.write(render(run, power, claims))
