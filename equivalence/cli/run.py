"""``equivalence run`` and ``equivalence report``."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn
from rich.table import Table

from equivalence import registry, session
from equivalence.claims.resultfile import read_claims
from equivalence.claims.results import Claims
from equivalence.engine import Engine
from equivalence.errors import UsageError
from equivalence.matrix import Gap, Plan, plan, skips
from equivalence.outcome import EXIT_INTERRUPTED, Outcome, exit_status
from equivalence.power.resultfile import read_power
from equivalence.power.results import Power
from equivalence.report import markdown, write_report
from equivalence.runfile import Run, atomic, read_run, write_run

_Beside = tuple[Power | None, Claims | None]
_SHOWN = 10
console = Console()
progress_console = Console(stderr=True)


def run(
    *,
    operations: Sequence[str],
    frameworks: Sequence[str],
    dtypes: Sequence[str],
    cases: Sequence[str],
    json_path: Path | None,
    report: Path | None,
    power: Path | None,
    claims: Path | None,
    summary: Path | None,
    seed: int,
    timeout: float | None,
    jobs: int | None,
) -> int:
    """Run the matrix, print the summary, write what was asked for; return the exit status."""
    for option, given in (("--power", power), ("--claims", claims)):
        if given is not None and report is None:
            raise UsageError(f"{option} is shown in the report", fix="Add --report OUT.html.")
    beside = _beside(power, claims)
    here = session.available(registry.load(), frameworks)
    planned = plan(here.registry, operations=operations, frameworks=frameworks, dtypes=dtypes, cases=cases)
    outcomes: list[Outcome] = []
    interrupted = False
    with session.engine(here.registry, planned, seed=seed, timeout=timeout, jobs=jobs) as engine:
        progress_console.print(f"Starting {', '.join(here.registry.adapters)} ...", style="dim")
        header = session.header(engine, here.absent)
        try:
            collect(engine, planned, outcomes)
            outcomes += skips(planned)
        except KeyboardInterrupt:
            interrupted = True
    finished = Run(header, outcomes, complete=not interrupted)
    _write(finished, json_path, report, summary, beside)
    _print_summary(finished, planned.gaps)
    if interrupted:
        progress_console.print("Interrupted: the finished comparisons are kept.", style="yellow")
        return EXIT_INTERRUPTED
    return exit_status((outcome.verdict, outcome.expected) for outcome in outcomes)


def report(*, run_file: Path, output: Path, power: Path | None, claims: Path | None, summary: Path | None) -> int:
    """Make the report of an earlier run."""
    beside = _beside(power, claims)
    finished = read_run(run_file)
    _write(finished, None, output, summary, beside)
    if not finished.complete:
        progress_console.print(f"{run_file} was interrupted: what is missing has not been compared", style="yellow")
    verdicts = [(outcome.verdict, outcome.expected) for outcome in finished.outcomes]
    return exit_status(verdicts if finished.complete else [*verdicts, ("undecided", False)])


def collect(engine: Engine, planned: Plan, outcomes: list[Outcome]) -> None:
    """Run a plan with a progress bar, adding to the outcomes: what is there when it is interrupted is kept."""
    columns = (
        TextColumn("[progress.description]{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        TimeElapsedColumn(),
    )
    with Progress(*columns, console=progress_console) as progress:
        task = progress.add_task("comparing", total=len(planned.cells))
        for cell, found in zip(planned.cells, engine.run(planned), strict=True):
            outcomes.extend(found)
            progress.update(task, advance=1, description=f"{cell.operation.name}-{cell.case.id}")
        progress.update(task, description="compared")


def _beside(power: Path | None, claims: Path | None) -> _Beside:
    """What the report shows beside the run."""
    return None if power is None else read_power(power), None if claims is None else read_claims(claims)


def _write(
    finished: Run, json_path: Path | None, report_path: Path | None, summary: Path | None, beside: _Beside
) -> None:
    if json_path is not None:
        write_run(json_path, finished)
    if report_path is not None:
        write_report(report_path, finished, *beside)
    if summary is not None:
        with atomic(summary) as stream:
            stream.write(markdown(finished))
    for path in (json_path, report_path, summary):
        if path is not None:
            progress_console.print(f"Wrote {path}", style="dim", highlight=False)


def _print_summary(finished: Run, gaps: Iterable[Gap]) -> None:
    outcomes = finished.outcomes
    console.print(_table(outcomes))
    show_unexpected([outcome for outcome in outcomes if not outcome.expected])
    for name, reason in finished.header["absent"].items():
        console.print(f"{name} did not take part: {reason}", style="red", markup=False, highlight=False, soft_wrap=True)
    for gap in gaps:
        if gap.row is None and gap.adapter not in finished.header["absent"]:
            what = gap.operation.name if gap.case is None else f"{gap.operation.name}-{gap.case}"
            console.print(f"{gap.adapter} has no binding for {what}", style="yellow")
    console.print(_totals(outcomes), highlight=False)


def show_unexpected(outcomes: Sequence[Outcome]) -> None:
    """Print the first outcomes that should not have come out."""
    for outcome in outcomes[:_SHOWN]:
        console.print(outcome.text(), style="red", markup=False, highlight=False, soft_wrap=True)
    if len(outcomes) > _SHOWN:
        console.print(f"... and {len(outcomes) - _SHOWN} more; --json has them all.")


def _table(outcomes: Sequence[Outcome]) -> Table:
    """Operation by framework: pairs would not fit a terminal, and the report has them."""
    table = Table(title="Comparisons as expected, of all that a framework takes part in")
    frameworks = list(dict.fromkeys(name for outcome in outcomes for name in _frameworks(outcome)))
    table.add_column("operation", overflow="fold")
    for name in frameworks:
        table.add_column(name, justify="right")
    for operation in dict.fromkeys(outcome.operation for outcome in outcomes):
        mine = [outcome for outcome in outcomes if outcome.operation == operation]
        table.add_row(operation, *(_cell([o for o in mine if name in _frameworks(o)]) for name in frameworks))
    return table


def _frameworks(outcome: Outcome) -> list[str]:
    return [name.partition("/")[0] for name in (outcome.left, outcome.right) if name]


def _cell(outcomes: Sequence[Outcome]) -> str:
    if not outcomes:
        return "-"
    good = sum(outcome.expected for outcome in outcomes)
    colour = "green" if good == len(outcomes) else "red"
    return f"[{colour}]{good}/{len(outcomes)}[/]"


def _totals(outcomes: Sequence[Outcome]) -> str:
    counts: Mapping[str, int] = Counter(
        "known differences" if outcome.known_difference else outcome.verdict for outcome in outcomes
    )
    operations = {outcome.operation for outcome in outcomes}
    cases = {(outcome.operation, outcome.case) for outcome in outcomes}
    found = ", ".join(f"{count} {verdict}" for verdict, count in sorted(counts.items()))
    return (
        f"{len(operations)} operations, {len(cases)} cases, {len(outcomes)} comparisons: {found or 'nothing compared'}"
    )
