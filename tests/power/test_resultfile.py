"""Files of power results: written whole or not at all, read back only if they are whole, refused with one error."""

import dataclasses
import json
import os
import subprocess
import sys
from importlib import resources

import jsonschema
import pytest

from equivalence.errors import UsageError
from equivalence.power.resultfile import read_power, write_power
from equivalence.power.results import Mutant, Power

COMMON = {"operation": "relu", "participant": "numpy", "kind": "fault"}
KILL = {"how": "different", "case": "large", "dtype": "float64", "quantity": "forward", "reason": "beyond π"}
MUTANTS = (
    Mutant(**COMMON, **KILL, name="capped", status="killed", code="function.variant", of=("relu6-as-relu",)),
    Mutant(**COMMON, name="slope", status="survived", revealing="case('revealing-1')", attempts=3),
    Mutant(**COMMON, name="doubled", status="equivalent", reason="relu(relu(x)) is relu(x)"),
    Mutant(**COMMON | {"participant": "torch", "kind": "flip"}, name="flip-x-h", status="error", reason="Killed"),
)
POWER = Power(MUTANTS, {"theano": "no stack"}, commit="0123abc", created="2026-01-02T03:04:05+00:00")
COMMAND = [sys.executable, "-c", "from equivalence.cli import main; main()"]


@pytest.fixture
def written(tmp_path):
    path = tmp_path / "power.json"
    write_power(path, POWER)
    return path


@pytest.fixture(scope="module")
def validator():
    schema = json.loads((resources.files("equivalence") / "schemas" / "power.schema.json").read_text("utf-8"))
    jsonschema.Draft202012Validator.check_schema(schema)
    return jsonschema.Draft202012Validator(schema)


def test_a_result_is_read_as_it_was_written(written):
    assert read_power(written) == POWER


def test_a_result_of_nothing_is_read_too(tmp_path, validator):
    write_power(tmp_path / "power.json", Power((), {}, created="2026-01-02T03:04:05+00:00"))
    assert read_power(tmp_path / "power.json").score is None
    validator.validate(json.loads((tmp_path / "power.json").read_text()))


def test_fields_of_later_versions_are_passed_over(written):
    written.write_text(json.dumps(json.loads(written.read_text()) | {"later": 1}))
    assert read_power(written) == POWER


def test_a_failure_leaves_the_old_file(written):
    broken = dataclasses.replace(POWER, created=object())
    before = written.read_text()
    with pytest.raises(TypeError):
        write_power(written, broken)
    assert written.read_text() == before
    assert list(written.parent.iterdir()) == [written]


def test_only_a_whole_score_is_100_percent():
    killed = dataclasses.replace(MUTANTS[0])
    assert Power((killed,) * 29_999 + (MUTANTS[1],), {}).percent == "99.99 %"
    assert Power((killed,) * 3, {}).percent == "100 %"
    assert Power((), {}).percent == "nothing was run"


def test_the_schema_accepts_what_is_written(written, validator):
    validator.validate(json.loads(written.read_text()))


def test_every_field_is_required(written, validator):
    data = json.loads(written.read_text())
    for name in data:
        without = {key: value for key, value in data.items() if key != name}
        assert not validator.is_valid(without), name
        written.write_text(json.dumps(without))
        with pytest.raises(UsageError, match=r"power\.json is not a"):
            read_power(written)
    for name in data["mutants"][0]:
        cut = [{key: value for key, value in data["mutants"][0].items() if key != name}, *data["mutants"][1:]]
        assert not validator.is_valid(data | {"mutants": cut}), name
        written.write_text(json.dumps(data | {"mutants": cut}))
        with pytest.raises(UsageError, match=f"there is no '{name}'"):
            read_power(written)


WRONG = {
    "kind": {"kind": "header"},
    "schema": {"schema": 2},
    "seed": {"seed": "0"},
    "boolean": {"seed": True},
    "commit": {"commit": 1},
    "created": {"created": None},
    "absent": {"absent": {"theano": None}},
    "mutants": {"mutants": {}},
    "tallies": {"operations": {"relu": {}}},
    "killed": {"killed": -1},
}


