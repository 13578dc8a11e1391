"""``equivalence check`` on real ports: what it prints and writes, and that no answer is lost."""

import io
import json
import re
from dataclasses import replace
from importlib import import_module
from pathlib import Path

import numpy as np
import pytest
from rich.console import Console

from equivalence import checking
from equivalence.cli import cli
from equivalence.errors import UsageError

command = import_module("equivalence.cli.check")  # the attribute of this name is the command's declaration
FILE = Path(__file__).parents[1] / "equivalence" / "ports_for_tests.py"
OPTIONS = {"only": (), "seed": 0, "dtypes": ("float64",), "timeout": 60.0, "jobs": None, "annotations": False}
FILES = dict.fromkeys(("json_path", "report", "summary", "save"))


@pytest.fixture(autouse=True)
def outside_of_workflows(monkeypatch):
    for name in ("GITHUB_ACTIONS", "GITHUB_WORKSPACE"):
        monkeypatch.delenv(name, raising=False)


def checked(*only, file=FILE, **options):
    return command.check(file=file, **OPTIONS | FILES | {"only": only} | options)


def test_the_answers_are_printed_as_they_are_and_counted_at_the_end(capsys):
    assert checked("right", "blocked_gradient") == 1
    printed = capsys.readouterr().out
    assert "right: equal\n" in printed
    assert "\nblocked_gradient: different\n" in printed
    assert "  gradient x: different, largest difference" in printed
    assert printed.endswith("2 ports: 1 different, 1 equal\n")
    assert "::error" not in printed


def test_annotations_stand_at_the_ports_that_fail(capsys, monkeypatch):
    monkeypatch.chdir(FILE.parent)
    line = next(k for k, text in enumerate(FILE.read_text().splitlines(), 1) if text.startswith("blocked_gradient"))
    checked("right", "blocked_gradient", annotations=True)
    [annotation] = [text for text in capsys.readouterr().out.splitlines() if text.startswith("::")]
    assert annotation.startswith(f"::error file=ports_for_tests.py,line={line},title=blocked_gradient%3A different")
    assert "%0A  gradient x: different" in annotation
    monkeypatch.setenv("GITHUB_ACTIONS", "true")
    checked("blocked_gradient")
    assert "::error file=" in capsys.readouterr().out


def test_everything_can_be_written_at_once(tmp_path):
    places = {"json_path": tmp_path / "a.json", "report": tmp_path / "a.html", "summary": tmp_path / "a.md"}
    checked("right", "blocked_gradient", **places)
    found = json.loads(places["json_path"].read_text())["ports"]
    assert [(port["name"], port["verdict"]) for port in found] == [
        ("right", "equal"),
        ("blocked_gradient", "different"),
    ]
    assert "2 ports: 1 different, 1 equal" in places["report"].read_text()
    assert "| `blocked_gradient` | ≠ different |" in places["summary"].read_text()


@pytest.fixture
def with_examples(monkeypatch, example):
    """Each port that differs gets an example, whatever the check itself found."""
    real = checking.Checker.check

    def check(checker, *arguments, **options):
        outcome = real(checker, *arguments, **options)
        return replace(outcome, smallest=example() if outcome.verdict == "different" else None)

    monkeypatch.setattr(checking.Checker, "check", check)
    monkeypatch.setattr(command, "Checker", checking.Checker)


@pytest.mark.usefixtures("with_examples")
def test_failing_inputs_are_saved_and_said_everywhere(tmp_path, capsys, example):
    checked("right", "blocked_gradient", save=tmp_path / "failing", json_path=tmp_path / "a.json")
    saved = tmp_path / "failing" / "blocked_gradient.npz"
    assert sorted(tmp_path.glob("failing/*")) == [saved, saved.with_suffix(".txt")]
    with np.load(saved, allow_pickle=False) as found:
        assert np.array_equal(found["x"], example().arrays["x"])
    printed = capsys.readouterr().out
    assert f"saved in {saved}" in printed
    assert f"saved: {saved}\n" in printed
    assert "reproduce: equivalence check" in saved.with_suffix(".txt").read_text()
    [_, port] = json.loads((tmp_path / "a.json").read_text())["ports"]
    assert port["smallest_example_details"]["file"] == str(saved)


def test_where_nothing_fails_nothing_is_saved(tmp_path, capsys):
    assert checked("right", save=tmp_path / "failing") == 0
    assert "saved nothing: there is no failing input" in capsys.readouterr().out
    assert not any(tmp_path.iterdir())


PORTS = """
from equivalence import Layer, Port


def same(x):
    return x


def layer(framework):
    return Layer(framework, same, inputs={"x": "n"}, output="n")


fine = Port(original=layer("numpy"), ported=layer("numpy"))
mistyped = Port(original=layer("numpy"), ported=layer("trch"))
"""


def test_a_port_that_cannot_be_checked_does_not_take_the_others_with_it(tmp_path, capsys):
    (tmp_path / "ports.py").write_text(PORTS)
    with pytest.raises(UsageError, match="Did you mean torch"):
        checked(file=tmp_path / "ports.py", json_path=tmp_path / "a.json")
    assert "fine: equal" in capsys.readouterr().out
    assert [port["name"] for port in json.loads((tmp_path / "a.json").read_text())["ports"]] == ["fine"]


def test_a_terminal_says_what_is_being_tried(monkeypatch, tmp_path):
    (tmp_path / "ports.py").write_text(PORTS)
    written = io.StringIO()
    terminal = Console(file=written, force_terminal=True, width=200)
    monkeypatch.setattr(command, "progress_console", terminal)
    with pytest.raises(UsageError):
        checked(file=tmp_path / "ports.py")
    assert re.search(r"\[1 of 2\] fine: (?!starting)\w", written.getvalue())
    assert "[2 of 2] mistyped: starting" in written.getvalue()


def test_the_options_are_described():
    described = {option for parameter in cli.commands["check"].params for option in parameter.opts}
    assert {"--save", "--annotations", "--json", "--report", "--summary", "--seed", "--dtype"} <= described
