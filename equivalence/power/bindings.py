"""Running the mutations of bindings on the real frameworks."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from threading import Lock
from typing import Any

from equivalence.deviations import Equivalent
from equivalence.engine import Engine
from equivalence.errors import EquivalenceError, WorkerError
from equivalence.judging import Evaluated, Evaluation
from equivalence.matrix import Cell, gradient_quantity
from equivalence.operation import Case
from equivalence.power.candidates import reveal
from equivalence.power.mutations import Mutation, native_parameters
from equivalence.power.results import Finding, Mutant
from equivalence.registry import Participant

ATTEMPTS = 100
"""Cases that are tried to reveal a survivor; a framework takes longer than NumPy."""


class _Changed(Engine):
    """An engine for one mutation, in which an argument's gradient may be changed when it has been returned."""

    def __init__(self, engine: Engine, name: str, mutation: Mutation) -> None:
        super().__init__(engine.registry, engine.pool, engine.rows, engine.seed)
        self._name, self._mutation = name, mutation

    def evaluate(self, cell: Cell) -> Evaluated:
        """As the engine does it, then changed."""
        evaluated, change = super().evaluate(cell), self._mutation.change
        side, quantity = evaluated.sides.get(self._name), gradient_quantity(self._mutation.argument)
        if change is None or side is None or quantity not in side.values:
            return evaluated
        values = {**side.values, quantity: change(side.values[quantity])}
        return replace(evaluated, sides={**evaluated.sides, self._name: Evaluation(values)})


class Subject:
    """A participant, and the cells it takes part in.

    Args:
        reference: what it is compared with.
        participant: whose binding is mutated.
        cells: each with these two alone.
    """

    def __init__(self, reference: Participant, participant: Participant, cells: Sequence[Cell]) -> None:
        self.reference, self.participant, self.cells = reference, participant, cells
        self._lock, self._wrong = Lock(), ""
        self._examined = False

    @property
    def original(self) -> Mutation:
        """The binding as it is."""
        assert self.participant.binding is not None
        return Mutation("original", "original", self.participant.binding)

    def require_sound(self, engine: Engine) -> None:
        """Check once that the binding as it is is right: a mutation of a wrong one would prove nothing.

        Raises:
            EquivalenceError: if it differs from the reference, or gives no result.
        """
        with self._lock:
            if not self._examined:
                # An engine of its own: results are kept by name, and those of another binding may have this one's.
                own = _Changed(engine, self.participant.name, self.original)
                self._wrong, self._examined = self._examine(own), True
        if self._wrong:
            raise EquivalenceError(self._wrong)

    def _examine(self, engine: Engine) -> str:
        for cell in self.cells:
            try:
                found = _examine(engine, self, self.original, cell)
            except EquivalenceError as error:
                return str(error)
            if found is not None:
                return f"{self.participant.name}'s binding as it is is wrong on {cell.case.id}: {found.reason}"
        return ""


def run(engine: Engine, subject: Subject, mutation: Mutation, row: Equivalent | None) -> Mutant:
    """Run a mutation through the cells until values differ; a survivor gets a case that would reveal it."""
    common: dict[str, Any] = {
        "operation": subject.cells[0].operation.name,
        "participant": subject.participant.name,
        "kind": mutation.kind,
        "name": mutation.name,
    }
    changed = _Changed(engine, subject.participant.name, mutation)
    try:
        subject.require_sound(engine)
        killed = _first(changed, subject, mutation)
        if killed is not None:
            cell, found = killed
            place: dict[str, Any] = {"case": cell.case.id, "dtype": cell.dtype, "quantity": found.quantity}
            if row is not None:
                reason = f"its row says that it is equivalent ({row.reason}): {found.reason}"
                return Mutant(**common, **place, status="error", reason=reason)
            return Mutant(**common, **place, status="killed", how=found.how, reason=found.reason)
        if row is not None:
            return Mutant(**common, status="equivalent", reason=row.reason)
        return _survived(changed, engine, subject, mutation, common)
    except EquivalenceError as error:
        return Mutant(**common, status="error", reason=str(error))


def _first(engine: Engine, subject: Subject, mutation: Mutation) -> tuple[Cell, Finding] | None:
    """The first cell whose values differ, else the first that the framework refuses."""
    refused: tuple[Cell, Finding] | None = None
    for cell in subject.cells:
        found = _examine(engine, subject, mutation, cell)
        if found is not None and found.how == "different":
            return cell, found
        if found is not None and refused is None:
            refused = cell, found
    return refused


def _examine(engine: Engine, subject: Subject, mutation: Mutation, cell: Cell) -> Finding | None:
    """What tells a mutation from the reference in one cell.

    Raises:
        EquivalenceError: if it cannot be found out: the reference fails, or a worker dies or is late.
    """
    binding = subject.participant.binding
    assert binding is not None
    if mutation.kind == "parameter" and not _matters(cell, subject, mutation):
        return None
    mutant = replace(subject.participant, binding=mutation.binding)
    cell = replace(cell, participants=(subject.reference, mutant))
    sides = engine.evaluate(cell).sides
    error = sides[subject.reference.name].error or sides[mutant.name].error
    if error is not None:
        if sides[subject.reference.name].error or (isinstance(error, WorkerError) and error.kind != "raised"):
            raise error
        return Finding("refused", "call", str(error))
    for outcome in engine.outcomes(cell):
        if outcome.verdict == "different" and not outcome.expected:
            return Finding("different", outcome.quantity, outcome.comparison.reason)
    return None


def _matters(cell: Cell, subject: Subject, mutation: Mutation) -> bool:
    """Whether a changed parameter reaches the call at all in this cell."""
    assert subject.participant.binding is not None
    was = native_parameters(cell.operation, subject.participant.binding, cell.case)
    try:
        return native_parameters(cell.operation, mutation.binding, cell.case) != was
    except Exception:  # noqa: BLE001 - a recoding may raise what it will; the engine says so as a refusal
        return True


def _survived(changed: Engine, engine: Engine, subject: Subject, mutation: Mutation, common: dict[str, Any]) -> Mutant:
    operation, dtype = subject.cells[0].operation, subject.cells[0].dtype
    right = _Changed(engine, subject.participant.name, subject.original)

    def examine(case: Case) -> Finding | None:
        cell = Cell(operation, case, dtype, ())
        found = _examine(changed, subject, mutation, cell)
        # A case that the framework cannot do at all reveals nothing.
        return found if found is None or _examine(right, subject, subject.original, cell) is None else None

    revealing, attempts = reveal(operation, examine, ATTEMPTS)
    return Mutant(**common, status="survived", revealing=revealing, attempts=attempts)