@pytest.mark.parametrize("changes", WRONG.values(), ids=WRONG)
def test_a_wrong_result_is_refused_by_reader_and_schema(written, validator, changes):
    data = json.loads(written.read_text()) | changes
    assert not validator.is_valid(data)
    written.write_text(json.dumps(data))
    with pytest.raises(UsageError, match=r"power\.json .*Write one with: equivalence power --json"):
        read_power(written)


MUTATED = [{"status": "fine"}, {"how": "guessed"}, {"status": []}, {"of": "x"}, {"of": [1]}, {"attempts": "3"}]


@pytest.mark.parametrize("changes", [*MUTATED, {"name": 1}, {"case": None}])
def test_a_wrong_mutant_is_refused_by_reader_and_schema(written, validator, changes):
    data = json.loads(written.read_text())
    data["mutants"][0] |= changes
    assert not validator.is_valid(data)
    written.write_text(json.dumps(data))
    with pytest.raises(UsageError, match="is not a power result"):
        read_power(written)


@pytest.mark.parametrize("changes", [{"score": 1.0}, {"killed": 3}, {"operations": {}}, {"equivalent": 0}])
def test_totals_that_do_not_follow_from_the_mutants_are_refused(written, changes):
    written.write_text(json.dumps(json.loads(written.read_text()) | changes))
    with pytest.raises(UsageError, match=f"contradicts itself: {next(iter(changes))}"):
        read_power(written)


@pytest.mark.parametrize("length", [0, 1, 100, 1000, -1, -30])
def test_a_result_that_is_cut_off_is_refused(written, length):
    written.write_text(written.read_text()[:length])
    with pytest.raises(UsageError, match=r"power\.json is not a power result"):
        read_power(written)


@pytest.mark.parametrize("content", [b"\xff\xfe\x00", b"PK", b"null", b"[]", b"{}", b"1", b"[" * 100_000, b"{}\n{}\n"])
def test_another_file_is_refused(tmp_path, content):
    (tmp_path / "other").write_bytes(content)
    with pytest.raises(UsageError, match="is not a power result"):
        read_power(tmp_path / "other")


def equivalence(*words, cwd):
    return subprocess.run(
        [*COMMAND, *words], cwd=cwd, capture_output=True, text=True, check=False, env={**os.environ, "NO_COLOR": "1"}
    )


@pytest.mark.parametrize("command", ["report", "run"])
def test_a_bad_file_is_one_error_and_exit_status_64_and_leaves_the_old_report(written, command):
    written.write_text(written.read_text()[:-10])
    folder = written.parent
    (folder / "page.html").write_text("old")
    words = {"report": ["run.jsonl", "-O"], "run": ["-o", "relu", "-f", "numpy", "--report"]}[command]
    (folder / "run.jsonl").write_text("")
    done = equivalence(command, *words, "page.html", "--power", "power.json", cwd=folder)
    assert done.returncode == 64
    assert done.stderr.count("\n") == 1
    assert done.stderr.startswith("Error: power.json is not a power result")
    assert (folder / "page.html").read_text() == "old"


def test_a_file_that_is_not_there_and_a_run_without_report_are_exit_status_64(written):
    (written.parent / "run.jsonl").write_text("")
    assert equivalence("report", "run.jsonl", "--power", "nothing.json", cwd=written.parent).returncode == 64
    done = equivalence("run", "-o", "relu", "--power", "power.json", cwd=written.parent)
    assert done.returncode == 64
    assert "Add --report" in done.stderr


def test_run_and_report_show_it(written, validator):
    folder = written.parent
    done = equivalence("power", "-o", "relu", "-f", "numpy", "-f", "torch", "--json", "real.json", cwd=folder)
    assert done.returncode == 0, done.stderr
    validator.validate(json.loads((folder / "real.json").read_text()))
    chosen = ["run", "-o", "relu", "--case", "large", "-f", "numpy", "-f", "torch", "--json", "run.jsonl"]
    done = equivalence(*chosen, "--report", "one.html", "--power", "real.json", cwd=folder)
    assert done.returncode == 0, done.stderr
    done = equivalence("report", "run.jsonl", "--power", "real.json", "-O", "two.html", cwd=folder)
    assert done.returncode == 0, done.stderr
    assert "Would the suite notice?" in (folder / "one.html").read_text()
    assert (folder / "one.html").read_text() == (folder / "two.html").read_text()
