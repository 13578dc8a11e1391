"""Running cells of the matrix: draw, lay out, call every participant in its worker, bring back, compare all pairs."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Iterable, Iterator, Mapping
from concurrent.futures import Future
from dataclasses import replace
from itertools import combinations
from threading import Lock
from typing import Any

import numpy as np

from equivalence import axes as _axes
from equivalence.binding import Adapter, Binding, Context
from equivalence.codes import NONFINITE
from equivalence.comparison import Comparison
from equivalence.deviations import Row, find
from equivalence.errors import DeclarationError, EquivalenceError, ShapeError, WorkerError
from equivalence.inputs import Array
from equivalence.judging import Bounded, Evaluated, Evaluation, Problem, cast, evidence_of, exact, judge, stands_alone
from equivalence.layout import Layout, block_order
from equivalence.lookahead import Lookahead
from equivalence.matrix import Cell, Plan, gradient_quantity, output_quantity
from equivalence.operation import Operation, generator
from equivalence.outcome import Outcome, reproduce_command
from equivalence.pool import Launch, Pool, Reply, Request, source_folders
from equivalence.registry import Participant, Registry
from equivalence.stacks import find as find_stack

_KEPT = 64
"""Cells whose results are kept for the other dtype of the same case."""


def packages(registry: Registry) -> dict[str, str]:
    """The folders of the packages that workers must be able to import."""
    modules = [operation.origin for operation in registry.operations.values()]
    modules += [adapter.driver for adapter in registry.adapters.values()]
    modules += [binding.module for bindings in registry.bindings.values() for binding in bindings]
    return source_folders([module.partition(":")[0] for module in modules])


def launch(adapter: Adapter, *, slot: int = 0) -> Launch:
    """How to start an adapter's worker.

    Raises:
        StackError: if its stack does not exist.
    """
    return Launch(
        adapter.name, find_stack(adapter.stack).python, adapter.driver, tuple(adapter.environment.items()), slot
    )


class Engine:
    """Evaluates cells on a pool of workers.

    Args:
        registry: what is declared.
        pool: the workers.
        rows: the table of known differences.
        seed: of all random values.
        command: ``run`` or ``stress``, whose cases these are: it computes one of them again, and has its own rows.
    """

    def __init__(
        self, registry: Registry, pool: Pool, rows: Iterable[Row] = (), seed: int = 0, command: str = "run"
    ) -> None:
        self.registry, self.pool, self.rows, self.seed, self.command = registry, pool, tuple(rows), seed, command
        self._lock, self._evaluated = Lock(), OrderedDict[tuple[str, ...], Future[Evaluated]]()

    def run(self, plan: Plan) -> Iterator[list[Outcome]]:
        """Outcomes cell by cell, in the plan's order, with several cells in flight."""
        with Lookahead(self, plan.cells) as ahead:
            for cell in plan.cells:
                yield ahead.outcomes(cell)

    def outcomes(self, cell: Cell) -> list[Outcome]:
        """Every comparison of a cell; one error for each participant that gave no result."""
        here, beside = evidence_of(cell, self.evaluate(cell)), self._in_float64(cell)
        found = [
            self._outcome(cell, (name, ""), "call", _error(side.error), log=getattr(side.error, "log", ""))
            for name, side in here.evaluated.sides.items()
            if side.error is not None
        ]
        working = [p for p in cell.participants if here.evaluated.sides[p.name].error is None]
        pairs = list(combinations(working, 2))
        compared = {
            (left.name, right.name, quantity): judge(cell, (left, right), quantity, (here, beside))
            for left, right in pairs
            for quantity in cell.quantities
        }
        libraries = {p.adapter.name: p.adapter.library or p.adapter.name for p in cell.participants}
        alone = {quantity: _alone(compared, quantity, libraries) for quantity in cell.quantities}
        return found + [
            self._outcome(cell, (left, right), quantity, item, alone[quantity])
            for (left, right, quantity), item in compared.items()
        ]

    def evaluate(self, cell: Cell) -> Evaluated:
        """What each participant gives; computed once, though a float32 cell asks for the float64 cell beside it."""
        key = (*cell.key, *(participant.name for participant in cell.participants))
        with self._lock:
            mine = key not in self._evaluated
            future = self._evaluated.setdefault(key, Future())
            while len(self._evaluated) > _KEPT:
                self._evaluated.popitem(last=False)
        if mine:
            try:
                future.set_result(self._evaluate(cell))
            except BaseException as error:
                future.set_exception(error)
                raise
        return future.result()

    def _in_float64(self, cell: Cell) -> Bounded | None:
        """The same case in float64, by those who can: what tells rounding from a wrong formula."""
        if cell.dtype == "float64" or cell.operation.rounding is None:
            return None
        able = tuple(p for p in cell.participants if p.binding is None or "float64" in p.binding.dtypes)
        wide = replace(cell, dtype="float64", participants=able)
        return evidence_of(wide, self.evaluate(wide))

    def _evaluate(self, cell: Cell) -> Evaluated:
        try:
            problem = self._problem(cell)
        except EquivalenceError as error:
            return Evaluated(None, {participant.name: Evaluation({}, error) for participant in cell.participants})
        calls = [(participant, self._submit(cell, participant, problem)) for participant in cell.participants]
        return Evaluated(problem, {p.name: _collect(cell, p, problem, call) for p, call in calls})

    def _problem(self, cell: Cell) -> Problem:
        operation, case = cell.operation, cell.case
        arrays = {name: cast(array, cell.dtype) for name, array in operation.draw(case, self.seed).items()}
        sizes = operation.case_sizes(case)
        request = Request(
            {"object": operation.origin}, exact(arrays), list(operation.outputs), parameters=operation.settings(case)
        )
        outputs = self.pool.submit(launch(self.registry.reference), request).result().outputs
        for name, axes in operation.outputs.items():
            _axes.measure(
                axes, outputs[name].shape, sizes, what=f"the reference's {name} in {operation.name}-{case.id}"
            )
        cotangents = random_cotangents(outputs, cell.dtype, self.seed, *cell.key[:2])
        shapes = {output_quantity(name): output.shape for name, output in outputs.items()}
        shapes |= {gradient_quantity(name): arrays[name].shape for name in operation.differentiable(case)}
        return Problem(arrays, cotangents, shapes)

    def _submit(self, cell: Cell, participant: Participant, problem: Problem) -> Future[Reply] | EquivalenceError:
        try:
            request = request_for(cell, participant.binding, problem.arrays, problem.cotangents)
            return self.pool.submit(launch(participant.adapter), request)
        except Exception as error:  # noqa: BLE001 - a binding's data and functions are whoever's who wrote it
            return _as_error(participant, error)

    def _outcome(
        self,
        cell: Cell,
        pair: tuple[str, str],
        quantity: str,
        compared: Comparison,
        alone: str | None = None,
        log: str = "",
    ) -> Outcome:
        kind = "difference" if self.command == "run" else "stress"
        found = [find(self.rows, kind, name, cell.key, quantity) for name in pair]
        told = [row for row in found if row]
        # Two sides that both differ from everyone else may still agree; where cases are random, or it depends on where
        # a NaN is, either may be why.
        either = kind == "stress" or all(row.code == NONFINITE for row in told)
        told = told if len(told) == 1 or either else []
        if len(told) == 1 and kind == "difference" and compared.verdict == "equal":
            who = f"the known difference {told[0].code} of {told[0].adapter}"
            reason = f"{who} has stopped: remove its row ({compared.reason})"
            compared = replace(compared, verdict="error", reason=reason)
        row = next((row for row in told if row.excuses(compared)), None)
        return Outcome(
            operation=cell.operation.name,
            family=cell.operation.family,
            case=cell.case.id,
            left=pair[0],
            right=pair[1],
            dtype=cell.dtype,
            quantity=quantity,
            comparison=compared,
            known_difference=row.code if row else None,
            link=row.link if row else None,
            stands_alone=alone,
            stress=cell.case.stress,
            log=log,
            reproduce=reproduce_command(*cell.key, [name for name in pair if name], self.seed, self.command),
        )


