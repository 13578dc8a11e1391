"""``equivalence networks``."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path

from rich.console import Console
from rich.markup import escape
from rich.table import Table

from equivalence import registry, session
from equivalence.cli.run import show_unexpected
from equivalence.graph import Graph
from equivalence.graph_file import document, write_networks
from equivalence.graph_judging import Compared, Difference, TraceRow, compare_graph
from equivalence.graph_running import GraphRunner
from equivalence.operation import Case
from equivalence.outcome import EXIT_INTERRUPTED, exit_status

console = Console()
progress_console = Console(stderr=True)

_WIDE = 400
"""Columns for a table of every pair, which is wider than most terminals: broken lines can still be read."""


def networks(
    *,
    names: Sequence[str],
    cases: Sequence[str],
    trace: bool,
    frameworks: Sequence[str],
    dtypes: Sequence[str],
    json_path: Path | None,
    seed: int,
    timeout: float | None,
    jobs: int | None,
) -> int:
    """Compare networks between all frameworks, print what came out, and return the exit status."""
    here = needed(session.available(registry.load(), frameworks), frameworks)
    chosen = _chosen(here.registry, names, cases)
    compared: list[Compared] = []
    interrupted = False
    with session.graph_runner(here.registry, timeout=timeout, jobs=jobs) as runner:
        progress_console.print(f"Starting {', '.join(here.registry.adapters)} ...", style="dim")
        header = session.header(runner, here.absent, seed)
        try:
            for found in _run(runner, chosen, dtypes, frameworks, seed):
                compared.append(found)
                _show(found, trace=trace)
        except KeyboardInterrupt:
            interrupted = True
    if json_path is not None:
        write_networks(json_path, document(header, compared, complete=not interrupted))
        progress_console.print(f"Wrote {json_path}", style="dim", highlight=False)
    console.print(_table(compared))
    for name, reason in here.absent.items():
        console.print(f"{name} did not take part: {reason}", style="red", markup=False, highlight=False, soft_wrap=True)
    console.print(_totals(compared), highlight=False)
    if interrupted:
        progress_console.print("Interrupted: the finished networks are kept.", style="yellow")
        return EXIT_INTERRUPTED
    verdicts = [(outcome.verdict, outcome.expected) for found in compared for outcome in found.outcomes]
    for found in compared:
        verdicts += [("different", False) for _ in found.starts()]
    return exit_status(verdicts)


def needed(here: session.Available, frameworks: Sequence[str]) -> session.Available:
    """With only the frameworks that were asked for, whom they borrow from, and the reference."""
    if not frameworks:
        return here
    asked = [here.registry.adapter(name) for name in frameworks]
    names = {here.registry.reference.name, *(name for adapter in asked for name in (adapter.name, adapter.library))}
    adapters = {name: adapter for name, adapter in here.registry.adapters.items() if name in names}
    absent = {name: why for name, why in here.absent.items() if name in names}
    return session.Available(replace(here.registry, adapters=adapters), absent)


def _chosen(known: registry.Registry, names: Sequence[str], cases: Sequence[str]) -> list[tuple[Graph, Case]]:
    graphs = registry.graphs(known)
    wanted = [registry.look_up("network", name, graphs) for name in dict.fromkeys(names)] or list(graphs.values())
    every = {case.id: case for graph in wanted for case in graph.cases}
    for name in cases:
        registry.look_up("case", name, every)
    return [(graph, case) for graph in wanted for case in graph.cases if not cases or case.id in cases]


def _run(
    runner: GraphRunner,
    chosen: Sequence[tuple[Graph, Case]],
    dtypes: Sequence[str],
    frameworks: Sequence[str],
    seed: int,
) -> Iterator[Compared]:
    for graph, case in chosen:
        progress_console.print(f"{graph.name}-{case.id} ...", style="dim")
        yield compare_graph(runner, graph, case, dtypes=dtypes, frameworks=frameworks, seed=seed)


def _show(found: Compared, *, trace: bool) -> None:
    """What differs and where that starts; with ``trace``, each step."""
    for dtype in dict.fromkeys(row.dtype for row in found.trace) if trace else ():
        console.print(f"\n{found.name}, {dtype}: the largest difference in each step", highlight=False)
        rows = [row for row in found.trace if row.dtype == dtype]
        Console(width=max(console.width, _WIDE)).print(_trace_table(rows))
    show_unexpected([outcome for outcome in found.outcomes if not outcome.expected])
    for (left, right, dtype), row in found.starts().items():
        text = f"{found.name}-{dtype}[{left}+{right}]: a difference starts in {row.text}"
        console.print(text, style="red", markup=False, highlight=False, soft_wrap=True)
    for name, operations in found.missing.items():
        console.print(f"{name} has no binding for {', '.join(operations)} of {found.graph.name}", style="yellow")


def _trace_table(rows: Sequence[TraceRow]) -> Table:
    table = Table(box=None, padding=(0, 2, 0, 0))
    table.add_column("step", no_wrap=True)
    for pair in rows[0].pairs if rows else ():
        table.add_column(f"{pair.left}\n{pair.right}", justify="right", no_wrap=True)
    for row in rows:
        table.add_row(escape(row.text), *(_difference(pair) for pair in row.pairs))
    return table


def _difference(pair: Difference) -> str:
    size = "-" if pair.max_abs is None else f"{pair.max_abs:.1e}" if pair.max_abs else "0"
    if pair.verdict == "equal":
        return f"[green]{size}[/]"
    return f"[yellow]{size} known[/]" if pair.expected else f"[red]{size} {pair.verdict}[/]"


def _table(compared: Sequence[Compared]) -> Table:
    """Network by framework, as ``equivalence run`` has operations."""
    table = Table(title="Comparisons as expected, of all that a framework takes part in")
    table.add_column("network", overflow="fold")
    frameworks = list(dict.fromkeys(name for found in compared for name in found.participants))
    for name in frameworks:
        table.add_column(name, justify="right")
    for found in compared:
        table.add_row(found.name, *(_cell(found, name) for name in frameworks))
    return table


def _cell(found: Compared, name: str) -> str:
    mine = [outcome for outcome in found.outcomes if name in (outcome.left, outcome.right)]
    if not mine:
        return "-"
    good = sum(outcome.expected for outcome in mine)
    return f"[{'green' if good == len(mine) else 'red'}]{good}/{len(mine)}[/]"


def _totals(compared: Sequence[Compared]) -> str:
    outcomes = [outcome for found in compared for outcome in found.outcomes]
    steps = sum(len(row.pairs) for found in compared for row in found.trace)
    good = sum(outcome.expected for outcome in outcomes)
    graphs = {found.graph.name for found in compared}
    return (
        f"{len(graphs)} networks, {len(compared)} cases, {len(outcomes)} comparisons, {good} as expected; "
        f"{steps} more of single steps"
    )
