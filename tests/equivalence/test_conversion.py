"""Weights of real layers, moved to real layers of another framework, which then compute the same."""

import os
import pickle
import re
import subprocess
from collections import OrderedDict
from pathlib import Path

import numpy as np
import pytest
from click.testing import CliRunner
from hypothesis import given, settings
from hypothesis import strategies as st

from equivalence import registry, tensorfiles
from equivalence.cli import cli
from equivalence.conversion import End, convert
from equivalence.errors import EquivalenceError, UsageError
from equivalence.stacks import find
from equivalence.stored import forms, learned, rows

KNOWN = registry.load()
RNG = np.random.default_rng(5)
STORED = {name: operation for name, operation in KNOWN.operations.items() if learned(KNOWN, operation)}


@pytest.fixture(scope="module")
def keras():
    os.environ["TF_CPP_MIN_LOG_LEVEL"] = "3"
    import keras

    return keras


@pytest.fixture(scope="module")
def torch():
    import torch

    return torch


def revealing(layer):
    """Values for each weight of a Keras layer that is built: none zero, and variances above zero."""
    layer.set_weights(
        [
            RNG.uniform(0.3, 1.7, weight.shape) * RNG.choice([-1, 1]) ** ("variance" not in weight.path)
            for weight in layer.weights
        ]
    )
    return layer


def held(layer, prefix):
    """A Keras layer's arrays as people save them: by path, without the layer's own name."""
    paths = {weight.path.partition("/")[2].removeprefix(prefix): weight for weight in layer.weights}
    return {path: weight.numpy() for path, weight in paths.items()}


def agree(ours, theirs):
    np.testing.assert_allclose(
        ours.numpy(), theirs.numpy() if hasattr(theirs, "numpy") else theirs, rtol=1e-4, atol=1e-5
    )


def image(*shape):
    return RNG.standard_normal(shape).astype("float32")


def last(x):
    """Channels last."""
    return np.moveaxis(x, 1, -1)


def separable(nn):
    layers = {"depthwise": nn.Conv2d(4, 8, (3, 2), groups=4, bias=False), "pointwise": nn.Conv2d(8, 5, 1)}
    return nn.Sequential(OrderedDict(layers))


def keras_layers(layers):
    """Operation, Keras layer, the input's shape, PyTorch module, and what the conversion has to be told."""
    return {
        "dense": (layers.Dense(5), (4, 3), lambda nn: nn.Linear(3, 5), {}),
        "conv1d": (layers.Conv1D(5, 3), (2, 4, 8), lambda nn: nn.Conv1d(4, 5, 3), {}),
        "conv2d": (layers.Conv2D(5, (3, 2)), (2, 4, 6, 7), lambda nn: nn.Conv2d(4, 5, (3, 2)), {}),
        "nin": (layers.Conv2D(5, 1), (2, 4, 6, 7), lambda nn: nn.Conv2d(4, 5, 1), {}),
        "conv_transpose2d": (
            layers.Conv2DTranspose(5, (3, 2)),
            (2, 4, 6, 7),
            lambda nn: nn.ConvTranspose2d(4, 5, (3, 2)),
            {},
        ),
        "depthwise_conv2d": (
            layers.DepthwiseConv2D((3, 2), depth_multiplier=2),
            (2, 4, 6, 7),
            lambda nn: nn.Conv2d(4, 8, (3, 2), groups=4),
            {"sizes": {"c": 4}},
        ),
        "batch_norm": (layers.BatchNormalization(), (2, 4, 6, 7), lambda nn: nn.BatchNorm2d(4, eps=1e-3).eval(), {}),
        "group_norm": (layers.GroupNormalization(2), (2, 4, 6, 7), lambda nn: nn.GroupNorm(2, 4, eps=1e-3), {}),
        "conv3d": (layers.Conv3D(5, (2, 3, 2)), (2, 4, 4, 5, 6), lambda nn: nn.Conv3d(4, 5, (2, 3, 2)), {}),
        "conv_transpose1d": (layers.Conv1DTranspose(5, 3), (2, 4, 7), lambda nn: nn.ConvTranspose1d(4, 5, 3), {}),
        "separable_conv2d": (
            layers.SeparableConv2D(5, (3, 2), depth_multiplier=2),
            (2, 4, 6, 7),
            separable,
            {"sizes": {"c": 4}},
        ),
        "instance_norm": (
            layers.GroupNormalization(-1),
            (2, 4, 6, 7),
            lambda nn: nn.InstanceNorm2d(4, eps=1e-3, affine=True),
            {},
        ),
        "prelu": (layers.PReLU(shared_axes=[1, 2]), (2, 4, 6, 7), lambda nn: nn.PReLU(4), {}),
    }


