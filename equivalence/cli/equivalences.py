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
    table = Table(title="Comparisons as expected, of left with right inside each framework, and of all across them")
    table.add_column("equivalence", overflow="fold")
    table.add_column("verdict")
    frameworks = list(dict.fromkeys(name for _, equated in found for name in equated.participants))
    for name in (*frameworks, "across"):
        table.add_column(name, justify="right")
    for one in dict.fromkeys(one.name for one, _ in found):
        mine = [(declared, equated) for declared, equated in found if declared.name == one]
        outcomes = [outcome for _, equated in mine for outcome in equated.outcomes]
        inside = {name: [o for o in outcomes if _sides(o) == {name}] for name in frameworks}
        across = [outcome for outcome in outcomes if len(_sides(outcome)) > 1]
        declared = mine[0][0]
        star = f" [dim](seed {', '.join(declared.seeds)})[/]" if declared.seeds else ""
        words = f"[bold]{escape(declared.name)}[/]{star}\n{escape(declared.title)}\n[dim]{escape(declared.why)}[/]"
        verdict = "[green]holds[/]" if all(equated.expected for _, equated in mine) else "[red]fails[/]"
        table.add_row(words, verdict, *(_cell(inside[name]) for name in frameworks), _cell(across))
    console.print(table)
    if detailed:
        for _, equated in found:
            console.print(_details(equated))
    holding = {one.name for one, equated in found} - {one.name for one, equated in found if not equated.expected}
    count = sum(len(equated.outcomes) for _, equated in found)
    names = {one.name for one, _ in found}
    console.print(f"{len(names)} equivalences, {len(holding)} hold; {count} comparisons", highlight=False)


def _details(equated: Equated) -> Table:
    """The worst of each quantity inside each framework."""
    table = Table("framework", "left", "right", "dtype", "quantity", "verdict", "largest difference", "of the bound")
    table.title = f"{equated.name}-{equated.case}"
    for outcome in equated.inside:
        compared = outcome.comparison
        names = [side.partition("/")[2] for side in (outcome.left, outcome.right)]
        colour = "green" if outcome.expected else "red"
        sizes = number(compared.max_abs), number(compared.bound_ratio)
        words = [framework(outcome.left), *names, outcome.dtype, outcome.quantity]
        table.add_row(*map(escape, words), f"[{colour}]{outcome.verdict}[/]", *sizes)
    return table


def _sides(outcome: Outcome) -> set[str]:
    return {framework(side) for side in (outcome.left, outcome.right) if side}


def _cell(outcomes: Sequence[Outcome]) -> str:
    if not outcomes:
        return "-"
    good = sum(outcome.expected for outcome in outcomes)
    return f"[{'green' if good == len(outcomes) else 'red'}]{good}/{len(outcomes)}[/]"
