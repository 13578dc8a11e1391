"""The command line as a user runs it: exit statuses, files written, suggestions, interruption."""

import contextlib
import json
import os
import signal
import subprocess
import sys
import time
from importlib import resources
from pathlib import Path

import jsonschema
import pytest

from equivalence.cli.run import run as run_command
from equivalence.engine import Engine
from equivalence.runfile import read_run
from equivalence.stacks import find as find_stack

EXAMPLES = Path(__file__).parent.parent.parent / "examples"
THEANO = find_stack("theano").python
COMMAND = [sys.executable, "-c", "from equivalence.cli import main; main()"]
FAST = ["-f", "numpy", "-f", "torch"]


def equivalence(*words, cwd, **options):
    environment = {**os.environ, "COLUMNS": "200", "NO_COLOR": "1", "EQUIVALENCE_STACKS": f"theano={THEANO}"}
    return subprocess.run(
        [*COMMAND, *map(str, words)], cwd=cwd, capture_output=True, text=True, check=False, env=environment, **options
    )


def schema(name):
    return json.loads((resources.files("equivalence") / "schemas" / name).read_text())


def test_run_writes_json_report_and_summary_and_exits_with_0(tmp_path):
    words = ["run", "-o", "nin", *FAST, "--dtype", "float64"]
    done = equivalence(*words, "--json", "out.jsonl", "--report", "out.html", "--summary", "out.md", cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    header, *comparisons, end = [json.loads(line) for line in (tmp_path / "out.jsonl").read_text().splitlines()]
    assert (header["kind"], header["schema"], header["seed"]) == ("header", 1, 0)
    assert set(header["versions"]) >= {"numpy", "torch", "layer-equivalence"}
    assert end == {"kind": "end", "complete": True, "comparisons": len(comparisons)}
    assert {line["verdict"] for line in comparisons} == {"equal"}
    assert {(line["left"], line["right"]) for line in comparisons} == {("numpy", "torch")}
    assert {line["quantity"] for line in comparisons} == {"forward", "gradient-x", "gradient-weight", "gradient-bias"}
    for line in (header, *comparisons, end):
        jsonschema.validate(line, schema("run.schema.json"))
    assert f"{len(comparisons)} comparisons: {len(comparisons)} equal" in done.stdout
    assert "<html" in (tmp_path / "out.html").read_text()
    assert "nin" in (tmp_path / "out.md").read_text()
    assert sorted(path.name for path in tmp_path.iterdir()) == ["out.html", "out.jsonl", "out.md"]


def test_the_same_seed_gives_the_same_numbers_and_another_seed_others(tmp_path):
    def numbers(seed):
        words = ["run", "-o", "nin", "--case", "one_axis", *FAST, "--seed", seed, "--json", f"{seed}.jsonl"]
        assert equivalence(*words, cwd=tmp_path).returncode == 0
        return [line for line in (tmp_path / f"{seed}.jsonl").read_text().splitlines() if '"comparison"' in line]

    first = numbers(0)
    assert numbers(0) == first
    assert numbers(7) != first


def test_the_reproduce_command_computes_the_same_comparison(tmp_path):
    equivalence("run", "-o", "nin", "--case", "one_axis", *FAST, "--json", "all.jsonl", cwd=tmp_path)
    line = json.loads((tmp_path / "all.jsonl").read_text().splitlines()[1])
    program, *words = line["reproduce"].split()
    assert program == "equivalence"
    assert equivalence(*words, "--json", "again.jsonl", cwd=tmp_path).returncode == 0
    assert line in [json.loads(text) for text in (tmp_path / "again.jsonl").read_text().splitlines()]


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["rnu"], "Did you mean run?"),
        (["run", "-o", "conv2"], "Did you mean conv2d"),
        (["run", "-f", "pytorch"], "Did you mean torch"),
        (["run", "--case", "one_axs"], "Did you mean one_axis"),
        (["run", "--dtype", "float8"], "'float8' is not one of"),
        (["stress", "--dtype", "float16"], "'float16' is not one of"),
        (
            ["run", "--dtype", "bfloat16", "-f", "theano"],
            "expected two of those who compute in it, numpy, tensorflow, torch, got theano",
        ),
        (["run", "--operation"], "requires an argument"),
        (["run", "--opreation", "nin"], "--operation"),
        (["show", "nim"], "Did you mean nin"),
        (["check", "nowhere.py"], "does not exist"),
        (["stacks", "create", "teano"], "Did you mean theano"),
        (["stacks", "creat", "theano"], "Did you mean create?"),
    ],
)
def test_a_wrong_word_is_a_usage_error_that_suggests(tmp_path, words, said):
    done = equivalence(*words, cwd=tmp_path)
    assert done.returncode == 64
    assert said in done.stderr
    assert "Traceback" not in done.stderr
    assert not any(tmp_path.iterdir())


