"""Checking ports: right ones are equal, wrong ones different, and what cannot be run is said."""

import json
import sys
from importlib import resources
from pathlib import Path

import jsonschema
import pytest

from equivalence import Layer, Port, assert_equivalent, check, portfile, registry
from equivalence.answer import SCHEMA
from equivalence.checking import Checker
from equivalence.engine import packages
from equivalence.errors import LawError, PortError, UsageError
from equivalence.pool import Pool

HERE = Path(__file__).parent
EXAMPLES = HERE.parent.parent / "examples"
FILE = HERE / "ports_for_tests.py"


@pytest.fixture(scope="module")
def checker():
    known = registry.load()
    with Pool(packages(known), limit=60) as pool:
        yield Checker(known, pool)


@pytest.fixture(scope="module")
def declared():
    return portfile.ports(FILE)


def answer(checker, declared, name):
    return checker.check(declared[name], name)


@pytest.mark.parametrize(
    "name",
    [
        "right",
        "another name",
        "moments",
        "pooled",
        "with_sizes_and_parameters",
        "in_another_file",
        "both_agree_but_not_the_operation",
    ],
)
def test_a_right_port_is_equal_forward_and_in_every_gradient(checker, declared, name):
    outcome = answer(checker, declared, name)
    assert outcome.verdict == "equal", outcome.text()
    assert len(outcome.probes) >= 4
    kinds = declared[name].original.kinds
    assert set(outcome.gradients) == {key for key, kind in kinds.items() if kind.differentiable}
    assert set(outcome.forward) == set(declared[name].original.results)


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("forgotten_transpose", "only the ported layer raises"),
        ("transposed_output", "axis n of 'n o'"),
        ("one_side_raises", "RuntimeError: not for these sizes"),
    ],
)
def test_a_wrong_port_is_different(checker, declared, name, said):
    outcome = answer(checker, declared, name)
    assert outcome.verdict == "different"
    assert said in outcome.reason


def test_an_exception_is_shown_with_the_line_of_the_users_file(checker, declared):
    line = next(k for k, text in enumerate(FILE.read_text().splitlines(), 1) if "not for these sizes" in text)
    assert f"{FILE}:{line}" in answer(checker, declared, "one_side_raises").reason


def test_a_forgotten_transpose_of_square_weights_is_seen_in_the_numbers(checker, declared):
    probes = {probe.name: probe for probe in answer(checker, declared, "forgotten_transpose").probes}
    assert probes["equal sizes, float64"].verdict == "different"
    assert probes["equal sizes, float64"].forward["output"].max_abs > 0.1


def test_a_gradient_that_is_stopped_is_different_though_the_output_is_equal(checker, declared):
    outcome = answer(checker, declared, "blocked_gradient")
    assert outcome.verdict == "different"
    assert outcome.forward["output"].verdict == "equal"
    assert outcome.gradients["x"].verdict == "different"
    assert outcome.gradients["weight"].verdict == "equal"


def test_probes_on_which_both_layers_raise_leave_nothing_decided(checker, declared):
    assert answer(checker, declared, "both_raise").verdict == "undecided"


@pytest.mark.parametrize(("name", "said"), [("two_outputs_for_one", "got 2 values"), ("dies", "exit status 7")])
def test_a_wrong_number_of_outputs_and_a_dead_worker_are_errors(checker, declared, name, said):
    outcome = answer(checker, declared, name)
    assert outcome.verdict == "error"
    assert said in outcome.reason


def test_a_layer_that_hangs_is_an_error(declared):
    outcome = check(declared["hangs"], timeout=2.0, dtypes=["float64"])
    assert outcome.verdict == "error"
    assert "no answer within 2 s" in outcome.reason


def test_two_layers_of_one_framework_run_in_different_processes(checker, declared):
    assert answer(checker, declared, "two_processes").verdict == "different"


def test_two_layers_that_agree_but_are_not_the_operation_are_equal_with_a_remark(checker, declared):
    assert (
        answer(checker, declared, "both_agree_but_not_the_operation").remark == "Neither layer is the operation dense."
    )
    assert answer(checker, declared, "right").remark == ""


def test_choices_of_sizes_are_each_tried(checker, declared):
    assert {probe.sizes["n"] for probe in answer(checker, declared, "moments").probes} == {3, 4}


def test_the_answer_has_no_truth_value(checker, declared):
    with pytest.raises(LawError, match="no truth value"):
        bool(answer(checker, declared, "right"))


def test_the_json_fits_its_schema(checker, declared):
    schema = json.loads((resources.files("equivalence") / "schemas" / "check.schema.json").read_text())
    names = ["right", "forgotten_transpose", "both_raise", "dies", "blocked_gradient", "moments"]
    ports = [answer(checker, declared, name).to_json() for name in names]
    jsonschema.validate({"schema": SCHEMA, "ports": json.loads(json.dumps(ports))}, schema)


