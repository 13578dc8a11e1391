"""What only the losses promise: how they reduce, where they have no derivative, and what they cost at the limits."""

import numpy as np
import pytest

from equivalence_reference.loss import (
    binary_cross_entropy,
    binary_cross_entropy_with_logits,
    categorical_cross_entropy,
    categorical_cross_entropy_with_logits,
    hinge,
    huber,
    kl_divergence,
    mae,
    mse,
    smooth_l1,
    sparse_categorical_cross_entropy,
    sparse_categorical_cross_entropy_with_logits,
)

LOSSES = [
    binary_cross_entropy,
    binary_cross_entropy_with_logits,
    categorical_cross_entropy,
    categorical_cross_entropy_with_logits,
    hinge,
    huber,
    kl_divergence,
    mae,
    mse,
    smooth_l1,
    sparse_categorical_cross_entropy,
    sparse_categorical_cross_entropy_with_logits,
]
every_loss = pytest.mark.parametrize("loss", LOSSES, ids=[loss.name for loss in LOSSES])


@every_loss
def test_mean_and_sum_are_those_of_what_is_not_reduced(loss):
    arrays = loss.draw(loss.cases[0])
    every = loss(**arrays, reduction="none")
    np.testing.assert_allclose(loss(**arrays, reduction="sum"), every.sum(), rtol=1e-14)
    np.testing.assert_allclose(loss(**arrays, reduction="mean"), every.mean(), rtol=1e-14)


@every_loss
def test_refuses_another_reduction(loss):
    with pytest.raises(ValueError, match="reduction of"):
        loss(**loss.draw(loss.cases[0]), reduction="average")


def test_gradient_of_mae_is_0_where_both_are_equal():
    arrays = {"x": np.array([[1.0, 2.0]]), "target": np.array([[1.0, 5.0]])}
    found = mae.gradients({"output": np.array(1.0)}, arrays, {"reduction": "sum"})
    np.testing.assert_array_equal(found["x"], [[0.0, -1.0]])
    np.testing.assert_array_equal(found["target"], [[0.0, 1.0]])


def test_gradient_of_hinge_at_the_margin_is_0():
    arrays = {"x": np.array([[1.0, -1.0, 0.5]]), "target": np.array([[True, False, True]])}
    found = hinge.gradients({"output": np.array(1.0)}, arrays, {"squared": False, "reduction": "sum"})
    np.testing.assert_array_equal(found["x"], [[0.0, 0.0, -1.0]])


def test_smooth_l1_is_huber_over_its_limit():
    arrays = mse.draw(mse.cases[0])
    np.testing.assert_allclose(smooth_l1(**arrays, beta=0.3), huber(**arrays, delta=0.3) / 0.3, rtol=1e-14)


@pytest.mark.parametrize(
    ("epsilon", "least_log", "yes", "no"),
    [(1e-7, None, 7 * np.log(10), 7 * np.log(10)), (0.0, -100.0, 100.0, 100.0), (0.0, None, np.inf, np.inf)],
    ids=["keras", "torch", "theano"],
)
def test_a_wrong_certainty_costs_what_each_framework_says(epsilon, least_log, yes, no):
    x, target = np.array([0.0, 1.0]), np.array([1.0 - 2**-53, 2**-53])
    with np.errstate(divide="ignore"):
        costs = binary_cross_entropy(x, target, epsilon=epsilon, least_log=least_log, reduction="none")
    np.testing.assert_allclose(costs, [yes, no], rtol=1e-8)


def test_one_hot_targets_are_the_sparse_ones():
    arrays = sparse_categorical_cross_entropy_with_logits.draw(sparse_categorical_cross_entropy_with_logits.cases[1])
    one_hot = np.eye(arrays["x"].shape[1])[arrays["target"]]
    np.testing.assert_allclose(
        sparse_categorical_cross_entropy_with_logits(**arrays),
        categorical_cross_entropy_with_logits(arrays["x"], one_hot),
        rtol=1e-14,
    )


def test_a_distribution_does_not_diverge_from_itself():
    target = np.array([[0.2, 0.3, 0.5]])
    np.testing.assert_allclose(kl_divergence(np.log(target), target, reduction="batchmean"), 0.0, atol=1e-16)