def test_nothing_compared_is_not_success(tmp_path):
    done = equivalence("run", "-o", "nin", "-f", "torch", cwd=tmp_path)
    assert done.returncode == 2
    assert "nothing compared" in done.stdout


def test_check_exits_with_0_for_equal_and_1_for_different_and_writes_its_answer(tmp_path):
    equal = equivalence(
        "check", EXAMPLES / "nin_port.py", "--json", "answer.json", "--summary", "answer.md", cwd=tmp_path
    )
    assert equal.returncode == 0, equal.stdout + equal.stderr
    [port] = json.loads((tmp_path / "answer.json").read_text())["ports"]
    assert (port["name"], port["verdict"]) == ("nin", "equal")
    assert "nin" in (tmp_path / "answer.md").read_text()
    different = equivalence("check", EXAMPLES / "nin_port_fixed_size.py", "--report", "answer.html", cwd=tmp_path)
    assert different.returncode == 1
    assert "nin_as_published: equal" in different.stdout
    assert "nin_at_any_size: different" in different.stdout
    assert "nin_at_any_size" in (tmp_path / "answer.html").read_text()


def test_check_of_one_port_and_of_a_name_that_is_none(tmp_path):
    done = equivalence("check", EXAMPLES / "nin_port_fixed_size.py", "--only", "nin_as_published", cwd=tmp_path)
    assert done.returncode == 0
    assert "nin_at_any_size" not in done.stdout
    wrong = equivalence("check", EXAMPLES / "nin_port_fixed_size.py", "--only", "nin_at_any_siz", cwd=tmp_path)
    assert wrong.returncode == 64
    assert "Did you mean nin_at_any_size" in wrong.stderr


def test_a_port_file_that_cannot_be_loaded_is_one_message(tmp_path):
    (tmp_path / "ports.py").write_text("import no_such_framework\n")
    done = equivalence("check", "ports.py", cwd=tmp_path)
    assert done.returncode == 2
    assert "no_such_framework" in done.stderr
    assert "Traceback" not in done.stderr


def test_report_makes_the_page_of_an_earlier_run_and_refuses_half_a_file(tmp_path):
    equivalence("run", "-o", "relu", "--case", "large", *FAST, "--json", "out.jsonl", cwd=tmp_path)
    assert equivalence("report", "out.jsonl", "-O", "page.html", cwd=tmp_path).returncode == 0
    assert "<html" in (tmp_path / "page.html").read_text()
    half = (tmp_path / "out.jsonl").read_text().splitlines()[:-1]
    (tmp_path / "half.jsonl").write_text("\n".join(half))
    done = equivalence("report", "half.jsonl", "-O", "half.html", cwd=tmp_path)
    assert done.returncode == 2
    assert "half.jsonl" in done.stderr
    assert not (tmp_path / "half.html").exists()


def test_list_and_show_print_the_declarations(tmp_path):
    listed = equivalence("list", cwd=tmp_path)
    assert listed.returncode == 0
    for word in ("conv2d", "nin", "theano +unflipped", "tensorflow"):
        assert word in listed.stdout
    shown = equivalence("show", "conv2d", cwd=tmp_path)
    assert shown.returncode == 0
    for word in ("n h w c", "same_upper-stride2-even_kernel", "dilation", "https://", "kernel layout", "bfloat16"):
        assert word in shown.stdout


def test_doctor_says_of_each_framework_whether_it_works(tmp_path):
    done = equivalence("doctor", cwd=Path(__file__).parent)
    assert done.returncode == 0, done.stdout
    for word in ("numpy", "tensorflow", "torch", "theano", "Theano-PyMC"):
        assert word in done.stdout
    assert done.stdout.count("works") == 5


