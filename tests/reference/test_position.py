"""Properties of position embeddings that the general tests do not look for."""

import numpy as np
import pytest

from equivalence.errors import ParameterError, ShapeError
from equivalence_reference.position import (
    learned_position_embedding,
    rotary_position_embedding,
    sinusoidal_position_embedding,
)

RNG = np.random.default_rng(0)


@pytest.mark.parametrize("pairing", ["half", "interleave"])
def test_products_of_turned_vectors_depend_on_the_distance_alone(pairing):
    query, key = np.broadcast_to(RNG.standard_normal((2, 1, 1, 1, 8)), (2, 1, 1, 9, 8))
    turned = [rotary_position_embedding(x, pairing=pairing, base=100.0)[0, 0] for x in (query, key)]
    products = turned[0] @ turned[1].T
    for late in range(-4, 5):
        diagonal = np.diagonal(products, late)
        np.testing.assert_allclose(diagonal, diagonal[0], rtol=1e-12, atol=1e-12)
    assert not np.isclose(products[0, 0], products[0, 1])


def test_the_pairings_are_the_same_but_for_the_order_of_the_features():
    x = RNG.standard_normal((2, 3, 4, 6))
    order = [0, 2, 4, 1, 3, 5]
    found = rotary_position_embedding(x[..., order], pairing="half")
    np.testing.assert_allclose(found, rotary_position_embedding(x, pairing="interleave")[..., order], rtol=1e-13)


@pytest.mark.parametrize("operation", [sinusoidal_position_embedding, rotary_position_embedding])
def test_an_offset_is_a_later_part_of_a_longer_sequence(operation):
    x = np.ones((1, 7, 4)) if operation is sinusoidal_position_embedding else np.ones((1, 1, 7, 4))
    late = x[:, 3:] if x.ndim == 3 else x[:, :, 3:]
    whole = operation(x)
    np.testing.assert_allclose(operation(late, offset=3), whole[:, 3:] if x.ndim == 3 else whole[:, :, 3:], rtol=1e-13)


def test_a_mask_of_no_padding_is_none():
    x, weight = RNG.standard_normal((2, 3, 4)), RNG.standard_normal((5, 4))
    found = learned_position_embedding(x, weight, np.ones((2, 3), np.bool_), offset=2)
    np.testing.assert_array_equal(found, learned_position_embedding(x, weight, offset=2))


def test_too_few_rows_and_padding_without_a_row_are_refused():
    x, weight = np.zeros((2, 3, 4)), np.zeros((4, 4))
    with pytest.raises(ShapeError, match="weight of learned_position_embedding"):
        learned_position_embedding(x, weight, offset=2)
    with pytest.raises(ParameterError, match="offset of learned_position_embedding"):
        learned_position_embedding(x, weight, np.ones((2, 3), np.bool_))


def test_an_odd_number_of_features_and_unknown_words_are_refused():
    with pytest.raises(ShapeError, match="x of sinusoidal_position_embedding"):
        sinusoidal_position_embedding(np.zeros((1, 2, 3)))
    with pytest.raises(ShapeError, match="x of rotary_position_embedding"):
        rotary_position_embedding(np.zeros((1, 1, 2, 3)))
    with pytest.raises(ParameterError, match="layout of sinusoidal_position_embedding"):
        sinusoidal_position_embedding(np.zeros((1, 2, 4)), layout="half")
    with pytest.raises(ParameterError, match="pairing of rotary_position_embedding"):
        rotary_position_embedding(np.zeros((1, 1, 2, 4)), pairing="concat")
