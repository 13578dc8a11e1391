import numpy as np
import pytest

from equivalence.errors import DeclarationError
from equivalence_adapters.numpy.driver import NumpyDriver

ADAPTER = "numpy"


@pytest.fixture
def driver():
    return NumpyDriver()


@pytest.fixture
def x():
    return np.random.default_rng(0).standard_normal((3, 4))


def test_performs_the_references(participation, driver, agree):
    found, expected = participation.perform(driver)
    agree(found, expected, 0.0)


def test_computes_in_the_dtype_of_the_arrays(operation, driver, make_call):
    case = operation.cases[0]
    arrays = {name: array.astype(np.float32) for name, array in operation.draw(case).items()}
    plain = driver.run(make_call(operation, arrays, outputs=tuple(operation.outputs), **operation.settings(case)))
    ones = {name: np.ones_like(array) for name, array in plain.outputs.items()}
    call = make_call(operation, arrays, outputs=tuple(operation.outputs), cotangents=ones, **operation.settings(case))
    result = driver.run(call)
    assert {array.dtype for array in (*result.outputs.values(), *result.gradients.values())} == {np.dtype(np.float32)}


@pytest.mark.parametrize("gradient", [True, False])
def test_reference_with_another_shape_than_the_cotangent_gives_no_gradients(operation, driver, make_call, gradient):
    case = operation.cases[0]
    arrays, names = operation.draw(case), tuple(operation.outputs)
    shapes = {name: array.shape for name, array in operation.forward(arrays, operation.settings(case)).items()}
    cotangents = {name: np.ones(shape if gradient else (*shape, 2)) for name, shape in shapes.items()}
    result = driver.run(make_call(operation, arrays, outputs=names, cotangents=cotangents, **operation.settings(case)))
    assert set(result.gradients) == (set(arrays) if gradient else set())


def test_differences_are_accurate(driver, make_call, x):
    y = np.random.default_rng(1).standard_normal((4, 2))
    t = np.random.default_rng(2).standard_normal((3, 2))
    call = make_call(lambda x, y: np.tanh(np.exp(x) @ y), {"x": x, "y": y}, cotangents={"output": t})
    gradients = driver.run(call).gradients
    inner = t * (1 - np.tanh(np.exp(x) @ y) ** 2)
    np.testing.assert_allclose(gradients["x"], (inner @ y.T) * np.exp(x), rtol=1e-8, atol=1e-10)
    np.testing.assert_allclose(gradients["y"], np.exp(x).T @ inner, rtol=1e-8, atol=1e-10)


@pytest.mark.parametrize("scale", [1e-6, 1e4])
def test_differences_are_accurate_at_any_scale(driver, make_call, x, scale):
    call = make_call(lambda x: x**3, {"x": x * scale}, cotangents={"output": np.ones_like(x)})
    expected = 3 * (x * scale) ** 2
    np.testing.assert_allclose(driver.run(call).gradients["x"], expected, rtol=1e-8, atol=1e-8)


def test_differences_are_accurate_where_the_function_bends_strongly(driver, make_call, x):
    # Without extrapolation the error is (50 h)^2 / 6 of the slope, 2e-7.
    call = make_call(lambda x: np.sin(50 * x), {"x": x}, cotangents={"output": np.ones_like(x)})
    np.testing.assert_allclose(driver.run(call).gradients["x"], 50 * np.cos(50 * x), rtol=0, atol=50 * 1e-9)


def test_differences_step_over_no_kink_nearby(driver, make_call):
    x = np.array([1e-6, -1e-6, 3e-8, 0.5])
    call = make_call(lambda x: np.maximum(x, 0.0), {"x": x}, cotangents={"output": np.array([2.0, 3.0, 5.0, 7.0])})
    np.testing.assert_allclose(driver.run(call).gradients["x"], [2.0, 0.0, 5.0, 7.0], rtol=1e-8, atol=1e-8)


def test_differences_are_the_mean_of_both_slopes_at_a_kink(driver, make_call):
    call = make_call(lambda x: np.maximum(x, 0.0), {"x": np.zeros(2)}, cotangents={"output": np.array([1.0, -4.0])})
    np.testing.assert_allclose(driver.run(call).gradients["x"], [0.5, -2.0])