def layer(**changes):
    return Layer(**{"framework": "numpy", "function": len, "inputs": {"x": "n c"}, "output": "n c", **changes})


@pytest.mark.parametrize(
    ("make", "said"),
    [
        (lambda: layer(output=None), "expected output= or outputs=, got neither"),
        (lambda: layer(outputs={"y": "n"}), "expected output= or outputs=, got both"),
        (lambda: layer(inputs={}), "expected at least one input"),
        (lambda: layer(inputs={"x": "n N"}), "one small letter per axis"),
        (lambda: Port(original=layer(), ported=len), "a Layer on both sides"),
        (lambda: Port(original=layer(), ported=layer(inputs={"y": "n c"})), "the same names on both sides"),
        (lambda: Port(original=layer(), ported=layer(inputs={"x": "n d"})), "the axes 'n c' in some order"),
        (lambda: Port(original=layer(), ported=layer(output="n")), "the axes 'n c' in some order"),
        (lambda: Port(original=layer(), ported=layer(), sizes={"q": 3}), "letters of the inputs"),
    ],
)
def test_a_wrong_declaration_is_one_message_with_the_line(make, said):
    with pytest.raises(PortError, match=said) as raised:
        make()
    assert "test_checking.py:" in str(raised.value)


@pytest.mark.parametrize(
    ("changes", "error", "said"),
    [
        ({"operation": "dens"}, UsageError, "Did you mean dense?"),
        ({"operation": "dense", "bind": {"weight": "wieght"}}, UsageError, "Did you mean weight?"),
        ({"operation": "relu"}, UsageError, "no argument of relu"),
        ({"operation": "conv2d"}, PortError, "expected 4 axes"),
        ({"sizes": {"c": "2*z"}}, PortError, "size expression"),
        (
            {"original": Layer("tesnorflow", len, inputs={"x": "n c", "weight": "c o"}, output="n o")},
            UsageError,
            "Did you mean tensorflow",
        ),
        (
            {"original": Layer("torch", "nowhere.py:f", inputs={"x": "n c", "weight": "c o"}, output="n o")},
            PortError,
            "nowhere.py",
        ),
    ],
)
def test_what_a_port_names_must_exist(checker, declared, changes, error, said):
    right = declared["right"]
    fields = {"original": right.original, "ported": right.ported, **changes}
    with pytest.raises(error, match=said):
        checker.check(Port(**fields), "wrong")


def test_a_layer_that_no_other_process_can_find_says_what_to_do(checker, declared):
    inside = lambda x, weight: x @ weight  # noqa: E731
    original = Layer("numpy", inside, inputs={"x": "n c", "weight": "c o"}, output="n o")
    with pytest.raises(PortError, match="to the top level"):
        checker.check(Port(original=original, ported=declared["right"].ported), "local")


def test_a_file_without_ports_and_a_file_that_cannot_be_imported_say_so(tmp_path):
    empty, broken = tmp_path / "empty.py", tmp_path / "broken.py"
    empty.write_text("x = 1\n")
    broken.write_text("import no_such_framework\n")
    with pytest.raises(PortError, match="declares no port"):
        portfile.ports(empty)
    with pytest.raises(PortError, match="Import frameworks inside the functions"):
        portfile.ports(broken)


def test_another_interpreter_can_be_named(declared, tmp_path):
    missing = tmp_path / "python"
    ported = Layer(
        "torch",
        declared["right"].ported.function,
        inputs={"x": "n c", "weight": "o c"},
        output="n o",
        python=str(missing),
    )
    outcome = check(Port(original=declared["right"].original, ported=ported), dtypes=["float64"])
    assert outcome.verdict == "error"
    here = Layer(
        "torch",
        declared["right"].ported.function,
        inputs={"x": "n c", "weight": "o c"},
        output="n o",
        python=sys.executable,
    )
    assert check(Port(original=declared["right"].original, ported=here), dtypes=["float64"]).verdict == "equal"


def test_assert_equivalent_raises_with_the_answers_text(declared):
    assert_equivalent(declared["right"], dtypes=["float64"])
    with pytest.raises(AssertionError, match=r"different(.|\n)*reproduce: equivalence check .*ports_for_tests.py"):
        assert_equivalent(declared["blocked_gradient"], dtypes=["float64"])


@pytest.mark.parametrize(
    ("file", "name", "verdict"),
    [
        ("nin_port.py", "nin", "equal"),
        ("nin_port_fixed_size.py", "nin_as_published", "equal"),
        ("nin_port_fixed_size.py", "nin_at_any_size", "different"),
    ],
)
def test_the_examples(checker, file, name, verdict):
    outcome = checker.check(portfile.ports(EXAMPLES / file)[name], name)
    assert outcome.verdict == verdict, outcome.text()
    assert outcome.remark == ""
