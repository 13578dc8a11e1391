"""Objects as layers: what their call gives with drawn parameters, what it does beside, and what it refuses."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest

from equivalence import Layer, Port, axes, portfile, registry
from equivalence.engine import launch, packages
from equivalence.errors import PortError, WorkerError
from equivalence.judging import cast
from equivalence.layout import Layout
from equivalence.operation import generator
from equivalence.pool import Pool, Request

FILE = Path(__file__).parent / "object_ports.py"
SIDES = ("original", "ported")
TOLERANCE = {"float64": 1e-8, "float32": 1e-4}
HALF_TOLERANCE = {"float16": 0.02, "bfloat16": 0.15}
dtypes = pytest.mark.parametrize("dtype", TOLERANCE)


@pytest.fixture(scope="module")
def declared():
    return portfile.ports(FILE)


@dataclass(frozen=True)
class Answer:
    outputs: Mapping[str, np.ndarray]
    gradients: Mapping[str, np.ndarray]
    effects: Mapping[str, object]


@pytest.fixture(scope="module")
def run():
    """Run one side of a port on drawn arguments; everything in the original's names and axes."""
    known = registry.load()
    with Pool(packages(known), limit=60) as pool:

        def call(port, side, dtype="float64", *, seed=0, batches=0, cotangents=(), resize=None, **rest):
            layer = getattr(port, side)
            names = {name: port.own_name(side, name) for name in [*port.arguments, *port.original.results]}
            layouts = {n: Layout(k.axes, layer.kinds[names[n]].axes) for n, k in port.arguments.items()}
            backs = {n: Layout(a, layer.results[names[n]]) for n, a in port.original.results.items()}
            sizes = sizes_of(port) | (resize or {})

            def draw(seed):
                return {
                    name: layouts[name].to_native(
                        cast(kind.draw(generator(seed, name), axes.shape(kind.axes, sizes), sizes, "normal"), dtype)
                    )
                    for name, kind in port.arguments.items()
                }

            request = Request(
                portfile.target(port, side),
                draw(seed),
                list(port.original.results),
                {name: names[name] for name in port.arguments},
                {"sizes": sizes, **port.parameters},
                wrt=[n for n, k in port.arguments.items() if k.differentiable] if cotangents else [],
                cotangents={
                    name: backs[name].to_native(cast(value, dtype)) for name, value in dict(cotangents).items()
                },
                dtype=dtype,
                drawn=[name for name in port.arguments if names[name] in layer.parameters],
                training=layer.training,
                earlier=[draw(seed + 1 + k) for k in range(batches)],
                own_outputs={name: names[name] for name in port.original.results if names[name] != name},
                **rest,
            )
            reply = pool.submit(launch(known.adapter(layer.framework)), request).result()
            return Answer(
                {name: backs[name].to_canonical(array) for name, array in reply.outputs.items()},
                {name: layouts[name].to_canonical(array) for name, array in reply.gradients.items()},
                reply.effects,
            )

        yield call


def sizes_of(port):
    letters = sorted(set().union(*(axes.letters(kind.axes) for kind in port.arguments.values())))
    sizes = {letter: 3 + k for k, letter in enumerate(letters)}
    sizes |= {letter: size for letter, size in port.sizes.items() if isinstance(size, int)}
    return sizes | {letter: axes.evaluate(size, sizes) for letter, size in port.sizes.items()}


def random_cotangents(outputs, state=()):
    return {
        name: generator(7, name).standard_normal(array.shape) for name, array in outputs.items() if name not in state
    }


def close(left, right, tolerance):
    assert left.shape == right.shape
    np.testing.assert_allclose(left, right, rtol=0, atol=tolerance * max(1.0, np.max(np.abs(right), initial=0.0)))


RIGHT = [
    "linear",
    "linear_reversed",
    "linear of arrays",
    "linear_of_any_size",
    "linear_in_another_file",
    "conv",
    "norm",
    "norm_as_function",
    "norm_trained",
    "trained",
    "lstm",
    "model",
    "two_inputs_and_outputs",
    "embedding",
    "attention",
    "difference",
    "tied",
]


@dtypes
@pytest.mark.parametrize("name", RIGHT)
def test_two_layers_that_are_the_same_give_the_same_forward_and_in_every_gradient(run, declared, name, dtype):
    port = declared[name]
    first = {side: run(port, side, dtype) for side in SIDES}
    assert set(first["original"].outputs) == set(port.original.results)
    state = {kept for answer in first.values() for kept in answer.effects["state"]}
    cotangents = random_cotangents(first["original"].outputs, state)
    found = {side: run(port, side, dtype, cotangents=cotangents) for side in SIDES}
    for output in port.original.results:
        close(found["original"].outputs[output], found["ported"].outputs[output], TOLERANCE[dtype])
    wrt = {n for n, kind in port.arguments.items() if kind.differentiable}
    assert set(found["original"].gradients) == wrt
    for argument in wrt - state:
        close(found["original"].gradients[argument], found["ported"].gradients[argument], 10 * TOLERANCE[dtype])
        assert np.any(found["original"].gradients[argument])
    for answer in found.values():
        assert set(answer.effects["dtypes"].values()) == {dtype}