@pytest.mark.parametrize(("value", "expected"), [(np.inf, [0.0, 1.0]), (np.nan, [np.nan, np.nan])])
def test_differences_of_outputs_that_are_not_finite(driver, make_call, value, expected):
    x = np.array([-1.0, 2.0])
    call = make_call(lambda x: np.where(x < 0, value, x), {"x": x}, cotangents={"output": np.ones(2)})
    np.testing.assert_allclose(driver.run(call).gradients["x"], expected)


def test_differences_of_a_function_that_computes_in_float32(driver, make_call, x):
    call = make_call(lambda x: np.tanh(x.astype(np.float32)), {"x": x}, cotangents={"output": np.ones_like(x)})
    result = driver.run(call)
    np.testing.assert_allclose(result.gradients["x"], 1 - np.tanh(x) ** 2, atol=3e-5)
    assert result.outputs["output"].dtype == np.float32


def test_differences_are_taken_in_float64(driver, make_call, x):
    x = x.astype(np.float32)
    call = make_call(np.tanh, {"x": x}, cotangents={"output": np.ones_like(x)})
    result = driver.run(call)
    assert result.outputs["output"].dtype == result.gradients["x"].dtype == np.float32
    np.testing.assert_allclose(result.gradients["x"], 1 - np.tanh(x.astype(np.float64)) ** 2, rtol=1e-7)


def double_the_first(x, y):
    del y
    return 2 * x


def test_an_unconnected_gradient_is_zero(driver, make_call, x):
    call = make_call(double_the_first, {"x": x, "y": x.copy()}, cotangents={"output": np.ones_like(x)})
    np.testing.assert_array_equal(driver.run(call).gradients["y"], np.zeros((3, 4)))


def test_only_the_gradients_asked_for_are_given(driver, make_call, x):
    index = np.array([2, 0, 0])
    call = make_call(
        lambda x, index: x[index], {"x": x, "index": index}, wrt=("x",), cotangents={"output": np.ones((3, 4))}
    )
    gradients = driver.run(call).gradients
    assert set(gradients) == {"x"}
    np.testing.assert_allclose(gradients["x"], [[2.0] * 4, [0.0] * 4, [1.0] * 4])


@pytest.mark.parametrize("form", [tuple, lambda values: dict(zip(("double", "largest"), values, strict=True))])
def test_several_outputs_by_order_or_by_name(driver, make_call, x, form):
    cotangents = {"double": np.full((3, 4), 5.0), "largest": np.ones(3)}
    call = make_call(
        lambda x: form((2 * x, x.argmax(1))), {"x": x}, outputs=("double", "largest"), cotangents=cotangents
    )
    result = driver.run(call)
    np.testing.assert_array_equal(result.outputs["double"], 2 * x)
    np.testing.assert_array_equal(result.outputs["largest"], x.argmax(1))
    # The position of the largest is a whole number: it has no slope.
    np.testing.assert_allclose(result.gradients["x"], np.full((3, 4), 10.0))


def test_a_wrong_number_of_outputs_raises(driver, make_call, x):
    with pytest.raises(DeclarationError, match="expected 2: a, b, got 3 values"):
        driver.run(make_call(lambda x: (x, x, x), {"x": x}, outputs=("a", "b")))


def test_outputs_become_arrays(driver, make_call, x):
    outputs = driver.run(make_call(lambda x: (3.5, list(x[0])), {"x": x}, outputs=("number", "list"))).outputs
    assert outputs["number"].shape == ()
    np.testing.assert_array_equal(outputs["list"], x[0])


def test_another_shape_than_the_cotangent_gives_outputs_only(driver, make_call, x):
    result = driver.run(make_call(lambda x: x[:, :1], {"x": x}, cotangents={"output": np.ones((3, 4))}))
    assert result.outputs["output"].shape == (3, 1)
    assert result.gradients == {}


def test_a_function_that_writes_into_its_input_spoils_nothing(driver, make_call, x):
    def scaled(x):
        x *= 2
        return x

    kept = x.copy()
    result = driver.run(make_call(scaled, {"x": x}, cotangents={"output": np.ones_like(x)}))
    np.testing.assert_array_equal(x, kept)
    np.testing.assert_array_equal(result.outputs["output"], 2 * kept)
    np.testing.assert_allclose(result.gradients["x"], np.full((3, 4), 2.0))


def test_names_its_version(driver):
    assert driver.versions() == {"numpy": np.__version__}
