"""Declaring graphs, arranging arrays, and the chain rule."""

from dataclasses import replace
from importlib.metadata import EntryPoint

import numpy as np
import pytest

from equivalence import registry
from equivalence.errors import DeclarationError, ShapeError
from equivalence.graph import Arrange, Constant, Graph, Size, Step, Training
from equivalence.graph_running import GraphRunner
from equivalence.graph_walking import StepError
from equivalence.inputs import Integers, Real
from equivalence.operation import case
from equivalence.pool import Pool

RNG = np.random.default_rng(5)


@pytest.fixture(scope="module")
def numpy_alone(known):
    with Pool({}) as pool:
        yield GraphRunner(known, pool)


def graph(*steps, outputs, inputs=None, **more):
    return Graph(
        name="tried",
        inputs=inputs or {"x": "n c", "w": "o c"},
        steps=steps,
        outputs=outputs,
        cases=[case("one", {"n": 2, "c": 3, "o": 4})],
        **more,
    )


def test_steps_take_what_is_there_already():
    first = Step("first", "relu", {"x": "second"})
    with pytest.raises(DeclarationError, match=r"first of graph tried: expected one of .*'second'"):
        graph(first, Step("second", "relu", {"x": "x"}), outputs={"y": "second"})


@pytest.mark.parametrize("name", ["x", "first", "a.b", "two words"])
def test_names_are_identifiers_that_no_other_has(name):
    with pytest.raises(DeclarationError, match="an identifier no other has"):
        graph(Step("first", "relu", {"x": "x"}), Step(name, "relu", {"x": "first"}), outputs={"y": "first"})


@pytest.mark.parametrize(
    ("step", "message"),
    [
        (Step("y", "relo", {"x": "x"}), "an operation of the catalogue, got relo"),
        (Step("y", "dense", {"x": "x"}), "arguments: expected .*'weight', 'x'"),
        (Step("y", "dense", {"x": "x", "weight": "w", "wait": "w"}), "arguments: .*'wait'"),
        (Step("y", "dense", {"x": "x", "weight": "w"}, slope=2), "parameters: .*'slope'"),
    ],
)
def test_a_step_that_does_not_fit_its_operation_is_refused(known, step, message):
    with pytest.raises(DeclarationError, match=message):
        graph(step, outputs={"y": "y"}).check(known.operations)


def test_an_output_that_a_step_does_not_have_is_refused(known):
    top = Step("best", "topk", {"x": "x"}, k=2)
    graph(top, outputs={"y": "best.values"}).check(known.operations)
    for reference in ("best", "best.value"):
        with pytest.raises(DeclarationError, match=r"output y .* expected one of .*best\.values"):
            graph(top, outputs={"y": reference}).check(known.operations)


def test_a_loss_is_an_output():
    with pytest.raises(DeclarationError, match=r"loss: expected \['y'\], got l"):
        graph(Step("y", "relu", {"x": "x"}), outputs={"y": "y"}, training=Training("l", (0.1,)))


@pytest.mark.parametrize(
    ("pattern", "flip"), [("a b -> a", ""), ("a b -> a b c", ""), ("a b", ""), ("a b -> b a", "c")]
)
def test_an_arrangement_keeps_every_number(pattern, flip):
    with pytest.raises(DeclarationError):
        Arrange("moved", "x", pattern, flip)


@pytest.mark.parametrize(
    ("arrange", "expected"),
    [
        (Arrange("y", "x", "a b -> b a"), lambda x: x.T),
        (Arrange("y", "x", "a b -> (b a)"), lambda x: x.T.ravel()),
        (Arrange("y", "x", "a b -> a b", "b"), lambda x: x[:, ::-1]),
        (Arrange("y", "x", "a (p q) -> a q p", p=2), lambda x: x.reshape(3, 2, 2).swapaxes(1, 2)),
        (Arrange("y", "x", "a (p q) -> (q a) p", "a p", p="n - 1"), None),
    ],
)
def test_arrangements_and_their_gradients(numpy_alone, arrange, expected):
    one = Graph(
        name="tried", inputs={"x": "n c"}, steps=[arrange], outputs={"y": "y"}, cases=[case("one", {"n": 3, "c": 4})]
    )
    x = np.arange(12.0).reshape(3, 4)
    y = numpy_alone.run(one, {"x": x}, "numpy").outputs["y"]
    wanted = x.reshape(3, 2, 2)[::-1, ::-1].transpose(2, 0, 1).reshape(6, 2) if expected is None else expected(x)
    np.testing.assert_array_equal(y, wanted)
    # Moving numbers is linear and loses none: the gradient brings each cotangent back to where its number was.
    np.testing.assert_array_equal(numpy_alone.run(one, {"x": x}, "numpy", "float64", {"y": y}).gradients["x"], x)