IMAGES = sorted(keras_layers(type("Layers", (), {"__getattr__": lambda *_: lambda *_, **__: None})()))


@pytest.mark.parametrize("operation", IMAGES)
def test_a_keras_layer_and_a_torch_module_compute_the_same(operation, keras, torch):
    layer, shape, make, told = keras_layers(keras.layers)[operation]
    x = image(*shape)
    layer.build(last(x).shape)
    expected = np.moveaxis(revealing(layer)(last(x)).numpy(), -1, 1)
    arrays = held(layer, "")
    made = convert(arrays, operation, "keras", "torch", **told)
    module = make(torch.nn)
    module.load_state_dict({name: torch.tensor(array) for name, array in made.arrays.items()})
    agree(module(torch.tensor(x)).detach(), expected)
    back = convert(made.arrays, operation, "torch", "keras", **told).arrays
    assert {name: array.tolist() for name, array in back.items()} == {n: a.tolist() for n, a in arrays.items()}


def sequences(layers):
    three = (2, 6, 3)
    return {
        "lstm": (
            layers.LSTM(4, return_sequences=True),
            three,
            lambda nn: nn.LSTM(3, 4, batch_first=True),
            "lstm_cell/",
        ),
        "gru": (layers.GRU(4, return_sequences=True), three, lambda nn: nn.GRU(3, 4, batch_first=True), "gru_cell/"),
        "simple_rnn": (
            layers.SimpleRNN(4, return_sequences=True),
            three,
            lambda nn: nn.RNN(3, 4, batch_first=True),
            "simple_rnn_cell/",
        ),
        "bidirectional_gru": (
            layers.Bidirectional(layers.GRU(4, return_sequences=True, name="gru")),
            three,
            lambda nn: nn.GRU(3, 4, batch_first=True, bidirectional=True),
            "",
        ),
        "layer_norm": (layers.LayerNormalization(), three, lambda nn: nn.LayerNorm(3, eps=1e-3), ""),
        "rms_norm": (layers.RMSNormalization(), three, lambda nn: nn.RMSNorm(3, eps=1e-6), ""),
    }


@pytest.mark.parametrize("operation", ["lstm", "gru", "simple_rnn", "bidirectional_gru", "layer_norm", "rms_norm"])
def test_sequences_agree(operation, keras, torch):
    layer, shape, make, prefix = sequences(keras.layers)[operation]
    x = image(*shape)
    layer.build(shape)
    expected = revealing(layer)(x)
    arrays = held(layer, prefix)
    made = convert(arrays, operation, "keras", "torch")
    module = make(torch.nn)
    module.load_state_dict({name: torch.tensor(array) for name, array in made.arrays.items()})
    given = module(torch.tensor(x))
    agree((given[0] if isinstance(given, tuple) else given).detach(), expected)


@pytest.mark.parametrize("operation", ["lstm", "simple_rnn", "gru"])
def test_both_biases_of_torch_count(operation, keras, torch):
    layer, shape, make, _ = sequences(keras.layers)[operation]
    module, x = make(torch.nn), image(*shape)
    layer.build(shape)
    state = {name: array.numpy() for name, array in module.state_dict().items()}
    assert np.abs(state["bias_hh_l0"]).min() > 0
    made = convert(state, operation, "torch", "keras").arrays
    paths = [weight.path.rpartition("/")[2] for weight in layer.weights]
    layer.set_weights([made[path] for path in paths])
    agree(module(torch.tensor(x))[0].detach(), layer(x))


def test_embedding_agrees(keras, torch):
    layer, module = keras.layers.Embedding(5, 3), torch.nn.Embedding(5, 3)
    layer.build((2, 4))
    indices = np.array([[0, 4, 2, 1], [3, 3, 0, 2]])
    module.load_state_dict(
        {n: torch.tensor(a) for n, a in convert(held(layer, ""), "embedding", "keras", "torch").arrays.items()}
    )
    agree(module(torch.tensor(indices)).detach(), layer(indices))


