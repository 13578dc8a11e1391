"""``equivalence power`` as a user runs it."""

import dataclasses
import json
import os
import subprocess
import sys
from importlib import import_module

import pytest

from equivalence import registry

power = import_module("equivalence.cli.power")
COMMAND = [sys.executable, "-c", "from equivalence.cli import main; main()", "power"]


def run(*words, cwd):
    environment = {**os.environ, "COLUMNS": "160", "NO_COLOR": "1"}
    return subprocess.run([*COMMAND, *words], cwd=cwd, capture_output=True, text=True, check=False, env=environment)


def test_it_prints_a_table_and_writes_json_and_exits_with_0(tmp_path):
    done = run("-o", "relu", "-f", "numpy", "-f", "torch", "--json", "power.json", cwd=tmp_path)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "power 100 %" in done.stdout
    written = json.loads((tmp_path / "power.json").read_text())
    assert (written["kind"], written["schema"], written["score"]) == ("power", 1, 1.0)
    assert list(written["operations"]) == ["relu"]
    assert {mutant["participant"] for mutant in written["mutants"]} == {"numpy", "torch"}


def test_the_faults_alone_are_those_of_numpy(tmp_path):
    done = run("-o", "nin", "-f", "numpy", "--json", "power.json", cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    kinds = {mutant["kind"] for mutant in json.loads((tmp_path / "power.json").read_text())["mutants"]}
    assert kinds == {"fault"}


def test_a_mistyped_operation_is_answered_with_the_nearest(tmp_path):
    done = run("-o", "rleu", cwd=tmp_path)
    assert done.returncode == 64
    assert "relu" in done.stderr


@pytest.fixture
def weakened(monkeypatch):
    """The suite without the one case that shows relu's cap at 6."""
    known = registry.load()
    relu = known.operations["relu"]
    kept = dataclasses.replace(relu, cases=tuple(item for item in relu.cases if item.id != "large"))
    changed = dataclasses.replace(known, operations={**known.operations, "relu": kept})
    monkeypatch.setattr(registry, "load", lambda: changed)


OPTIONS = {"json_path": None, "timeout": None, "jobs": None}


@pytest.mark.usefixtures("weakened")
def test_a_survivor_is_exit_status_1_and_is_named_with_a_case(capsys):
    assert power.power(operations=["relu"], frameworks=["numpy"], **OPTIONS) == 1
    said = capsys.readouterr().out
    assert "capped-at-6 survived" in said
    assert "case('revealing-" in said


def test_nothing_run_is_exit_status_2(monkeypatch, capsys):
    known = registry.load()
    bare = dataclasses.replace(known.operations["relu"], faults=[])
    changed = dataclasses.replace(known, operations={**known.operations, "relu": bare})
    monkeypatch.setattr(registry, "load", lambda: changed)
    assert power.power(operations=["relu"], frameworks=["numpy"], **OPTIONS) == 2
    assert "nothing was run" in capsys.readouterr().out
