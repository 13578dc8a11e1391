"""``equivalence equivalences``."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from rich.console import Console
from rich.markup import escape
from rich.table import Table

from equivalence import registry, session
from equivalence.cli.networks import needed
from equivalence.cli.run import show_unexpected
from equivalence.equating import Equated, equate, framework
from equivalence.expressions import Equivalence
from equivalence.operation import Case
from equivalence.outcome import EXIT_INTERRUPTED, Outcome, exit_status
from equivalence.registry import EQUIVALENCES
from equivalence.report import write_report
from equivalence.report.data import number
from equivalence.runfile import Run, write_run

console = Console()
progress_console = Console(stderr=True)


def equivalences(
    *,
    names: Sequence[str],
    cases: Sequence[str],
    frameworks: Sequence[str],
    dtypes: Sequence[str],
    json_path: Path | None,
    report: Path | None,
    seed: int,
    timeout: float | None,
    jobs: int | None,
) -> int:
    """Compare expressions, print what came out, write what was asked for; return the exit status."""
    chosen = _chosen(names, cases)
    here = needed(session.available(registry.load(), frameworks), frameworks)
    found: list[tuple[Equivalence, Equated]] = []
    interrupted = False
    with session.graph_runner(here.registry, timeout=timeout, jobs=jobs) as runner:
        for one, _ in chosen:
            for name in one.expressions:
                one.graph(name).check(here.registry.operations)
        progress_console.print(f"Starting {', '.join(here.registry.adapters)} ...", style="dim")
        header = session.header(runner, here.absent, seed)
        try:
            for one, case in chosen:
                progress_console.print(f"{one.name}-{case.id} ...", style="dim")
                found.append((one, equate(runner, one, case, dtypes=dtypes, frameworks=frameworks, seed=seed)))
        except KeyboardInterrupt:
            interrupted = True
    outcomes = [outcome for _, equated in found for outcome in equated.outcomes]
    _write(Run(header, outcomes, complete=not interrupted), json_path, report)
    _print(found, detailed=bool(names))
    show_unexpected([outcome for outcome in outcomes if not outcome.expected])
    for name, reason in here.absent.items():
        console.print(f"{name} did not take part: {reason}", style="red", markup=False, highlight=False, soft_wrap=True)
    if interrupted:
        progress_console.print("Interrupted: the finished equivalences are kept.", style="yellow")
        return EXIT_INTERRUPTED
    status = exit_status((outcome.verdict, outcome.expected) for outcome in outcomes)
    # An equivalence that no framework writes in two ways has not been compared.
    return status or exit_status(("equal", True) if equated.inside else ("error", False) for _, equated in found)


def _chosen(names: Sequence[str], cases: Sequence[str]) -> list[tuple[Equivalence, Case]]:
    """Those that a seed document uses come first."""
    known = registry.find(EQUIVALENCES, Equivalence)
    ordered = sorted(known.values(), key=lambda one: not one.seeds)
    wanted = [registry.look_up("equivalence", name, known) for name in dict.fromkeys(names)] or ordered
    every = {case.id: case for one in wanted for case in one.cases}
    for name in cases:
        registry.look_up("case", name, every)
    return [(one, case) for one in wanted for case in one.cases if not cases or case.id in cases]


def _write(finished: Run, json_path: Path | None, report: Path | None) -> None:
    if json_path is not None:
        write_run(json_path, finished)
    if report is not None:
        write_report(report, finished)
    for path in (json_path, report):
        if path is not None:
            progress_console.print(f"Wrote {path}", style="dim", highlight=False)


def _print(found: Sequence[tuple[Equivalence, Equated]], *, detailed: bool) -> None:
    """Which hold, inside each framework and across; the cases of one equivalence are one row."""
    table = Table(title="Comparisons as expected: of two expressions in one framework, and across frameworks")
    table.add_column("equivalence", ratio=1)
    table.add_column("verdict", no_wrap=True)
    table.add_column("inside", no_wrap=True)
    table.add_column("across", justify="right", no_wrap=True)
    for one in dict.fromkeys(one.name for one, _ in found):
        mine = [(declared, equated) for declared, equated in found if declared.name == one]
        outcomes = [outcome for _, equated in mine for outcome in equated.outcomes]
        names = dict.fromkeys(name for _, equated in mine for name in equated.participants)
        inside = [f"{name} {_cell([o for o in outcomes if _sides(o) == {name}])}" for name in names]
        across = [outcome for outcome in outcomes if len(_sides(outcome)) > 1]
        verdict = "[green]holds[/]" if all(equated.expected for _, equated in mine) else "[red]fails[/]"
        table.add_row(_words(mine[0][0]), verdict, "\n".join(inside) or "-", _cell(across), end_section=True)
    console.print(table)
    if detailed:
        for _, equated in found:
            console.print(_details(equated))
    failing = {one.name for one, equated in found if not equated.expected}
    count = sum(len(equated.outcomes) for _, equated in found)
    total = len({one.name for one, _ in found})
    console.print(f"{total} equivalences, {total - len(failing)} hold; {count} comparisons", highlight=False)


def _words(one: Equivalence) -> str:
    used = f" [dim]seed {', '.join(one.seeds)}[/]" if one.seeds else ""
    return f"[bold]{escape(one.name)}[/]{used}\n{escape(one.title)}\n[dim]{escape(one.why)}[/]"


def _details(equated: Equated) -> Table:
    """For any two expressions in one framework, the quantity in which they differ most."""
    table = Table("framework", "expressions", "dtype", "verdict", "largest difference", "in")
    table.title = f"{equated.name}-{equated.case}"
    groups: dict[tuple[str, str, str], list[Outcome]] = {}
    for outcome in equated.inside:
        groups.setdefault((outcome.left, outcome.right, outcome.dtype), []).append(outcome)
    for (left, right, dtype), outcomes in groups.items():
        worst = max(outcomes, key=lambda outcome: (not outcome.expected, outcome.comparison.max_abs or 0.0))
        colour = "green" if worst.expected else "red"
        names = f"{left.partition('/')[2]} = {right.partition('/')[2]}"
        verdict = f"[{colour}]{worst.verdict}[/]"
        size = number(worst.comparison.max_abs)
        table.add_row(framework(left), escape(names), dtype, verdict, size, worst.quantity)
    return table


def _sides(outcome: Outcome) -> set[str]:
    return {framework(side) for side in (outcome.left, outcome.right) if side}


def _cell(outcomes: Sequence[Outcome]) -> str:
    if not outcomes:
        return "-"
    good = sum(outcome.expected for outcome in outcomes)
    return f"[{'green' if good == len(outcomes) else 'red'}]{good}/{len(outcomes)}[/]"