@pytest.mark.parametrize("operation", ["multi_head_attention", "self_attention"])
def test_attention_agrees(operation, keras, torch):
    layer, module = keras.layers.MultiHeadAttention(2, 3), torch.nn.MultiheadAttention(6, 2, batch_first=True)
    x = image(2, 5, 6)
    layer.build(x.shape, x.shape)
    expected = revealing(layer)(x, x)
    made = convert(held(layer, ""), operation, "keras", "torch").arrays
    module.load_state_dict({name: torch.tensor(array) for name, array in made.items()})
    agree(module(*[torch.tensor(x)] * 3)[0].detach(), expected)
    back = convert(made, operation, "torch", "keras", sizes={"m": 2}).arrays
    assert {name: array.tolist() for name, array in back.items()} == {
        name: array.tolist() for name, array in held(layer, "").items()
    }


def test_attention_over_other_features_has_three_matrices(keras, torch):
    layer = keras.layers.MultiHeadAttention(2, 3, output_shape=6)
    query, value, key = image(2, 5, 6), image(2, 4, 8), image(2, 4, 7)
    layer.build(query.shape, value.shape, key.shape)
    expected = revealing(layer)(query, value, key)
    made = convert(held(layer, ""), "multi_head_attention", "keras", "torch").arrays
    module = torch.nn.MultiheadAttention(6, 2, batch_first=True, kdim=7, vdim=8)
    module.load_state_dict({name: torch.tensor(array) for name, array in made.items()})
    agree(module(torch.tensor(query), torch.tensor(key), torch.tensor(value))[0].detach(), expected)


LASAGNE = """
import sys, numpy, theano, theano.tensor as T
given = dict(numpy.load(sys.argv[1]))
shared = {name: theano.shared(array) for name, array in given.items()}
x, w, s = shared["x"], shared["W"], shared["s"]
outputs = {f"flip_{flip}": T.nnet.conv2d(x, w, filter_flip=flip) for flip in (True, False)}
h = T.zeros((s.shape[0], given["W_hid_to_resetgate"].shape[0]), "float32")
for t in range(given["s"].shape[1]):
    # The step of lasagne.layers.GRULayer.
    def gate(name):
        return T.dot(s[:, t], shared["W_in_to_" + name]) + shared["b_" + name], T.dot(h, shared["W_hid_to_" + name])
    r, u = (T.nnet.sigmoid(sum(gate(name))) for name in ("resetgate", "updategate"))
    seen, remembered = gate("hidden_update")
    h = (1 - u) * h + u * T.tanh(seen + r * remembered)
outputs["h"] = h
results = theano.function([], list(outputs.values()))()
numpy.savez(sys.argv[2], **dict(zip(outputs, results)))
"""
GATES = ("resetgate", "updategate", "hidden_update")


@pytest.fixture(scope="module")
def theano(tmp_path_factory):
    """What Theano computes, as Lasagne does, and the weights it did it with."""
    folder = tmp_path_factory.mktemp("theano")
    weights = {"W": image(5, 4, 3, 2)}
    for gate in GATES:
        weights |= {f"W_in_to_{gate}": image(3, 4), f"W_hid_to_{gate}": image(4, 4), f"b_{gate}": image(4)}
    given = {**weights, "x": image(2, 4, 6, 7), "s": image(2, 5, 3)}
    tensorfiles.write(folder / "in.npz", given)
    command = [str(find("theano").python), "-c", LASAGNE, str(folder / "in.npz"), str(folder / "out.npz")]
    flags = f"floatX=float32,blas__ldflags=,base_compiledir={folder / 'compiled'}"
    subprocess.run(command, check=True, env={**os.environ, "THEANO_FLAGS": flags}, capture_output=True)
    return given, tensorfiles.read(folder / "out.npz")


