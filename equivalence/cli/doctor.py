"""``equivalence doctor``."""

from __future__ import annotations

from rich.console import Console
from rich.markup import escape
from rich.table import Table

from equivalence import registry, session
from equivalence.binding import Adapter
from equivalence.engine import Engine, launch
from equivalence.errors import EquivalenceError
from equivalence.matrix import Plan, plan
from equivalence.outcome import EXIT_EXPECTED, EXIT_UNDECIDED

console = Console()


def doctor() -> int:
    """Start each framework and have it perform its first operation; 0 if every one that is here works."""
    known = registry.load()
    table = Table("framework", "stack", "health", "versions")
    table.add_column("interpreter", overflow="fold")
    broken = False
    with session.engine(known, Plan((), (), ())) as engine:
        for adapter in known.adapters.values():
            if reason := session.missing(adapter):
                table.add_row(adapter.name, adapter.stack, f"[yellow]not here: {escape(reason)}[/]")
                continue
            versions, health = _examine(engine, adapter)
            broken |= health != "works"
            table.add_row(
                adapter.name,
                adapter.stack,
                f"[green]{health}[/]" if health == "works" else f"[red]{escape(health)}[/]",
                escape("\n".join(f"{name} {version}" for name, version in versions.items())),
                escape(str(launch(adapter).python)),
            )
    console.print(table)
    return EXIT_UNDECIDED if broken else EXIT_EXPECTED


def _examine(engine: Engine, adapter: Adapter) -> tuple[dict[str, str], str]:
    try:
        versions = engine.pool.versions(launch(adapter))
    except EquivalenceError as error:
        return {}, str(error)
    return versions, _try_out(engine, adapter)


def _try_out(engine: Engine, adapter: Adapter) -> str:
    """Have the adapter perform its first operation, gradients included, beside the reference."""
    names = [engine.registry.reference.name, adapter.name]
    for name, operation in engine.registry.operations.items():
        if any(participant.adapter is adapter for participant in engine.registry.participants(operation)):
            cells = plan(engine.registry, operations=[name], frameworks=names).cells
            # A binding may be for some dtypes and parameters only; the reference is compared with nobody.
            tried = next((cell for cell in cells if cell.pairs or adapter is engine.registry.reference), None)
            if tried is not None:
                failed = [outcome for outcome in engine.outcomes(tried) if not outcome.expected]
                return failed[0].text() if failed else "works"
    return "performs no operation"
