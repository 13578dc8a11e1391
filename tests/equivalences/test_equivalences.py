"""Each equivalence holds in every framework and across them, and one whose side is broken does not."""

from dataclasses import replace

import pytest

from equivalence import registry
from equivalence.equating import equate, framework
from equivalence.errors import DeclarationError
from equivalence.expressions import Equivalence, Expression
from equivalence.graph import Arrange, Size, Step
from equivalence.operation import case

DECLARED = registry.find(registry.EQUIVALENCES, Equivalence)
EVERYBODY = {"numpy", "tensorflow", "torch", "theano"}
FAST = {"frameworks": ["numpy", "torch"], "dtypes": ["float64"]}


@pytest.mark.parametrize(
    ("name", "place"), [(name, k) for name, one in DECLARED.items() for k in range(len(one.cases))]
)
def test_equivalence_holds(runner, name, place):
    one = DECLARED[name]
    found = equate(runner, one, one.cases[place])
    assert found.expected, [outcome.text() for outcome in found.outcomes if not outcome.expected][:3]
    assert set(found.participants) >= EVERYBODY
    assert {outcome.dtype for outcome in found.inside} == {"float32", "float64"}
    assert {framework(outcome.left) for outcome in found.inside} >= EVERYBODY
    sides = {side for outcome in found.outcomes for side in (outcome.left, outcome.right)}
    assert {side.partition("/")[2] for side in sides} == set(one.expressions)
    assert len(found.outcomes) > len(found.inside)


def test_gradients_of_everything_are_compared(runner):
    for one in DECLARED.values():
        if any(expression.derivative for expression in one.expressions.values()):
            continue
        found = equate(runner, one, one.cases[0], **FAST)
        graph = one.graph(one.first)
        expected = {f"gradient-{name}" for name in graph.differentiable} | {f"forward-{name}" for name in graph.outputs}
        assert {outcome.quantity for outcome in found.outcomes} == expected, one.name
        assert {f"gradient-{name}" for name in one.parameters} <= expected


def test_manual_backpropagation_compares_gradients_with_outputs(runner):
    found = equate(runner, DECLARED["manual_backpropagation"], DECLARED["manual_backpropagation"].cases[0], **FAST)
    assert {outcome.quantity for outcome in found.outcomes} == {"forward-w1", "forward-w2"}


def changed(name, expression, node):
    """The equivalence with another node of the same name in one of its expressions."""
    one = DECLARED[name]
    side = one.expressions[expression]
    assert node.name in {known.name for known in side.steps}
    steps = [node if known.name == node.name else known for known in side.steps]
    return replace(one, expressions={**one.expressions, expression: replace(side, steps=steps)})


def other(name, expression, step, **parameters):
    """The equivalence with other parameters of one step."""
    known = next(node for node in DECLARED[name].expressions[expression].steps if node.name == step)
    return changed(name, expression, Step(step, known.operation, known.arguments, **{**known.parameters, **parameters}))


CONV = {"x": "x", "weight": "weight", "bias": "bias"}
BROKEN = {
    "dense_as_convolution": changed(
        "dense_as_convolution", "convolution", Arrange("kernel", "weight", "o c -> o c 1 1", flip="c")
    ),
    "local_fc_as_convolution": other("local_fc_as_convolution", "convolution", "image", stride=(1, 1)),
    "capsules_by_tiling": other("capsules_by_tiling", "einsum", "predictions", equation="ijkl,bil->bilk"),
    "transposed_as_gradient": other("transposed_as_gradient", "gradient", "small", flip_kernel=True),
    "flipped_kernel": other("flipped_kernel", "convolution", "image", flip_kernel=False),
    "global_average": changed("global_average", "mean", Step("means", "reduce_max", {"x": "x"}, axes=(2, 3))),
    "manual_backpropagation": changed(
        "manual_backpropagation", "by hand", Step("of_w1", "matmul", {"x": "x_t", "y": "of_h_relu"})
    ),
    "depthwise_as_grouped": changed(
        "depthwise_as_grouped", "depthwise", Arrange("image", "each", "n c m i j -> n (m c) i j", c="c", m="m")
    ),
    "separable_in_two_steps": changed(
        "separable_in_two_steps", "two steps", Arrange("kernel", "pointwise", "o c m -> o (m c) 1 1")
    ),
    "folded_batch_norm": other("folded_batch_norm", "batch norm", "normal", epsilon=1e-5),
    "bidirectional_in_two_passes": changed(
        "bidirectional_in_two_passes", "two passes", Arrange("second", "backwards.sequence", "n t h -> n h t")
    ),
    "embedding_as_product": changed(
        "embedding_as_product", "embedding", Step("vectors", "one_hot", {"indices": "indices"}, depth=Size("d"))
    ),
    "same_as_padding": other("same_as_padding", "padding in numbers", "image", padding="same_lower"),
}


