"""``equivalence stacks``."""

from __future__ import annotations

from rich.console import Console
from rich.markup import escape
from rich.table import Table

from equivalence import registry, stacks
from equivalence.binding import resource

console = Console()


def list_stacks() -> int:
    """Print every stack."""
    table = Table("stack", "state")
    table.add_column("interpreter", overflow="fold")
    table.add_column("found in", overflow="fold")
    for stack in stacks.list_stacks():
        table.add_row(stack.name, stack.state, escape(str(stack.python)), escape(stack.source))
    console.print(table)
    return 0


def create(*, name: str, force: bool) -> int:
    """Make a stack from the recipe of the adapter that runs in it."""
    recipes = {
        adapter.stack: path
        for adapter in registry.load().adapters.values()
        if adapter.recipe and (path := resource(adapter, adapter.recipe)) is not None
    }
    if name not in recipes:
        raise registry.suggest("stack that can be made", name, recipes)
    made = stacks.create(name, recipes[name], lambda line: console.print(line, style="dim", markup=False), force=force)
    console.print(f"{made.name}: {made.python}", highlight=False)
    return 0


def remove(*, name: str) -> int:
    """Remove a stack that ``create`` made."""
    console.print(f"removed {stacks.remove(name)}", highlight=False)
    return 0