@pytest.mark.parametrize(("variant", "output"), [(None, "flip_True"), ("unflipped", "flip_False")])
def test_a_theano_convolution_is_turned_around(variant, output, theano, torch):
    given, outputs = theano
    bias = image(5)
    made = convert({"W": given["W"], "b": bias}, "conv2d", End("theano", variant), "torch").arrays
    module = torch.nn.Conv2d(4, 5, (3, 2))
    module.load_state_dict({name: torch.tensor(array) for name, array in made.items()})
    agree(module(torch.tensor(given["x"])).detach(), outputs[output] + bias[:, None, None])


def test_a_gru_of_lasagne_has_the_update_gate_the_other_way_round(theano, torch):
    given, outputs = theano
    made = convert({name: a for name, a in given.items() if name not in "xsW"}, "gru", "theano", "torch").arrays
    module = torch.nn.GRU(3, 4, batch_first=True)
    module.load_state_dict({name: torch.tensor(array) for name, array in made.items()})
    agree(module(torch.tensor(given["s"]))[1][0].detach(), outputs["h"])


def test_a_batch_norm_of_lasagne_stores_the_inverse_deviation(torch):
    variance = np.array([0.5, 2.0, 0.0, 30.0])
    arrays = {"mean": image(4), "inv_std": 1 / np.sqrt(variance + 1e-4), "beta": image(4), "gamma": image(4)}
    made = convert(arrays, "batch_norm", End("theano", "lasagne"), "torch", parameters={"epsilon": 1e-4}).arrays
    np.testing.assert_allclose(made["running_var"], variance, atol=1e-12)
    x, module = image(6, 4), torch.nn.BatchNorm1d(4, eps=1e-4).eval()
    module.load_state_dict({name: torch.tensor(array) for name, array in made.items()})
    agree(module(torch.tensor(x)).detach(), (x - arrays["mean"]) * arrays["gamma"] * arrays["inv_std"] + arrays["beta"])
    with pytest.raises(UsageError, match="needs to know epsilon"):
        convert(arrays, "batch_norm", End("theano", "lasagne"), "torch")


def test_the_forget_bias_that_tensorflow_adds_when_it_runs_goes_into_the_bias(torch):
    cell = {"kernel": image(3 + 4, 16), "bias": image(16)}
    made = convert(cell, "lstm", "tensorflow", "torch", parameters={"forget_bias": 1.0}).arrays
    i, j, f, o = np.split(cell["bias"], 4)
    np.testing.assert_allclose(made["bias_ih_l0"], np.concatenate([i, f + 1, j, o]), rtol=1e-6)
    x, module = image(2, 1, 3), torch.nn.LSTM(3, 4, batch_first=True)
    module.load_state_dict({name: torch.tensor(array) for name, array in made.items()})
    # LSTMCell.call: c = sigmoid(f + forget_bias) c + sigmoid(i) tanh(j), from a state of zeros.
    i, j, f, o = np.split(np.concatenate([x[:, 0], np.zeros((2, 4))], 1) @ cell["kernel"] + cell["bias"], 4, 1)
    agree(module(torch.tensor(x))[1][1][0].detach(), np.tanh(j) / (1 + np.exp(-i)))
    with pytest.raises(UsageError, match="needs to know forget_bias"):
        convert(cell, "lstm", "tensorflow", "torch")


def test_a_gru_cell_of_tensorflow_1_resets_before(keras):
    shapes = {"gates/kernel": (7, 8), "gates/bias": (8,), "candidate/kernel": (7, 4), "candidate/bias": (4,)}
    cell = {name: image(*shape) for name, shape in shapes.items()}
    made = convert(cell, "gru", "tensorflow", "keras", parameters={"reset_after": False}).arrays
    x, h, layer = image(2, 1, 3), image(2, 4), keras.layers.GRU(4, reset_after=False)
    layer.build(x.shape)
    layer.set_weights([made[weight.path.rpartition("/")[2]] for weight in layer.weights])
    # GRUCell.call.
    gates = np.concatenate([x[:, 0], h], 1) @ cell["gates/kernel"] + cell["gates/bias"]
    r, u = np.split(1 / (1 + np.exp(-gates)), 2, 1)
    c = np.tanh(np.concatenate([x[:, 0], r * h], 1) @ cell["candidate/kernel"] + cell["candidate/bias"])
    agree(layer(x, initial_state=h), u * h + (1 - u) * c)
    with pytest.raises(UsageError, match="resets before the product"):
        convert(cell, "gru", "tensorflow", "torch")


