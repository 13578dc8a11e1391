"""``equivalence stress``."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from rich.table import Table

from equivalence import registry, session
from equivalence.cli.run import collect, console, progress_console, show_unexpected
from equivalence.outcome import EXIT_INTERRUPTED, Outcome
from equivalence.runfile import Run, write_run
from equivalence.stress import COMPARISONS, counted, stopped, stress_plan, stress_status, unexpected

_COLOURS = {"equal": "green", "known difference": "green", "undecided": "yellow"}


def stress(
    *,
    operations: Sequence[str],
    frameworks: Sequence[str],
    dtypes: Sequence[str],
    cases: Sequence[str],
    comparisons: int,
    json_path: Path | None,
    seed: int,
    timeout: float | None,
    jobs: int | None,
) -> int:
    """Run random cases, print the verdicts by operation and reason; return the exit status."""
    here = session.available(registry.load(), frameworks)
    selected = {"operations": operations, "frameworks": frameworks, "dtypes": dtypes, "cases": cases}
    planned = stress_plan(here.registry, **selected, comparisons=comparisons, seed=seed)
    outcomes: list[Outcome] = []
    interrupted = False
    with session.engine(here.registry, planned, seed=seed, timeout=timeout, jobs=jobs, command="stress") as engine:
        progress_console.print(f"Starting {', '.join(here.registry.adapters)} ...", style="dim")
        header = session.header(engine, here.absent)
        try:
            collect(engine, planned, outcomes)
        except KeyboardInterrupt:
            interrupted = True
    if json_path is not None:
        write_run(json_path, Run(header, outcomes, complete=not interrupted))
    whole = not (any(selected.values()) or here.absent) and comparisons >= COMPARISONS
    stale = stopped(planned.rows, outcomes) if whole and not interrupted else []
    console.print(_table(outcomes))
    show_unexpected(list(unexpected(outcomes)))
    for row in stale:
        what = f"{row.code} in {row.quantity} of {row.operation}"
        console.print(f"The known difference {what} of {row.adapter} has stopped: remove its row.", style="red")
    return EXIT_INTERRUPTED if interrupted else stress_status(outcomes, stale)


def _table(outcomes: Sequence[Outcome]) -> Table:
    table = Table("operation", "verdict", "reason", title=f"{len(outcomes)} comparisons of correct results")
    table.add_column("number", justify="right")
    for item in counted(outcomes):
        colour = _COLOURS.get(item.verdict, "red")
        table.add_row(item.operation, f"[{colour}]{item.verdict}[/]", item.reason, str(item.number))
    return table