@pytest.mark.parametrize("dtype", HALF_TOLERANCE)
@pytest.mark.parametrize("name", ["conv", "norm", "embedding", "model"])
def test_objects_compute_in_half_precision(run, declared, name, dtype):
    left, right = (run(declared[name], side, dtype) for side in SIDES)
    close(left.outputs["output"].astype(float), right.outputs["output"].astype(float), HALF_TOLERANCE[dtype])
    assert left.effects["dtypes"] == right.effects["dtypes"] == {"output": dtype}


@dtypes
def test_a_layer_that_is_not_built_is_built_for_each_shape(run, declared, dtype):
    for size in (2, 5, 2):
        expected = run(declared["linear of arrays"], "ported", dtype, resize={"c": size})
        found = run(declared["linear"], "ported", dtype, resize={"c": size})
        close(found.outputs["output"], expected.outputs["output"], TOLERANCE[dtype])


@dtypes
@pytest.mark.parametrize("batches", [0, 1, 2])
@pytest.mark.parametrize("name", ["norm_trained", "two_inputs_and_outputs"])
def test_the_observed_call_sees_the_state_that_earlier_calls_left(run, declared, name, batches, dtype):
    port = declared[name]
    left, right = (run(port, side, dtype, batches=batches) for side in SIDES)
    for output in port.original.results:
        close(left.outputs[output], right.outputs[output], TOLERANCE[dtype])
    fresh = run(port, "ported", dtype)
    changed = {
        output for output in port.original.results if not np.array_equal(fresh.outputs[output], right.outputs[output])
    }
    assert (batches > 0) == bool(changed & set(right.effects["state"]))


def test_the_running_variance_of_pytorch_is_the_unbiased_one_and_nothing_else_differs(run, declared):
    left, right = (run(declared["norm_trained_by_torch"], side) for side in SIDES)
    differing = {name for name in left.outputs if not np.allclose(left.outputs[name], right.outputs[name])}
    assert differing == {"running_var"}


@pytest.mark.parametrize(
    ("name", "side", "state"),
    [
        ("norm", "original", {"running_mean", "running_var"}),
        ("norm", "ported", {"running_mean", "running_var"}),
        ("two_inputs_and_outputs", "original", {"steps"}),
        ("lstm", "ported", set()),
    ],
)
def test_what_no_gradient_flows_through_is_told(run, declared, name, side, state):
    assert set(run(declared[name], side).effects["state"]) == state


@pytest.mark.parametrize(("name", "side"), [("norm", "original"), ("norm", "ported")])
def test_no_gradient_reaches_state(run, declared, name, side):
    answer = run(declared[name], side)
    gradients = run(declared[name], side, cotangents=random_cotangents(answer.outputs)).gradients
    assert {name for name, gradient in gradients.items() if not np.any(gradient)} == set(answer.effects["state"])


@pytest.mark.parametrize(("name", "side"), [("norm_trained_by_torch", "ported"), ("norm_trained", "ported")])
def test_no_gradient_comes_from_state(run, declared, name, side):
    answer = run(declared[name], side, cotangents={"running_mean": np.ones(3), "running_var": np.ones(3)})
    assert set(answer.gradients) == set(declared[name].arguments)
    assert not any(np.any(gradient) for gradient in answer.gradients.values())


@dtypes
@pytest.mark.parametrize("side", SIDES)
@pytest.mark.parametrize("name", ["norm_trained_by_torch", "norm_trained", "norm_undrawn_trained", "trained", "lstm"])
def test_no_call_changes_the_object(run, declared, name, side, dtype):
    first, _, again = (run(declared[name], side, dtype, seed=seed, batches=seed) for seed in (0, 1, 0))
    for output, array in first.outputs.items():
        assert np.array_equal(array, again.outputs[output])


@pytest.mark.parametrize("side", SIDES)
@pytest.mark.parametrize(
    ("name", "mutated", "unrepeatable"),
    [("writes", ["x"], []), ("random", [], ["output"]), ("model", [], []), ("norm_trained_by_torch", [], [])],
)
def test_side_effects_are_seen(run, declared, name, side, mutated, unrepeatable):
    effects = run(declared[name], side, effects=True).effects
    assert (effects["mutated"], effects["unrepeatable"]) == (mutated, unrepeatable)


def test_a_function_that_writes_into_its_input_still_has_its_gradient(run, declared):
    left, right = (run(declared["writes"], side, cotangents={"output": np.ones(4)}) for side in SIDES)
    for argument in ("x", "weight"):
        close(left.gradients[argument], right.gradients[argument], 1e-8)


