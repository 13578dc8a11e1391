"""``equivalence networks`` as a user runs it."""

import json
import os
import subprocess
import sys
from importlib import resources

import jsonschema
import pytest

from equivalence.cli.networks import networks as command
from equivalence.errors import UsageError
from equivalence.graph_file import read_networks
from equivalence.stacks import find

COMMAND = [sys.executable, "-c", "from equivalence.cli import main; main()", "networks"]
FAST = ["-f", "numpy", "-f", "torch", "--dtype", "float64"]


def run(*words, cwd):
    environment = {
        **os.environ,
        "COLUMNS": "120",
        "NO_COLOR": "1",
        "EQUIVALENCE_STACKS": f"theano={find('theano').python}",
    }
    return subprocess.run([*COMMAND, *words], cwd=cwd, capture_output=True, text=True, check=False, env=environment)


@pytest.fixture(scope="module")
def validator():
    schema = json.loads((resources.files("equivalence") / "schemas" / "networks.schema.json").read_text("utf-8"))
    jsonschema.Draft202012Validator.check_schema(schema)
    return jsonschema.Draft202012Validator(schema)


@pytest.fixture(scope="module")
def done(tmp_path_factory):
    folder = tmp_path_factory.mktemp("networks")
    return run("two_layer", *FAST, "--trace", "--json", "out.json", "--seed", "5", cwd=folder), folder / "out.json"


def test_it_prints_verdicts_and_every_step_and_exits_with_0(done):
    result, _ = done
    assert result.returncode == 0, result.stderr
    assert "1 networks, 2 cases" in result.stdout
    assert "two_layer-distinct_sizes, float64: the largest difference in each step" in result.stdout
    for line in ("hidden (dense), output", "active (relu), gradient of x", "loss (mse), output"):
        assert result.stdout.count(line) == 2
    assert "theano" not in result.stdout + result.stderr


def test_its_json_follows_the_schema(done, validator):
    written = json.loads(done[1].read_text())
    validator.validate(written)
    assert (written["seed"], written["complete"], len(written["networks"])) == (5, True, 2)
    first = written["networks"][0]
    assert (first["name"], first["case"], first["expected"]) == ("two_layer", "distinct_sizes", True)
    assert [step["operation"] for step in first["steps"]] == ["dense", "relu", "dense", "mse"]
    assert {line["verdict"] for line in first["comparisons"]} == {"equal"}
    assert len(first["losses"]["float64"]["torch"]) == 3
    assert set(written["versions"]) >= {"numpy", "torch"}
    for name in written:
        assert not validator.is_valid({key: value for key, value in written.items() if key != name}), name
    for name in first:
        cut = {key: value for key, value in first.items() if key != name}
        assert not validator.is_valid({**written, "networks": [cut]}), name


def test_what_was_written_is_read_and_what_is_cut_off_is_not(done, tmp_path):
    _, path = done
    assert read_networks(path)["networks"]
    (tmp_path / "cut.json").write_text(path.read_text()[:-9])
    (tmp_path / "other.json").write_text('{"kind": "power", "schema": 1}')
    for name in ("cut.json", "other.json", "none.json"):
        with pytest.raises(UsageError, match=f"{name} is not a result of networks"):
            read_networks(tmp_path / name)


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["two_lyer"], "Did you mean two_layer?"),
        (["-f", "torhc"], "Did you mean torch?"),
        (["--case", "equal_size"], "Did you mean equal_sizes?"),
    ],
)
def test_a_name_that_does_not_exist_is_answered_with_the_nearest(words, message, tmp_path):
    result = run(*words, cwd=tmp_path)
    assert result.returncode == 64
    assert message in result.stderr


def call(**changed):
    given = {"names": ["two_layer"], "cases": ["equal_sizes"], "trace": False, "frameworks": [], "dtypes": ["float64"]}
    given |= {"json_path": None, "seed": 0, "timeout": None, "jobs": None}
    return command(**{**given, **changed})


def test_one_framework_alone_compares_nothing(capsys):
    assert call(frameworks=["numpy"]) == 2
    assert "0 comparisons" in capsys.readouterr().out


def test_a_difference_is_told_where_it_starts(monkeypatch, capsys, known):
    from dataclasses import replace

    own = known.bindings["torch", "mse"][0]
    # The sum in place of the mean.
    broken = replace(own, recode={"reduction": {"mean": "sum", "sum": "sum", "none": "none"}})
    monkeypatch.setattr("equivalence.registry.load", lambda: known.with_binding("torch", broken))
    assert call(frameworks=["numpy", "torch"], trace=True) == 1
    said = capsys.readouterr().out
    assert "two_layer-equal_sizes-float64[numpy+torch]: a difference starts in loss (mse), output" in said
    assert "two_layer-equal_sizes-float64[numpy+torch]-gradient-weight: different" in said
    [line] = [line for line in said.splitlines() if line.startswith("loss (mse), output")]
    assert line.rstrip().endswith("different")
    [line] = [line for line in said.splitlines() if line.startswith("prediction (dense), output")]
    assert "different" not in line
