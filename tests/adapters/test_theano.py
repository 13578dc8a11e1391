"""Theano's driver, called as the suite calls it: through a worker in its own stack."""

import importlib
from pathlib import Path

import numpy as np
import pytest

from equivalence import engine
from equivalence.errors import WorkerError
from equivalence.operation import OUTPUT
from equivalence.pool import Pool, Request
from equivalence_adapters.theano import adapter
from equivalence_adapters.theano.driver import flags

HERE = Path(__file__).parent
FAMILIES = ("linear", "convolution", "pooling", "activation")


@pytest.fixture(scope="module")
def pool():
    packages = engine.source_folders(["equivalence", "equivalence_adapters"]) | {"theano_layers": str(HERE)}
    with Pool(packages) as running:
        yield running


@pytest.fixture
def perform(pool):
    """Outputs and gradients by name, of a function of theano_layers.py."""

    def call(function, arrays, *, outputs=(OUTPUT,), wrt=None, cotangents=None, **parameters):
        wanted = tuple(arrays) if wrt is None else wrt
        request = Request(
            {"object": f"theano_layers:{function}"},
            arrays,
            outputs,
            parameters=parameters,
            wrt=wanted if cotangents else (),
            cotangents=cotangents or {},
        )
        reply = pool.submit(engine.launch(adapter), request).result()
        return reply.outputs, reply.gradients

    return call


@pytest.fixture
def x():
    return np.random.default_rng(0).standard_normal((3, 4))


@pytest.mark.parametrize("family", FAMILIES)
def test_bindings_are_read_without_theano(family):
    with pytest.raises(ModuleNotFoundError):
        importlib.import_module("theano")
    importlib.import_module(f"equivalence_adapters.theano.{family}")


def test_an_unconnected_gradient_is_zero(perform, x):
    _, gradients = perform("double_the_first", {"x": x, "y": x}, cotangents={"output": np.ones_like(x)})
    np.testing.assert_array_equal(gradients["x"], np.full((3, 4), 2.0))
    np.testing.assert_array_equal(gradients["y"], np.zeros((3, 4)))


def test_an_output_that_depends_on_no_input_has_gradient_zero(perform, x):
    _, gradients = perform("a_constant", {"x": x}, cotangents={"output": np.ones(2)})
    np.testing.assert_array_equal(gradients["x"], np.zeros((3, 4)))


def test_gradients_add_over_an_output_and_another_computed_from_it(perform, x):
    cotangents = {"a": np.ones((3, 4)), "b": np.array(7.0)}
    outputs, gradients = perform("an_output_of_another", {"x": x}, outputs=("a", "b"), cotangents=cotangents)
    np.testing.assert_allclose(outputs["b"], (6 * x).sum(), rtol=1e-12)
    np.testing.assert_array_equal(gradients["x"], np.full((3, 4), 2.0 + 7.0 * 6.0))


def test_a_cotangent_for_one_output_is_not_taken_for_the_others(perform, x):
    for name, slope in (("a", 2.0), ("b", 3.0)):
        _, gradients = perform("by_name", {"x": x}, outputs=("a", "b"), cotangents={name: np.ones((3, 4))})
        np.testing.assert_array_equal(gradients["x"], np.full((3, 4), slope))


def test_an_input_may_be_both_outputs(perform, x):
    cotangents = {"a": np.ones((3, 4)), "b": np.full((3, 4), 5.0)}
    outputs, gradients = perform("itself", {"x": x}, outputs=("a", "b"), cotangents=cotangents)
    np.testing.assert_array_equal(outputs["b"], x)
    np.testing.assert_array_equal(gradients["x"], np.full((3, 4), 6.0))


def test_outputs_by_name(perform, x):
    outputs, _ = perform("by_name", {"x": x}, outputs=("a", "b"))
    np.testing.assert_array_equal(outputs["a"], 2 * x)
    np.testing.assert_array_equal(outputs["b"], 3 * x)


@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_keeps_the_dtype_of_the_arrays_in_spite_of_constants(perform, x, dtype):
    x = x.astype(dtype)
    outputs, gradients = perform("a_tenth", {"x": x}, cotangents={"output": np.ones_like(x)})
    assert outputs["output"].dtype == gradients["x"].dtype == dtype
    np.testing.assert_array_equal(outputs["output"], np.asarray(0.1, dtype) * x)


def test_an_output_with_an_axis_of_size_one_has_its_gradient(perform, x):
    _, gradients = perform("keeps_an_axis", {"x": x}, cotangents={"output": np.ones((3, 1))})
    np.testing.assert_array_equal(gradients["x"], np.ones((3, 4)))


@pytest.mark.parametrize("shape", [(3, 4), (3,), (2, 1), (1, 1)])
def test_another_shape_than_the_cotangent_gives_outputs_only(perform, x, shape):
    outputs, gradients = perform("the_first_column", {"x": x}, cotangents={"output": np.ones(shape)})
    np.testing.assert_array_equal(outputs["output"], x[:, :1])
    assert gradients == {}


def test_a_parameter_makes_another_graph(perform, x):
    for count in (1, 2, 1, 3):
        outputs, _ = perform("columns", {"x": x}, count=count)
        np.testing.assert_array_equal(outputs["output"], x[:, :count])


def test_one_graph_serves_other_sizes_and_other_axes_get_another(perform):
    for shape in ((2, 3), (5, 1), (1, 7), (2, 3, 4)):
        x = np.random.default_rng(0).standard_normal(shape)
        outputs, gradients = perform("a_tenth", {"x": x}, cotangents={"output": x})
        np.testing.assert_array_equal(outputs["output"], 0.1 * x)
        np.testing.assert_array_equal(gradients["x"], 0.1 * x)


def test_integers_go_in_and_only_the_gradients_asked_for_come_out(perform, x):
    arrays = {"x": x, "index": np.array([2, 0, 0])}
    outputs, gradients = perform("rows", arrays, wrt=("x",), cotangents={"output": np.ones((3, 4))})
    np.testing.assert_array_equal(outputs["output"], x[[2, 0, 0]])
    assert set(gradients) == {"x"}
    np.testing.assert_array_equal(gradients["x"], [[2.0] * 4, [0.0] * 4, [1.0] * 4])


def test_an_error_of_the_function_is_its_own(perform, x):
    with pytest.raises(WorkerError, match="no layer for 2 axes"):
        perform("raises", {"x": x}, cotangents={"output": x})


def test_an_error_of_the_running_graph_is_its_own(perform, x):
    with pytest.raises(WorkerError, match="reshape"):
        perform("seven_numbers", {"x": x}, cotangents={"output": np.ones(7)})


def test_names_its_versions_its_own_first(pool):
    versions = pool.versions(engine.launch(adapter))
    assert versions["Theano-PyMC"] == "1.1.2"
    assert next(iter(versions)) == "Theano-PyMC"


def test_the_users_flags_come_last_and_so_count(tmp_path):
    merged = flags("optimizer=fast_compile,gcc__cxxflags=-O3", str(tmp_path)).split(",")
    assert merged.index("gcc__cxxflags=-O0") < merged.index("gcc__cxxflags=-O3")
    assert f"base_compiledir={tmp_path / 'compiledir'}" in merged
    assert "blas__ldflags=" in merged
    assert flags(" ", "/a b").split(",")[-1] == "base_compiledir='/a b/compiledir'"
