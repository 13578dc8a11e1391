"""Properties of optimizers that the general tests do not look for."""

import numpy as np
import pytest

from equivalence.errors import ParameterError, ShapeError
from equivalence_reference.optimizer import adagrad, adam, adamw, rmsprop, sgd

RNG = np.random.default_rng(0)
W, G, RATE = RNG.standard_normal((2, 3)), RNG.standard_normal((3, 2, 3)), np.array([0.5, 0.125, 0.25])
SAME = np.full(3, 0.25)


@pytest.mark.parametrize("nesterov", [False, True])
def test_the_place_of_the_rate_matters_only_where_it_changes(nesterov):
    how = {"momentum": 0.9, "nesterov": nesterov, "weight_decay": 0.1}
    outside, inside = (sgd(W, G, SAME, rate_inside=place, **how) for place in (False, True))
    np.testing.assert_allclose(outside["new_w"], inside["new_w"], rtol=1e-13)
    np.testing.assert_allclose(SAME[0] * outside["velocity"], inside["velocity"], rtol=1e-13)
    outside, inside = (sgd(W, G, RATE, rate_inside=place, **how) for place in (False, True))
    assert not np.allclose(outside["new_w"], inside["new_w"])


def test_the_first_step_of_adam_is_the_learning_rate():
    found = adam(W, G[:1], RATE[:1])["new_w"]
    np.testing.assert_allclose(W - found, 0.5 * np.sign(G[0]), rtol=1e-6)


def test_the_first_step_of_adagrad_is_the_learning_rate_if_it_starts_at_0():
    np.testing.assert_allclose(W - adagrad(W, G[:1], RATE[:1])["new_w"], 0.5 * np.sign(G[0]), rtol=1e-8)
    assert (np.abs(W - adagrad(W, G[:1], RATE[:1], initial=0.1)["new_w"]) < 0.5).all()


def test_decay_beside_the_step_is_none_in_the_gradient():
    assert (adamw(W, G, RATE)["mean"] == adam(W, G, RATE)["mean"]).all()
    assert not np.allclose(adam(W, G, RATE, weight_decay=0.01)["mean"], adam(W, G, RATE)["mean"])


def test_both_places_of_epsilon_in_adam_agree_without_one():
    one, other = (adam(W, G, RATE, epsilon=0.0, epsilon_in=place)["new_w"] for place in ("corrected", "uncorrected"))
    np.testing.assert_allclose(one, other, rtol=1e-13)


def test_what_is_not_remembered_stays_0():
    assert not sgd(W, G, RATE)["velocity"].any()
    found = rmsprop(W, G, RATE)
    assert not found["velocity"].any()
    assert not found["mean"].any()


@pytest.mark.parametrize("operation", [adam, adamw, rmsprop, adagrad], ids=lambda one: one.name)
def test_an_unknown_place_of_epsilon_is_refused(operation):
    with pytest.raises(ParameterError, match=f"epsilon_in of {operation.name}"):
        operation(W, G, RATE, epsilon_in="beside")


def test_every_step_has_a_rate():
    with pytest.raises(ShapeError, match="of sgd"):
        sgd(W, G, RATE[:2])
