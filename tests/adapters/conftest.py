"""One operation of every family through an adapter's driver, in this process, against the references.

The matrix has all cases. A module that names its adapter in ``ADAPTER`` and has a fixture ``driver`` gets a test for
each participant and dtype by asking for ``participation``. The path is the worker's: the request goes through JSON and
``serve``.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from importlib.metadata import EntryPoint
from itertools import product

import numpy as np
import pytest

from equivalence import axes, engine, registry
from equivalence.driver import Call
from equivalence.judging import cast
from equivalence.matrix import Cell
from equivalence.operation import OUTPUT, generator
from equivalence.worker import serve

TOLERANCE = {"float64": 1e-10, "float32": 1e-4, "float16": 0.02, "bfloat16": 0.1}


@dataclass(frozen=True)
class Participation:
    cell: Cell
    participant: registry.Participant

    def __str__(self):
        return f"{self.participant.name}-{'-'.join(self.cell.key)}"

    def perform(self, driver):
        """Outputs and gradients in canonical axes, and those of the reference in float64, by name."""
        operation, settings, dtype = self.cell.operation, self.cell.operation.settings(self.cell.case), self.cell.dtype
        arrays = {name: cast(array, dtype) for name, array in operation.draw(self.cell.case).items()}
        exact = {name: cast(array, "float64") for name, array in arrays.items()}
        expected = operation.forward(exact, settings)
        cotangents = {
            name: cast(generator(1, str(self), name).standard_normal(output.shape), dtype)
            for name, output in expected.items()
            if output.dtype.kind == "f"
        }
        wide = {name: cast(array, "float64") for name, array in cotangents.items()}
        differentiable = operation.differentiable(self.cell.case)
        gradients = operation.gradients(wide, exact, settings) if differentiable else {}
        wanted = {name: gradients[name] for name in differentiable}
        answer = {**expected, **wanted}
        return self.answer(driver, arrays, cotangents, answer), answer

    def answer(self, driver, arrays, cotangents, expected):
        request = engine.request_for(self.cell, self.participant.binding, arrays, cotangents)
        header = json.loads(json.dumps(request.header()))
        sent = [*request.arrays.values(), *request.cotangents.values()]
        for array in sent:
            array.flags.writeable = False
        names, results = serve._answer(driver, header, sent)
        found = dict(zip([*names["outputs"], *names["gradients"]], results, strict=True))
        operation, settings = self.cell.operation, self.cell.operation.settings(self.cell.case)
        layouts = {name: engine.layout_of(operation, self.participant.binding, name, settings) for name in found}
        return {
            name: layouts[name].to_canonical(array, sizes_of(layouts[name].canonical, expected[name]))
            for name, array in found.items()
        }


def sizes_of(canonical, array):
    sizes = {}
    axes.measure(canonical, array.shape, sizes)
    return sizes


def declared(*adapters):
    points = [EntryPoint(name, f"equivalence_adapters.{name}:adapter", registry.ADAPTERS) for name in adapters]
    return registry.collect([EntryPoint("reference", "equivalence_reference", registry.OPERATIONS)], points, [])


def participations(adapter):
    found = declared(adapter)
    for operation in exemplars(found):
        for dtype, participant in product(TOLERANCE, found.participants(operation)):
            if participant.binding is None or dtype in participant.binding.dtypes:
                case = next(c for c in operation.cases if _performed(participant, operation, c))
                yield Participation(Cell(operation, case, dtype, (participant,)), participant)


def exemplars(found):
    """The first operation of each family whose arguments and outputs are all real."""
    families = {}
    for operation in filter(real, found.operations.values()):
        families.setdefault(operation.family, operation)
    return list(families.values())


def _performed(participant, operation, case):
    only = {} if participant.binding is None else participant.binding.only
    settings = operation.settings(case)
    return not case.kink and all(settings[name] in values for name, values in only.items())


def real(operation):
    """Whether all arguments and outputs of an operation are real numbers with a gradient."""
    case = operation.cases[0]
    outputs = operation.forward(operation.draw(case), operation.settings(case))
    return len(operation.differentiable(case)) == len(operation.arguments(case)) and all(
        output.dtype.kind == "f" for output in outputs.values()
    )


def pytest_generate_tests(metafunc):
    adapter = getattr(metafunc.module, "ADAPTER", None)
    if "operation" in metafunc.fixturenames:
        operations = exemplars(declared(adapter))
        metafunc.parametrize("operation", [pytest.param(item, id=item.name) for item in operations])
    if "participation" in metafunc.fixturenames:
        metafunc.parametrize("participation", list(participations(adapter)), ids=str)


@pytest.fixture
def participants():
    """Those who perform an operation for the module's adapter."""

    def find(adapter, operation):
        return [p for p in declared(adapter).participants(operation) if p.adapter.name == adapter]

    return find


@pytest.fixture
def agree():
    """Compare arrays by name, relative to the largest magnitude of each."""

    def check(found, expected, tolerance):
        assert set(found) == set(expected)
        for name, right in expected.items():
            left = found[name]
            assert left.shape == right.shape, name
            error = np.max(np.abs(np.subtract(left, right, dtype=np.float64)), initial=0.0)
            assert error <= tolerance * np.max(np.abs(right), initial=0.0), f"{name}: {error}"

    return check


@pytest.fixture
def tolerance():
    return TOLERANCE.__getitem__


@pytest.fixture
def make_call():
    """A call of a plain function as a worker would make it, with read-only arrays."""

    def make(function, arrays, *, outputs=(OUTPUT,), wrt=None, cotangents=None, **rest):
        for array in arrays.values():
            array.flags.writeable = False
        return Call(
            key="",
            function=function,
            arrays=arrays,
            keywords=rest.pop("keywords", {}),
            parameters=rest,
            outputs=outputs,
            wrt=tuple(arrays) if wrt is None else wrt,
            cotangents=cotangents or {},
        )

    return make