def test_constants_and_sizes(numpy_alone):
    one = graph(
        Constant("places", [2, 0, 2]),
        Step("taken", "gather", {"x": "x", "indices": "places"}, axis=1),
        Step("tiled", "tile", {"x": "taken"}, multiples=(1, Size("o - n"))),
        outputs={"y": "tiled"},
    )
    x, w = RNG.normal(size=(2, 3)), np.zeros((4, 3))
    walked = numpy_alone.run(one, {"x": x, "w": w}, "numpy", "float64", {"y": np.ones((2, 6))})
    np.testing.assert_array_equal(walked.outputs["y"], np.tile(x[:, [2, 0, 2]], 2))
    np.testing.assert_array_equal(walked.gradients["x"], [[2.0, 0.0, 4.0]] * 2)
    np.testing.assert_array_equal(walked.gradients["w"], w)


def test_what_is_taken_twice_adds_up_its_gradients(numpy_alone):
    one = graph(
        Step("square", "merge_mul", {"x": "x", "y": "x"}),
        Step("fourth", "merge_mul", {"x": "square", "y": "square"}),
        outputs={"y": "fourth", "again": "square", "itself": "x"},
    )
    arrays = {"x": RNG.normal(size=(2, 3)), "w": np.zeros((4, 3))}
    cotangents = {name: RNG.normal(size=(2, 3)) for name in ("y", "again", "itself")}
    walked = numpy_alone.run(one, arrays, "numpy", "float64", cotangents)
    x = arrays["x"]
    expected = 4 * x**3 * cotangents["y"] + 2 * x * cotangents["again"] + cotangents["itself"]
    np.testing.assert_allclose(walked.gradients["x"], expected, rtol=1e-12)


def test_arrays_that_do_not_fit_are_named(numpy_alone):
    one = graph(Step("y", "matmul", {"x": "x", "y": "w"}), outputs={"y": "y"})
    with pytest.raises(ShapeError, match="w of graph tried"):
        numpy_alone.run(one, {"x": np.ones((2, 3)), "w": np.ones((4, 2))}, "numpy")
    with pytest.raises(StepError, match="step y of tried: y of matmul"):
        numpy_alone.run(one, {"x": np.ones((2, 3)), "w": np.ones((4, 3))}, "numpy")


@pytest.mark.parametrize("name", registry.graphs(registry.load()))
def test_the_gradients_of_a_network_are_the_slopes_of_its_loss(networks, numpy_alone, name):
    network = networks[name]
    arrays = network.draw(network.cases[0], seed=3)
    walked = numpy_alone.run(network, arrays, "numpy", "float64", {network.training.loss: np.ones(())})
    for parameter, gradient in walked.gradients.items():
        direction = RNG.normal(size=gradient.shape)
        step = 1e-6 / np.linalg.norm(direction)
        above, below = (
            numpy_alone.run(network, arrays | {parameter: arrays[parameter] + sign * step * direction}, "numpy")
            for sign in (1, -1)
        )
        slope = (above.outputs["loss"] - below.outputs["loss"]) / (2 * step)
        assert abs(np.sum(direction * gradient) - slope) < 1e-5 * (1e-3 + np.linalg.norm(gradient)), parameter


