"""``equivalence equivalences`` as a user runs it."""

import json
from importlib import resources

import jsonschema
from click.testing import CliRunner

from equivalence.cli import cli
from equivalence.runfile import read_run

FAST = ["-f", "torch", "--dtype", "float64"]


def invoke(*words):
    return CliRunner().invoke(cli, ["equivalences", *words], env={"COLUMNS": "120", "NO_COLOR": "1"})


def test_it_prints_verdicts_and_writes_a_run(tmp_path):
    path, page = tmp_path / "equivalences.jsonl", tmp_path / "report.html"
    found = invoke("flipped_kernel", *FAST, "--json", str(path), "--report", str(page))
    assert found.exit_code == 0, found.output
    assert "1 equivalences, 1 hold" in found.output
    assert "convolution = cross-correlation" in found.output
    schema = json.loads((resources.files("equivalence") / "schemas" / "run.schema.json").read_text("utf-8"))
    validator = jsonschema.Draft202012Validator(schema)
    for line in path.read_text().splitlines():
        validator.validate(json.loads(line))
    run = read_run(path)
    assert run.complete
    assert {outcome.operation for outcome in run.outcomes} == {"flipped_kernel"}
    assert {outcome.verdict for outcome in run.outcomes} == {"equal"}
    assert "flipped_kernel" in page.read_text()


def test_reproduce_command_computes_the_comparison_again(tmp_path):
    path = tmp_path / "equivalences.jsonl"
    assert invoke("flipped_kernel", *FAST, "--case", "equal_sizes", "--json", str(path)).exit_code == 0
    outcome = read_run(path).outcomes[0]
    words = outcome.reproduce.split()
    assert words[:2] == ["equivalence", "equivalences"]
    again = tmp_path / "again.jsonl"
    assert invoke(*words[2:], "--json", str(again)).exit_code == 0
    assert outcome.id in {other.id for other in read_run(again).outcomes}


def test_unknown_names_are_usage_errors():
    assert invoke("flipped_kernels").exit_code == 64
    assert invoke("flipped_kernel", "--case", "huge").exit_code == 64
    assert invoke("flipped_kernel", "-f", "torchh").exit_code == 64
