"""The five verdicts, why each was given, and what no injected error escapes."""

import math

import numpy as np
import pytest

from equivalence.comparison import TOLERANCES, Comparison
from equivalence.judging import stands_alone
from equivalence.rounding import PRECISIONS, Bound, gamma
from equivalence.verdict import BEYOND, Evidence, decide

EQUAL = Comparison(verdict="equal", max_abs=6e-15, max_rel=6e-15, count=3, reason="rounding")
SAME = Comparison(verdict="equal", max_abs=0.0, max_rel=0.0, count=3, reason="rounding")


def bound(error, magnitude=1.0, shape=(3,)):
    return Bound(np.full(shape, float(error)), np.full(shape, float(magnitude)))


def judged(distance, error=1e-6, *, exact=None, dtype="float32", **evidence):
    left = np.array([1.0, 2.0, 3.0])
    right = left + np.array([0.0, distance, 0.0])
    return decide(left, right, dtype, TOLERANCES[dtype], Evidence([bound(error)], exact, **evidence))


def differing(distance):
    return Comparison(verdict="different", max_abs=distance, max_rel=distance, count=3, reason="not rounding")


WITHIN, FAR, TINY = "0.4 of the rounding bound; ", "8 of the rounding bound; ", "float64 differs by 6e-15: "
SAME_SIZE = "float64 differs by the same 0.0023"
UNDECIDED = "which is undecided: overflow: somewhere"
FINDING, SHRUNK = "a precision finding, not a wrong formula", "float64 differs by 3e-13"
LARGER, ONE_SIDE = "float64 differs by 0.0023", "NaN or infinity on one side only"
NOT_FINITE = Comparison(verdict="different", max_abs=math.inf, reason=ONE_SIDE)
UNSURE = Comparison(verdict="undecided", max_abs=1.0, reason="overflow: somewhere")


@pytest.mark.parametrize(
    ("distance", "exact", "verdict", "reason"),
    [
        (4e-7, EQUAL, "equal", f"float32 differs by 4e-07, {WITHIN}{TINY}rounding"),
        (4e-7, SAME, "equal", f"float32 differs by 4e-07, {WITHIN}float64 gives the same numbers: rounding"),
        (2e-6, EQUAL, "equal", f"float32 differs by 2e-06, 2 of the rounding bound; {TINY}rounding"),
        (8e-6, EQUAL, "different", f"float32 differs by 8e-06, {FAR}{TINY}{FINDING}"),
        (2.3e-3, differing(2.3e-3), "different", f"float32 differs by 0.0023; {SAME_SIZE}: not rounding"),
        (4e-7, differing(2.3e-3), "different", f"float32 differs by 4e-07, {WITHIN}{LARGER}: not rounding"),
        (4e-7, NOT_FINITE, "different", f"float32 differs by 4e-07, {WITHIN}in float64 {ONE_SIDE}: not rounding"),
        (8e-6, differing(3e-13), "different", f"float32 differs by 8e-06, {FAR}{SHRUNK}: {FINDING}"),
        (4e-7, UNSURE, "undecided", f"float32 differs by 4e-07, {WITHIN}float64 differs by 1, {UNDECIDED}"),
    ],
)
def test_float64_beside_decides_and_the_reason_says_so(distance, exact, verdict, reason):
    found = judged(distance, exact=exact)
    assert (found.verdict, found.reason) == (verdict, reason)
    assert found.bound_ratio == pytest.approx(distance / 1e-6)


