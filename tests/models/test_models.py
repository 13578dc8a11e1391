"""Whole models: the first layers that differ and why, hand-overs, what is refused, and how much is held at a time."""

import json
import tracemalloc
from importlib import resources
from pathlib import Path

import jsonschema
import numpy as np
import pytest

from equivalence import Model, ModelPort, check, portfile, registry
from equivalence.checking import Checker
from equivalence.cli import cli
from equivalence.engine import packages
from equivalence.errors import PortError
from equivalence.pool import Pool

HERE = Path(__file__).parent
PORTS = {name: port for file in ("cnns", "nets") for name, port in portfile.declared(HERE / f"{file}.py").items()}


@pytest.fixture(scope="module")
def checker():
    known = registry.load()
    with Pool(packages(known), limit=120) as pool:
        yield Checker(known, pool)


def titles(outcome):
    return [row.title for row in outcome.layers]


def alone(outcome):
    return [row.alone.verdict for row in outcome.layers]


EQUAL = {
    "right": ["conv / 0 + 1", "norm + pool / 2 + 3", "flatten + dense / 4 + 5"],
    # After flatten the numbers are arranged in another way, as the weights are: the two are no pair, and not accused.
    "right_layer_by_layer": ["conv / 0 + 1", "norm / 2", "pool / 3", "flatten + dense / 4 + 5"],
    "written_right": [
        "conv / features.0 + features.1",
        "norm + pool / features.2 + features.3",
        "flatten + dense / head",
    ],
    # Keras's global pooling leaves no axes behind, PyTorch's leaves axes of size one.
    "mean": ["conv / 0 + 1 + 2", "mean + dense / 3 + 4 + 5"],
    "two_torch_models": [
        "0 + 1 / features.0 + features.1",
        "2 + 3 / features.2 + features.3",
        "4 + 5 / head",
    ],
    "functions": ["first / first", "relu / relu", "second / second", "tanh / tanh"],
    "listed_in_theano": ["first / first", "relu / relu", "second / second", "tanh / tanh"],
    "listed_in_torch": ["first / a", "relu / b", "second / c", "tanh / d"],
    "listed_in_keras": ["first / first", "relu + second / relu + second", "tanh / tanh"],
    # Keras's layer holds its activation, PyTorch's forward calls it, and data passes around the second layer.
    "residual": ["first + second + sum + last / first + second + last"],
    "words": ["table / 0", "last / 1"],
}


@pytest.mark.parametrize("name", EQUAL)
def test_equal_models_are_equal_layer_by_layer(checker, name):
    outcome = checker.check(PORTS[name], name)
    assert outcome.verdict == "equal", outcome.text()
    assert titles(outcome) == EQUAL[name]
    assert set(alone(outcome)) == {"equal"}
    assert outcome.first is None
    assert not outcome.diagnoses
    assert {probe.dtype for probe in outcome.probes} == {"float32", "float64"}


ALONE = "{} alone are equal: what differs is how what {} give is arranged when it is handed over to them."
WEIGHTS = "{} are equal with the same weights: what differs is the weights they hold."
FOLLOWS = "{} alone are equal: what differs is what follows them, {}."
DIFFERENT = {
    "kernel_flipped": (0, "conv / 0 + 1", "kernel.flipped", WEIGHTS.format("conv / 0")),
    "epsilon": (1, "norm + pool / 2 + 3", "epsilon.value", ""),
    "average": (1, "norm + pool / 2 + 3", "function.variant", FOLLOWS.format("norm / 2", "pool / 3")),
    "flattened_as_it_is": (
        2,
        "flatten + dense / 4 + 5",
        "layout.flatten-order",
        ALONE.format("dense / 5", "pool / 3"),
    ),
    "mean_clipped": (0, "conv / 0 + 1 + 2", "function.variant", ""),
    "flattened_layer_by_layer": (3, "flatten / 4", "layout.flatten-order", ""),
    "written_wrong": (
        2,
        "flatten + dense / head",
        "layout.flatten-order",
        ALONE.format("dense / head", "pool / features.3"),
    ),
    "two_torch_models_wrong": (1, "2 + 3 / features.2 + features.3", "epsilon.value", ""),
    "too_large": (1, "norm + pool / 2 + 3", "padding.amount", FOLLOWS.format("norm / 2", "pool / 3")),
    "functions_shifted": (2, "second / second", "constant.value", ""),
    "words_without_bias": (1, "last / 1", "bias.missing", WEIGHTS.format("last / 1")),
}


@pytest.mark.parametrize("name", DIFFERENT)
def test_the_first_layers_that_differ_are_named_and_explained(checker, name):
    place, title, code, remark = DIFFERENT[name]
    outcome = checker.check(PORTS[name], name)
    assert outcome.verdict == "different"
    assert outcome.first is outcome.layers[place]
    assert outcome.first.title == title
    assert outcome.diagnoses[0].code == code, outcome.text()
    assert outcome.remark == remark
    assert outcome.reason.startswith(f"the first layers that differ: {title}: ")
    # With the original's activations an error does not spread: of the others none is accused.
    assert [k for k, verdict in enumerate(alone(outcome)) if verdict != "equal"] == [place]
    ends = [row.end_to_end.verdict for row in outcome.layers]
    assert ends == ["equal"] * place + ["different"] * (len(ends) - place)


