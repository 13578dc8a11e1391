"""Everything selected: which faults and mutations there are, and all of them run."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from itertools import chain, zip_longest

from equivalence.deviations import Equivalent, equivalents
from equivalence.engine import Engine
from equivalence.errors import DeclarationError
from equivalence.matrix import plan
from equivalence.operation import Operation
from equivalence.power import bindings
from equivalence.power.bindings import Subject
from equivalence.power.faults import Bench
from equivalence.power.mutations import Mutation, mutations
from equivalence.power.results import Mutant
from equivalence.registry import Participant, Registry


@dataclass(frozen=True)
class Task:
    """One fault or one mutation to be run; ``position`` is its place in the result."""

    position: int
    adapter: str
    run: Callable[[Engine], Mutant]


def tasks(registry: Registry, *, operations: Sequence[str] = (), frameworks: Sequence[str] = ()) -> list[Task]:
    """What is to be run; empty selections mean everything.

    Args:
        registry: what is declared, and installed.
        operations: names of operations.
        frameworks: names of adapters or participants; the faults are the reference's.

    Raises:
        UsageError: for a name that does not exist, with the nearest that do.
        DeclarationError: if a row states the equivalence of a mutation that there is not.
    """
    plan(registry, operations=operations, frameworks=frameworks)
    _require_operations(registry)
    chosen = [registry.operation(name) for name in dict.fromkeys(operations)] or list(registry.operations.values())
    found: list[tuple[str, Callable[[Engine], Mutant]]] = []
    for operation in chosen:
        reference, *others = sorted(registry.participants(operation), key=lambda p: p.binding is not None)
        if _wanted(reference, frameworks):
            found += [(reference.adapter.name, run) for run in _faults(operation)]
        rows = {name: _rows(registry, name, operation) for name in registry.adapters}
        for participant in others:
            if _wanted(participant, frameworks):
                subject = _subject(registry, operation, reference, participant)
                found += [(participant.adapter.name, run) for run in _mutations(subject, rows)]
    return [Task(position, adapter, run) for position, (adapter, run) in enumerate(found)]


def run(engine: Engine, todo: Sequence[Task], *, jobs: int | None = None) -> Iterator[tuple[Task, Mutant]]:
    """Run tasks, those of different frameworks at the same time, and give each result as it comes."""
    queues = [[task for task in todo if task.adapter == name] for name in dict.fromkeys(t.adapter for t in todo)]
    mixed = [task for task in chain.from_iterable(zip_longest(*queues)) if task is not None]
    threads = ThreadPoolExecutor(jobs or 2 * max(1, len(queues)), "power")
    try:
        running = [(task, threads.submit(task.run, engine)) for task in mixed]
        for task, future in running:
            yield task, future.result()
    except BaseException:
        threads.shutdown(wait=False, cancel_futures=True)
        engine.pool.close(kill=True)
        raise
    finally:
        threads.shutdown(wait=True, cancel_futures=True)


def _wanted(participant: Participant, frameworks: Sequence[str]) -> bool:
    return not frameworks or participant.name in frameworks or participant.adapter.name in frameworks


def _faults(operation: Operation) -> list[Callable[[Engine], Mutant]]:
    bench: dict[int, Bench] = {}
    return [
        lambda engine, fault=fault: bench.setdefault(engine.seed, Bench(operation, engine.seed)).run(fault)  # type: ignore[misc]
        for fault in operation.faults
    ]


def _subject(registry: Registry, operation: Operation, reference: Participant, participant: Participant) -> Subject:
    """The cells of a participant, in float64 where it can."""
    assert participant.binding is not None
    dtype = "float64" if "float64" in participant.binding.dtypes else participant.binding.dtypes[0]
    cells = plan(registry, operations=[operation.name], dtypes=[dtype]).cells
    both = [
        replace(cell, participants=(reference, participant))
        for cell in cells
        if participant.name in {other.name for other in cell.participants}
    ]
    if not both:
        raise DeclarationError(
            f"{participant.name}'s binding of {operation.name}",
            expected=f"a case that it can do in {dtype}",
            got="none",
        )
    return Subject(reference, participant, both)


def _mutations(subject: Subject, rows: Mapping[str, Sequence[Equivalent]]) -> list[Callable[[Engine], Mutant]]:
    operation, participant = subject.cells[0].operation, subject.participant
    assert participant.binding is not None
    variant = participant.binding.variant or ""

    def row(mutation: Mutation) -> Equivalent | None:
        matching = (item for item in rows[participant.adapter.name] if item.matches(mutation.name, variant))
        return next(matching, None)

    return [
        lambda engine, mutation=mutation: bindings.run(engine, subject, mutation, row(mutation))  # type: ignore[misc]
        for mutation in mutations(operation, participant.binding)
    ]


def _require_operations(registry: Registry) -> None:
    for adapter in registry.adapters.values():
        for row in equivalents(adapter):
            if row.operation not in registry.operations:
                raise DeclarationError(
                    f"equivalent row of {adapter.name}", expected="an operation that exists", got=row.operation
                )


def _rows(registry: Registry, adapter: str, operation: Operation) -> list[Equivalent]:
    """An adapter's statements about an operation, each of which must speak of a mutation there is."""
    stated = [row for row in equivalents(registry.adapters[adapter]) if row.operation == operation.name]
    declared = registry.bindings.get((adapter, operation.name), ())
    there = {(item.variant or "", mutation.name) for item in declared for mutation in mutations(operation, item)}
    for row in stated:
        if not any(row.matches(name, variant) for variant, name in there):
            raise DeclarationError(
                f"equivalent row of {adapter}",
                expected=f"a mutation that a binding of {operation.name} has",
                got=row.mutation,
                fix="Remove the row, or correct it.",
            )
    return stated
