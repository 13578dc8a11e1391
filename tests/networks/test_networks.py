"""Every network agrees between all frameworks, and a broken binding is found where it is."""

from dataclasses import replace

import numpy as np
import pytest

from equivalence import registry
from equivalence.binding import Flip
from equivalence.graph import Graph, Step
from equivalence.graph_judging import compare_graph
from equivalence.graph_running import GraphRunner
from equivalence.graph_walking import StepError
from equivalence.operation import case

NETWORKS = registry.graphs(registry.load())
CASES = [(network, case) for network in NETWORKS.values() for case in network.cases]


@pytest.fixture(scope="module", params=CASES, ids=[f"{network.name}-{case.id}" for network, case in CASES])
def compared(request, runner):
    return compare_graph(runner, *request.param)


def test_all_frameworks_agree_in_everything(compared):
    wrong = [outcome.text() for outcome in compared.outcomes if not outcome.expected]
    assert not wrong
    assert not compared.starts()
    assert compared.expected


def test_everyone_takes_part_in_both_dtypes(compared, runner):
    alone = {adapter.name for adapter in runner.registry.adapters.values() if not adapter.library}
    assert alone <= set(compared.participants)
    assert not compared.missing
    pairs = len(compared.participants) * (len(compared.participants) - 1) // 2
    network = compared.graph
    wanted = {f"forward-{name}" for name in network.outputs} | {f"gradient-{name}" for name in network.differentiable}
    wanted |= {f"loss-{count}" for count in (1, 2, 3)} | {f"trained-{name}" for name in network.parameters}
    assert {outcome.quantity for outcome in compared.outcomes} == wanted
    assert len(compared.outcomes) == 2 * pairs * len(wanted)
    assert {len(row.pairs) for row in compared.trace} == {pairs}


def test_the_trace_has_every_step_forwards_and_backwards(compared):
    steps = [node.name for node in compared.graph.steps]
    for dtype in ("float32", "float64"):
        rows = [row for row in compared.trace if row.dtype == dtype]
        forward = list(dict.fromkeys(row.step for row in rows if row.phase == "forward"))
        backward = list(dict.fromkeys(row.step for row in rows if row.phase == "backward"))
        assert forward == steps
        assert backward == [step for step in reversed(steps) if step in backward]
        operations = {step.name for step in compared.graph.operations}
        assert operations == set(backward)


def test_every_parameter_learns(compared, runner):
    network = compared.graph
    arrays = network.draw(network.case(compared.case))
    loss = {network.training.loss: np.ones(())}
    gradients = runner.run(network, arrays, "numpy", cotangents=loss).gradients
    trained = runner.train(network, arrays, "numpy").parameters[-1]
    for name in network.parameters:
        # A gradient of nothing would agree whatever a framework does.
        assert np.abs(gradients[name]).max() > 1e-4, name
        assert np.abs(trained[name] - arrays[name]).max() > 1e-5, name
    assert [len(losses) for losses in compared.losses["float64"].values()] == [3] * len(compared.participants)


def test_ties_are_the_only_known_difference_and_pass_through_no_relu(compared):
    differing = [(row, pair) for row in compared.trace for pair in row.pairs if pair.verdict != "equal"]
    assert {(row.operation, row.phase, row.array) for row, _ in differing} <= {("max_pool2d", "backward", "x")}
    assert {pair.known_difference for _, pair in differing} <= {"gradient.ties"}


def test_known_ties_are_really_there(runner):
    network = NETWORKS["nin"]
    rows = compare_graph(runner, network, network.case("equal_sizes"), dtypes=["float64"]).trace
    [tied] = [row for row in rows if (row.step, row.phase) == ("pool2", "backward")]
    differing = {(pair.left, pair.right) for pair in tied.pairs if pair.verdict == "different"}
    assert differing == {pair for pair in differing if "theano" in pair} != set()


@pytest.fixture
def broken(runner):
    """A runner on the same workers with one changed binding of PyTorch's."""

    def change(operation, **changes):
        own = next(b for b in runner.registry.bindings["torch", operation] if b.variant is None)
        return GraphRunner(runner.registry.with_binding("torch", replace(own, **changes)), runner.pool)

    return change


ONLY = {"frameworks": ["numpy", "tensorflow", "torch"], "dtypes": ["float64"]}