@pytest.mark.parametrize(
    ("distance", "error", "verdict", "reason"),
    [
        (4e-7, 1e-6, "equal", "0.4 of the rounding bound: rounding"),
        (2e-6, 1e-6, "undecided", "2 of the rounding bound, near it, and nothing more precise to ask"),
        (5e-6, 1e-6, "different", "5 of the rounding bound: not rounding"),
        (0.01, 0.05, "undecided", "0.2 of the rounding bound, which says nothing after so many terms"),
        (0.0, 0.0, "equal", "float32 gives the same numbers"),
        (0.0, 0.05, "equal", "float32 gives the same numbers"),
        (1e-9, 0.0, "different", "inf of the rounding bound: not rounding"),
    ],
)
def test_without_float64_the_bound_decides_as_far_as_it_says_anything(distance, error, verdict, reason):
    found = judged(distance, error)
    assert found.verdict == verdict
    assert found.reason.endswith(reason)


def test_the_bounds_of_both_sides_add_up():
    left, right = np.zeros(3), np.full(3, 1.5e-6)
    assert decide(left, right, "float32", 1e-4, Evidence([bound(1e-6)])).verdict == "undecided"
    found = decide(left, right, "float32", 1e-4, Evidence([bound(1e-6), bound(1e-6)]))
    assert (found.verdict, found.bound_ratio) == ("equal", pytest.approx(0.75))


def test_the_worst_element_counts_beside_its_own_bound():
    left, right = np.array([0.0, 0.0]), np.array([1e-3, 1e-6])
    bounds = [Bound(np.array([1e-2, 1e-8]), np.ones(2))]
    assert decide(left, right, "float32", 1e-4, Evidence(bounds, EQUAL)).bound_ratio == pytest.approx(100)


def test_allclose_is_computed_and_decides_nothing():
    loose = judged(1e-2, 1e-1, exact=EQUAL)
    assert (loose.verdict, loose.allclose) == ("equal", False)
    strict = judged(8e-6, exact=EQUAL)
    assert (strict.verdict, strict.allclose) == ("different", True)


def test_the_reason_says_which_side_loses_digits():
    truth = np.array([1.0, 2.0, 3.0])
    left, right = truth + np.array([0, 1e-7, 0]), truth + np.array([0, 4e-6, 0])
    evidence = Evidence([bound(4e-7), bound(4e-7)], EQUAL, truth, ("tensorflow", "torch"))
    found = decide(left, right, "float32", 1e-4, evidence)
    assert found.verdict == "different"
    assert found.reason.endswith("not a wrong formula; torch's float32 error is 40 times tensorflow's")
    turned = decide(right, left, "float32", 1e-4, Evidence(evidence.bounds, EQUAL, truth, ("torch", "tensorflow")))
    assert turned.reason == found.reason


def test_beside_the_reference_itself_the_loss_is_measured_by_the_bound():
    found = judged(4e-5, exact=EQUAL, truth=np.array([1.0, 2.0, 3.0]), names=("numpy", "torch"))
    assert found.reason.endswith("; torch's float32 error is 40 times the rounding bound")


def test_two_sides_that_both_lose_digits_are_not_told_apart():
    truth = np.array([1.0, 2.0, 3.0])
    evidence = Evidence([bound(1e-6)], EQUAL, truth, ("tensorflow", "torch"))
    found = decide(truth - 4e-6, truth + 4e-6, "float32", 1e-4, evidence)
    assert found.reason.endswith("a precision finding, not a wrong formula")


def test_overflow_is_undecided_with_its_reason():
    huge = Bound(np.full(2, 1e33), np.array([1.0, 4e38]))
    for left in (math.inf, math.nan):
        found = decide(np.array([1.0, left]), np.array([1.0, 1e38]), "float32", 1e-4, Evidence([huge]))
        assert found.verdict == "undecided"
        assert found.reason == "overflow: in 1 places sums of magnitudes exceed float32's largest number"


@pytest.mark.parametrize(
    ("left", "right"), [(math.nan, 1.0), (math.inf, 1.0), (math.inf, -math.inf), (math.nan, math.inf)]
)
def test_what_is_not_finite_on_one_side_is_different_where_nothing_overflows(left, right):
    for magnitude in (1.0, math.nan, math.inf):
        evidence = Evidence([Bound(np.array([1e-7, magnitude]), np.array([4e38, magnitude]))], EQUAL)
        found = decide(np.array([1.0, left]), np.array([1.0, right]), "float32", 1e-4, evidence)
        assert found.verdict == "different"
        assert found.reason == "NaN or infinity on one side only, or of the other sign, in 1 places"