def test_side_effects_are_looked_for_only_if_that_is_asked_for(run, declared):
    assert set(run(declared["writes"], "original").effects) == {"dtypes", "state"}


@pytest.mark.parametrize(
    ("name", "side", "said"),
    [
        ("random", "original", set()),
        ("random", "ported", {"first/bias", "last/bias"}),
        ("model", "ported", set()),
        ("norm_undrawn", "original", {"weight", "bias", "running_mean", "running_var"}),
        ("norm_undrawn", "ported", {"gamma", "beta", "moving_mean", "moving_variance"}),
        ("trained", "original", set()),
    ],
)
def test_parameters_of_one_value_are_told(run, declared, name, side, said):
    assert set(run(declared[name], side, effects=True).effects["degenerate"]) == said


@pytest.mark.parametrize("framework", ["torch", "keras"])
def test_a_layer_that_computes_in_another_dtype_is_told_by_its_output(run, declared, framework):
    effects = run(declared["narrow"], {"torch": "original", "keras": "ported"}[framework], "float64").effects
    assert effects["dtypes"] == {"output": "float32"}


@pytest.mark.parametrize("dtype", ["float16", "float64"])
def test_keras_layers_made_within_a_function_compute_in_the_dtype_asked_for(run, declared, dtype):
    effects = run(declared["made_within"], "ported", dtype).effects
    assert effects["dtypes"] == {"output": dtype}


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("unknown_parameter", r"parameters: wieght: expected .* weight, bias, got no such\. Did you mean weight\?"),
        ("unknown_variable", r"parameters: kernal: expected .*dense.*/kernel, .*Did you mean kernel\?"),
        ("ambiguous_variable", r"parameters: kernel: expected a name of one .*first/kernel, .*last/kernel"),
        ("wrong_shape", r"parameters: weight: expected shape \(3, 5\), .*, got \(5, 3\)"),
        ("wrong_shape_in_keras", r"parameters: kernel: expected shape \(5, 3\), .*, got \(3, 5\)"),
        ("unknown_output", r"outputs: expected y, runing_mean, .* got no runing_mean.* Did you mean running_mean\?"),
        ("parameter_of_a_function", r"expected an object .*, got function torch_identity. .* list everything"),
        ("training_of_a_function", r"training=True: expected an object"),
        ("makes_no_layer", r"expected the inputs x as arguments, or none and a layer as result, got int"),
    ],
)
def test_what_does_not_fit_an_object_is_one_message_with_the_line(run, declared, name, said):
    port = declared[name]
    with pytest.raises(WorkerError, match=rf"PortError: object_ports.py:{port.original.where[1]}: original.*{said}"):
        run(port, "original")


def layer(**changes):
    return Layer(**{"framework": "torch", "function": len, "inputs": {"x": "n c"}, "output": "n c", **changes})


@pytest.mark.parametrize(
    ("make", "said"),
    [
        (lambda: layer(parameters={"x": "c"}), "each argument in inputs= or in parameters=, got x in both"),
        (lambda: layer(parameters={"weight": "o C"}), "one small letter per axis"),
        (
            lambda: Port(layer(parameters={"weight": "c"}), layer(parameters={"kernel": "c"})),
            r"the same names on both sides, \['weight', 'x'\], got \['kernel', 'x'\].*match=\{'weight': 'kernel'\}",
        ),
        (lambda: Port(layer(), layer(parameters={"bias": "c"})), "Give both layers the same arguments and outputs"),
        (
            lambda: Port(layer(parameters={"w": "c"}), layer(parameters={"k": "d"}), match={"w": "k"}),
            "arguments, w: expected the axes 'c' in some order, got 'd'",
        ),
        (
            lambda: Port(layer(output=None, outputs={"y": "n"}), layer(output=None, outputs={"z": "n"})),
            r"outputs: .*match=\{'y': 'z'\}",
        ),
        (lambda: Port(layer(), layer(), match={"y": "x"}), "match: expected names of the original"),
        (lambda: Port(layer(), layer(), match={"x": "images"}), "match: expected names of the ported"),
    ],
)
def test_a_wrong_declaration_is_one_message_with_the_line(make, said):
    with pytest.raises(PortError, match=said) as raised:
        make()
    assert str(raised.value).startswith("test_objects.py:")


def test_the_canonical_names_are_the_originals():
    port = Port(
        layer(parameters={"weight": "c"}, output=None, outputs={"y": "n c"}),
        layer(inputs={"images": "c n"}, parameters={"kernel": "c"}, output=None, outputs={"z": "c n"}),
        match={"x": "images", "weight": "kernel", "y": "z"},
    )
    assert {name: kind.axes for name, kind in port.arguments.items()} == {"x": "n c", "weight": "c"}
    assert [port.own_name("ported", name) for name in ("x", "weight", "y")] == ["images", "kernel", "z"]
    assert [port.own_name("original", name) for name in ("x", "weight", "y")] == ["x", "weight", "y"]
