"""The answer on a port: what it says in words and as JSON, and the file of its smallest failing input."""

import json
from importlib import resources

import jsonschema
import numpy as np
import pytest

from equivalence import examplefile
from equivalence.answer import SCHEMA, Diagnosis, Example, PortOutcome, Probe
from equivalence.codes import CODES
from equivalence.comparison import compare
from equivalence.errors import LawError
from equivalence.explanation import SMALL, printed

X = np.array([[1 / 3, -np.inf]], np.float32)


def diagnosis(**changes):
    own = {"code": "kernel.flipped", "confidence": 0.996, "message": "The kernel is flipped.", "fix": "weight[::-1]"}
    return Diagnosis(**own | {"error_before": 0.83, "error_after": 1.2e-15, "probe": "ties, float64"} | changes)


def example(x=X, **changes):
    own = {"arrays": {"x": x, "file": np.array([True])}, "sizes": {"n": 1, "...": (2, 3)}, "dtype": "float32"}
    outputs = {"original": {"output": np.array([1.0])}, "ported": {"output": np.array([np.nan])}}
    return Example(**own | {"probe": "ties, float32"} | outputs | changes)


def probe(kind, dtype, verdict, reason="", **changes):
    name = f"{kind}, {dtype}"
    return Probe(name=name, verdict=verdict, dtype=dtype, sizes={"n": 2}, reason=reason, **changes)


def outcome(**changes):
    right = compare(np.array([1.0, 2.0]), np.array([1.0, 2.0]), 1e-10)
    wrong = compare(np.array([1.0, 2.0]), np.array([1.0, 2.5]), 1e-10)
    own = {
        "name": "nin",
        "verdict": "different",
        "forward": {"y": wrong, "mean": right},
        "gradients": {"x": right},
        "probes": [probe("ties", "float32", "different"), probe("ties", "float64", "equal")],
        "reason": f"{wrong.reason} (probe: ties, float32)",
        "reproduce": "equivalence check nin_port.py --only nin",
        "diagnoses": [diagnosis(), diagnosis(code="unknown", confidence=0, fix="", error_after=None)],
        "smallest": example(),
        "warnings": ["variance 1 proves nothing"],
        "left_out": ["half precision"],
        "remark": "Neither layer is the operation nin.",
    }
    return PortOutcome(**own | changes)


TEXT = """\
nin: different
  kernel.flipped (99 %): The kernel is flipped.
    fix: weight[::-1]
    error 0.83, 1.2e-15 once undone (probe: ties, float64)
  unknown (0 %): The kernel is flipped.
    error 0.83 (probe: ties, float64)
  a tolerance of 0.14 is needed, beyond the allowed 1e-10 (probe: ties, float32)
  output y: different, largest difference 0.5 in 2 elements, at [1] 2.0 against 2.5
  equal there: output mean, gradient x
  smallest failing input (n=1, ...=(2, 3); float32; probe: ties, float32):
    x = [[0.33333334, -inf]]
    file = [ True]
    original output = [1.0]
    ported output = [nan]
  2 probes: 1 different, 1 equal
    different: ties (float32)
    equal: ties (float64)
  left out: half precision
  warning: variance 1 proves nothing
  Neither layer is the operation nin.
  reproduce: equivalence check nin_port.py --only nin"""


def test_the_text_says_the_verdict_then_why_then_how_it_shows():
    assert outcome().text() == TEXT


def test_every_line_of_what_others_wrote_is_indented():
    several = outcome(
        diagnoses=[diagnosis(message="one\ntwo", fix="first\n  second")], warnings=["three\nfour"], reason="five\nsix"
    )
    first, *rest = several.text().splitlines()
    assert first == "nin: different"
    assert all(line.startswith("  ") for line in rest)
    assert "         second" in rest[3], "the lines of a fix stay below each other"


def test_of_many_probes_those_that_are_not_equal_are_named():
    kinds = [f"kind {number}" for number in range(20)]
    probes = [probe(kind, "float64", "equal") for kind in kinds]
    shown = outcome(probes=probes, verdict="equal").text()
    assert "20 probes: 20 equal" in shown
    assert "kind 3" not in shown
    probes[3] = probe("kind 3", "float64", "undecided", "both raise")
    shown = outcome(probes=probes).text()
    assert "20 probes: 1 undecided, 19 equal\n    undecided: kind 3 (float64): both raise\n" in shown
    shown = outcome(probes=[probe(kind, "float64", "different") for kind in kinds]).text()
    assert "kind 7 (float64) and 12 more" in shown
    assert "kind 8" not in shown


def test_probes_with_one_reason_are_on_one_line_and_others_on_their_own():
    said = ["no", "no", "never"]
    probes = [probe(f"k{number}", "float64", "undecided", reason) for number, reason in enumerate(said)]
    shown = outcome(probes=probes).text()
    assert "    undecided: k0 (float64), k1 (float64): no\n    undecided: k2 (float64): never\n" in shown


def test_a_reason_is_said_once_and_of_many_only_the_first():
    said = ["first", *[f"reason {number}" for number in range(9)]]
    probes = [probe(f"k{number}", "float64", "different", reason) for number, reason in enumerate(said)]
    shown = outcome(probes=probes, reason="first (probe: k0, float64)").text()
    assert "    different: k0 (float64)\n    different: k1 (float64): reason 0\n" in shown
    assert "    different: k3 (float64), k4 (float64)," in shown
    assert "each with its own reason" in shown
    assert "reason 5" not in shown


