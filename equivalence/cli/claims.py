"""``equivalence claims``."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path

from rich.console import Console
from rich.markup import escape
from rich.table import Table

from equivalence import registry, session
from equivalence.claim import Claim
from equivalence.claims.measure import compute
from equivalence.claims.resultfile import write_claims
from equivalence.claims.results import Claims, Evidence, Finding
from equivalence.claims.words import brief, colour
from equivalence.matrix import Plan

CLAIMS = "equivalence.claims"
_SHOWN = 3
"""Checks of a claim in the table."""
console = Console()
progress_console = Console(stderr=True)


def claims(
    *,
    names: Sequence[str],
    frameworks: Sequence[str],
    json_path: Path | None,
    numbers: bool,
    timeout: float | None,
    jobs: int | None,
) -> int:
    """Compute claims, print the table, write what was asked for; return the exit status."""
    known = registry.find(CLAIMS, Claim)
    chosen = [registry.look_up("claim", name, known) for name in dict.fromkeys(names)] or list(known.values())
    here = session.available(registry.load(), frameworks)
    cut = here.registry
    for name in frameworks:
        cut.adapter(name)
    if frameworks:
        wanted = {cut.reference.name, *frameworks}
        cut = registry.Registry(cut.operations, {n: a for n, a in cut.adapters.items() if n in wanted}, cut.bindings)
    words = f"computing {len(chosen)} claims in {', '.join(cut.adapters)}"
    with (
        session.engine(cut, Plan((), (), ()), timeout=timeout, jobs=jobs) as engine,
        progress_console.status(words),
    ):
        found = tuple(compute(engine, chosen))
    created = datetime.now(UTC).isoformat(timespec="seconds")
    result = Claims(findings=found, absent=here.absent, commit=session.commit(), created=created)
    if json_path is not None:
        write_claims(json_path, result)
        progress_console.print(f"Wrote {json_path}", style="dim", highlight=False)
    _print(result, numbers=numbers or bool(names))
    return result.exit_status


def _print(result: Claims, *, numbers: bool) -> None:
    table = Table("seed", "claim", "verdict", "computed", title="What the seed documents claim", show_lines=True)
    for finding in result.findings:
        table.add_row(finding.seed, _said(finding), _verdict(finding), _numbers(finding))
    console.print(table)
    if numbers:
        for finding in result.findings:
            _print_evidence(finding)
    for name, reason in result.absent.items():
        console.print(f"{name} did not take part: {reason}", style="red", markup=False, highlight=False, soft_wrap=True)
    counted = [finding.verdict for finding in result.findings]
    changed = [finding.name for finding in result.findings if not finding.as_expected]
    words = f"{len(counted)} claims: {counted.count('confirmed')} confirmed, {counted.count('refuted')} refuted"
    if changed:
        words += f"; not as expected: {', '.join(changed)}"
    console.print(words, highlight=False)


def _said(finding: Finding) -> str:
    lines = [f"[bold]{escape(finding.name)}[/]", escape(finding.text), f"[dim]{escape(finding.why)}[/]"]
    lines += [f"[dim]{escape(old)} is gone: {escape(new)}[/]" for old, new in finding.replaced.items()]
    return "\n".join(lines)


def _verdict(finding: Finding) -> str:
    words = f"[{colour(finding.verdict)}]{finding.verdict}[/]"
    if not finding.as_expected:
        words += f"\n[red]expected {finding.expected}[/]"
    if finding.about:
        words += f"\n[dim]in {', '.join(finding.about)}[/]"
    return words


def _numbers(finding: Finding) -> str:
    """Each framework's answer, and the numbers of the one that decides first."""
    lines = []
    for answer in ("confirmed", "refuted", "error"):
        names = [item.framework for item in finding.evidence if item.answer == answer]
        if names:
            lines.append(f"[{colour(answer)}]{answer}[/]: {', '.join(names)}")
    # The reference comes first, and says little about the frameworks.
    for item in finding.deciding[1:2] or finding.deciding[:1]:
        lines += [escape(brief(check)) for check in item.checks[:_SHOWN]]
        if len(item.checks) > _SHOWN:
            lines.append(f"[dim]and {len(item.checks) - _SHOWN} more[/]")
    return "\n".join(lines)


def _print_evidence(finding: Finding) -> None:
    console.print(f"\n[bold]{escape(finding.name)}[/]", highlight=False)
    for item in finding.evidence:
        console.print(f"  {item.framework}: {_answer(item)}", highlight=False, soft_wrap=True)
        for check in item.checks:
            sign = "instead" if check.instead else "holds" if check.holds else "fails"
            console.print(f"    {sign}: {escape(brief(check))}", highlight=False, soft_wrap=True)


def _answer(item: Evidence) -> str:
    return f"[{colour(item.answer)}]{item.answer}[/]" + (f", {escape(item.reason)}" if item.reason else "")
