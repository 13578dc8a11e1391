"""The suite's six laws, one after the other. What each part does in detail is in its own tests."""

import dataclasses
import html
import json
import os
import shlex
import subprocess
import sys
from importlib import import_module
from pathlib import Path

import numpy as np
import pytest

from equivalence import assert_equivalent, check, errors, portfile, registry, session
from equivalence.comparison import TOLERANCES, compare
from equivalence.engine import Engine, packages
from equivalence.errors import EquivalenceError, LawError, ShapeError
from equivalence.matrix import Plan, plan
from equivalence.outcome import exit_status
from equivalence.pool import Pool
from equivalence.stacks import find as find_stack
from equivalence.stress import KINDS, stress_case

HERE = Path(__file__).parent
FILE = HERE / "equivalence" / "ports_for_tests.py"
COMMAND = [sys.executable, "-c", "from equivalence.cli import main; main()"]
KNOWN = registry.load()
NONE = "theano=/nowhere"


def equivalence(*words, cwd, stacks=None):
    stacks = stacks or f"theano={find_stack('theano').python}"
    environment = {**os.environ, "COLUMNS": "200", "NO_COLOR": "1", "EQUIVALENCE_STACKS": stacks}
    return subprocess.run(
        [*COMMAND, *map(str, words)], cwd=cwd, env=environment, capture_output=True, text=True, check=False
    )


def lines_of(path):
    return [json.loads(line) for line in path.read_text().splitlines()]


@pytest.fixture(scope="module")
def declared():
    return portfile.ports(FILE)


def outcomes_of(known, planned):
    with Pool(packages(known), limit=60) as pool:
        return [outcome for found in Engine(known, pool).run(planned) for outcome in found]


@pytest.fixture(scope="module")
def misbehaving():
    """Outcomes of bindings that give no output and one too many, in every second case."""
    with pytest.MonkeyPatch.context() as patch:
        patch.syspath_prepend(str(HERE / "equivalence"))
        module = import_module("misbehaving")
        numpy = KNOWN.adapters["numpy"]
        bad = dataclasses.replace(numpy, name="bad", bindings="misbehaving")
        operations = {"doubled": module.doubled}
        found = registry._bindings([("bad", module)], operations)["bad", "doubled"]
        chosen = tuple(binding for binding in found if binding.variant in ("no_output", "two_outputs"))
        known = registry.Registry(operations, {"numpy": numpy, "bad": bad}, {("bad", "doubled"): chosen})
        return outcomes_of(known, plan(known, dtypes=["float64"]))


def test_law_1_an_outcome_is_no_bare_bool_and_cannot_be_dropped(misbehaving, declared):
    comparison = compare(np.ones(2), np.ones(2), 1e-5)
    answer = check(declared["right"], dtypes=["float64"])
    assert comparison.verdict == answer.verdict == "equal"
    for refusing in (comparison, misbehaving[0], answer):
        with pytest.raises(LawError, match="verdict"):
            bool(refusing)
    with pytest.raises(AssertionError, match="different"):
        assert_equivalent(declared["blocked_gradient"], dtypes=["float64"])


def test_law_2_nothing_compared_is_an_error_and_so_is_an_empty_suite(tmp_path):
    assert compare(np.ones((0, 3)), np.ones((0, 3)), TOLERANCES["float64"]).verdict == "error"
    assert exit_status([]) != 0
    assert outcomes_of(KNOWN, Plan((), (), ())) == []
    done = equivalence("run", "-o", "relu", "-f", "numpy", cwd=tmp_path, stacks=NONE)
    assert done.returncode == 2
    assert "nothing compared" in done.stdout
    (tmp_path / "empty.py").write_text("")
    assert equivalence("check", "empty.py", cwd=tmp_path, stacks=NONE).returncode != 0


@pytest.mark.parametrize("variant", ["no_output", "two_outputs"])
def test_law_2_a_missing_and_an_extra_output_are_errors(misbehaving, variant):
    found = [outcome for outcome in misbehaving if outcome.left == f"bad/{variant}" and not outcome.right]
    assert [(outcome.case, outcome.verdict, outcome.expected) for outcome in found] == [("bad", "error", False)]