def test_the_log_of_what_decided_is_shown_up_to_its_end():
    log = "\n".join(f"line {number}" for number in range(40))
    probes = [probe("a", "float64", "equal", log="unimportant"), probe("b", "float64", "error", "died", log=log)]
    shown = outcome(verdict="error", probes=probes).text()
    assert "the worker's log ends:\n    line 25\n" in shown
    assert "line 39" in shown
    assert "line 24" not in shown
    assert "unimportant" not in shown


def test_an_answer_without_any_comparison_says_so():
    empty = outcome(forward={}, gradients={}, probes=[], diagnoses=[], smallest=None, verdict="undecided", reason="why")
    assert empty.text().splitlines()[:3] == ["nin: undecided", "  why", "  0 probes: nothing was tried"]


def test_numbers_are_printed_with_all_their_digits():
    values = np.array([1e-30, 0.1, 1 / 3, 1e20, np.nan])
    for dtype in (np.float32, np.float64):
        given = values.astype(dtype)
        read = [dtype(word) for word in printed(given).strip("[]").split(", ")]
        assert np.array_equal(np.array(read, dtype), given, equal_nan=True)
    assert printed(np.zeros((0, 3))) == "nothing, of shape (0, 3)"
    assert "..." not in printed(np.arange(5000))


@pytest.fixture(scope="module")
def valid():
    schema = json.loads((resources.files("equivalence") / "schemas" / "check.schema.json").read_text())
    return lambda found: jsonschema.validate(json.loads(json.dumps({"schema": SCHEMA, "ports": [found]})), schema)


LARGE = np.zeros((SMALL + 1, 1))


@pytest.mark.parametrize(
    "changes",
    [
        {},
        {"diagnoses": [], "smallest": None, "warnings": [], "left_out": []},
        {"diagnoses": [diagnosis(error_before=np.inf, error_after=np.nan)]},
        {"smallest": example(LARGE, file="failing/nin.npz")},
        {"smallest": example(LARGE)},
        {"smallest": example(np.array([1 + 2j]))},
        {"smallest": example(np.array(3))},
        {"verdict": "equal", "diagnoses": [], "smallest": None},
    ],
)
def test_the_json_fits_its_schema(valid, changes):
    valid(outcome(**changes).to_json())


def test_the_schema_refuses_diagnoses_and_examples_that_are_not_whole(valid):
    for broken in ({"diagnoses": [{"code": "kernel.flipped"}]}, {"smallest_example_details": {"probe": "ties"}}):
        with pytest.raises(jsonschema.ValidationError):
            valid(outcome().to_json() | broken)


def test_the_json_has_the_contracts_diagnoses():
    [first, second] = outcome().to_json()["diagnoses"]
    assert first == {
        "code": "kernel.flipped",
        "confidence": 0.996,
        "message": "The kernel is flipped.",
        "fix": "weight[::-1]",
        "evidence": {"error_before": 0.83, "error_after": 1.2e-15, "probe": "ties, float64"},
    }
    assert second["evidence"]["error_after"] is None


def test_a_small_example_is_in_the_json_and_a_large_one_in_its_file():
    small = outcome(smallest=example(file="nin.npz")).to_json()
    assert small["smallest_example"] == {"x": [[float(X[0, 0]), "-Infinity"]], "file": [True]}
    assert small["smallest_example_details"]["ported"] == {"output": ["NaN"]}
    assert small["smallest_example_details"]["file"] == "nin.npz"
    edge = example(np.zeros(SMALL - 1), file="nin.npz")
    assert edge.to_json()["x"] == [0.0] * (SMALL - 1)
    large = outcome(smallest=example(LARGE, file="nin.npz")).to_json()
    assert large["smallest_example"] == {"x": "nin.npz", "file": "nin.npz"}
    assert outcome(smallest=example(LARGE)).to_json()["smallest_example"]["x"] == LARGE.tolist()


@pytest.mark.parametrize("changes", [{"code": "kernel.flippd"}, {"confidence": 1.2}, {"confidence": float("nan")}])
def test_a_diagnosis_has_a_known_code_and_a_confidence(changes):
    with pytest.raises(LawError):
        diagnosis(**changes)


def test_every_code_can_be_a_diagnosis(valid):
    valid(outcome(diagnoses=[diagnosis(code=code) for code in CODES]).to_json())


def test_a_saved_example_is_read_without_pickle_and_is_what_it_was(tmp_path):
    given = outcome(name="../a port/1")
    saved = examplefile.save(given, tmp_path / "failing")
    [path] = (tmp_path / "failing").glob("*.npz")
    assert saved.smallest.file == str(path)
    with np.load(path, allow_pickle=False) as found:
        assert set(found) == {"x", "file", "original/output", "ported/output"}
        for name, array in examplefile.contents(given.smallest).items():
            assert found[name].dtype == array.dtype
            assert np.array_equal(found[name], array, equal_nan=array.dtype.kind == "f")
    words = path.with_suffix(".txt").read_text()
    assert words.startswith(saved.text())
    assert f"saved in {path}" in words
    assert sorted(p.suffix for p in path.parent.iterdir()) == [".npz", ".txt"]
    assert list(tmp_path.iterdir()) == [tmp_path / "failing"], "a port's name does not lead out of the folder"


def test_nothing_is_saved_for_a_port_without_example(tmp_path):
    right = outcome(smallest=None)
    assert examplefile.save(right, tmp_path / "failing") is right
    assert not any(tmp_path.iterdir())


def test_objects_are_refused_and_leave_nothing_behind(tmp_path):
    with pytest.raises(ValueError, match="allow_pickle"):
        examplefile.save(outcome(smallest=example(np.array([object()]))), tmp_path)
    assert not any(tmp_path.iterdir())