def request_for(
    cell: Cell, binding: Binding | None, arrays: Mapping[str, Array], cotangents: Mapping[str, Array]
) -> Request:
    """The call of a binding with native arrays and parameters; of the reference, in float64, without a binding."""
    operation, settings = cell.operation, cell.operation.settings(cell.case)
    wrt = operation.differentiable(cell.case) if cotangents else []
    if binding is None:
        return Request(
            {"object": operation.origin}, exact(arrays), list(operation.outputs), {}, settings, wrt, exact(cotangents)
        )
    context = Context(settings, operation.case_sizes(cell.case))
    laid = {name: layout_of(operation, binding, name, settings).to_native(array) for name, array in arrays.items()}
    turned = {name: layout_of(operation, binding, name, settings).to_native(c) for name, c in cotangents.items()}
    keywords = {name: native for name, native in binding.rename.items() if native and name in arrays}
    return Request(
        {"object": f"{binding.module}:{binding.attribute}"},
        laid,
        list(operation.outputs),
        keywords,
        _native_parameters(binding, context),
        wrt,
        turned,
        cell.dtype,
    )


def layout_of(operation: Operation, binding: Binding | None, name: str, settings: Mapping[str, Any]) -> Layout:
    """How a binding lays out an argument or an output; canonically without a binding."""
    declared = operation.outputs[name] if name in operation.outputs else operation.inputs[name].axes
    canonical = " ".join(_axes.names(declared))
    if binding is None:
        return Layout(canonical, canonical)
    flip = binding.flip.get(name)
    flipped = flip is not None and all(settings[key] == value for key, value in flip.when.items())
    blocks = {
        letter: block_order(operation.blocks[letter], order)
        for letter, order in binding.blocks.items()
        if letter in canonical.split()
    }
    return Layout(canonical, binding.layouts.get(name, canonical), flip.axes if flip and flipped else "", blocks)


