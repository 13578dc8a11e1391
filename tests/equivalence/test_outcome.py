"""Outcomes: expected or not, as JSON, as text, and the exit status of many."""

import json
import math
from dataclasses import replace

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from equivalence.comparison import Comparison
from equivalence.errors import LawError
from equivalence.outcome import Outcome, comparison_id, exit_status, outcome_from_json, reproduce_command

VERDICTS = ["equal", "different", "undecided", "skipped", "error"]
CONTRACT = {
    "kind",
    "operation",
    "family",
    "case",
    "left",
    "right",
    "dtype",
    "quantity",
    "known_difference",
    "link",
    "stands_alone",
    "stress",
    "log",
    "reproduce",
    "verdict",
    "max_abs",
    "max_rel",
    "worst_index",
    "left_value",
    "right_value",
    "required_tolerance",
    "tolerance",
    "allclose",
    "bound_ratio",
    "count",
    "finite",
    "reason",
}
NUMBER = st.none() | st.floats()
comparisons = st.builds(
    Comparison,
    verdict=st.sampled_from(VERDICTS),
    max_abs=NUMBER,
    max_rel=NUMBER,
    worst_index=st.none() | st.lists(st.integers(0, 99)).map(tuple),
    left=NUMBER,
    right=NUMBER,
    required_tolerance=NUMBER,
    tolerance=NUMBER,
    allclose=st.none() | st.booleans(),
    bound_ratio=NUMBER,
    count=st.integers(0, 10**9),
    finite=st.sampled_from([None, "equal", "different", "undecided"]),
    reason=st.text(),
)
outcomes = st.builds(
    Outcome,
    **dict.fromkeys(
        ["operation", "family", "case", "left", "right", "dtype", "quantity", "log", "reproduce"], st.text()
    ),
    comparison=comparisons,
    known_difference=st.none() | st.text(),
    link=st.none() | st.text(),
    stands_alone=st.none() | st.text(),
    stress=st.booleans(),
)


def outcome(verdict="equal", **changes):
    fields = {
        "operation": "conv2d",
        "family": "convolution",
        "case": "valid",
        "left": "tensorflow",
        "right": "torch",
        "dtype": "float32",
        "quantity": "gradient-weight",
        "comparison": Comparison(
            verdict=verdict,
            max_abs=0.5,
            max_rel=0.25,
            worst_index=(0, 3),
            left=1.5,
            right=2.0,
            required_tolerance=0.1,
            tolerance=1e-5,
            count=12,
            reason="because",
        ),
        "reproduce": "equivalence run -o conv2d",
    }
    return Outcome(**fields | changes)


@given(outcomes)
@example(outcome(comparison=Comparison(verdict="error", reason="NaN")))
@example(outcome(comparison=Comparison(verdict="different", max_abs=math.inf, left=math.nan, right=-math.inf)))
def test_json_and_back_is_the_identity(one):
    text = json.dumps(one.to_json(), allow_nan=False)
    # Not ==, for which NaN is unlike itself.
    assert repr(outcome_from_json(json.loads(text))) == repr(one)


def test_json_has_exactly_the_contracts_fields():
    line = outcome().to_json()
    assert set(line) == CONTRACT
    assert line["kind"] == "comparison"
    assert (line["left"], line["left_value"]) == ("tensorflow", 1.5)
    assert (line["right"], line["right_value"]) == ("torch", 2.0)


@pytest.mark.parametrize("missing", sorted(CONTRACT - {"kind"}))
def test_a_line_without_one_of_the_fields_is_refused(missing):
    line = outcome().to_json()
    del line[missing]
    with pytest.raises(KeyError, match=missing):
        outcome_from_json(line)


def test_an_outcome_has_no_truth_value():
    with pytest.raises(LawError, match="no truth value"):
        bool(outcome())


@pytest.mark.parametrize(
    ("verdict", "known", "expected"),
    [
        ("equal", None, True),
        ("skipped", None, True),
        ("different", "gradient.ties", True),
        ("different", None, False),
        ("undecided", None, False),
        ("undecided", "gradient.ties", False),
        ("error", None, False),
        ("error", "gradient.ties", False),
    ],
)
def test_equal_skipped_and_known_differences_are_expected(verdict, known, expected):
    assert outcome(verdict, known_difference=known).expected is expected


def test_an_id_says_what_was_compared():
    assert outcome().id == "conv2d-valid-float32[tensorflow+torch]-gradient-weight"
    assert comparison_id("nin", "relu", "float64", "torch", "", "call") == "nin-relu-float64[torch]-call"


def test_the_text_has_numbers_log_known_difference_and_command():
    log = "\n".join(f"line {k}" for k in range(30))
    text = outcome("different", known_difference="gradient.ties", link="https://example.org", log=log).text()
    assert text.splitlines()[:5] == [
        "conv2d-valid-float32[tensorflow+torch]-gradient-weight: different",
        "  because",
        "  at [0, 3]: tensorflow 1.5, torch 2.0",
        "  largest difference 0.5, relative 0.25, of 12",
        "  known difference gradient.ties: https://example.org",
    ]
    assert "line 29" in text
    assert "line 10" in text
    assert "line 9\n" not in text
    assert text.endswith("\n  reproduce: equivalence run -o conv2d")


def test_the_text_of_an_error_has_no_numbers():
    text = outcome(comparison=Comparison(verdict="error", reason="died"), right="", quantity="call").text()
    assert text.splitlines() == [
        "conv2d-valid-float32[tensorflow]-call: error",
        "  died",
        "  reproduce: equivalence run -o conv2d",
    ]


def test_the_command_names_everything_and_is_quoted():
    command = reproduce_command("nin", "it's", "float32", ["theano/unflipped", "torch"], 7)
    assert command == (
        "equivalence run -o nin --case 'it'\"'\"'s' --dtype float32 -f theano/unflipped -f torch --seed 7"
    )
    assert "--seed" not in reproduce_command("nin", "relu", "float32", ["numpy"], 0)


@pytest.mark.parametrize(
    ("verdicts", "status"),
    [
        ([], 2),
        ([("equal", True)], 0),
        ([("equal", True), ("different", True)], 0),
        ([("different", True)], 0),
        ([("skipped", True)], 2),
        ([("skipped", True), ("equal", True)], 0),
        ([("different", False)], 1),
        ([("different", False), ("error", False), ("undecided", False)], 1),
        ([("error", False)], 2),
        ([("equal", True), ("error", False)], 2),
        ([("equal", True), ("undecided", False)], 2),
        ([("undecided", False)], 2),
    ],
)
def test_the_exit_status_of_a_run(verdicts, status):
    assert exit_status(iter(verdicts)) == status
    assert exit_status(reversed(verdicts)) == status


def test_outcomes_do_not_change():
    with pytest.raises(AttributeError):
        outcome().case = "another"
    assert replace(outcome(), case="another").case == "another"


@pytest.mark.parametrize("name", ["numpy", "torch"])
def test_the_text_names_who_stands_alone_and_suspects_the_reference(name):
    text = outcome("different", stands_alone=name).text()
    assert f"{name} stands alone: all others agree" in text
    assert ("suspect the reference" in text) == (name == "numpy")


def test_outside_stress_an_equal_outcome_must_pass_allclose_too():
    missed = replace(outcome().comparison, allclose=False)
    assert not replace(outcome(), comparison=missed).expected
    assert replace(outcome(), comparison=missed, stress=True).expected
    assert replace(outcome(), comparison=replace(missed, allclose=None)).expected
