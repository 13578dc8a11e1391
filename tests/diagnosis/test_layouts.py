"""Layouts that are wrong get their code, and a fix that mends them."""

import re
from importlib import import_module
from itertools import permutations

import numpy as np
import pytest

from equivalence.codes import CODES
from equivalence.diagnosis import arguments, layouts, outputs, wording

PORTS = "ports_layouts.py"
MOST = 600


def test_a_wrong_layout_gets_its_code(wrong_port, code, search):
    found = search(wrong_port, layouts.hypotheses, arguments.hypotheses, outputs.hypotheses)
    assert found.codes[:1] == [code], found.hypotheses


def test_right_ports_leave_nothing_to_explain(right_port, evidence_on):
    evidence = evidence_on(right_port)
    assert evidence.complete
    assert not evidence.telling


def test_hypotheses_are_few_and_complete(wrong_port, code, search):
    tried = search(wrong_port, layouts.hypotheses, arguments.hypotheses, outputs.hypotheses).tried
    assert 50 < len(tried) < MOST
    for hypothesis in tried:
        assert hypothesis.code in CODES
        assert 0 < hypothesis.prior <= 0.97
        assert re.fullmatch(r"[^\n]+\.", hypothesis.message)
        assert hypothesis.fix
        assert hypothesis.before or hypothesis.after or hypothesis.base


def test_frequent_layouts_come_first(ports, evidence_on):
    found = [hypothesis.common for hypothesis in layouts.hypotheses(evidence_on(ports(PORTS)["kernel_flipped"]))]
    assert found[0]
    assert found == sorted(found, reverse=True)


@pytest.mark.parametrize(
    ("name", "argument", "dims"),
    [
        ("kernel_flipped", "weight", 4),
        ("kernel_transposed", "weight", 4),
        ("kernel_reshaped", "weight", 4),
        ("square", "weight", 2),
        ("flattened", "weight", 2),
        ("groups", "x", 2),
    ],
)
def test_the_fix_mends_the_ported_layer(name, argument, dims, ports, search, evidence_on):
    """The text of the fix, applied to the argument that the ported layer gets, gives the original's outputs."""
    port = ports(PORTS)[name]
    fix = search(port, layouts.hypotheses).hypotheses[0].fix
    for item in evidence_on(port).telling[:3]:
        arrays = dict(item.inputs.arrays)
        assert arrays[argument].ndim == dims
        arrays[argument] = eval(fix, {"np": np, **item.inputs.setting.sizes, **arrays})
        np.testing.assert_allclose(port.ported.function(**arrays), item.original.outputs["output"], rtol=1e-12)


@pytest.mark.parametrize("framework", ["numpy", "torch", "tensorflow"])
def test_words_do_what_they_say(framework):
    """Each fix is code of the framework; here it runs."""
    names = {"numpy": {"np": np}}
    if framework == "torch":
        names["torch"] = {"torch": import_module("torch")}
    elif framework == "tensorflow":
        names["tensorflow"] = {"tf": import_module("tensorflow")}
    array = np.arange(24.0).reshape(2, 3, 4)
    tensor = names["torch"]["torch"].tensor if framework == "torch" else np.array

    def run(text):
        return np.asarray(eval(text, {**names[framework], "x": tensor(array), "a": 2, "b": 3, "c": 4}))

    for order in permutations(range(3)):
        if order != (0, 1, 2):
            np.testing.assert_array_equal(run(wording.transposed(framework, "x", order)), array.transpose(order))
    np.testing.assert_array_equal(run(wording.flipped(framework, "x", [0, 2], 3)), np.flip(array, (0, 2)))
    np.testing.assert_array_equal(run(wording.flipped(framework, "x", [1], 3)), np.flip(array, 1))
    np.testing.assert_array_equal(run(wording.taken(framework, "x", 1, [2, 0, 1])), array[:, [2, 0, 1]])
    blocks = np.concatenate([array[..., 2:], array[..., :2]], -1)
    np.testing.assert_array_equal(run(wording.blocks(framework, "x", 2, [1, 0])), blocks)
    np.testing.assert_array_equal(run(wording.rolled(framework, "x", 1, -1)), np.roll(array, -1, 1))
    steps = [("transpose", (2, 0, 1)), ("reshape", ("b", "c * a")), ("transpose", (1, 0))]
    expected = array.transpose(2, 0, 1).reshape(3, 8).T
    np.testing.assert_array_equal(run(wording.chained(framework, "x", steps)), expected)


def test_theano_has_its_own_words():
    assert wording.flipped("theano", "w", [2, 3], 4) == "w[:, :, ::-1, ::-1]"
    assert wording.transposed("theano", "w", (1, 0)) == "w.dimshuffle(1, 0)"


def test_steps_that_undo_each_other_are_not_told():
    assert wording.simplified([("transpose", (1, 0)), ("transpose", (1, 0))]) == []
    assert wording.simplified([("reshape", ("a", "b")), ("reshape", ("c",))]) == [("reshape", ("c",))]
    assert wording.chained("torch", "w", [("transpose", (0, 1))]) == "w"
