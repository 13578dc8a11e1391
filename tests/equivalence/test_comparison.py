"""Comparing two arrays, against NumPy's allclose and the documented rule."""

import json
import math

import numpy as np
import pytest
from hypothesis import assume, example, given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from equivalence.binding import DTYPES, HALF_TOO
from equivalence.comparison import FINITE_DIFFERENCES, TOLERANCES, Comparison, compare, jsonable
from equivalence.errors import LawError, ShapeError
from equivalence.rounding import PRECISIONS

NAN, INF = math.nan, math.inf
ANY = st.floats(allow_subnormal=False)
CONTRACT = {
    "verdict",
    "max_abs",
    "max_rel",
    "worst_index",
    "left",
    "right",
    "required_tolerance",
    "tolerance",
    "allclose",
    "bound_ratio",
    "count",
    "finite",
    "reason",
}


@st.composite
def pairs(draw):
    """Two arrays of one shape: element by element the same, nearly the same, or anything."""
    shape = draw(hnp.array_shapes(min_dims=0, max_dims=3, max_side=4))
    elements = draw(st.sampled_from([ANY, st.floats(-10, 10, allow_subnormal=False)]))
    left = draw(hnp.arrays(np.float64, shape, elements=elements))
    other = draw(hnp.arrays(np.float64, shape, elements=elements))
    kind = draw(hnp.arrays(np.int8, shape, elements=st.sampled_from([0, 0, 0, 1, 1, 2])))
    nearly = 10.0 ** draw(st.integers(-13, -3))
    with np.errstate(all="ignore"):
        return left, np.select([kind == 0, kind == 1], [left, left * (1 + nearly)], other)


def scale_of(left, right):
    """The documented scale: the smaller of 1 and the largest magnitude in either array."""
    magnitudes = np.abs([left, right])
    return min(1.0, magnitudes[np.isfinite(magnitudes)].max(initial=0.0))


@given(pairs(), st.sampled_from([*TOLERANCES.values(), FINITE_DIFFERENCES]))
@example((np.array([1e308]), np.array([-1e308])), 1e-5)
@example((np.array([NAN, INF, -INF]), np.array([NAN, INF, -INF])), 1e-5)
@example((np.array([INF]), np.array([-INF])), 1e-5)
@example((np.array([1e-30, 2e-30]), np.array([1e-30, 2.1e-30])), 1e-5)
@example((np.array([0.0]), np.array([-0.0])), 1e-10)
def test_the_verdict_is_numpys_allclose(drawn, tolerance):
    left, right = drawn
    found = compare(left, right, tolerance)
    # Within a thousandth of the limit the two round differently.
    assume(abs(found.required_tolerance - tolerance) > 1e-3 * tolerance)
    with np.errstate(all="ignore"):
        expected = np.allclose(left, right, rtol=tolerance, atol=tolerance * scale_of(left, right), equal_nan=True)
    assert found.verdict == ("equal" if expected else "different")


@given(pairs())
def test_the_required_tolerance_is_the_smallest_that_accepts(drawn):
    left, right = drawn
    needed = compare(left, right, 1e-10).required_tolerance
    if math.isinf(needed):
        assert compare(left, right, 1e300).verdict == "different"
    else:
        assert compare(left, right, needed).verdict == "equal"
        assert needed == 0 or compare(left, right, np.nextafter(needed, 0)).verdict == "different"


@given(pairs())
def test_the_worst_index_points_at_the_worst(drawn):
    left, right = drawn
    found = compare(left, right, 1e-10)
    there = left[found.worst_index], right[found.worst_index]
    assert np.array_equal([found.left, found.right], there, equal_nan=True)
    assert found.count == left.size
    if found.required_tolerance == INF and not all(np.isfinite(there)):
        assert compare(*(np.array(value) for value in there), 1e-10).verdict == "different"
    elif found.required_tolerance > 0:
        with np.errstate(all="ignore"):
            worth = np.abs(left - right) / (scale_of(left, right) + np.abs(right))
        assert worth[found.worst_index] == np.nanmax(worth)


def test_the_numbers_are_those_of_a_comparison_by_hand():
    left = np.array([[1.0, 2.0, 4.0], [8.0, -1.0, 0.0]])
    right = np.array([[1.0, 2.5, 4.0], [10.0, -1.0, 0.25]])
    found = compare(left, right, 1e-5)
    assert found == Comparison(
        verdict="different",
        max_abs=2.0,
        max_rel=1.0,
        worst_index=(1, 2),
        left=0.0,
        right=0.25,
        required_tolerance=0.2,
        tolerance=1e-5,
        allclose=False,
        count=6,
        reason="a tolerance of 0.2 is needed, beyond the allowed 1e-05",
    )


def test_the_reason_says_which_side_of_the_tolerance():
    assert compare(np.ones(2), np.ones(2), 1e-5).reason == "the same numbers"
    assert "within the allowed 1e-05" in compare(np.ones(2), np.array([1, 1 + 1e-7]), 1e-5).reason


