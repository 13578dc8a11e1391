"""TensorFlow's driver and bindings, in the environment its workers have."""

from dataclasses import replace

import numpy as np
import pytest

from equivalence.binding import DTYPES, HALF_TOO
from equivalence.errors import DeclarationError
from equivalence.judging import cast
from equivalence_adapters.tensorflow import adapter

# TensorFlow reads these when it is imported and when it first computes; other tests keep their environment.
with pytest.MonkeyPatch.context() as environment:
    for name, value in adapter.environment.items():
        environment.setenv(name, value)
    import tensorflow as tf

    from equivalence_adapters.tensorflow.driver import TensorflowDriver

    tf.zeros(1)

ADAPTER = "tensorflow"


@pytest.fixture
def driver():
    return TensorflowDriver()


@pytest.fixture
def x():
    return np.random.default_rng(0).standard_normal((3, 4))


def test_performs_as_the_reference_does(participation, driver, agree, tolerance):
    found, expected = participation.perform(driver)
    agree(found, expected, tolerance(participation.cell.dtype))


def test_has_a_binding_that_does_every_case(operation, participants):
    bindings = [p.binding for p in participants(ADAPTER, operation)]
    assert [set(b.dtypes) >= set(DTYPES) for b in bindings if b.variant is None and not b.only] == [True]
    assert all(b.docs.startswith("https://") for b in bindings)


def double_the_first(x, y):
    del y
    return 2 * x


def test_an_unconnected_gradient_is_zero(driver, make_call, x):
    call = make_call(double_the_first, {"x": x, "y": x.copy()}, cotangents={"output": np.ones_like(x)})
    gradients = driver.run(call).gradients
    np.testing.assert_array_equal(gradients["x"], np.full((3, 4), 2.0))
    np.testing.assert_array_equal(gradients["y"], np.zeros((3, 4)))


def test_an_output_that_depends_on_no_input_has_gradient_zero(driver, make_call, x):
    call = make_call(lambda x: tf.ones(2, x.dtype), {"x": x}, cotangents={"output": np.ones(2)})
    np.testing.assert_array_equal(driver.run(call).gradients["x"], np.zeros((3, 4)))


@pytest.mark.parametrize("form", [tuple, lambda values: dict(zip(("double", "largest"), values, strict=True))])
def test_several_outputs_by_order_or_by_name(driver, make_call, x, form):
    cotangents = {"double": np.full((3, 4), 5.0), "largest": np.ones(3)}
    call = make_call(
        lambda x: form((2 * x, tf.argmax(x, 1))), {"x": x}, outputs=("double", "largest"), cotangents=cotangents
    )
    result = driver.run(call)
    np.testing.assert_array_equal(result.outputs["largest"], x.argmax(1))
    np.testing.assert_array_equal(result.gradients["x"], np.full((3, 4), 10.0))


def test_gradients_add_over_outputs(driver, make_call, x):
    cotangents = {"a": np.ones((3, 4)), "b": np.array(7.0)}
    call = make_call(lambda x: (2 * x, tf.reduce_sum(x)), {"x": x}, outputs=("a", "b"), cotangents=cotangents)
    np.testing.assert_array_equal(driver.run(call).gradients["x"], np.full((3, 4), 9.0))


def test_only_the_gradients_asked_for_are_given(driver, make_call, x):
    arrays = {"x": x, "index": np.array([2, 0, 0])}
    call = make_call(tf.gather, arrays, wrt=("x",), cotangents={"output": np.ones((3, 4))})
    gradients = driver.run(call).gradients
    assert set(gradients) == {"x"}
    np.testing.assert_array_equal(gradients["x"], [[2.0] * 4, [0.0] * 4, [1.0] * 4])


def test_a_wrong_number_of_outputs_raises(driver, make_call, x):
    with pytest.raises(DeclarationError, match="expected 2: a, b, got 3 values"):
        driver.run(make_call(lambda x: (x, x, x), {"x": x}, outputs=("a", "b")))


def test_another_shape_than_the_cotangent_gives_outputs_only(driver, make_call, x):
    result = driver.run(make_call(lambda x: x[:, :1], {"x": x}, cotangents={"output": np.ones((3, 4))}))
    assert result.outputs["output"].shape == (3, 1)
    assert result.gradients == {}


def test_the_gradient_of_a_gather_is_a_whole_array(driver, make_call):
    table, rows = np.zeros((4, 2)), np.array([3, 1, 3])
    call = make_call(tf.gather, {"table": table, "rows": rows}, wrt=("table",), cotangents={"output": np.ones((3, 2))})
    np.testing.assert_array_equal(driver.run(call).gradients["table"], [[0.0] * 2, [1.0] * 2, [0.0] * 2, [2.0] * 2])


