"""Properties of attention that the general tests do not look for."""

import numpy as np
import pytest

from equivalence.errors import ParameterError, ShapeError
from equivalence_reference.attention import multi_head_attention, scaled_dot_product_attention, self_attention

RNG = np.random.default_rng(0)
QUERY, KEY, VALUE = (RNG.standard_normal((2, 4, length, 3)) for length in (4, 6, 6))


def assert_same(found, expected):
    np.testing.assert_allclose(found, expected, rtol=1e-13, atol=1e-14)


def test_a_mask_of_minus_infinities_is_a_boolean_one():
    mask = RNG.random((2, 4, 4, 6)) < 0.6
    mask[..., 0] = True
    found = scaled_dot_product_attention(QUERY, KEY, VALUE, bias=np.where(mask, 0, -np.inf))
    assert_same(found, scaled_dot_product_attention(QUERY, KEY, VALUE, mask=mask))


def test_a_query_that_sees_nothing_gives_0_and_has_no_gradient():
    mask = np.ones((2, 4, 4, 6), np.bool_)
    mask[:, :, 1] = False
    assert not scaled_dot_product_attention(QUERY, KEY, VALUE, mask=mask)[:, :, 1].any()
    arrays = {"query": QUERY, "key": KEY, "value": VALUE, "mask": mask}
    cotangents = {"output": np.ones((2, 4, 4, 3))}
    settings = {"causal": None, "scale": None, "groups": 1}
    gradients = scaled_dot_product_attention.gradients(cotangents, arrays, settings)
    assert not gradients["query"][:, :, 1].any()
    assert all(np.isfinite(gradient).all() for gradient in gradients.values())


def test_the_alignments_agree_where_there_are_as_many_keys_as_queries():
    square = QUERY, KEY[:, :, :4], VALUE[:, :, :4]
    top, bottom = (scaled_dot_product_attention(*square, causal=causal) for causal in ("top_left", "bottom_right"))
    assert_same(top, bottom)


def test_the_last_query_sees_everything_with_the_alignment_at_the_bottom():
    found = scaled_dot_product_attention(QUERY, KEY, VALUE, causal="bottom_right")
    assert_same(found[:, :, -1], scaled_dot_product_attention(QUERY, KEY, VALUE)[:, :, -1])


def test_the_first_query_sees_the_first_key_alone_with_the_alignment_at_the_top():
    found = scaled_dot_product_attention(QUERY, KEY, VALUE, causal="top_left")
    assert_same(found[:, :, 0], VALUE[:, :, 0])


def test_large_scores_do_not_overflow():
    found = scaled_dot_product_attention(100 * QUERY, 100 * KEY, VALUE)
    assert np.isfinite(found).all()


def test_shared_heads_are_repeated_ones():
    shared = KEY[:, :2], VALUE[:, :2]
    repeated = (np.repeat(part, 2, axis=1) for part in shared)
    assert_same(scaled_dot_product_attention(QUERY, *shared, groups=2), scaled_dot_product_attention(QUERY, *repeated))


def test_self_attention_is_multi_head_attention_of_one_sequence():
    arrays = self_attention.draw(self_attention.cases[0])
    parts = dict(zip(("query", "key", "value"), arrays["weight"], strict=True))
    biases = dict(zip(("query", "key", "value"), arrays["bias"], strict=True))
    expected = multi_head_attention(
        *(arrays["x"],) * 3,
        **{f"{name}_weight": weight for name, weight in parts.items()},
        **{f"{name}_bias": bias for name, bias in biases.items()},
        **{name: arrays[name] for name in ("output_weight", "output_bias", "mask")},
    )
    assert_same(self_attention(**arrays), expected)


def test_a_bias_of_the_keys_has_no_effect():
    arrays = multi_head_attention.draw(multi_head_attention.cases[0])
    moved = {**arrays, "key_bias": arrays["key_bias"] + RNG.standard_normal(arrays["key_bias"].shape)}
    np.testing.assert_allclose(multi_head_attention(**moved), multi_head_attention(**arrays), rtol=1e-10)


def test_an_unknown_alignment_is_refused():
    with pytest.raises(ParameterError, match="causal"):
        scaled_dot_product_attention(QUERY, KEY, VALUE, causal="top")


def test_groups_that_do_not_divide_the_heads_are_refused():
    with pytest.raises(ShapeError, match="of scaled_dot_product_attention"):
        scaled_dot_product_attention(QUERY, KEY[:, :1], VALUE[:, :1], groups=3)


def test_a_packed_weight_has_three_parts():
    arrays = self_attention.draw(self_attention.cases[0])
    with pytest.raises(ShapeError, match="3 parts"):
        self_attention(**arrays | {"weight": arrays["weight"][:2], "bias": arrays["bias"][:2]})
