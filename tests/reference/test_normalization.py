"""What only normalization promises: where its gradients stop, constant sets, how its operations relate."""

import numpy as np
import pytest

from equivalence.errors import ParameterError, ShapeError
from equivalence_reference.normalization import (
    batch_norm,
    batch_norm_training,
    group_norm,
    instance_norm,
    l2_normalize,
    layer_norm,
    local_response_norm,
    rms_norm,
)

CENTRED = (batch_norm_training, layer_norm, instance_norm, group_norm)
CONVENTIONAL = [(operation, case) for operation in CENTRED for case in operation.cases if case.kink]
STEP = 2.0**-17
"""Small beside the deviation of every case, and exact beside values of 2000."""


def cotangents_of(outputs):
    rng = np.random.default_rng(0)
    return {name: rng.standard_normal(output.shape) for name, output in outputs.items()}


def normalized(operation, arrays, settings):
    """The output that is differentiated."""
    outputs = operation.forward(arrays, settings)
    return outputs.get("y", outputs.get("output"))


@pytest.mark.parametrize(
    ("operation", "case"), CONVENTIONAL, ids=[f"{operation.name}-{case.id}" for operation, case in CONVENTIONAL]
)
def test_gradient_is_that_of_the_normalized_values_with_the_statistics_cut_off(operation, case):
    arrays, settings = operation.draw(case), operation.settings(case)
    cotangents = cotangents_of(operation.forward(arrays, settings))
    found = operation.gradients(cotangents, arrays, settings)
    weights = cotangents.get("y", cotangents.get("output"))
    for name in operation.differentiable(case):
        expected = np.zeros(arrays[name].shape)
        for place in np.ndindex(expected.shape):
            ahead, behind = np.array(arrays[name]), np.array(arrays[name])
            ahead[place] += STEP
            behind[place] -= STEP
            difference = normalized(operation, {**arrays, name: ahead}, settings) - normalized(
                operation, {**arrays, name: behind}, settings
            )
            expected[place] = (weights * difference).sum() / (2 * STEP)
        np.testing.assert_allclose(found[name], expected, rtol=1e-5, atol=1e-7 * np.abs(expected).max())


@pytest.mark.parametrize("case", batch_norm_training.cases, ids=[case.id for case in batch_norm_training.cases])
def test_no_gradient_flows_through_the_statistics_that_are_stored(case):
    arrays, settings = batch_norm_training.draw(case), batch_norm_training.settings(case)
    cotangents = cotangents_of(batch_norm_training.forward(arrays, settings))
    quiet = {name: cotangent * (name == "y") for name, cotangent in cotangents.items()}
    kept = {**settings, "decay": 1.0}
    found = batch_norm_training.gradients(cotangents, arrays, settings)
    for other in (
        batch_norm_training.gradients(quiet, arrays, settings),
        batch_norm_training.gradients(cotangents, arrays, kept),
    ):
        for name, gradient in found.items():
            np.testing.assert_array_equal(gradient, other[name])
    statistics = {name: cotangent * (name != "y") for name, cotangent in cotangents.items()}
    for gradient in batch_norm_training.gradients(statistics, arrays, settings).values():
        np.testing.assert_array_equal(gradient, np.zeros(gradient.shape))


def sets_of(operation, case):
    """What is normalized together, as rows."""
    return sets_of_values(operation, case, operation.draw(case)["x"])


def sets_of_values(operation, case, x):
    if operation is batch_norm_training:
        return np.moveaxis(x, 1, 0).reshape(x.shape[1], -1)
    parts = operation.settings(case).get("groups", x.shape[1])
    return x.reshape(x.shape[0] * parts, -1)


@pytest.mark.parametrize("operation", CENTRED, ids=[operation.name for operation in CENTRED])
def test_the_case_with_ties_has_constant_sets_and_others(operation):
    (case,) = (case for case in operation.cases if case.data == "ties")
    constant = np.ptp(sets_of(operation, case), axis=1) == 0
    assert constant.any()
    assert not constant.all()
    arrays, settings = operation.draw(case), operation.settings(case)
    plain = {name: array for name, array in arrays.items() if name not in ("scale", "shift")}
    values = sets_of_values(operation, case, normalized(operation, plain, settings))
    np.testing.assert_array_equal(values[constant], 0)
    assert (np.ptp(values[~constant], axis=1) > 0).all()


def test_the_cases_with_short_vectors_have_longer_ones_and_zeros():
    short = [case for case in l2_normalize.cases if case.id.startswith("short")]
    assert len(short) == 4
    for case in short:
        settings = l2_normalize.settings(case)
        length = np.sqrt((l2_normalize.draw(case)["x"] ** 2).sum(axis=settings["axis"]))
        least = settings["epsilon"] ** (0.5 if settings["placement"].endswith("sum") else 1)
        assert (length < 2 * least).any()
        assert (length > least).any()
        if case.data == "zeros":
            assert (length == 0).any()


