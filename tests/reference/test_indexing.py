"""What only the indices promise: what is out of range, what is tied, and errors."""

import numpy as np
import pytest

from equivalence.errors import ParameterError
from equivalence_reference.indexing import argmax, embedding, gather, one_hot, topk


@pytest.mark.parametrize("mode", ["clip", "wrap", "zero", "from_end"])
def test_a_case_of_each_gather_mode_has_indices_out_of_range_on_both_sides(mode):
    reached = set()
    for case in gather.cases:
        arrays, settings = gather.draw(case), gather.settings(case)
        size = arrays["x"].shape[settings["axis"]]
        if settings["mode"] == mode:
            reached |= {side for side in ("below", "beyond") if outside(arrays["indices"], size, mode)[side]}
    assert reached == {"below", "beyond"}


def outside(indices, size, mode):
    return {"below": (indices < (-size if mode == "from_end" else 0)).any(), "beyond": (indices >= size).any()}


def test_the_cases_of_one_hot_have_indices_out_of_range_on_both_sides():
    for case in one_hot.cases:
        indices, depth = one_hot.draw(case)["indices"], one_hot.settings(case)["depth"]
        assert (indices < 0).any() or (indices >= depth).any(), case.id
    assert any((one_hot.draw(case)["indices"] < 0).any() for case in one_hot.cases)
    assert any((one_hot.draw(case)["indices"] >= one_hot.settings(case)["depth"]).any() for case in one_hot.cases)


@pytest.mark.parametrize("mode", ["clip", "wrap", "zero", "from_end"])
def test_gather_modes_agree_on_indices_in_range(mode):
    x, indices = np.arange(12.0).reshape(4, 3), np.array([[3, 0], [1, 1]])
    np.testing.assert_array_equal(gather(x, indices, mode=mode), x[indices])


def test_slices_that_are_not_valid_get_no_gradient():
    x, indices = np.ones(3), np.array([-1, 0, 0, 7])
    found = gather.gradients({"output": np.array([1.0, 2.0, 4.0, 8.0])}, {"x": x, "indices": indices}, {"mode": "zero"})
    np.testing.assert_array_equal(found["x"], [6.0, 0.0, 0.0])


def test_nan_in_a_slice_that_is_not_taken_does_not_show():
    np.testing.assert_array_equal(gather(np.array([np.nan, 1.0]), np.array([1, 2]), mode="zero"), [1.0, 0.0])


@pytest.mark.parametrize("index", [-1, 3])
def test_embedding_refuses_what_is_no_word(index):
    with pytest.raises(ParameterError, match="from 0 to 2"):
        embedding(np.array([[index]]), np.ones((3, 2)))


@pytest.mark.parametrize("k", [0, 4])
def test_topk_refuses_more_than_there_are(k):
    with pytest.raises(ParameterError, match="from 1 to 3"):
        topk(np.ones((2, 3)), k=k)


def test_topk_takes_the_first_of_equals_and_sends_the_gradient_there():
    x = np.array([[1.0, 1.0, 0.0, 1.0]])
    values, indices = topk(x, k=2)
    np.testing.assert_array_equal(values, [[1.0, 1.0]])
    np.testing.assert_array_equal(indices, [[0, 1]])
    cotangents = {"values": np.array([[2.0, 3.0]])}
    np.testing.assert_array_equal(topk.gradients(cotangents, {"x": x}, {"k": 2})["x"], [[2.0, 3.0, 0.0, 0.0]])


def test_argmax_takes_nan_for_the_largest():
    assert argmax(np.array([1.0, np.nan, 2.0])) == 1