@pytest.mark.parametrize("name", DECLARED)
def test_a_broken_side_is_noticed(runner, name):
    found = equate(runner, BROKEN[name], BROKEN[name].cases[0], **FAST)
    different = [outcome for outcome in found.inside if outcome.verdict == "different" and not outcome.expected]
    assert not found.expected
    assert {framework(outcome.left) for outcome in different} == {"numpy", "torch"}


def test_there_are_thirteen_and_the_seeds_come_first():
    assert len(DECLARED) == 13
    assert sum(bool(one.seeds) for one in DECLARED.values()) == 7
    for one in DECLARED.values():
        assert one.title.count("=") >= 1
        assert one.why


def test_a_framework_with_one_expression_alone_does_not_count(runner):
    one = DECLARED["same_as_padding"]
    lonely = replace(one, expressions={"a": one.expressions["same"], "b": without_binding()})
    found = equate(runner, lonely, one.cases[0], frameworks=["keras"])
    assert not found.expected
    assert found.participants == ()


def without_binding():
    """Keras has no convolution of its own here, and borrows TensorFlow's only beside one that it has."""
    steps = [Step("image", "conv2d", CONV, padding="same_upper")]
    return Expression(steps=steps, outputs={"y": "image"})


def test_declarations_that_make_no_sense():
    one = DECLARED["flipped_kernel"]
    left, right = one.expressions.values()
    with pytest.raises(DeclarationError, match="two expressions"):
        replace(one, expressions={"left": left})
    with pytest.raises(DeclarationError, match="same outputs"):
        replace(one, expressions={"left": left, "right": replace(right, outputs={"z": "image"})})
    two = {"y": "image", "z": "image"}
    with pytest.raises(DeclarationError, match="one output"):
        replace(
            one, expressions={"left": replace(left, outputs=two), "right": replace(right, outputs=two, adjoint="x")}
        )


def test_shapes_that_differ_are_different(runner):
    one = Equivalence(
        name="shapes",
        title="a = b",
        why="it is not",
        inputs={"x": "n c"},
        expressions={
            "a": Expression(steps=[Step("y", "relu", {"x": "x"})], outputs={"y": "y"}),
            "b": Expression(steps=[Step("y", "reduce_sum", {"x": "x"}, axes=(-1,))], outputs={"y": "y"}),
        },
        cases=[case("only", {"n": 2, "c": 3})],
    )
    found = equate(runner, one, one.cases[0], **FAST)
    assert not found.expected
    forward = [outcome for outcome in found.inside if outcome.quantity == "forward-y"]
    assert {outcome.verdict for outcome in forward} == {"different"}
    assert all("shape" in outcome.comparison.reason for outcome in forward)


def test_an_expression_that_cannot_be_computed_is_an_error(runner):
    one = other("capsules_by_tiling", "einsum", "predictions", equation="ijkl,jil->jijk")
    found = equate(runner, one, one.cases[0], **FAST)
    errors = [outcome for outcome in found.outcomes if outcome.verdict == "error" and outcome.quantity == "call"]
    assert {outcome.left for outcome in errors} == {"numpy/einsum", "torch/einsum"}
    assert not found.expected