def test_a_function_that_writes_into_the_memory_of_its_input_reaches_no_array_of_the_caller(driver, make_call, x):
    def written(x):
        memory = x.numpy()
        memory.setflags(write=True)
        memory *= 2
        return tf.constant(memory)

    kept = x.copy()
    result = driver.run(make_call(written, {"x": x}))
    np.testing.assert_array_equal(x, kept)
    np.testing.assert_array_equal(result.outputs["output"], 2 * kept)


def test_results_are_no_views_of_each_other(driver, make_call, x):
    result = driver.run(make_call(lambda x: (x, x), {"x": x}, outputs=("a", "b")))
    result.outputs["a"][...] = 0
    assert result.outputs["b"].any()


def test_keeps_the_dtype_of_the_arrays(driver, make_call, x):
    x = x.astype(np.float32)
    result = driver.run(make_call(tf.tanh, {"x": x}, cotangents={"output": np.ones_like(x)}))
    assert result.outputs["output"].dtype == result.gradients["x"].dtype == np.float32


def test_an_output_in_another_dtype_than_its_cotangent_has_its_gradient(driver, make_call, x):
    call = make_call(lambda x: tf.cast(2 * x, tf.float32), {"x": x}, cotangents={"output": np.ones_like(x)})
    np.testing.assert_array_equal(driver.run(call).gradients["x"], np.full((3, 4), 2.0))


@pytest.mark.parametrize("dtype", HALF_TOO)
def test_the_function_gets_tensors_of_the_dtype_asked_for(driver, make_call, dtype):
    seen = []

    @tf.custom_gradient
    def triple(x):
        def back(gradient):
            seen.append(gradient.dtype)
            return 3 * gradient

        return 3 * x, back

    def function(x, index):
        seen.append((x.dtype, index.dtype))
        return triple(x)

    arrays = {"x": cast(np.array([1.0, 1 / 3]), dtype), "index": np.arange(2)}
    call = make_call(function, arrays, wrt=("x",), cotangents={"output": arrays["x"].copy()})
    result = driver.run(replace(call, dtype=dtype))
    kind = tf.as_dtype(dtype)
    assert seen == [(kind, tf.int64), kind]
    expected = tf.cast(3 * tf.cast(arrays["x"], kind), tf.float64).numpy()
    for found in (result.outputs["output"], result.gradients["x"]):
        assert found.dtype == arrays["x"].dtype
        np.testing.assert_array_equal(found, expected)


def test_bfloat16_is_widened_for_numpy(driver, make_call, x):
    result = driver.run(make_call(lambda x: tf.cast(0 * x + 1.5, tf.bfloat16), {"x": x}))
    np.testing.assert_array_equal(result.outputs["output"], np.full((3, 4), 1.5, np.float32))


def test_an_output_may_be_a_number_or_an_array(driver, make_call, x):
    result = driver.run(make_call(lambda x: (2.5, x.numpy()), {"x": x}, outputs=("a", "b")))
    assert result.outputs["a"].shape == ()
    np.testing.assert_array_equal(result.outputs["b"], x)


@pytest.mark.parametrize(
    ("dtype", "groups", "arguments", "works"),
    [
        ("float32", 1, {"dilations": 2, "padding": "VALID"}, True),
        ("float64", 1, {"dilations": 2, "padding": "VALID"}, False),
        ("float32", 1, {"dilations": 2, "padding": [[0, 0], [1, 1], [1, 1], [0, 0]]}, False),
        ("float32", 2, {"padding": "SAME"}, True),
        ("float64", 2, {"padding": "SAME"}, False),
        ("float32", 2, {"padding": [[0, 0], [1, 1], [1, 1], [0, 0]]}, False),
    ],
)
def test_which_gradients_of_convolutions_tensorflow_has(driver, make_call, dtype, groups, arguments, works):
    """Why there are two bindings. If this fails, TensorFlow has learnt more, and one may do."""
    arrays = {"x": np.ones((1, 6, 6, 4), dtype), "weight": np.ones((2, 2, 4 // groups, 4), dtype)}
    call = make_call(tf.nn.conv2d, arrays, strides=1, **arguments)
    output = driver.run(call).outputs["output"]
    differentiated = make_call(
        tf.nn.conv2d, arrays, cotangents={"output": np.ones_like(output)}, strides=1, **arguments
    )
    if works:
        assert driver.run(differentiated).gradients["x"].any()
    else:
        with pytest.raises(tf.errors.InvalidArgumentError, match="CPU"):
            driver.run(differentiated)


@pytest.mark.usefixtures("driver")
def test_computes_on_no_graphics_card():
    assert tf.config.list_physical_devices("GPU") == []


def test_names_its_versions_its_own_first(driver):
    versions = driver.versions()
    assert list(versions) == ["tensorflow", "keras", "numpy"]
    assert versions["tensorflow"] == tf.__version__