def test_training_goes_on_from_the_new_parameters_on_the_next_batch(numpy_alone):
    one = Graph(
        name="line",
        inputs={"x": "n c", "target": Real("n o", gradient=False)},
        parameters={"w": "o c"},
        steps=[
            Step("y", "dense", {"x": "x", "weight": "w"}),
            Step("loss", "mse", {"x": "y", "target": "target"}),
        ],
        outputs={"loss": "loss"},
        cases=[case("one", {"n": 2, "c": 3, "o": 1})],
        training=Training("loss", (0.5, 0.25), {"momentum": 0.5}),
    )
    arrays = one.draw(one.cases[0])
    batches = [one.draw(one.cases[0], seed) for seed in (1, 2)]
    batches = [{name: batch[name] for name in ("x", "target")} for batch in batches]
    trained = numpy_alone.train(one, arrays, "numpy", batches=batches)
    w, velocity, losses = arrays["w"], 0.0, []
    for batch, rate in zip(batches, (0.5, 0.25), strict=True):
        error = batch["x"] @ w.T - batch["target"]
        losses.append(np.mean(error**2))
        velocity = 0.5 * velocity + (2 / error.size) * error.T @ batch["x"]
        w = w - rate * velocity
    np.testing.assert_allclose(trained.losses, losses, rtol=1e-12)
    np.testing.assert_allclose(trained.parameters[-1]["w"], w, rtol=1e-12)
    assert len(trained.parameters) == 2
    with pytest.raises(Exception, match="line is not trained"):
        numpy_alone.train(replace(one, training=None), arrays, "numpy")


def test_bounds_grow_with_the_steps_and_shrink_with_the_precision(networks, numpy_alone):
    network = networks["two_layer"]
    arrays = network.draw(network.cases[0])
    cotangents = {"loss": np.ones(()), "prediction": np.ones((4, 3))}
    wide, narrow = (numpy_alone.walk_bounds(network, arrays, cotangents, dtype) for dtype in ("float64", "float32"))
    ratios = [narrow.gradients[name].error / wide.gradients[name].error for name in narrow.gradients]
    assert all(1e8 < np.median(ratio) < 1e9 for ratio in ratios)
    trace = narrow.trace
    assert trace["prediction"].outputs["output"].error.mean() > trace["hidden"].outputs["output"].error.mean() > 0


def test_integers_are_drawn_and_have_no_gradient(networks):
    network = networks["value_iteration"]
    assert isinstance(network.arguments["labels"], Integers)
    assert {"labels", "place"}.isdisjoint(network.differentiable)
    place = network.draw(network.cases[0])["place"]
    pixels = network.cases[0].sizes["h"] * network.cases[0].sizes["w"]
    # Each example looks at its own map.
    np.testing.assert_array_equal(place // pixels, np.arange(len(place)))


def test_graphs_of_other_packages_are_found_and_names_are_unique(tmp_path, monkeypatch, known):
    text = """
from equivalence.graph import Graph, Step
from equivalence.operation import case

mine = Graph(name="mine", inputs={"x": "n"}, steps=[Step("y", "OPERATION", {"x": "x"})], outputs={"y": "y"},
             cases=[case("one", {"n": 2})])
"""
    (tmp_path / "graphs_of_mine.py").write_text(text.replace("OPERATION", "tanh"))
    (tmp_path / "graphs_of_yours.py").write_text(text.replace("OPERATION", "relu"))
    (tmp_path / "graphs_that_miss.py").write_text(text.replace("OPERATION", "tonh"))
    monkeypatch.syspath_prepend(str(tmp_path))

    def points(*modules):
        found = [EntryPoint(module, module, registry.NETWORKS) for module in modules]
        monkeypatch.setattr("equivalence.registry.entry_points", lambda group: found)

    points("graphs_of_mine")
    assert list(registry.graphs(known)) == ["mine"]
    points("graphs_of_mine", "graphs_of_yours")
    with pytest.raises(DeclarationError, match=r"graph 'mine': .* in graphs_of_mine and graphs_of_yours"):
        registry.graphs(known)
    points("graphs_that_miss")
    with pytest.raises(
        DeclarationError, match="step y of graph mine: expected an operation of the catalogue, got tonh"
    ):
        registry.graphs(known)