def test_a_broken_binding_is_found_at_its_first_step(broken):
    network = NETWORKS["lenet_lstm"]
    flipped = broken("conv2d", flip={"weight": Flip("q")})
    found = compare_graph(flipped, network, network.case("distinct_sizes"), **ONLY)
    starts = {pair: (row.step, row.phase, row.array) for pair, row in found.starts().items()}
    assert starts == {
        ("numpy", "torch", "float64"): ("conv1", "forward", "output"),
        ("tensorflow", "torch", "float64"): ("conv1", "forward", "output"),
    }
    assert not found.expected
    outcomes = {(o.left, o.right): o for o in found.outcomes if o.quantity == "forward-probabilities"}
    assert outcomes["numpy", "tensorflow"].verdict == "equal"
    assert {outcome.stands_alone for outcome in outcomes.values()} == {"torch"}
    assert outcomes["numpy", "torch"].reproduce == (
        "equivalence networks lenet_lstm --case distinct_sizes --dtype float64 -f numpy -f torch"
    )


def test_a_wrong_gradient_is_found_at_the_last_step_that_has_it(broken):
    network = NETWORKS["nin"]
    wrong = broken("relu", module="wrong_gradients", attribute="relu")
    found = compare_graph(wrong, network, network.case("distinct_sizes"), **ONLY)
    starts = {pair: (row.step, row.phase, row.array) for pair, row in found.starts().items()}
    assert starts == {
        ("numpy", "torch", "float64"): ("relu3_3", "backward", "x"),
        ("tensorflow", "torch", "float64"): ("relu3_3", "backward", "x"),
    }
    verdicts = {o.quantity: o.verdict for o in found.outcomes if (o.left, o.right) == ("numpy", "torch")}
    assert verdicts["forward-loss"] == verdicts["loss-1"] == "equal"
    assert verdicts["gradient-weight3_3"] == verdicts["loss-2"] == verdicts["trained-bias3_3"] == "different"


def test_a_step_that_raises_is_one_error_and_the_others_go_on(broken):
    raising = broken("softmax", attribute="no_such_binding")
    network = NETWORKS["capsule_layer"]
    found = compare_graph(raising, network, network.cases[0], **ONLY)
    [error] = [outcome for outcome in found.outcomes if outcome.verdict == "error"]
    assert (error.left, error.right, error.quantity) == ("torch", "", "call")
    assert "step shares of capsule_layer" in error.comparison.reason
    assert {(o.left, o.right) for o in found.outcomes if o.verdict == "equal"} == {("numpy", "tensorflow")}
    assert not found.expected
    with pytest.raises(StepError, match="step shares of capsule_layer"):
        raising.run(network, network.draw(network.cases[0]), "torch")
    # A network without the step is not concerned.
    other = NETWORKS["two_layer"]
    assert compare_graph(raising, other, other.cases[0], **ONLY).expected


def test_who_has_no_binding_is_named(runner):
    bindings = {key: found for key, found in runner.registry.bindings.items() if key != ("torch", "relu")}
    smaller = GraphRunner(replace(runner.registry, bindings=bindings), runner.pool)
    assert smaller.missing(NETWORKS["two_layer"]) == {"torch": ["relu"]}
    assert "torch" not in [performer.name for performer in smaller.performers(NETWORKS["two_layer"])]


def test_keras_borrows_from_tensorflow_what_it_has_not(runner):
    steps = runner.performer(NETWORKS["lenet_lstm"], "keras").steps
    assert steps["lstm"].adapter.name == "keras"
    assert steps["conv1"].adapter.name == "tensorflow"
    # Its momentum is rounded to float32, which would hide what is rounding and what is not.
    assert steps["(sgd)"].adapter.name == "tensorflow"
    assert "keras" not in [performer.name for performer in runner.performers(NETWORKS["nin"])]


def test_ties_that_pass_on_are_no_excuse(runner):
    maximum = Graph(
        name="tied",
        inputs={"x": "n c h w", "w": "o c p q"},
        steps=[
            Step("conv", "conv2d", {"x": "x", "weight": "w"}),
            Step("pool", "max_pool2d", {"x": "conv"}, window=(2, 2)),
        ],
        outputs={"y": "pool"},
        cases=[case("zeros", {"n": 2, "c": 2, "h": 4, "w": 4, "o": 3, "p": 1, "q": 1}, data="ties")],
    )
    found = compare_graph(
        runner, maximum, maximum.cases[0], frameworks=["numpy", "theano", "torch"], dtypes=["float64"]
    )
    starts = {(left, right): (row.step, row.phase) for (left, right, _), row in found.starts().items()}
    assert starts == {("numpy", "theano"): ("pool", "backward"), ("theano", "torch"): ("pool", "backward")}
    assert not found.expected