@pytest.mark.parametrize(
    ("left", "right", "index", "count"),
    [
        ([1.0, NAN, 3.0], [1.0, 2.0, 3.0], 1, 1),
        ([1.0, 2.0, 3.0], [1.0, 2.0, NAN], 2, 1),
        ([NAN, 1.0], [1.0, NAN], 0, 2),
        ([1.0, INF], [1.0, -INF], 1, 1),
        ([1.0, INF], [1.0, 1e308], 1, 1),
        ([1.0, INF], [1.0, NAN], 1, 1),
        ([5.0, NAN, NAN], [9.0, NAN, 1.0], 2, 1),
    ],
)
def test_what_is_not_finite_must_be_the_same_in_the_same_place(left, right, index, count):
    for one, other in [(left, right), (right, left)]:
        found = compare(np.array(one), np.array(other), 1e300)
        assert found.verdict == "different"
        assert found.required_tolerance == found.max_abs == found.max_rel == INF
        assert found.worst_index == (index,)
        assert np.array_equal([found.left, found.right], [one[index], other[index]], equal_nan=True)
        assert found.reason == f"NaN or infinity on one side only, or of the other sign, in {count} places"


def test_what_is_not_finite_in_both_hides_no_difference_elsewhere():
    found = compare(np.array([NAN, INF, 1.0]), np.array([NAN, INF, 2.0]), 1e-5)
    assert (found.verdict, found.worst_index, found.max_abs) == ("different", (2,), 1.0)


def test_small_numbers_are_held_to_their_own_scale():
    data = np.array([1e-20, 2e-20, -3e-20])
    assert np.allclose(data, 1.001 * data)
    assert compare(data, 1.001 * data, TOLERANCES["float32"]).verdict == "different"
    assert compare(data, (1 + 1e-7) * data, TOLERANCES["float32"]).verdict == "equal"
    assert compare(data, np.zeros(3), TOLERANCES["float32"]).verdict == "different"


def test_one_large_number_lets_rounding_of_small_ones_pass():
    left, right = np.array([1.0, 1e-9]), np.array([1.0, 2e-9])
    assert compare(left, right, 1e-5).verdict == "equal"
    assert compare(left[1:], right[1:], 1e-5).verdict == "different"


@pytest.mark.parametrize("shape", [(0,), (2, 0, 3)])
def test_nothing_to_compare_is_an_error(shape):
    found = compare(np.zeros(shape), np.zeros(shape), 1e-5)
    assert (found.verdict, found.count) == ("error", 0)
    assert found.reason == f"no elements to compare: shape {shape} has none"


@pytest.mark.parametrize("other", [(3, 2), (6,), (2, 3, 1), (1, 3), ()])
def test_shapes_are_never_broadcast(other):
    with pytest.raises(ShapeError, match=r"one shape, \(2, 3\)"):
        compare(np.zeros((2, 3)), np.zeros(other), 1e-5)


@pytest.mark.parametrize("dtype", ["float32", "float16", "int64", "bool", "uint8"])
def test_every_kind_of_number_is_compared_as_float64(dtype):
    data = np.array([0, 1, 1], dtype)
    assert compare(data, data.astype(float), 1e-10).verdict == "equal"
    assert compare(data, np.array([0, 1, 0], dtype), 1e-10).max_abs == 1


def test_complex_numbers_are_not_compared_by_their_real_parts():
    for one, other in [(1 + 1j, 1 + 2j), (1 + 1j, 1.0)]:
        for left, right in [(one, other), (other, one)]:
            found = compare(np.array([left]), np.array([right]), 1e-5)
            assert found.verdict == "error"
            assert "complex" in found.reason


def test_a_comparison_has_no_truth_value():
    with pytest.raises(LawError, match="no truth value"):
        bool(compare(np.ones(2), np.ones(2), 1e-5))


def test_json_has_exactly_the_contracts_fields():
    found = compare(np.array([[1.0, NAN]]), np.array([[1.0, -INF]]), 1e-5).to_json()
    assert set(found) == CONTRACT
    text = json.dumps(found, allow_nan=False)
    assert json.loads(text) == {
        "verdict": "different",
        "max_abs": "Infinity",
        "max_rel": "Infinity",
        "worst_index": [0, 1],
        "left": "NaN",
        "right": "-Infinity",
        "required_tolerance": "Infinity",
        "tolerance": 1e-5,
        "allclose": False,
        "bound_ratio": None,
        "count": 2,
        "finite": "equal",
        "reason": "NaN or infinity on one side only, or of the other sign, in 1 places",
    }


def test_values_become_jsons_types():
    found = jsonable({"a": (1, [NAN, -INF]), 2: {"b": INF}, "c": None, "d": True, "e": 0.5})
    assert found == {"a": [1, ["NaN", "-Infinity"]], "2": {"b": "Infinity"}, "c": None, "d": True, "e": 0.5}


@pytest.mark.parametrize("dtype", DTYPES)
def test_the_tolerances_lie_between_rounding_and_wrong_conventions(dtype):
    assert 100 * np.finfo(dtype).eps < TOLERANCES[dtype] < 1e-3
    assert TOLERANCES.keys() == set(HALF_TOO)


def test_in_half_precision_the_tolerance_leaves_room_for_sums_of_a_hundred_terms():
    assert 100 * PRECISIONS["float16"].unit < TOLERANCES["float16"] < 0.5
    assert 25 * PRECISIONS["bfloat16"].unit < TOLERANCES["bfloat16"] < 0.5
