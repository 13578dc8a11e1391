"""The page's data: marks, pairs, counts, headline, and the compact rows."""

import math

import pytest

from equivalence.report.data import headline, number, overview, unexpected
from equivalence.report.marks import matrix
from equivalence.report.rows import rows


def marks(run):
    shown = matrix(run)
    return {(row.name, *pair, kind): mark for row in shown.rows for (pair, kind), mark in row.marks.items()}


def test_forward_and_gradient_are_marked_separately(outcome, run_of):
    run = run_of([outcome("equal"), outcome("different", quantity="gradient-x"), outcome(quantity="gradient-weight")])
    found = marks(run)
    assert found["conv2d", "numpy", "torch", "forward"].counts == {"equal": 1}
    assert found["conv2d", "numpy", "torch", "gradient"].counts == {"different": 1, "equal": 1}
    assert found["conv2d", "numpy", "torch", "gradient"].status.code == "different"


def test_a_mark_has_the_worst_ratio(outcome, run_of):
    run = run_of([outcome(required_tolerance=8e-6), outcome(required_tolerance=2e-6), outcome("skipped")])
    mark = marks(run)["conv2d", "numpy", "torch", "forward"]
    assert mark.ratio == pytest.approx(0.8)
    assert mark.text == "2 equal, 1 skipped; worst required / allowed tolerance: 0.8"


@pytest.mark.parametrize(
    ("verdicts", "worst"),
    [
        (["equal", "skipped"], "equal"),
        (["equal", "undecided"], "undecided"),
        (["undecided", "error"], "error"),
        (["error", "different"], "different"),
        (["skipped"], "skipped"),
    ],
)
def test_the_mark_is_the_worst_verdict(outcome, run_of, verdicts, worst):
    assert marks(run_of(map(outcome, verdicts)))["conv2d", "numpy", "torch", "forward"].status.code == worst


def test_a_known_difference_is_not_a_difference(outcome, run_of):
    known = outcome("different", known_difference="gradient.ties", link="https://example.org/ties")
    run = run_of([known, outcome()])
    assert marks(run)["conv2d", "numpy", "torch", "forward"].status.code == "known"
    assert headline(run)[1] == "Everything as expected"
    assert unexpected(run.outcomes, 10) == []


def test_a_participant_that_gave_nothing_spoils_all_its_pairs_of_that_operation(outcome, error, run_of):
    elsewhere = [outcome(operation="relu"), outcome(operation="relu", left="torch", right="theano")]
    compared = [outcome(left="numpy", right="tensorflow"), outcome(case="same"), *elsewhere]
    found = marks(run_of([error(left="torch"), *compared]))
    wrong = {key for key, mark in found.items() if mark.status.code == "error"}
    pairs = [("conv2d", *pair) for pair in (("numpy", "torch"), ("tensorflow", "torch"))]
    assert wrong == {(*pair, kind) for pair in pairs for kind in ("forward", "gradient")}
    assert found["conv2d", "numpy", "torch", "forward"].counts == {"error": 1, "equal": 1}


def test_participants_that_all_gave_nothing_are_still_in_the_matrix(error, run_of):
    assert {key[1:3] for key in marks(run_of([error(left="numpy"), error(left="torch")]))} == {("numpy", "torch")}
    assert {key[1:3] for key in marks(run_of([error(left="torch")]))} == {("torch", "")}


def test_pairs_come_in_the_order_of_the_frameworks(outcome, run_of):
    names = [("torch", "theano"), ("torch", "tensorflow"), ("numpy", "new"), ("numpy", "tensorflow")]
    pairs = matrix(run_of(outcome(left=left, right=right) for left, right in names)).pairs
    assert pairs == [("numpy", "tensorflow"), ("numpy", "new"), ("tensorflow", "torch"), ("torch", "theano")]


def test_variants_share_their_frameworks_column(outcome, error, run_of):
    plain, variant = outcome(left="tensorflow"), outcome("undecided", left="tensorflow/native")
    between = outcome(left="tensorflow", right="tensorflow/native")
    found = marks(run_of([plain, variant, between, error(left="tensorflow/native", case="same")]))
    assert found["conv2d", "tensorflow", "torch", "forward"].counts == {"error": 1, "undecided": 1, "equal": 1}
    assert found["conv2d", "tensorflow", "tensorflow", "forward"].counts == {"error": 1, "equal": 1}


