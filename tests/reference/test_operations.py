"""What holds for every operation: witnesses, gradients, cases that reach what they declare, errors that help.

A new operation is found by itself; nothing here names one.
"""

import inspect
import itertools
import re
import subprocess
import sys
from importlib.metadata import entry_points

import numpy as np
import pytest

from equivalence import axes, registry
from equivalence.errors import ShapeError
from equivalence.inputs import Integers, Lengths, Mask, as_input
from equivalence.judging import cast
from equivalence.operation import generator, named

OPERATIONS = registry.collect(entry_points(group=registry.OPERATIONS, name="reference"), [], []).operations

every_operation = pytest.mark.parametrize("operation", OPERATIONS.values(), ids=OPERATIONS)
CASES = [(operation, case) for operation in OPERATIONS.values() for case in operation.cases]
every_case = pytest.mark.parametrize(
    ("operation", "case"), CASES, ids=[f"{operation.name}-{case.id}" for operation, case in CASES]
)
WITNESSES = [(operation, witness) for operation in OPERATIONS.values() for witness in operation.witnesses]
VALUES = [(operation, witness) for operation, witness in WITNESSES if witness.values is not None]
LOOPS = [(operation, witness) for operation, witness in WITNESSES if witness.implementation is not None]


def cotangents_of(operation, case, outputs):
    return {
        name: generator(0, operation.name, case.id, name, "cotangent").standard_normal(np.shape(output))
        for name, output in outputs.items()
        if output.dtype.kind == "f"
    }


def total(operation, case, arrays, cotangents):
    outputs = operation.forward(arrays, operation.settings(case))
    return sum(float((cotangent * outputs[name]).sum()) for name, cotangent in cotangents.items())


def steps_of(array):
    """A step small beside the values, whatever their scale; exact in binary."""
    return 2.0 ** np.floor(np.log2(np.abs(array).max())) * 2.0**-20


def gradients_of(operation, case, cotangents, arrays):
    return operation.gradients(cotangents, arrays, operation.settings(case))


def slope(operation, case, arrays, name, direction, cotangents):
    """Central difference of <cotangent, output> along a direction of one argument."""
    step = steps_of(arrays[name])
    ahead = total(operation, case, {**arrays, name: arrays[name] + step * direction}, cotangents)
    behind = total(operation, case, {**arrays, name: arrays[name] - step * direction}, cotangents)
    return (ahead - behind) / (2 * step)


def setting(operation, case):
    arrays = operation.draw(case)
    cotangents = cotangents_of(operation, case, operation.forward(arrays, operation.settings(case)))
    differentiable = operation.differentiable(case)
    return arrays, cotangents, gradients_of(operation, case, cotangents, arrays) if differentiable else {}


SMOOTH = [(operation, case) for operation, case in CASES if not case.kink]
every_smooth_argument = pytest.mark.parametrize(
    ("operation", "case", "name"),
    [(operation, case, name) for operation, case in SMOOTH for name in operation.differentiable(case)],
    ids=[f"{operation.name}-{case.id}-{name}" for operation, case in SMOOTH for name in operation.differentiable(case)],
)


def test_the_operations_are_found():
    assert {"nin", "dense", "conv2d", "conv_transpose2d", "max_pool2d", "global_avg_pool", "relu"} <= set(OPERATIONS)


@every_operation
def test_has_witnesses_of_both_kinds(operation):
    assert [w for w in operation.witnesses if w.implementation is not None]
    assert [w for w in operation.witnesses if w.values is not None]
    assert all(w.claim for w in operation.witnesses)


@pytest.mark.parametrize(
    ("operation", "case", "witness"),
    [(operation, case, witness) for operation, witness in LOOPS for case in operation.cases],
    ids=[f"{operation.name}-{case.id}" for operation, _ in LOOPS for case in operation.cases],
)
def test_agrees_with_its_loops(operation, case, witness):
    arrays, settings = operation.draw(case), operation.settings(case)
    outputs = operation.forward(arrays, settings)
    expected = named(operation.outputs, witness.implementation(**arrays, **settings))
    for name, output in outputs.items():
        assert output.shape == np.shape(expected[name])
        scale = np.nanmax(np.abs(expected[name]))
        np.testing.assert_allclose(output, expected[name], rtol=1e-12, atol=1e-13 * scale)


def array_for(kind, value):
    return np.asarray(value, {Integers: np.int64, Lengths: np.int64, Mask: np.bool_}.get(type(kind), np.float64))