def test_rms_norm_meets_zero_vectors():
    (case,) = (case for case in rms_norm.cases if case.data == "zeros")
    x = rms_norm.draw(case)["x"]
    assert (x == 0).all(axis=-1).any()


@pytest.mark.parametrize("placement", ["max_of_sum", "max_of_norm", "added_to_sum", "added_to_norm"])
def test_a_vector_of_zeros_has_the_gradient_of_a_constant_divisor(placement):
    settings = {"axis": -1, "epsilon": 0.25, "placement": placement}
    cotangent = np.array([[1.0, -3.0]])
    gradient = l2_normalize.gradients({"output": cotangent}, {"x": np.zeros((1, 2))}, settings)["x"]
    np.testing.assert_array_equal(gradient, cotangent / (0.5 if placement.endswith("sum") else 0.25))


@pytest.fixture
def images():
    return np.random.default_rng(0).standard_normal((3, 4, 2, 5))


def test_the_normalizations_are_special_cases_of_one_another(images):
    scale, shift = np.arange(1.0, 5.0), np.arange(-2.0, 2.0)
    instance = instance_norm(images, scale, shift)
    np.testing.assert_allclose(group_norm(images, scale, shift, groups=4), instance, rtol=1e-13)
    whole = group_norm(images, groups=1)
    np.testing.assert_allclose(layer_norm(images[:, None])[:, 0], whole, rtol=1e-12, atol=1e-13)
    one = images[:1]
    batch = batch_norm_training(one, np.zeros(4), np.ones(4), scale, shift, epsilon=1e-5)["y"]
    np.testing.assert_allclose(batch, instance[:1], rtol=1e-13)


def test_inference_with_the_biased_statistics_of_a_batch_is_training(images):
    found = batch_norm_training(images, np.zeros(4), np.ones(4), decay=0.0, unbiased=False)
    again = batch_norm(images, found["new_mean"], found["new_variance"])
    np.testing.assert_allclose(again, found["y"], rtol=1e-12, atol=1e-14)
    np.testing.assert_allclose(found["new_variance"], images.var(axis=(0, 2, 3)), rtol=1e-13)
    unbiased = batch_norm_training(images, np.zeros(4), np.ones(4), decay=0.0)["new_variance"]
    np.testing.assert_allclose(unbiased, images.var(axis=(0, 2, 3), ddof=1), rtol=1e-13)


def test_a_root_mean_square_of_centred_features_is_a_deviation(images):
    centred = images - images.mean(axis=-1, keepdims=True)
    flat = centred.reshape(3, 8, 5)
    np.testing.assert_allclose(rms_norm(flat, epsilon=0.1), layer_norm(flat, epsilon=0.1), rtol=1e-12, atol=1e-14)


def test_a_mean_far_above_the_deviation_costs_no_digits():
    x = np.random.default_rng(1).standard_normal((2, 3, 50))
    far = (x * 2.0**20).round() / 2.0**20
    np.testing.assert_allclose(instance_norm(far + 2.0**20), instance_norm(far), rtol=1e-12, atol=1e-13)


@pytest.mark.parametrize("size", [1, 2, 3, 4, 7])
def test_windows_of_channels_are_those_of_the_documentation(size):
    x = np.zeros((1, 9, 1, 1))
    x[0, 4] = 1.0
    beside = local_response_norm(x + 1e-9, size=size, alpha=1.0, beta=1.0, k=1.0)[0, :, 0, 0]
    reached = [c - 4 for c in range(9) if c == 4 or beside[c] < 0.75e-9]
    # The windows of how many channels before this one, and behind it, hold it.
    assert reached == list(range(-(size - 1 - size // 2), size // 2 + 1))


@pytest.mark.parametrize("operation", [instance_norm, layer_norm], ids=["instance_norm", "layer_norm"])
def test_error_when_there_is_nothing_to_normalize_over(operation):
    with pytest.raises(ShapeError, match="at least one more axis"):
        operation(np.ones((2, 3)))


def test_error_for_an_unbiased_variance_of_one_number():
    with pytest.raises(ShapeError, match="at least two numbers for each channel"):
        batch_norm_training(np.ones((1, 3)), np.zeros(3), np.ones(3))
    found = batch_norm_training(np.ones((1, 3)), np.zeros(3), np.ones(3), unbiased=False)
    np.testing.assert_array_equal(found["y"], np.zeros((1, 3)))


def test_error_for_groups_that_do_not_divide_the_channels():
    with pytest.raises(ShapeError, match="a size that groups=3 divides"):
        group_norm(np.ones((2, 4, 5)), groups=3)


def test_error_for_an_unknown_placement():
    with pytest.raises(ParameterError, match="placement of l2_normalize: expected one of added_to_norm"):
        l2_normalize(np.ones((2, 3)), placement="inside")
