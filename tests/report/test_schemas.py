"""The schemas accept what is written and refuse what is not."""

import json
import math
from importlib import resources

import jsonschema
import numpy as np
import pytest

from equivalence.comparison import Comparison, compare
from equivalence.runfile import read_run, write_run


@pytest.fixture(scope="module")
def validators():
    found = {}
    for name in ("run", "check"):
        schema = json.loads((resources.files("equivalence") / "schemas" / f"{name}.schema.json").read_text("utf-8"))
        jsonschema.Draft202012Validator.check_schema(schema)
        found[name] = jsonschema.Draft202012Validator(schema)
    return found


@pytest.fixture
def lines(outcome, error, run_of, tmp_path):
    run = run_of(
        [
            outcome(),
            outcome(
                "different", left_value=math.nan, right_value=-math.inf, max_abs=math.inf, required_tolerance=math.inf
            ),
            outcome("different", quantity="gradient-x", known_difference="gradient.ties", link="https://example.org"),
            outcome("undecided"),
            outcome("skipped"),
            error(),
        ],
        absent={"theano": "no stack"},
    )
    write_run(tmp_path / "run.jsonl", run)
    assert read_run(tmp_path / "run.jsonl").complete
    return [json.loads(line) for line in (tmp_path / "run.jsonl").read_text().splitlines()]


def test_every_line_of_a_run_is_valid(validators, lines):
    assert [line["kind"] for line in lines] == ["header", *["comparison"] * 6, "end"]
    for line in lines:
        validators["run"].validate(line)


def test_a_large_run_is_valid(validators, synthetic_run):
    for given in synthetic_run(20, 3).outcomes:
        validators["run"].validate(given.to_json())


@pytest.mark.parametrize("place", range(8))
def test_every_field_of_a_line_is_required(validators, lines, place):
    for name in lines[place]:
        without = {key: value for key, value in lines[place].items() if key != name}
        assert not validators["run"].is_valid(without), f"a {lines[place]['kind']} line without {name}"


@pytest.mark.parametrize(
    ("place", "changes"),
    [
        (0, {"schema": 2}),
        (0, {"seed": "0"}),
        (0, {"absent": {"theano": ""}}),
        (0, {"versions": {"python": "3.12"}}),
        (1, {"extra": 1}),
        (1, {"verdict": "fine"}),
        (1, {"verdict": True}),
        (1, {"count": 0}),
        (1, {"max_abs": -1.0}),
        (1, {"max_abs": "inf"}),
        (1, {"left_value": "nan"}),
        (1, {"worst_index": [0.5]}),
        (1, {"quantity": "backward"}),
        (1, {"right": ""}),
        (1, {"known_difference": "gradient.ties", "link": "https://example.org"}),
        (2, {"known_difference": "gradient.ties"}),
        (6, {"right": "torch"}),
        (6, {"verdict": "equal"}),
        (7, {"complete": "yes"}),
        (7, {"comparisons": -1}),
        (7, {"extra": 1}),
    ],
)
def test_a_wrong_line_is_refused(validators, lines, place, changes):
    assert not validators["run"].is_valid(lines[place] | changes)


def port(**changes):
    """The answer for one port, with a difference that is explained."""
    different = compare(np.array([1.0, 2.0]), np.array([1.0, math.nan]), 1e-5).to_json()
    diagnosis = {
        "code": "padding.side",
        "confidence": 0.97,
        "message": "The odd padding pixel is at the top.",
        "fix": 'Use padding="same_upper".',
        "evidence": {"error_before": "Infinity", "error_after": 1e-7, "probe": "odd-sizes"},
    }
    return {
        "name": "nin",
        "verdict": "different",
        "forward": {"output": different},
        "gradients": {"weight": Comparison(verdict="error", reason="no gradient").to_json()},
        "probes": [
            {"name": "odd-sizes", "verdict": "different", "sizes": {"n": 2}},
            {"name": "ties", "verdict": "equal"},
        ],
        "diagnoses": [diagnosis],
        "smallest_example": {"x": [[1.0, "NaN"], [True, 0]], "scale": 2.0, "weight": "smallest/weight.npy"},
        "reproduce": "equivalence check port.py --only nin",
    } | changes


@pytest.mark.parametrize(
    "changes", [{}, {"smallest_example": None}, {"diagnoses": [], "probes": []}, {"warnings": ["more"]}]
)
def test_an_answer_is_valid(validators, changes):
    validators["check"].validate({"schema": 1, "ports": [port(**changes)]})


@pytest.mark.parametrize("name", port())
def test_every_field_of_a_port_is_required(validators, name):
    without = {key: value for key, value in port().items() if key != name}
    assert not validators["check"].is_valid({"schema": 1, "ports": [without]})


@pytest.mark.parametrize(
    "changes",
    [
        {"verdict": "ok"},
        {"probes": [{"name": "ties"}]},
        {"probes": {}},
        {"diagnoses": None},
        {"diagnoses": [port()["diagnoses"][0] | {"confidence": 97}]},
        {"diagnoses": [port()["diagnoses"][0] | {"evidence": {}}]},
        {"forward": {"output": {"verdict": "equal"}}},
        {"forward": {"output": port()["forward"]["output"] | {"verdict": "equal", "count": 0}}},
        {"smallest_example": {"x": [[1.0, None]]}},
        {"smallest_example": [1.0]},
        {"reproduce": ["equivalence", "check"]},
    ],
)
def test_a_wrong_answer_is_refused(validators, changes):
    assert not validators["check"].is_valid({"schema": 1, "ports": [port(**changes)]})


def test_another_version_is_refused(validators):
    assert not validators["check"].is_valid({"schema": 2, "ports": []})