@pytest.mark.parametrize(
    ("operation", "witness"), VALUES, ids=[f"{operation.name}-{index}" for index, (operation, _) in enumerate(VALUES)]
)
def test_agrees_with_values_worked_by_hand(operation, witness):
    given = {k: array_for(operation.inputs[k], v) if k in operation.inputs else v for k, v in witness.values.items()}
    expected = named(
        operation.outputs, witness.expected if len(operation.outputs) > 1 else np.asarray(witness.expected)
    )
    for name, output in named(operation.outputs, operation(**given)).items():
        assert output.shape == np.shape(expected[name])
        np.testing.assert_allclose(output, expected[name], rtol=1e-14)


def code_of_references(function, seen):
    """Modules of the suite whose code a function reaches, other than the witnesses' own."""
    if function in seen:
        return set()
    seen.add(function)
    reached = set()
    for value in inspect.getclosurevars(function).globals.values():
        module = getattr(value, "__module__", None) or ""
        if module.startswith("equivalence_reference.witnesses"):
            reached |= code_of_references(value, seen) if inspect.isfunction(value) else set()
        elif module.startswith("equivalence"):
            reached.add(module)
    return reached


@pytest.mark.parametrize(("operation", "witness"), LOOPS, ids=[operation.name for operation, _ in LOOPS])
def test_loops_share_no_code_with_the_reference(operation, witness):
    assert code_of_references(witness.implementation, set()) == set(), operation.name


@every_smooth_argument
def test_gradient_agrees_with_directional_differences(operation, case, name):
    arrays, cotangents, gradients = setting(operation, case)
    rng = generator(1, operation.name, case.id, name)
    for _ in range(5):
        direction = rng.standard_normal(arrays[name].shape)
        expected = slope(operation, case, arrays, name, direction, cotangents)
        terms = gradients[name] * direction
        np.testing.assert_allclose(terms.sum(), expected, rtol=1e-7, atol=1e-8 * np.abs(terms).sum())


@every_smooth_argument
def test_gradient_agrees_with_differences_element_by_element(operation, case, name):
    arrays, cotangents, gradients = setting(operation, case)
    places = list(np.ndindex(arrays[name].shape))
    generator(2, operation.name, case.id, name).shuffle(places)
    scale = np.abs(gradients[name]).max()
    for place in places[:200]:
        direction = np.zeros(arrays[name].shape)
        direction[place] = 1.0
        expected = slope(operation, case, arrays, name, direction, cotangents)
        np.testing.assert_allclose(gradients[name][place], expected, rtol=1e-6, atol=1e-7 * scale, err_msg=str(place))


@every_case
def test_gradients_are_those_of_the_differentiable_arguments(operation, case):
    arrays, _, gradients = setting(operation, case)
    assert set(gradients) == set(operation.differentiable(case))
    assert {name: gradient.shape for name, gradient in gradients.items()} == {
        name: arrays[name].shape for name in gradients
    }


@every_case
def test_output_has_the_declared_axes(operation, case):
    arrays, sizes = operation.draw(case), {}
    for name, array in arrays.items():
        axes.measure(operation.inputs[name].axes, array.shape, sizes)
    for name, output in operation.forward(arrays, operation.settings(case)).items():
        axes.measure(operation.outputs[name], output.shape, sizes)


@every_case
def test_computes_in_the_dtype_of_its_input(operation, case):
    settings = operation.settings(case)
    single = {name: cast(array, "float32") for name, array in operation.draw(case).items()}
    # The expected values are computed from what float32 could hold, so that only the arithmetic is compared.
    double = {name: cast(array, "float64") for name, array in single.items()}
    outputs, expected = operation.forward(single, settings), operation.forward(double, settings)
    cotangents = {name: c.astype(np.float32) for name, c in cotangents_of(operation, case, outputs).items()}
    differentiable = operation.differentiable(case)
    gradients = gradients_of(operation, case, cotangents, single) if differentiable else {}
    for value in itertools.chain(outputs.values(), gradients.values()):
        assert isinstance(value, np.ndarray)
        assert value.dtype == np.float32 or value.dtype.kind in "ib"
    for name, output in outputs.items():
        np.testing.assert_allclose(output, expected[name], rtol=1e-5, atol=1e-5 * np.nanmax(np.abs(expected[name])))


@every_case
def test_changes_none_of_its_arguments(operation, case):
    settings = operation.settings(case)
    arrays = operation.draw(case)
    cotangents = cotangents_of(operation, case, operation.forward(arrays, settings))
    for array in itertools.chain(arrays.values(), cotangents.values()):
        array.setflags(write=False)
    outputs = operation.forward(arrays, settings)
    gradients = gradients_of(operation, case, cotangents, arrays) if operation.differentiable(case) else {}
    for result in itertools.chain(outputs.values(), gradients.values()):
        assert not any(np.shares_memory(result, array) for array in (*arrays.values(), *cotangents.values()))


@every_operation
def test_cases_reach_every_declared_value_and_no_other(operation):
    for name, declared in operation.parameters.items():
        reached = {operation.settings(case)[name] for case in operation.cases}
        assert reached == set(declared), name


