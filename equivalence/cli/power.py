"""``equivalence power``."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn
from rich.table import Table

from equivalence import registry, session
from equivalence.matrix import plan
from equivalence.outcome import EXIT_INTERRUPTED
from equivalence.power.measure import run, tasks
from equivalence.power.resultfile import write_power
from equivalence.power.results import Mutant, Power, Tally, bindings, faults, tally

_SHOWN = 20
console = Console()
progress_console = Console(stderr=True)


def power(
    *,
    operations: Sequence[str],
    frameworks: Sequence[str],
    json_path: Path | None,
    timeout: float | None,
    jobs: int | None,
) -> int:
    """Run the faults and mutations, print the table and the survivors; return the exit status."""
    here = session.available(registry.load(), frameworks)
    todo = tasks(here.registry, operations=operations, frameworks=frameworks)
    planned = plan(here.registry, operations=operations, frameworks=frameworks)
    found: dict[int, Mutant] = {}
    interrupted = False
    columns = TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn()
    with (
        session.engine(here.registry, planned, timeout=timeout, jobs=jobs) as engine,
        Progress(*columns, console=progress_console) as progress,
    ):
        bar = progress.add_task("faults and mutations", total=len(todo))
        try:
            for task, mutant in run(engine, todo, jobs=jobs):
                found[task.position] = mutant
                progress.advance(bar)
        except KeyboardInterrupt:
            interrupted = True
    mutants = tuple(found[position] for position in sorted(found))
    created = datetime.now(UTC).isoformat(timespec="seconds")
    result = Power(mutants, here.absent, commit=session.commit(), created=created)
    if json_path is not None and not interrupted:
        write_power(json_path, result)
        progress_console.print(f"Wrote {json_path}", style="dim", highlight=False)
    _print(result)
    return EXIT_INTERRUPTED if interrupted else result.exit_status


def _print(result: Power) -> None:
    table = Table("operation", title="Killed, of all that are not equivalent")
    for column in ("faults", "mutations of bindings", "refused", "equivalent"):
        table.add_column(column, justify="right")
    for name, group in result.by_operation().items():
        table.add_row(name, _share(faults(group)), _share(bindings(group)), *_rest(tally(group)))
    console.print(table)
    wrong = [*result.survivors, *result.errors]
    for mutant in wrong[:_SHOWN]:
        console.print(mutant.text(), style="red", markup=False, highlight=False, soft_wrap=True)
    if len(wrong) > _SHOWN:
        console.print(f"... and {len(wrong) - _SHOWN} more; --json has them all.")
    for name, reason in result.absent.items():
        console.print(f"{name} did not take part: {reason}", style="red", markup=False, highlight=False, soft_wrap=True)
    counted = tally(result.mutants)
    console.print(f"power {result.percent}: {counted.killed} killed of {counted.all}", highlight=False)


def _share(counted: Tally) -> str:
    if not counted.all:
        return "-"
    colour = "green" if counted.killed == counted.all else "red"
    return f"[{colour}]{counted.killed}/{counted.all}[/]"


def _rest(counted: Tally) -> list[str]:
    return [str(counted.refused), str(counted.equivalent)]