def test_what_is_not_finite_in_both_is_equal_and_hides_nothing():
    both = np.array([math.nan, math.inf, 1.0])
    bounds = [Bound(np.array([math.nan, math.inf, 1e-7]), np.array([math.nan, math.inf, 1.0]))]
    assert decide(both, both, "float32", 1e-4, Evidence(bounds, EQUAL)).verdict == "equal"
    assert decide(both, both + np.array([0, 0, 1e-5]), "float32", 1e-4, Evidence(bounds, EQUAL)).verdict == "different"


def test_where_no_bound_is_known_the_tolerance_stands_for_it():
    bounds = [Bound(np.array([math.nan, 1e-7]), np.ones(2))]
    for right, verdict in [(1.001, "different"), (1.00001, "equal")]:
        found = decide(np.ones(2), np.array([right, 1]), "float32", 1e-4, Evidence(bounds, EQUAL))
        assert found.verdict == verdict


def test_nothing_to_compare_is_an_error():
    found = decide(np.zeros(0), np.zeros(0), "float32", 1e-4, Evidence([bound(1, shape=(0,))]))
    assert (found.verdict, found.count) == ("error", 0)


NAMES = ["numpy", "tensorflow", "theano", "torch"]


def votes(equal, names=NAMES):
    pairs = [(one, other) for k, one in enumerate(names) for other in names[k + 1 :]]
    return {pair: "equal" if equal(*pair) else "different" for pair in pairs}


@pytest.mark.parametrize("suspect", NAMES)
def test_one_against_all_others_stands_alone(suspect):
    assert stands_alone(votes(lambda one, other: suspect not in (one, other))) == suspect


def test_adapters_of_one_library_have_one_vote():
    names = ["numpy", "tensorflow", "keras"]
    verdicts = votes(lambda one, other: "numpy" not in (one, other), names)
    assert stands_alone(verdicts) == "numpy"
    assert stands_alone(verdicts, {"keras": "tensorflow"}) is None


def test_nobody_stands_alone_without_a_majority_that_agrees():
    assert stands_alone(votes(lambda *_: True)) is None
    assert stands_alone(votes(lambda *_: False)) is None
    camps = votes(lambda one, other: (one in NAMES[:2]) == (other in NAMES[:2]))
    assert stands_alone(camps) is None
    assert stands_alone(votes(lambda *_: False, NAMES[:2])) is None
    unsure = votes(lambda one, other: "torch" not in (one, other)) | {("numpy", "torch"): "undecided"}
    assert stands_alone(unsure) is None


def test_the_variants_of_an_adapter_are_one_voter():
    names = ["numpy", "theano", "theano/flipped"]
    assert stands_alone(votes(lambda one, other: "numpy" not in (one, other), names)) is None
    names = [*names, "torch"]
    both = votes(lambda one, other: one.startswith("theano") == other.startswith("theano"), names)
    assert stands_alone(both) == "theano"
    one = votes(lambda one, other: "theano/flipped" not in (one, other), names)
    assert stands_alone(one) is None


@pytest.mark.parametrize("everywhere", [True, False], ids=["both_dtypes", "float32_only"])
@pytest.mark.parametrize("terms", [1, 1000])
def test_eight_bounds_in_one_element_of_a_million_are_never_missed(terms, everywhere):
    """In 200 trials, beside a sum's own rounding. A bound is the comparison's: the sum of both sides'."""
    count, trials = 10**6, 50
    rng = np.random.default_rng(terms)
    magnitude = 10.0 ** rng.uniform(-3, 3, count)
    narrow, wide = (_sums(magnitude, terms, dtype, rng) for dtype in ("float32", "float64"))
    missed = []
    for _ in range(trials):
        place, sign = int(rng.integers(count)), rng.choice([-1.0, 1.0])
        found = _with_error(narrow, wide, place, sign * 8, everywhere=everywhere)
        if found.verdict != "different" or found.bound_ratio <= BEYOND:
            missed.append((place, found))
    assert missed == []
    clean = _with_error(narrow, wide, 0, 0.0, everywhere=everywhere)
    assert clean.verdict == "equal"