@every_operation
def test_cases_leave_out_and_give_each_optional_argument(operation):
    for name in operation.optional:
        assert {name in case.without for case in operation.cases} == {True, False}, name


def sizes_of(operation, case):
    """All sizes of a case; the axes ``...`` count one by one."""
    needed = set().union(*(axes.letters(kind.axes) for kind in operation.inputs.values()))
    sizes = operation.case_sizes(case)
    assert set(sizes) == needed, "a size that no axis needs"
    flat = []
    for size in sizes.values():
        flat.extend(size if isinstance(size, tuple) else [size])
    return flat


@every_operation
def test_a_case_has_pairwise_distinct_sizes_and_another_equal_ones(operation):
    distinct, equal = [], []
    for case in operation.cases:
        sizes = sizes_of(operation, case)
        (distinct if len(set(sizes)) == len(sizes) > 1 else []).append(case.id)
        (equal if len(set(sizes)) == 1 < len(sizes) else []).append(case.id)
    assert any(name.endswith("distinct_sizes") for name in distinct)
    assert any(name.endswith("equal_sizes") for name in equal)
    ids = {case.id for case in operation.cases}
    assert {name for name in ids if name.endswith("distinct_sizes")} <= set(distinct)
    assert {name for name in ids if name.endswith("equal_sizes")} <= set(equal)


@every_case
def test_case_is_readable_small_and_its_bias_is_not_zero(operation, case):
    assert re.fullmatch(r"[a-z0-9_]+(-[a-z0-9_]+)*", case.id)
    arrays = operation.draw(case)
    assert sum(array.size for array in arrays.values()) < 5000
    assert np.all(arrays.get("bias", np.ones(1)) != 0)


@every_operation
def test_docstring_has_equation_arguments_and_source(operation):
    for part in (".. math::", "Args:", "Returns:", "Source:"):
        assert part in operation.__doc__
    for name in (*operation.inputs, *operation.parameters):
        assert re.search(rf"^ *{name}: ", operation.__doc__, re.MULTILINE), name


def broken_shapes():
    """Each argument with an axis too many, with none at all, and with an axis that disagrees with another argument."""
    for operation in OPERATIONS.values():
        case = operation.cases[0]
        arrays, kinds = operation.draw(case), {name: as_input(kind) for name, kind in operation.inputs.items()}
        for name, kind in kinds.items():
            others = set().union(*(axes.letters(other.axes) for key, other in kinds.items() if key != name))
            variadic = [axis.name for axis in axes.parse(kind.axes) if axis.variadic]
            if not variadic:
                yield operation, name, {**arrays, name: arrays[name][..., None]}, "axis too many"
            if len(axes.parse(kind.axes)) > len(variadic):
                yield operation, name, {**arrays, name: np.zeros(())}, "no axes"
            for axis in axes.parse(kind.axes):
                if axis.letter in others and not axis.variadic:
                    position = axes.names(kind.axes).index(axis.name)
                    if set(variadic) & set(axes.names(kind.axes)[:position]):
                        position -= len(axes.parse(kind.axes))
                    longer = np.concatenate([arrays[name], arrays[name].take([0], position)], position)
                    yield operation, name, {**arrays, name: longer}, f"axis {axis.letter} longer"


BROKEN = list(broken_shapes())


@pytest.mark.parametrize(
    ("operation", "name", "arrays"),
    [row[:3] for row in BROKEN],
    ids=[f"{operation.name}-{name}-{how.replace(' ', '_')}" for operation, name, _, how in BROKEN],
)
def test_error_for_a_wrong_shape_says_where_what_and_how_to_fix_it(operation, name, arrays):
    with pytest.raises(ShapeError) as caught:
        operation(**arrays)
    message = str(caught.value)
    assert f"of {operation.name}" in message
    assert any(f"{argument} of {operation.name}" in message for argument in operation.inputs), name
    assert caught.value.expected is not None
    assert caught.value.got is not None
    assert caught.value.fix


IMPORT_ALL = """
import importlib, pkgutil, sys
before = set(sys.modules)
import equivalence_reference
for module in pkgutil.walk_packages(equivalence_reference.__path__, "equivalence_reference."):
    importlib.import_module(module.name)
names = {name.partition(".")[0] for name in set(sys.modules) - before}
# NumPy's compiled parts bring Cython's own module.
print(*sorted(name for name in names - set(sys.stdlib_module_names) if "cython" not in name))
"""


def test_references_import_nothing_but_numpy():
    done = subprocess.run([sys.executable, "-c", IMPORT_ALL], capture_output=True, text=True, check=True)
    assert done.stdout.split() == ["equivalence", "equivalence_reference", "numpy"]