def test_without_a_theano_stack_the_rest_runs_and_the_absence_is_said(tmp_path):
    environment = {**os.environ, "XDG_CACHE_HOME": str(tmp_path / "cache"), "COLUMNS": "200"}
    environment.pop("EQUIVALENCE_STACKS", None)
    words = [*COMMAND, "run", "-o", "relu", "--case", "large", "--dtype", "float64"]
    done = subprocess.run(words, cwd=tmp_path, env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert "theano did not take part" in done.stdout
    assert "equivalence stacks create theano" in done.stdout
    asked = subprocess.run(
        [*words, "-f", "theano"], cwd=tmp_path, env=environment, capture_output=True, text=True, check=False
    )
    assert asked.returncode == 2
    assert "equivalence stacks create theano" in asked.stderr


def workers(mark):
    """The workers that a command with this variable in its environment has started and not stopped."""
    found = set()
    for folder in Path("/proc").iterdir():
        with contextlib.suppress(OSError):
            if folder.name.isdigit() and b"worker/bootstrap.py" in (folder / "cmdline").read_bytes():
                found |= {folder.name} if f"STARTED_BY={mark}".encode() in (folder / "environ").read_bytes() else set()
    return found


def start(*words, cwd):
    environment = {**os.environ, "STARTED_BY": str(cwd)}
    pipes = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE, "text": True}
    return subprocess.Popen([*COMMAND, *words], cwd=cwd, env=environment, **pipes)


SLOW = """
import time
from equivalence import Layer, Port


def same(x):
    return x


def slow(x):
    time.sleep(600)


def layer(framework, function):
    return Layer(framework, function, inputs={"x": "n"}, output="n")


fast = Port(original=layer("numpy", same), ported=layer("torch", same))
waits = Port(original=layer("numpy", slow), ported=layer("torch", slow))
"""


def test_an_interrupted_check_stops_its_workers_and_keeps_what_is_finished(tmp_path):
    (tmp_path / "ports.py").write_text(SLOW)
    with start("check", "ports.py", "--json", "out.json", cwd=tmp_path) as running:
        while "fast: equal" not in running.stdout.readline():
            assert running.poll() is None
        time.sleep(0.5)
        assert workers(tmp_path)
        running.send_signal(signal.SIGINT)
        _, said = running.communicate(timeout=60)
    assert running.returncode == 130, said
    assert "Traceback" not in said
    assert not workers(tmp_path)
    assert [port["name"] for port in json.loads((tmp_path / "out.json").read_text())["ports"]] == ["fast"]


@pytest.mark.parametrize("command", ["run", "power", "stress"])
def test_a_command_interrupted_at_its_start_stops_its_workers_and_writes_nothing(tmp_path, command):
    with start(command, "-f", "numpy", "-f", "tensorflow", "--json", "out.json", cwd=tmp_path) as running:
        while not workers(tmp_path):
            assert running.poll() is None
        running.send_signal(signal.SIGINT)
        _, said = running.communicate(timeout=60)
    assert running.returncode == 130, said
    assert "Traceback" not in said
    assert not workers(tmp_path)
    assert not any(tmp_path.iterdir())


def test_an_interrupted_run_keeps_what_is_finished_and_says_that_it_is_not_whole(tmp_path, monkeypatch):
    whole = Engine.run

    def interrupted(engine, planned):
        for number, outcomes in enumerate(whole(engine, planned)):
            if number == 2:
                raise KeyboardInterrupt
            yield outcomes

    monkeypatch.setattr(Engine, "run", interrupted)
    nothing = dict.fromkeys(["report", "summary", "timeout", "jobs", "power", "claims"])
    chosen = {"operations": ["nin"], "frameworks": ["numpy", "torch"], "dtypes": ["float64"], "cases": []}
    path = tmp_path / "out.jsonl"
    assert run_command(**chosen, **nothing, json_path=path, seed=0) == 130
    assert len({outcome.case for outcome in read_run(path).outcomes}) == 2
    assert not read_run(path).complete
    assert equivalence("report", path, "-O", tmp_path / "page.html", cwd=tmp_path).returncode == 2
    assert "not complete" in (tmp_path / "page.html").read_text()
