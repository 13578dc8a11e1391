"""What each kind of input may hold."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from equivalence import Integers, Lengths, Mask, Positive, Real
from equivalence.errors import DeclarationError
from equivalence.inputs import STRATEGIES, Input, as_input

SEEDS = st.integers(0, 2**32)
SHAPE = (5, 6)
SIZES = {"n": 5, "t": 6}


def draw(kind, seed=0, shape=SHAPE, strategy="normal"):
    return kind.draw(np.random.default_rng(seed), shape, SIZES, strategy)


def test_an_axes_string_is_a_real_input_with_a_gradient():
    assert as_input("n t") == Real("n t")
    assert as_input(Mask("n t")) == Mask("n t")


@pytest.mark.parametrize(
    ("kind", "expected"),
    [
        (Real("n t"), True),
        (Real("n t", gradient=False), False),
        (Positive("n t"), True),
        (Positive("n t", gradient=False), False),
        (Integers("n t"), False),
        (Mask("n t"), False),
        (Lengths("n"), False),
    ],
)
def test_only_real_numbers_have_gradients_and_only_where_wanted(kind, expected):
    assert kind.differentiable is expected


@given(SEEDS)
def test_real_numbers_stay_between_their_limits(seed):
    drawn = draw(Real("n t", low=-0.25, high=0.5), seed)
    assert drawn.dtype == np.float64
    assert drawn.min() >= -0.25
    assert drawn.max() <= 0.5


@pytest.mark.parametrize("limits", [{"low": 0.0}, {"high": 1.0}])
def test_one_limit_alone_is_refused(limits):
    with pytest.raises(DeclarationError, match="both low and high, or neither"):
        Real("n t", **limits)


@pytest.mark.parametrize("strategy", STRATEGIES)
def test_every_data_strategy_gives_float64_of_the_shape_asked_for(strategy):
    drawn = draw(Real("n t"), strategy=strategy)
    assert (drawn.dtype, drawn.shape) == (np.float64, SHAPE)
    assert len(np.unique(drawn)) > 1
    assert draw(Real(""), shape=(), strategy=strategy).shape == ()


@given(SEEDS)
def test_the_data_strategies_are_what_their_names_say(seed):
    found = {name: draw(Real("n t"), seed, (40, 30), name) for name in STRATEGIES}
    assert set(np.unique(found["ties"])) == {-1.0, 0.0, 1.0}
    assert 0.3 < np.mean(found["zeros"] == 0) < 0.7
    assert found["negative"].max() <= -1
    assert 1e3 < np.abs(found["large"]).max() < 1e5
    assert 1e-21 < np.abs(found["tiny"]).max() < 1e-18
    assert abs(found["offset"].mean() - 2000) < 1
    assert 0.5 < found["offset"].std() < 2


@given(SEEDS)
def test_positive_numbers_are_away_from_zero_and_not_all_one(seed):
    drawn = draw(Positive("n t"), seed)
    assert drawn.min() >= 0.1
    assert drawn.max() <= 2.1
    assert not np.allclose(drawn, 1)


@given(SEEDS)
def test_whole_numbers_stay_below_their_limit_which_may_be_an_expression(seed):
    drawn = draw(Integers("n t", low=-1, below="2*t"), seed, (50, 40))
    assert drawn.dtype == np.int64
    assert set(np.unique(drawn)) == set(range(-1, 12))


@given(SEEDS)
def test_a_mask_is_never_all_false_in_a_row_unless_it_may_be(seed):
    drawn = draw(Mask("n t"), seed, (200, 2))
    assert drawn.dtype == np.bool_
    assert drawn.any(axis=-1).all()
    assert not drawn.all()
    assert not draw(Mask("n t", empty=True), seed, (200, 2)).any(axis=-1).all()


@pytest.mark.parametrize("shape", [(), (0,), (3, 0), (0, 3)])
def test_a_mask_without_elements_or_axes_can_be_drawn(shape):
    assert draw(Mask("n t"), shape=shape).shape == shape


@given(SEEDS)
def test_one_sequence_at_least_has_the_full_length(seed):
    drawn = draw(Lengths("n", of="t"), seed, (5,))
    assert drawn.dtype == np.int64
    assert drawn.min() >= 1
    assert drawn.max() == 6
    assert draw(Lengths("n"), seed, (0,)).size == 0


def test_lengths_may_be_zero_where_that_is_declared():
    assert draw(Lengths("n", of="t", low=0), shape=(500,)).min() == 0
    usual = draw(Lengths("n", of="t"), shape=(500,))
    assert usual.min() == 1
    assert np.count_nonzero(usual == 6) > 50


def test_the_bare_kind_cannot_be_drawn():
    with pytest.raises(DeclarationError, match="Real, Positive, Integers, Mask or Lengths, got Input"):
        draw(Input("n t"))