def test_a_hand_over_is_explained_in_the_names_of_the_layers(checker):
    found = checker.check(PORTS["flattened_as_it_is"], "flattened").diagnoses[0]
    assert found.message == (
        "The original flattens what pool gives in the order h, w, c, the ported model what 3 gives in the order c, h, "
        "w; the weights of 5 belong to the original's order."
    )
    assert found.fix.startswith("x.permute(0, 2, 3, 1) before it is flattened")


REFUSED = {
    "function_missing": r"nets\.py:\d+: layers: expected the same layers on both sides, among them relu, got none of "
    r"that name in the ported model: first, second, tanh",
    "layer_missing": r"the same layers on both sides, among them 0, got none of that name in the ported model: 1",
    "no_such_layer": r"expected a layer 'frist', got layers first, relu, second, tanh\. Did you mean first\?",
    "wrong_order": r"the original model's layers in the order of their calls, each once: first, relu, got relu, first",
    "both_raise": r"size 5 is different from 4.*Give the sizes of the inputs: ModelPort\(sizes=\{\.\.\.\}\)",
    "no_layers": r"an object that has layers, or a list of named layers",
    "residual_cut_wrongly": r"layers, second: expected a layer of the original model through which all its data passes",
}


@pytest.mark.parametrize("name", REFUSED)
def test_models_that_do_not_correspond_are_refused(checker, name):
    with pytest.raises(PortError, match=REFUSED[name]):
        checker.check(PORTS[name], name)


def declared(**changes):
    model = Model("numpy", [("same", np.abs)], inputs={"x": "n c"})
    return ModelPort(**{"original": model, "ported": model, **changes})


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"ported": np.abs}, "a Model on both sides, got ufunc"),
        ({"sizes": {"c": [3, 4]}}, r"sizes, c: expected a whole number of at least 1, got \[3, 4\]"),
        ({"layers": ["same"]}, "pairs: the original's, the ported model's, got same"),
    ],
)
def test_wrong_declarations_are_refused(changes, message):
    with pytest.raises(PortError, match=message):
        declared(**changes)


def test_axes_of_a_layer_without_a_partner_are_refused(checker):
    port = PORTS["right_layer_by_layer"]
    wrong = ModelPort(port.original, port.ported, port.layers, {"nrom": ("n h w c", "n c h w")}, port.sizes)
    with pytest.raises(PortError, match="axes: expected layers of the original that have a partner: conv, norm"):
        checker.check(wrong, "wrong")


def widened(x):
    return np.tanh(x) * 0.5 + x


WIDE = [(f"layer{k}", widened) for k in range(12)]
SHORT, LONG = (Model("numpy", WIDE[:count], inputs={"x": "n c"}) for count in (3, 12))
SIZES = {"n": 2, "c": 60_000}
short, long = (ModelPort(model, model, sizes=SIZES) for model in (SHORT, LONG))


def peak(port, name):
    """The most that the suite holds at a time while it checks a port, in bytes."""
    known = registry.load()
    with Pool(packages(known), limit=120) as pool:
        checker = Checker(known, pool)
        tracemalloc.start()
        outcome = checker.check(port, name)
        found = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
    assert outcome.verdict == "equal"
    assert len(outcome.layers) == len(port.original.function)
    return found


def test_no_more_is_held_for_a_deep_model_than_for_a_shallow_one():
    # The activations of nine more layers would be nine times that.
    layer = SIZES["n"] * SIZES["c"] * 8
    assert peak(long, "long") < peak(short, "short") + layer


def test_the_command_writes_models_beside_ports(run_cli, tmp_path):
    target = tmp_path / "answer.json"
    report, summary = tmp_path / "report.html", tmp_path / "summary.md"
    only = ["--only", "functions_shifted", "--json", target, "--report", report, "--summary", summary]
    result = run_cli("check", HERE / "nets.py", *only)
    assert result.exit_code == 1, result.output
    assert "second / second             different (0.25)" in result.output
    answer = json.loads(target.read_text())
    schema = json.loads((resources.files("equivalence") / "schemas" / "check.schema.json").read_text("utf-8"))
    jsonschema.Draft202012Validator(schema).validate(answer)
    assert answer["ports"] == []
    [model] = answer["models"]
    assert model["first_difference"] == {"original": ["second"], "ported": ["second"]}
    assert [row["with_original_activations"]["verdict"] for row in model["layers"]] == [
        "equal",
        "equal",
        "different",
        "equal",
    ]
    without = {**answer, "models": [{k: v for k, v in model.items() if k != "layers"}]}
    assert not jsonschema.Draft202012Validator(schema).is_valid(without)
    assert "With the original&#39;s activations" in report.read_text() or "With the original's" in report.read_text()
    assert "functions_shifted" in summary.read_text()


@pytest.fixture
def run_cli():
    from click.testing import CliRunner

    return lambda *words: CliRunner().invoke(cli, [str(word) for word in words])


def test_given_inputs_take_the_place_of_random_ones(checker):
    x = np.arange(10.0).reshape(2, 5) / 7
    outcome = checker.check(PORTS["functions"], "functions", given={"x": x})
    assert outcome.verdict == "equal"
    assert {probe.sizes["n"] for probe in outcome.probes} == {2}
    assert len({probe.kind for probe in outcome.probes}) == 5


def test_from_python():
    assert check(PORTS["functions"]).verdict == "equal"