def ends(operation):
    """Every framework and variant that stores an operation's parameters."""
    for adapter in KNOWN.adapters.values():
        for variant in {item.variant for item in KNOWN.bindings.get((adapter.name, operation.name), ())} or {None}:
            if any(form.arrays for form in fitting(adapter, operation, variant)):
                yield End(adapter.name, variant)


def fitting(adapter, operation, variant):
    return [f for f in forms(KNOWN, adapter, operation) if not f.variants or (variant or "") in f.variants]


PAIRS = [(o, one, other) for o in STORED.values() for one in ends(o) for other in ends(o)]


@settings(max_examples=150)
@given(st.data())
def test_there_and_back_is_the_identity(data):
    operation, source, target = data.draw(st.sampled_from(PAIRS))
    case = data.draw(st.sampled_from(operation.cases))
    chosen = operation.settings(case)
    drawn = operation.draw(case, data.draw(st.integers(0, 9)))
    canonical = {name: drawn[name] for name in learned(KNOWN, operation) if name in drawn}
    told = {"parameters": chosen, "sizes": {k: n for k, n in operation.case_sizes(case).items() if k != "..."}}
    reference = {"operation": operation.name, "source": KNOWN.reference.name, "target": source}
    try:
        arrays = convert(canonical, **reference, **told).arrays
        there = convert(arrays, operation.name, source, target, **told).arrays
    except UsageError as error:
        if re.search("has no place for|cannot be converted", str(error)):
            return
        raise
    back = convert(there, operation.name, target, source, **told).arrays
    assert set(arrays) <= set(back)
    for name, array in back.items():
        if name in arrays:
            np.testing.assert_allclose(array, arrays[name], rtol=1e-9, atol=1e-9)
            assert array.dtype == arrays[name].dtype
        else:
            # PyTorch's normalizations have both scale and shift, or neither.
            assert np.isin(array, (0, 1)).all()


def test_most_pairs_can_be_converted():
    assert len(PAIRS) > 200


@pytest.mark.parametrize("framework", [name for name, adapter in KNOWN.adapters.items() if adapter.bindings])
def test_a_framework_says_of_every_operation_how_it_stores_it_or_why_not(framework):
    said = {
        name: {operation for operations, _ in rows(adapter) for operation in operations}
        for name, adapter in KNOWN.adapters.items()
    }
    assert said[framework] == set.union(*said.values()) >= set(STORED)


def test_every_row_holds_only_arguments_and_parameters_there_are():
    for operation in STORED.values():
        for adapter in KNOWN.adapters.values():
            for form in forms(KNOWN, adapter, operation):
                assert bool(form.arrays) != bool(form.refused)


DENSE = {"kernel": image(3, 5), "bias": image(5)}


@pytest.mark.parametrize(
    ("arrays", "operation", "ends", "told", "message"),
    [
        ({"kernl": DENSE["kernel"], "bias": DENSE["bias"]}, "dense", ("keras", "torch"), {}, "Did you mean kernl"),
        ({"a/kernel": image(3, 5)}, "dense", ("keras", "torch"), {}, "Did you mean a/kernel. Give --prefix a/"),
        ({**DENSE, "other": image(2)}, "dense", ("keras", "torch"), {}, "got other.*--keep-others"),
        ({"kernel": image(3, 5), "bias": image(4)}, "dense", ("keras", "torch"), {}, "bias: expected 5 .*got 4"),
        ({"kernel": image(3, 5, 1)}, "dense", ("keras", "torch"), {}, r"expected 2 axes, 'c o', got shape \(3, 5, 1\)"),
        ({}, "dense", ("keras", "torch"), {}, "got no arrays"),
        (DENSE, "dense", ("keras", "jax"), {}, "no framework is called 'jax'"),
        (DENSE, "dence", ("keras", "torch"), {}, "Did you mean dense"),
        (DENSE, "dense", ("keras", "torch"), {"parameters": {"stride": 2}}, "no parameter of dense is called 'stride'"),
        (DENSE, "dense", ("keras", "torch"), {"sizes": {"q": 2}}, "no axis of dense is called 'q'"),
        (DENSE, "dense", (End("keras", "fast"), "torch"), {}, "no variant of keras's dense is called 'fast'"),
        (DENSE, "dense", (End("keras", names={"kernle": "w"}), "torch"), {}, "Did you mean kernel"),
        (DENSE, "dense", (End("keras", names={"bias": "b"}), "torch"), {}, "no array is 'b'"),
        (DENSE, "dense", ("keras", End("torch", names={"weight": "bias"})), {}, "another for each array"),
        (DENSE, "relu", ("keras", "torch"), {}, "none that are learned"),
        (DENSE, "maxout", ("torch", "keras"), {}, "no such layer"),
        (DENSE, "gru", ("keras", "torch"), {"parameters": {"reset_after": False}}, "resets after the product"),
        ({"weight": image(8, 1, 3, 2)}, "depthwise_conv2d", ("torch", "keras"), {}, "packs the axes c and m .*--axes"),
    ],
)  # fmt: skip
def test_what_cannot_be_converted_is_refused(arrays, operation, ends, told, message):
    with pytest.raises(EquivalenceError, match=message):
        convert(arrays, operation, *ends, **told)