def test_law_3_every_registered_adapter_ran_or_is_red_with_the_reason(tmp_path):
    here = session.available(KNOWN)
    planned = plan(here.registry, operations=["dense"], cases=["matrix-distinct_sizes"], dtypes=["float64"])
    with session.engine(here.registry, planned) as engine:
        outcomes = [outcome for found in engine.run(planned) for outcome in found]
    ran = {name.partition("/")[0] for o in outcomes if o.verdict == "equal" for name in (o.left, o.right)}
    assert ran | set(here.absent) == set(KNOWN.adapters)
    assert ran.isdisjoint(here.absent)
    words = ["run", "-o", "relu", "--case", "large", "--dtype", "float64", "--json", "out.jsonl", "--report", "o.html"]
    equivalence(*words, cwd=tmp_path, stacks=NONE)
    header, *comparisons, _ = lines_of(tmp_path / "out.jsonl")
    assert "theano" in header["absent"]
    assert all("theano" not in (line["left"], line["right"]) for line in comparisons)
    page = html.unescape((tmp_path / "o.html").read_text())
    assert "Did not take part" in page
    assert header["absent"]["theano"].split(": ")[0] in page


@pytest.mark.parametrize("operation", KNOWN.operations.values(), ids=KNOWN.operations)
def test_law_4_one_case_has_pairwise_distinct_sizes_and_another_equal_ones(operation):
    flat = [
        [part for size in case.sizes.values() for part in (size if isinstance(size, tuple) else [size])]
        for case in operation.cases
    ]
    assert any(len(set(sizes)) == len(sizes) > 1 for sizes in flat)
    assert any(len(set(sizes)) == 1 < len(sizes) for sizes in flat)


def test_law_5_an_error_says_what_was_expected_what_came_and_how_to_fix_it_and_carries_them():
    kinds = [kind for kind in vars(errors).values() if isinstance(kind, type) and issubclass(kind, EquivalenceError)]
    for kind in kinds:
        more = {"kind": "raised"} if kind is errors.WorkerError else {}
        error = kind("the weight", expected=[3, 4], got={"o": 5}, fix="Transpose it.", **more)
        assert str(error) == "the weight: expected [3, 4], got {'o': 5}. Transpose it."
        assert (error.expected, error.got, error.fix) == ([3, 4], {"o": 5}, "Transpose it.")
    assert len(kinds) > 5
    with pytest.raises(ShapeError) as caught:
        KNOWN.operations["conv2d"](np.ones((1, 2, 5, 5)), np.ones((3, 4, 2, 2)))
    assert all([caught.value.expected, caught.value.got, caught.value.fix])
    assert str(caught.value.got) in str(caught.value)


def test_law_6_the_command_of_a_different_port_gives_the_same_difference(declared, tmp_path):
    outcome = check(declared["blocked_gradient"])
    assert outcome.verdict == "different"
    assert outcome.reproduce in outcome.text()
    program, *words = shlex.split(outcome.reproduce)
    # It names the file as seen from here.
    again = equivalence(*words, "--json", tmp_path / "out.json", cwd=Path.cwd())
    assert (program, again.returncode) == ("equivalence", 1)
    [port] = json.loads((tmp_path / "out.json").read_text())["ports"]
    assert port["verdict"] == "different"
    assert port["gradients"] == outcome.to_json()["gradients"]


@pytest.mark.parametrize("command", ["run", "stress"])
def test_law_6_the_command_of_a_difference_in_the_matrix_gives_the_same_line(tmp_path, command):
    drawn = [stress_case(KNOWN.operations["max_pool2d"], number, 0).id for number in range(8 * len(KINDS))]
    nonfinite = [case for case in drawn if case.startswith("nonfinite-")]
    operation, cases = {"run": ("max_pool2d", ["valid-nan"]), "stress": ("max_pool2d", nonfinite)}[command]
    words = [command, "-o", operation, *(f"--case={case}" for case in cases), "-f", "numpy", "-f", "torch", "--json"]
    equivalence(*words, "all.jsonl", cwd=tmp_path)
    [line, *_] = [line for line in lines_of(tmp_path / "all.jsonl") if line.get("verdict") == "different"]
    program, *again = shlex.split(line["reproduce"])
    equivalence(*again, "--json", "again.jsonl", cwd=tmp_path)
    assert program == "equivalence"
    assert line in lines_of(tmp_path / "again.jsonl")


def test_law_6_an_error_and_a_layer_that_raises_have_their_command_too(misbehaving):
    assert all(outcome.reproduce in outcome.text() for outcome in misbehaving)
    assert all(outcome.reproduce.startswith("equivalence run -o doubled --case ") for outcome in misbehaving)
