"""Running the faults of a reference through its cases, in this process: both sides are NumPy."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np

from equivalence.binding import DTYPES, Adapter, binding
from equivalence.engine import random_cotangents
from equivalence.errors import DeclarationError, EquivalenceError
from equivalence.evidence import Fault
from equivalence.inputs import Array
from equivalence.judging import Bounded, Evaluated, Evaluation, Problem, bounds_of, cast, exact, judge
from equivalence.matrix import Cell, gradient_quantity, output_quantity
from equivalence.operation import OUTPUT, Case, Operation, named
from equivalence.power.candidates import reveal
from equivalence.power.results import Finding, Mutant
from equivalence.registry import Participant
from equivalence.rounding import Bound

ATTEMPTS = 1000
"""Cases that are tried to reveal a survivor."""

_HERE = Adapter("numpy", "NumPy", "", "", ())
_REFERENCE = Participant("reference", _HERE)
# With a binding, because it computes in the dtype of the cell as a framework does.
_FAULTY = Participant("fault", _HERE, binding(dict, docs=""))


@dataclass(frozen=True)
class _Prepared:
    """One case in one dtype: its arrays, what the reference gives, and the bounds of rounding."""

    cell: Cell
    problem: Problem
    values: Mapping[str, Array]

    @cached_property
    def bounds(self) -> Mapping[str, Bound]:
        """Computed when something differs at all, which most candidates of a search do not."""
        return bounds_of(self.cell, self.problem)


class Bench:
    """An operation's cases, each prepared once for all of its faults.

    Args:
        operation: whose faults are run.
        seed: of all random values.
    """

    def __init__(self, operation: Operation, seed: int = 0) -> None:
        self.operation, self.seed = operation, seed
        self._prepared: dict[tuple[str, str], _Prepared] = {}

    def run(self, fault: Fault) -> Mutant:
        """Run a fault through the cases until the values of one differ; a survivor gets a case that would reveal it."""
        common: dict[str, Any] = {
            "operation": self.operation.name,
            "participant": "numpy",
            "kind": "fault",
            "name": fault.name,
            "code": fault.code,
            "of": fault.of,
        }
        try:
            killed = self._first(fault)
        except EquivalenceError as error:
            return Mutant(**common, status="error", reason=str(error))
        if killed is not None:
            case, dtype, found = killed
            if fault.equivalent:
                reason = f"stated to be equivalent ({fault.equivalent}), but {case.id} tells it: {found.reason}"
                return Mutant(**common, status="error", reason=reason, case=case.id, dtype=dtype)
            told: dict[str, Any] = {"how": found.how, "quantity": found.quantity, "reason": found.reason}
            return Mutant(**common, status="killed", case=case.id, dtype=dtype, **told)
        if fault.equivalent:
            return Mutant(**common, status="equivalent", reason=fault.equivalent)
        revealing, attempts = reveal(self.operation, lambda case: self.examine(fault, case, keep=False), ATTEMPTS)
        return Mutant(**common, status="survived", revealing=revealing, attempts=attempts)

    def _first(self, fault: Fault) -> tuple[Case, str, Finding] | None:
        """The first case whose values differ, else the first of another shape, else the first that raises."""
        second: dict[str, tuple[Case, str, Finding]] = {}
        for case in self.operation.cases:
            for dtype in reversed(DTYPES):
                found = self.examine(fault, case, dtype)
                if found is not None and found.how == "different":
                    return case, dtype, found
                if found is not None:
                    second.setdefault(found.how, (case, dtype, found))
                    break
        return second.get("shape") or second.get("refused")

    def examine(self, fault: Fault, case: Case, dtype: str = "float64", *, keep: bool = True) -> Finding | None:
        """What tells a fault from the reference in one case; none if nothing does.

        Raises:
            DeclarationError: if the fault itself is broken.
        """
        here = self._prepare(case, dtype, keep=keep)
        try:
            values = self._changed(fault, here)
            for quantity, value in values.items():
                shape = here.values[quantity].shape
                if value.shape != shape:
                    return Finding("shape", quantity, f"{quantity} has shape {value.shape}, the reference's is {shape}")
            if all(np.array_equal(value, here.values[quantity], equal_nan=True) for quantity, value in values.items()):
                return None
            wide = self._beside(fault, case, keep=keep) if dtype != "float64" else None
        except (EquivalenceError, ValueError) as error:
            return Finding("refused", "call", f"{type(error).__name__}: {error}")
        except Exception as error:
            raise DeclarationError(
                f"fault {fault.name} of {self.operation.name} on {case.id}",
                expected="an output, or an error of the suite's",
                got=f"{type(error).__name__}: {error}",
            ) from error
        bounded = _bounded(here, values), wide
        for quantity in values:
            compared = judge(here.cell, (_REFERENCE, _FAULTY), quantity, bounded)
            if compared.verdict == "different":
                return Finding("different", quantity, compared.reason)
        return None

    def _beside(self, fault: Fault, case: Case, *, keep: bool) -> Bounded | None:
        if self.operation.rounding is None:
            return None
        wide = self._prepare(case, "float64", keep=keep)
        return _bounded(wide, self._changed(fault, wide))

    def _changed(self, fault: Fault, here: _Prepared) -> dict[str, Array]:
        """The quantities that a fault computes: outputs, or gradients."""
        operation, case = self.operation, here.cell.case
        call = {**{name: np.array(array) for name, array in here.problem.arrays.items()}, **operation.settings(case)}
        with np.errstate(all="ignore"):
            if not fault.gradient:
                outputs = named(operation.outputs, fault.change(**call))
                return {output_quantity(name): np.asarray(output) for name, output in outputs.items()}
            cotangents = here.problem.cotangents
            single = list(operation.outputs) == [OUTPUT]
            gradients = fault.change(cotangents[OUTPUT] if single else cotangents, **call)
            return {
                gradient_quantity(name): np.asarray(gradients[name])
                for name in operation.differentiable(here.cell.case)
            }

    def _prepare(self, case: Case, dtype: str, *, keep: bool) -> _Prepared:
        if (case.id, dtype) in self._prepared:
            return self._prepared[case.id, dtype]
        operation, settings = self.operation, self.operation.settings(case)
        cell = Cell(operation, case, dtype, (_REFERENCE, _FAULTY))
        arrays = {name: cast(array, dtype) for name, array in operation.draw(case, self.seed).items()}
        with np.errstate(all="ignore"):
            outputs = operation.forward(exact(arrays), settings)
            cotangents = random_cotangents(outputs, dtype, self.seed, operation.name, case.id)
            gradients = operation.gradients(exact(cotangents), exact(arrays), settings) if cotangents else {}
        values = {output_quantity(name): np.asarray(output) for name, output in outputs.items()}
        values |= {gradient_quantity(name): np.asarray(gradients[name]) for name in operation.differentiable(case)}
        problem = Problem(arrays, cotangents, {quantity: value.shape for quantity, value in values.items()})
        prepared = _Prepared(cell, problem, values)
        if keep:
            self._prepared[case.id, dtype] = prepared
        return prepared


def _bounded(here: _Prepared, values: Mapping[str, Array]) -> Bounded:
    sides = {_REFERENCE.name: Evaluation(here.values), _FAULTY.name: Evaluation(values)}
    return Bounded(Evaluated(here.problem, sides), here.bounds)