def test_an_argument_without_a_place_is_refused():
    lstm = {"weight": image(4, 2, 3), "recurrent_weight": image(4, 2, 2), "peephole_i": image(2)}
    with pytest.raises(UsageError, match=r"torch.nn.LSTM.* has no place for peephole_i"):
        convert(lstm, "lstm", "numpy", "torch")
    gru = {"weight": image(3, 2, 3), "recurrent_weight": image(3, 2, 2), "recurrent_bias": image(3, 2)}
    with pytest.raises(UsageError, match="no place for the block n of recurrent_bias, which is not zero"):
        convert(gru, "gru", "numpy", "theano")


def test_a_gate_that_is_missing_is_an_error():
    arrays = {f"{kind}_{gate}": image(*shape) for gate in GATES for kind, shape in
              {"W_in_to": (3, 4), "W_hid_to": (4, 4), "b": (4,)}.items()}  # fmt: skip
    del arrays["b_resetgate"]
    with pytest.raises(UsageError, match=r"bias of lasagne.layers.GRULayer: expected the blocks r z n, got no r"):
        convert(arrays, "gru", "theano", "torch")


def test_a_dtype_is_kept_and_a_square_matrix_is_still_transposed():
    for dtype in ("float16", "float32", "float64"):
        kernel = np.arange(9, dtype=dtype).reshape(3, 3)
        weight = convert({"kernel": kernel}, "dense", "keras", "torch").arrays["weight"]
        assert weight.dtype == dtype
        assert weight.tolist() == kernel.T.tolist()


# The files.


def test_files_give_back_what_was_written(tmp_path):
    arrays = {
        "a/b": image(2, 3),
        "file": np.array(7),
        "half": np.ones(3, "float16"),
        "turned": image(4, 3).T,
        "wide": np.arange(3.0),
    }
    for name in ("x.npz", "x.safetensors"):
        tensorfiles.write(tmp_path / name, arrays)
        found = tensorfiles.read(tmp_path / name)
        assert set(found) == set(arrays)
        for key, array in arrays.items():
            assert found[key].dtype == array.dtype
            np.testing.assert_array_equal(found[key], array)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["x.npz", "x.safetensors"]
    assert set(np.load(tmp_path / "x.npz").files) == set(arrays)


class Payload:
    def __reduce__(self):
        return exec, ("import pathlib; pathlib.Path('ran').touch()",)