def test_operations_are_grouped_by_family_and_anchors_are_unique(outcome, run_of):
    run = run_of([outcome(operation="a b"), outcome(operation="a-b"), outcome(operation="relu", family="activation")])
    shown = matrix(run)
    assert {family: [row.name for row in members] for family, members in shown.families.items()} == {
        "convolution": ["a b", "a-b"],
        "activation": ["relu"],
    }
    assert [row.anchor for row in shown.rows] == ["operation-a-b", "operation-a-b-2", "operation-relu"]


def test_headlines(outcome, error, run_of):
    assert headline(run_of([outcome()]))[0].code == "equal"
    found, words = headline(run_of([outcome(), outcome("different"), error(), error(), outcome("undecided")]))
    assert (found.code, words) == ("different", "1 different, 2 errors, 1 undecided")
    found, words = headline(run_of([]))
    assert (found.code, words) == ("error", "Nothing was compared")
    found, words = headline(run_of([outcome("skipped")]))
    assert (found.code, words) == ("error", "Nothing was compared")
    found, words = headline(run_of([outcome()], complete=False))
    assert (found.code, words) == ("error", "Incomplete: as expected so far")


def test_a_framework_that_did_not_start_did_not_take_part(outcome, run_of):
    versions = {"python": "3.12", "torch": {"error": "libtorch.so is missing"}, "numpy": {"numpy": "2.4"}}
    shown = overview(run_of([outcome()], versions=versions, absent={"theano": "no stack"}))
    assert shown["missing"] == {"theano": "no stack", "torch": "libtorch.so is missing"}
    assert shown["present"] == {"python": "3.12", "numpy": "numpy 2.4"}


def test_every_operation_and_pair_has_its_turn_before_any_has_two(outcome):
    many = [outcome("different", case=f"case{k}") for k in range(50)]
    other = outcome("different", operation="relu")
    assert unexpected([*many, other], 3) == [many[0], many[1], other]


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (None, "\N{EN DASH}"),
        (0.0, "0"),
        (1e-5, "1e-5"),
        (3e10, "3e10"),
        (0.25, "0.25"),
        (math.inf, "Infinity"),
        (math.nan, "NaN"),
    ],
)
def test_numbers(value, text):
    assert number(value) == text


def read(section, name, row):
    """What the script reads: an array is a column, anything else its only value."""
    words = section["words"].get(name)
    column = section["values"][name] if words is None else words
    value = column[row] if isinstance(column, list) else column
    return value if words is None else section["strings"][value]


def test_rows_hold_every_comparison(outcome, error, run_of):
    outcomes = [
        outcome(worst_index=(1, 2), left_value=math.inf, right_value=math.nan, required_tolerance=math.inf),
        outcome("different", dtype="float64", left_value=0.1234567890123456, quantity="gradient-x"),
        error(log="Killed", reason="died with signal 9, 3.5 s after its start"),
    ]
    section = rows(matrix(run_of(outcomes)))["operations"]["operation-conv2d"]
    assert section["size"] == 3
    for row, given in enumerate(outcomes):
        for name in ("case", "dtype", "left", "right", "quantity", "log", "reproduce"):
            assert read(section, name, row) == getattr(given, name)
        numbers = iter(read(section, "numbers", row).split(" "))
        words = read(section, "reason", row).split("\0")
        assert words[0] + "".join(next(numbers) + word for word in words[1:]) == given.comparison.reason
        assert read(section, "count", row) == given.comparison.count
        assert read(section, "status", row) == given.verdict
    assert [read(section, "left_value", row) for row in range(3)] == ["Infinity", 0.1234567890123456, None]
    assert [read(section, "right_value", row) for row in range(2)] == ["NaN", 0.5]
    assert [read(section, "required", row) for row in range(3)] == ["Infinity", 0.5, None]
    assert [read(section, "index", row) for row in range(3)] == [(1, 2), (0, 1, 2), None] or read(
        section, "index", 0
    ) == [1, 2]
    assert [read(section, "kind", row) for row in range(3)] == [0, 1, -1]


def test_one_index_for_all_rows_is_not_taken_for_a_column(outcome, run_of):
    section = rows(matrix(run_of([outcome(), outcome(case="same")])))["operations"]["operation-conv2d"]
    assert section["values"]["index"] == [[0, 1, 2], [0, 1, 2]]
    assert section["values"]["count"] == 60