def _native_parameters(binding: Binding, context: Context) -> dict[str, Any]:
    native: dict[str, Any] = {}
    for name, value in context.parameters.items():
        keyword = binding.rename.get(name, name)
        if keyword is not None and keyword not in binding.recode:
            native[keyword] = value
    for keyword, recode in binding.recode.items():
        native[keyword] = recode[context.parameters[keyword]] if isinstance(recode, Mapping) else recode(context)
    return native


def _alone(
    compared: Mapping[tuple[str, str, str], Comparison], quantity: str, libraries: Mapping[str, str]
) -> str | None:
    verdicts = {(left, right): item.verdict for (left, right, name), item in compared.items() if name == quantity}
    return stands_alone(verdicts, libraries)


def _collect(
    cell: Cell, participant: Participant, problem: Problem, call: Future[Reply] | EquivalenceError
) -> Evaluation:
    if isinstance(call, EquivalenceError):
        return Evaluation({}, call)
    try:
        return Evaluation(canonical(cell, participant, problem, call.result()))
    except Exception as error:  # noqa: BLE001 - see _submit
        return Evaluation({}, _as_error(participant, error))


def _as_error(participant: Participant, error: Exception) -> EquivalenceError:
    if isinstance(error, EquivalenceError):
        return error
    return DeclarationError(f"{participant.name}'s binding cannot be used: {type(error).__name__}: {error}")


def canonical(cell: Cell, participant: Participant, problem: Problem, reply: Reply) -> dict[str, Array]:
    """The reply's arrays in canonical axes, everything that must come back and of the right shape.

    Raises:
        WorkerError: if an output or a gradient is missing, or there is one too many.
        ShapeError: if one has another shape than the reference's.
    """
    operation, settings = cell.operation, cell.operation.settings(cell.case)
    wanted = [(output_quantity(name), name, reply.outputs) for name in operation.outputs]
    wanted += [(gradient_quantity(name), name, reply.gradients) for name in operation.differentiable(cell.case)]
    wanted = [item for item in wanted if item[0] in problem.shapes]
    for kind, arrays in (("outputs", reply.outputs), ("gradients", reply.gradients)):
        if surplus := set(arrays) - {name for _, name, given in wanted if given is arrays}:
            raise WorkerError(
                f"{participant.name} gave {kind} that nobody asked for: {', '.join(surplus)}", kind="protocol"
            )
    found = {}
    for quantity, name, given in wanted:
        shape = problem.shapes[quantity]
        layout = layout_of(operation, participant.binding, name, settings)
        expected = layout.to_native(np.empty(shape, np.bool_)).shape
        if name not in given:
            raise WorkerError(f"{participant.name} gave no {quantity}", kind="protocol")
        if given[name].shape != expected:
            raise ShapeError(f"{participant.name}'s {quantity}", expected=f"shape {expected}", got=given[name].shape)
        sizes: dict[str, Any] = {}
        _axes.measure(layout.canonical, shape, sizes)
        found[quantity] = layout.to_canonical(given[name], sizes)
    return found


def random_cotangents(outputs: Mapping[str, Array], dtype: str, seed: int, *labels: str) -> dict[str, Array]:
    """A cotangent of the standard normal distribution for each real output."""
    return {
        name: cast(np.asarray(generator(seed, *labels, "cotangent", name).standard_normal(output.shape)), dtype)
        for name, output in outputs.items()
        if output.dtype.kind == "f"
    }


def _error(error: EquivalenceError | None) -> Comparison:
    return Comparison(verdict="error", reason=str(error))