def test_python_objects_are_not_unpickled(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    np.savez("x.npz", weight=np.array([Payload()], dtype=object))
    with pytest.raises(EquivalenceError, match=r"weight in x.npz holds Python objects, which are not loaded"):
        tensorfiles.read(Path("x.npz"))
    Path("y.npz").write_bytes(pickle.dumps({"weight": Payload()}))
    with pytest.raises(EquivalenceError, match="no archive of arrays"):
        tensorfiles.read(Path("y.npz"))
    assert not Path("ran").exists()


@pytest.mark.parametrize("suffix", [".npz", ".safetensors"])
@pytest.mark.parametrize("part", [0, 0.1, 0.5, 0.99])
def test_a_file_that_is_cut_off_is_one_error(tmp_path, suffix, part):
    path = tmp_path / f"x{suffix}"
    tensorfiles.write(path, {"weight": image(30, 30), "bias": image(30)})
    whole = path.read_bytes()
    path.write_bytes(whole[: int(part * len(whole))])
    with pytest.raises(EquivalenceError, match=r"cannot be read as .*It is cut off, damaged"):
        tensorfiles.read(path)


@pytest.mark.parametrize("suffix", [".npz", ".safetensors"])
def test_a_file_that_is_damaged_is_one_error_or_still_arrays(tmp_path, suffix):
    path = tmp_path / f"x{suffix}"
    tensorfiles.write(path, {"weight": image(4, 4)})
    whole = path.read_bytes()
    for place in range(0, len(whole), 3):
        path.write_bytes(whole[:place] + bytes([whole[place] ^ 0x55]) + whole[place + 1 :])
        try:
            tensorfiles.read(path)
        except EquivalenceError as error:
            assert str(path) in str(error)  # noqa: PT017 - many damages are none that a reader can see


def test_what_is_no_array_of_numbers_is_refused(tmp_path):
    np.savez(tmp_path / "x.npz", names=np.array(["a", "b"]))
    with pytest.raises(EquivalenceError, match="expected numbers of a format that NumPy has"):
        tensorfiles.read(tmp_path / "x.npz")


def test_a_format_that_numpy_has_not_is_refused(tmp_path, torch):
    from safetensors.torch import save_file

    save_file({"weight": torch.ones(2, 3, dtype=torch.bfloat16)}, tmp_path / "x.safetensors")
    with pytest.raises(EquivalenceError, match=r"a format that NumPy has, got .*bfloat16.*as float32"):
        tensorfiles.read(tmp_path / "x.safetensors")


# The command.


def equivalence(*words):
    return CliRunner().invoke(cli, ["convert", *words])


def test_the_command_converts_a_file_and_says_what_became_what(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    np.savez(tmp_path / "in.npz", **{"conv1/kernel": image(3, 3, 2, 5), "conv1/bias": image(5), "epoch": np.array(3)})
    words = ["conv2d", "in.npz", "out.safetensors", "--from", "keras", "--to", "torch"]
    done = equivalence(*words, "--prefix", "conv1/", "--to-prefix", "conv1.", "--keep-others")
    assert (done.exit_code, done.stderr) == (0, "")
    made = tensorfiles.read(tmp_path / "out.safetensors")
    assert {name: array.shape for name, array in made.items()} == {
        "conv1.weight": (5, 2, 3, 3), "conv1.bias": (5,), "epoch": (),
    }  # fmt: skip
    assert "conv1.weight (5, 2, 3, 3) float32" in done.stdout
    assert "copied: epoch" in done.stdout
    refused = equivalence(*words[:2], "no.npz", *words[3:])
    assert refused.exit_code == 64
    assert "no array is 'kernel'" in refused.stderr
    assert not (tmp_path / "no.npz").exists()


def test_the_command_takes_names_sizes_and_parameters(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    np.savez(tmp_path / "in.npz", w=image(8, 1, 3, 2), b=image(8))
    words = ["depthwise_conv2d", "in.npz", "out.npz", "--from", "torch", "--to", "keras"]
    names = ["--name", "weight=w", "--name", "bias=b", "--to-name", "weight=depthwise_kernel"]
    done = equivalence(*words, *names, "--axes", "c=4", "--parameter", "stride=(2, 2)")
    assert done.exit_code == 0, done.stderr
    made = tensorfiles.read(tmp_path / "out.npz")
    assert {n: a.shape for n, a in made.items()} == {"depthwise_kernel": (3, 2, 4, 2), "bias": (8,)}
    for wrong in (["--axes", "c=four"], ["--axes", "c"], ["--parameter", "=2"]):
        assert equivalence(*words, *names, *wrong).exit_code == 64
    unwritable = equivalence(*words[:2], "/proc/x.npz", *words[3:], *names, "--axes", "c=4")
    assert (unwritable.exit_code, "cannot be written" in unwritable.stderr) == (2, True)
    assert "ends in" in equivalence(*words[:2], "out.pt", *words[3:]).stderr