def _sums(magnitude, terms, dtype, rng):
    """Two roundings of the same sums, each as far off as its bound allows in a thousand of the places."""
    error = gamma(terms + 4, PRECISIONS[dtype].unit) * magnitude
    exact = magnitude * rng.uniform(-1, 1, magnitude.shape)
    sides = [exact + error * rng.uniform(-0.1, 0.1, magnitude.shape) for _ in range(2)]
    for side in sides:
        extreme = rng.integers(magnitude.size, size=1000)
        side[extreme] = exact[extreme] + error[extreme] * rng.choice([-1, 1], 1000)
    return sides, [Bound(error, magnitude)] * 2


def _with_error(narrow, wide, place, bounds, *, everywhere):
    """The verdict with an error of so many of the comparison's float32 bounds at one place."""
    (left, right), evidence = narrow
    shift = bounds * sum(bound.error[place] for bound in evidence)
    exact = Comparison(verdict="equal", max_abs=1e-12, count=left.size)
    if everywhere:
        (one, other), known = wide
        other[place] += shift
        exact = decide(one, other, "float64", 1e-10, Evidence(known))
        other[place] -= shift
        other[place] = one[place]
    kept, right[place] = right[place], right[place] + shift
    found = decide(left, right, "float32", 1e-4, Evidence(evidence, exact))
    right[place] = kept
    return found


NAN = math.nan


@pytest.mark.parametrize(
    ("left", "right", "verdict", "finite"),
    [
        ([1.0, NAN, 3.0], [1.0, 2.0, 3.0], "different", "equal"),
        ([1.0, NAN, 3.0], [1.0, 2.0, 3.1], "different", "different"),
        # The third depends on NaN, the first does not.
        ([1.0, NAN, 3.0, 4.0], [1.0, NAN, 3.0, 9.0], "different", "equal"),
        ([1.5, NAN, 3.0, 4.0], [1.0, NAN, 3.0, 9.0], "different", "different"),
        ([1.0, NAN, 3.0, 4.0], [1.0, NAN, 3.0, 4.0], "equal", None),
    ],
)
def test_what_has_nothing_to_do_with_nan_is_judged_by_itself(left, right, verdict, finite):
    left, right = np.array(left), np.array(right)
    downstream = np.arange(len(left)) == len(left) - 1 if len(left) == 4 else None
    found = decide(left, right, "float32", 1e-4, Evidence([bound(1e-6, shape=left.shape)], downstream=downstream))
    assert (found.verdict, found.finite) == (verdict, finite)
    assert ("elsewhere" in found.reason) is (finite == "different")


def test_overflow_excuses_no_finite_difference():
    left, right = np.array([math.inf, 1.0]), np.array([3e38, 1.5])
    bounds = [Bound(np.array([1e33, 1e-7]), np.array([6e38, 1.0]))]
    found = decide(left, right, "float32", 1e-4, Evidence(bounds))
    assert (found.verdict, found.finite) == ("different", "different")
    assert decide(left, np.array([3e38, 1.0]), "float32", 1e-4, Evidence(bounds)).verdict == "undecided"


def test_where_bounds_say_nothing_allclose_speaks_for_the_finite_part():
    bounds = [Bound(np.ones(2), np.ones(2))]
    for right, finite in [(1.00001, "equal"), (1.1, "undecided")]:
        found = decide(np.array([NAN, 1.0]), np.array([2.0, right]), "float32", 1e-4, Evidence(bounds))
        assert (found.verdict, found.finite) == ("different", finite)
