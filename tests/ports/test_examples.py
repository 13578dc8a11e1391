"""Every example says of itself what the check says of it."""

import re
from pathlib import Path

import pytest

from equivalence import portfile, registry
from equivalence.checking import Checker
from equivalence.engine import packages
from equivalence.pool import Pool

EXAMPLES = Path(__file__).parents[2] / "examples"
FILES = {file.stem: portfile.declared(file) for file in sorted(EXAMPLES.glob("*.py"))}

EXPECTED = {
    "attention_mask": {
        "mask_inverted": None,
        "mask_to_the_fused_function": None,
        "mask_as_it_is": "mask.polarity",
    },
    "flatten_then_dense": {
        "channels_last_first": None,
        "weights_reordered": None,
        "flattened_as_it_is": "layout.flatten-order",
    },
    "gelu": {
        "gelu_by_tanh": None,
        "gelu_as_it_comes": "function.variant",
    },
    "keras_batch_norm_to_torch": {
        "inference": None,
        "inference_with_defaults": "epsilon.value",
        "training": None,
        "training_with_momentum_as_it_is": "momentum.convention",
        "training_with_variance": "variance.correction",
    },
    "keras_cnn_to_torch": {
        "cnn": None,
        "cnn_weights_as_they_are": "layout.flatten-order",
        "cnn_with_defaults": "epsilon.value",
    },
    "keras_gru_to_torch": {
        "blocks_reordered": None,
        "blocks_as_they_are": "gate.order",
        "reset_before": "gate.formula",
    },
    "keras_lstm_to_torch": {
        "torch_layer": None,
        "written_by_hand": "gate.order",
    },
    "lasagne_conv_to_tensorflow": {
        "conv_flipped": None,
        "conv_not_flipped": "kernel.flipped",
    },
    "nin_port": {
        "nin": None,
    },
    "nin_port_fixed_size": {
        "nin_as_published": None,
        "nin_at_any_size": "unknown",
    },
    "tensorflow_strided_conv_to_torch": {
        "padded_by_hand": None,
        "padding_1": "padding.side",
        "padding_1_on_odd_images": None,
    },
}
"""By file and port: the code of the first diagnosis, or none where the two layers are equal."""

PORTS = [(file, name) for file, expected in EXPECTED.items() for name in expected]


@pytest.fixture(scope="module")
def checker():
    known = registry.load()
    with Pool(packages(known), limit=120) as pool:
        yield Checker(known, pool)


def claims(file):
    """What a file's docstring says of its ports: a list of names, each with ``equal`` or ``different`` and a code."""
    text = " ".join(portfile.load_file(file).__doc__.split()).split(" Run:")[0]
    said = [re.search(r"^(\w+)``.* (?:equal|different, ``([\w.-]+)``)\.$", part) for part in text.split(" - ``")[1:]]
    return {found[1]: found[2] for found in said}


def first_code(outcome):
    return outcome.diagnoses[0].code if outcome.diagnoses else None


@pytest.mark.parametrize(("file", "name"), PORTS)
def test_an_example_is_judged_and_diagnosed_as_it_should_be(checker, file, name):
    expected = EXPECTED[file][name]
    outcome = checker.check(FILES[file][name], name)
    assert outcome.verdict == ("different" if expected else "equal"), outcome.text()
    assert first_code(outcome) == expected, outcome.text()


def test_the_table_has_every_port_of_every_example():
    assert {file: set(found) for file, found in FILES.items()} == {
        file: set(expected) for file, expected in EXPECTED.items()
    }


SAID = {file.stem: claims(file) for file in sorted(EXAMPLES.glob("*.py"))}


@pytest.mark.parametrize("file", [file for file, said in SAID.items() if said])
def test_a_docstring_says_of_every_port_what_is_expected_here(file):
    assert SAID[file] == EXPECTED[file]


def test_most_examples_say_what_the_check_says():
    assert sum(bool(said) for said in SAID.values()) >= 8


@pytest.mark.parametrize("file", SAID)
def test_a_docstring_names_the_command(file):
    assert f"equivalence check examples/{file}.py" in portfile.load_file(EXAMPLES / f"{file}.py").__doc__
