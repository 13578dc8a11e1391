"""Declaring operations: what is read from a reference, and every mistake in a declaration."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from equivalence import Integers, Lengths, Mask, Real, registry
from equivalence.errors import AxesError, DeclarationError
from equivalence.operation import Case, case, generator, named, operation

SIZES = {"n": 2, "c": 3, "h": 4}


def scaled(x, weight, bias=None, *, scale=1.0, mode="plain"):
    """Scale."""
    del mode
    weighted = scale * np.einsum("nc,gc->ng", x, weight)
    return weighted if bias is None else weighted + bias


GOOD = {
    "inputs": {"x": "n c", "weight": "g c", "bias": Real("g", gradient=False)},
    "output": "n g",
    "parameters": {"scale": [1.0, 2.0], "mode": ["plain", "other"]},
    "cases": [case("plain", SIZES), case("scaled", {**SIZES, "n": 5}, scale=2.0, without=["bias"], data="ties")],
    "sizes": {"g": "3*h"},
    "blocks": {"g": "a b c"},
}


def declare(**changes):
    return operation(**GOOD | changes)(scaled)


def test_everything_is_read_from_the_reference():
    declared = declare()
    assert declared.name == "scaled"
    assert declared.family == __name__.rpartition(".")[2]
    assert declared.origin == f"{__name__}:scaled"
    assert declared.defaults == {"scale": 1.0, "mode": "plain"}
    assert declared.parameters == {"scale": (1.0, 2.0), "mode": ("plain", "other")}
    assert declared.optional == {"bias"}
    assert declared.inputs == {"x": Real("n c"), "weight": Real("g c"), "bias": Real("g", gradient=False)}
    assert declared.outputs == {"output": "n g"}
    assert declared.__doc__ == "Scale."
    assert declared(np.ones((1, 1)), np.ones((3, 1)), scale=2.0).tolist() == [[2.0, 2.0, 2.0]]


def test_a_case_knows_its_sizes_settings_and_arguments():
    declared = declare()
    plain, changed = declared.cases
    assert changed == Case("scaled", {"n": 5, "c": 3, "h": 4}, {"scale": 2.0}, ("bias",), "ties")
    assert declared.case_sizes(plain) == {"n": 2, "c": 3, "h": 4, "g": 12}
    assert declared.settings(changed) == {"scale": 2.0, "mode": "plain"}
    assert list(declared.arguments(plain)) == ["x", "weight", "bias"]
    assert list(declared.arguments(changed)) == ["x", "weight"]
    assert declared.differentiable(plain) == ["x", "weight"]


def test_derived_sizes_may_use_parameters_and_one_another():
    found = operation(
        inputs={"x": "a b"},
        output="a b",
        parameters={"factor": [3]},
        sizes={"a": "factor*c", "b": "a+1"},
        cases=[case("one", {"c": 2})],
    )(lambda x, *, factor=3: x * factor)
    assert found.case_sizes(found.cases[0]) == {"c": 2, "a": 6, "b": 7}


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        (
            {"inputs": {"x": "n c", "wieght": "g c", "bias": "g"}},
            r"operation scaled: inputs: expected \['x', 'weight', 'bias'\], got \['x', 'wieght', 'bias'\]",
        ),
        ({"inputs": {"weight": "g c", "x": "n c", "bias": "g"}}, r"inputs: expected \['x', 'weight', 'bias'\], got \["),
        ({"inputs": {"x": "n c", "weight": "g c"}}, r"inputs: expected .*, got \['x', 'weight'\]"),
        (
            {"parameters": {"scale": [1.0]}},
            r"operation scaled: parameters: expected \['scale', 'mode'\], got \['scale'\]",
        ),
        ({"parameters": {"scale": [1], "mode": ["plain"], "more": [1]}}, r"parameters: expected .*'more'\]"),
        ({"output": None}, "operation scaled: outputs: expected output= or outputs=, got neither"),
        ({"blocks": {"k": "a b c"}}, r"blocks: expected letters of its axes, \['c', 'g', 'n'\], got \['k'\]"),
        ({"cases": []}, "operation scaled: cases: expected at least one, got none"),
        (
            {"cases": [case("twice", SIZES), case("twice", SIZES)]},
            r"case ids: expected unique ids, got \['twice', 'twice'\]",
        ),
        (
            {"cases": [case("odd", SIZES, stride=2)]},
            r"operation scaled: case odd: expected \['mode', 'scale'\], got \['stride'\]",
        ),
        ({"cases": [case("odd", SIZES, without=["x"])]}, r"case odd, without: expected \['bias'\], got \('x',\)"),
        ({"cases": [case("odd", SIZES, data="huge")]}, r"case odd, data: expected \['cancelling', .*\], got huge"),
    ],
)
def test_a_wrong_declaration_is_refused(changes, message):
    with pytest.raises(DeclarationError, match=message):
        declare(**changes)


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"cases": [case("odd", {"n": 2, "h": 4})]}, "expected a size for 'c'"),
        ({"sizes": {}}, "expected a size for 'g'"),
        ({"sizes": {"g": "3*k"}}, "the names .*'h'"),
        ({"inputs": GOOD["inputs"] | {"x": "n C"}}, "one small letter per axis"),
        ({"inputs": GOOD["inputs"] | {"x": "n c/scale"}, "cases": [case("a", SIZES, scale=2)]}, "divisible by scale=2"),
    ],
)
def test_axes_and_sizes_that_do_not_fit_are_refused(changes, message):
    with pytest.raises(AxesError, match=message):
        declare(**changes)


def test_there_is_one_vector_jacobian_product():
    declared = declare()
    with pytest.raises(DeclarationError, match="scaled: expected a vector-Jacobian product, got none"):
        declared.gradients({}, {}, {})
    declared.vjp(lambda cotangent, x, weight: {"x": cotangent @ weight, "weight": cotangent.T @ x})
    with pytest.raises(DeclarationError, match="one vector-Jacobian product, got a second one"):
        declared.vjp(lambda cotangent, x, weight: {})
    arrays = {"x": np.ones((2, 3)), "weight": np.ones((4, 3))}
    found = declared.gradients({"output": np.ones((2, 4))}, arrays, {})
    assert found["x"].tolist() == [[4.0] * 3] * 2


def test_several_outputs_have_their_cotangents_by_name():
    declared = operation(inputs={"x": "n"}, outputs={"y": "n", "s": ""}, cases=[case("one", {"n": 3})])(
        lambda x: (2 * x, x.sum())
    )
    declared.vjp(lambda cotangents, x: {"x": 2 * cotangents["y"] + cotangents["s"] * np.ones_like(x)})
    assert declared.forward({"x": np.ones(3)}, {})["s"] == 3
    found = declared.gradients({"y": np.ones(3), "s": np.array(10.0)}, {"x": np.ones(3)}, {})
    assert found["x"].tolist() == [12.0] * 3


def test_witnesses_are_kept():
    declared = declare()
    declared.witness("a loop")(scaled)
    declared.values("by hand", [[1.0]], x=[[1.0]])
    assert [(w.claim, w.implementation, w.values, w.expected) for w in declared.witnesses] == [
        ("a loop", scaled, None, None),
        ("by hand", None, {"x": [[1.0]]}, [[1.0]]),
    ]


def test_values_are_the_same_for_the_same_seed_and_others_for_another():
    declared = declare()
    first, again, other = (declared.draw(declared.cases[0], seed) for seed in (0, 0, 1))
    assert list(first) == ["x", "weight", "bias"]
    assert first["weight"].shape == (12, 3)
    assert all(np.array_equal(first[name], again[name]) for name in first)
    assert not any(np.array_equal(first[name], other[name]) for name in first)
    assert set(np.unique(declared.draw(declared.cases[1])["x"])) <= {-1.0, 0.0, 1.0}


def test_values_do_not_change_when_a_case_or_an_argument_is_added():
    more = [case("before", {**SIZES, "n": 7}), *GOOD["cases"]]
    first, second = declare(), declare(cases=more)
    for one, other in zip(first.cases, second.cases[1:], strict=True):
        drawn = first.draw(one, 3), second.draw(other, 3)
        assert all(np.array_equal(drawn[0][name], drawn[1][name]) for name in drawn[0])
    without, with_bias = first.draw(first.cases[1]), first.draw(case("scaled", first.cases[1].sizes, data="ties"))
    assert np.array_equal(without["x"], with_bias["x"])


def test_each_argument_and_each_case_has_values_of_its_own():
    declared = operation(
        inputs={"x": "n", "y": "n"}, output="n", cases=[case("one", {"n": 50}), case("other", {"n": 50})]
    )(lambda x, y: x + y)
    one, other = (declared.draw(item) for item in declared.cases)
    arrays = [one["x"], one["y"], other["x"], other["y"]]
    assert len({array.tobytes() for array in arrays}) == 4


def test_every_kind_of_input_is_drawn_with_the_cases_sizes():
    declared = operation(
        inputs={"x": Integers("n t", below="t"), "mask": Mask("n t"), "lengths": Lengths("n", of="t")},
        output="n",
        cases=[case("one", {"n": 30, "t": 4})],
    )(lambda x, mask, lengths: x)
    drawn = declared.draw(declared.cases[0])
    assert [array.dtype.kind for array in drawn.values()] == ["i", "b", "i"]
    assert drawn["x"].max() == 3
    assert drawn["lengths"].max() == 4
    assert declared.differentiable(declared.cases[0]) == []


@given(st.integers(0, 2**40), st.lists(st.text(max_size=30), max_size=4))
def test_a_generator_depends_on_the_seed_and_the_labels_alone(seed, labels):
    one, other = generator(seed, *labels), generator(seed, *labels)
    assert one.random() == other.random()
    assert generator(seed, *labels, "x").random() != generator(seed, *labels, "y").random()


OUTPUTS = {"y": "n", "mean": ""}


@pytest.mark.parametrize("value", [(1, 2), [1, 2], {"y": 1, "mean": 2}, {"mean": 2, "y": 1}])
def test_several_outputs_are_a_tuple_in_order_or_a_dictionary(value):
    assert list(named(OUTPUTS, value).items()) == [("y", 1), ("mean", 2)]


@pytest.mark.parametrize("value", [7, (7,), [7], {"y": 7}])
def test_one_output_is_a_value_a_tuple_of_one_or_a_dictionary(value):
    assert named({"y": "n"}, value) == {"y": 7}


@pytest.mark.parametrize(
    ("outputs", "value", "message"),
    [
        (OUTPUTS, 7, "outputs: expected 2: y, mean, got int"),
        (OUTPUTS, (1,), "expected 2: y, mean, got 1 values"),
        (OUTPUTS, (1, 2, 3), "expected 2: y, mean, got 3 values"),
        ({"y": "n"}, (1, 2), "expected 1: y, got 2 values"),
        ({"y": "n"}, (), "expected 1: y, got 0 values"),
        (OUTPUTS, {"y": 1}, r"expected \['mean', 'y'\], got \['y'\]"),
        (OUTPUTS, {"y": 1, "maen": 2}, r"expected \['mean', 'y'\], got \['maen', 'y'\]"),
        ({"y": "n"}, {"y": 1, "z": 2}, r"expected \['y'\], got \['y', 'z'\]"),
        ({"y": "n"}, None, "expected a tensor for each of y, got None"),
        (OUTPUTS, (1, None), r"expected a tensor for each of y, mean, got \(1, None\)"),
        (OUTPUTS, {"y": 1, "mean": None}, "expected a tensor for each of y, mean, got"),
    ],
)
def test_missing_and_extra_outputs_are_refused(outputs, value, message):
    with pytest.raises(DeclarationError, match=message):
        named(outputs, value)


def test_every_declared_operation_reaches_the_values_of_its_parameters():
    for declared in registry.load().operations.values():
        for name, values in declared.parameters.items():
            reached = [declared.settings(item)[name] for item in declared.cases]
            assert all(value in reached for value in values), f"{declared.name}: {name}"
