"""Properties of recurrent layers that the general tests do not look for."""

import numpy as np
import pytest

from equivalence.errors import ParameterError, ShapeError
from equivalence_reference.recurrent import bidirectional_gru, conv_lstm_cell, gru, lstm, simple_rnn

LAYERS = {"simple_rnn": simple_rnn, "lstm": lstm, "gru": gru}
every_layer = pytest.mark.parametrize("layer", LAYERS.values(), ids=LAYERS)


def drawn(operation, case):
    found = next(one for one in operation.cases if one.id == case)
    return operation.draw(found), operation.settings(found)


def whole(layer, **sizes):
    """Arguments without a mask or lengths."""
    case = next(one for one in layer.cases if {"mask", "lengths"} & set(one.without) and "h0" not in one.without)
    return layer.draw(case)


def assert_same(found, expected):
    for name, value in expected.items():
        np.testing.assert_allclose(found[name], value, rtol=1e-13, atol=1e-15)


@every_layer
def test_backwards_is_the_sequence_turned_round_before_and_after(layer):
    arrays = whole(layer)
    found = layer(**arrays | {"x": arrays["x"][:, ::-1]})
    assert_same(layer(**arrays, backwards=True), {**found, "sequence": found["sequence"][:, ::-1]})


@every_layer
def test_two_halves_with_the_state_handed_on_are_the_whole(layer):
    arrays = whole(layer)
    first = layer(**arrays | {"x": arrays["x"][:, :1]})
    handed = {"h0": first["last"]} | ({"c0": first["cell"]} if "cell" in first else {})
    second = layer(**arrays | handed | {"x": arrays["x"][:, 1:]})
    sequence = np.concatenate([first["sequence"], second["sequence"]], axis=1)
    assert_same({**second, "sequence": sequence}, layer(**arrays))


@pytest.mark.parametrize("layer", [lstm, gru], ids=["lstm", "gru"])
@pytest.mark.parametrize("backwards", [False, True])
def test_a_padded_sequence_is_the_short_one_alone(layer, backwards):
    arrays = whole(layer)
    padded = np.concatenate([arrays["x"], np.full_like(arrays["x"], 1e3)], axis=1)
    count = arrays["x"].shape[1]
    lengths = np.full(len(padded), count)
    found = layer(**arrays | {"x": padded, "lengths": lengths}, backwards=backwards)
    expected = layer(**arrays, backwards=backwards)
    assert not found["sequence"][:, count:].any()
    assert_same({**found, "sequence": found["sequence"][:, :count]}, expected)


@pytest.mark.parametrize("masked_output", ["zero", "repeat"])
@every_layer
def test_what_is_masked_has_no_gradient(layer, masked_output):
    name = "mask" if layer is simple_rnn else "lengths"
    arrays, settings = drawn(layer, layer.cases[0].id)
    settings["masked_output"] = masked_output
    valid = arrays[name] if name == "mask" else np.arange(arrays["x"].shape[1]) < arrays[name][:, None]
    outputs = layer(**arrays, **settings)
    cotangents = {key: np.ones_like(value) for key, value in outputs.items()}
    gradient = layer.gradients(cotangents, arrays, settings)["x"]
    assert not valid.all()
    assert not gradient[~valid].any()
    assert gradient[valid].any()


def test_a_mask_may_be_false_in_the_middle():
    arrays, _ = drawn(simple_rnn, "mask-distinct_sizes")
    found = simple_rnn(**arrays | {"mask": np.array([[True, False, True]] * len(arrays["x"]))})
    kept = {name: value for name, value in arrays.items() if name != "mask"}
    expected = simple_rnn(**kept | {"x": arrays["x"][:, [0, 2]]})
    assert_same({"sequence": found["sequence"][:, [0, 2]], "last": found["last"]}, expected)


def test_a_mask_of_nothing_leaves_the_state():
    arrays, _ = drawn(simple_rnn, "mask-distinct_sizes")
    found = simple_rnn(**arrays | {"mask": np.zeros_like(arrays["mask"])})
    assert not found["sequence"].any()
    assert_same(found, {"last": arrays["h0"]})


def test_relu_at_exactly_0_has_the_gradient_0():
    zeros = {"x": np.zeros((1, 1, 1)), "weight": np.ones((1, 1)), "recurrent_weight": np.ones((1, 1))}
    cotangents = {"sequence": np.ones((1, 1, 1)), "last": np.ones((1, 1))}
    settings = {"activation": "relu", "backwards": False, "masked_output": "zero"}
    assert simple_rnn.gradients(cotangents, zeros, settings)["x"] == 0


def test_a_forget_bias_is_part_of_the_bias():
    arrays = whole(lstm)
    folded = np.array(arrays["bias"])
    folded[1] += 0.7
    assert_same(lstm(**arrays | {"bias": folded}), lstm(**arrays, forget_bias=0.7))


def test_peepholes_of_zero_are_none():
    arrays = whole(lstm)
    zeros = {f"peephole_{gate}": np.zeros(arrays["h0"].shape[1]) for gate in "ifo"}
    assert_same(lstm(**arrays, **zeros), lstm(**arrays))


def test_the_reset_gate_may_come_before_where_it_is_the_same_for_all_units():
    arrays = whole(gru)
    arrays["weight"][0] = arrays["weight"][0, :1]
    for name in ("recurrent_weight", "bias", "recurrent_bias"):
        arrays[name][0] = arrays[name][0, :1]
    arrays["recurrent_bias"][2] = 0
    assert_same(gru(**arrays, reset_after=False), gru(**arrays, reset_after=True))


def test_the_recurrent_bias_of_the_candidate_is_not_part_of_the_bias():
    arrays = whole(gru)
    moved = {"bias": arrays["bias"] + arrays["recurrent_bias"], "recurrent_bias": np.zeros_like(arrays["bias"])}
    assert_same(gru(**arrays | moved, reset_after=False), gru(**arrays, reset_after=False))
    assert not np.allclose(gru(**arrays | moved)["last"], gru(**arrays)["last"])


def test_bidirectional_is_two_passes():
    arrays, _ = drawn(bidirectional_gru, "lengths")
    common = {"x": arrays.pop("x"), "lengths": arrays.pop("lengths")}
    own = {name: value for name, value in arrays.items() if not name.startswith("backward_")}
    back = {name.removeprefix("backward_"): arrays[name] for name in arrays if name.startswith("backward_")}
    there, here = gru(**common, **own), gru(**common, **back, backwards=True)
    both = [there["sequence"], here["sequence"]]
    expected = {"last": there["last"], "backward_last": here["last"]}
    assert_same(bidirectional_gru(**common, **arrays), expected | {"sequence": np.concatenate(both, axis=2)})
    assert_same(bidirectional_gru(**common, **arrays, merge="sum"), expected | {"sequence": sum(both)})


def test_a_convolutional_cell_on_one_pixel_is_an_lstm():
    rng = np.random.default_rng(0)
    x, hidden, cell = (rng.standard_normal((3, size)) for size in (2, 4, 4))
    weight, recurrent_weight = rng.standard_normal((4, 4, 2)), rng.standard_normal((4, 4, 4))
    pixel = (..., None, None)
    found = conv_lstm_cell(x[pixel], hidden[pixel], cell[pixel], weight[pixel], recurrent_weight[pixel])
    expected = lstm(x[:, None], weight, recurrent_weight, h0=hidden, c0=cell)
    assert_same(found, {"new_hidden": expected["last"][pixel], "new_cell": expected["cell"][pixel]})


@pytest.mark.parametrize("length", [-1, 4])
@pytest.mark.parametrize("layer", [lstm, gru], ids=["lstm", "gru"])
def test_a_length_beyond_the_time_axis_is_refused(layer, length):
    arrays, _ = drawn(layer, "lengths")
    with pytest.raises(ShapeError, match=f"lengths of {layer.name}"):
        layer(**arrays | {"lengths": np.array([1, 2, 3, length])})


@pytest.mark.parametrize("layer", [lstm, gru, bidirectional_gru, conv_lstm_cell], ids=lambda layer: layer.name)
def test_another_number_of_gates_is_refused(layer):
    arrays, _ = drawn(layer, layer.cases[0].id)
    fewer = {
        name: value[:2] if name.rpartition("_")[2] in ("weight", "bias") else value for name, value in arrays.items()
    }
    with pytest.raises(ShapeError, match=f"of {layer.name}: expected . gates on axis g"):
        layer(**fewer)


def test_unknown_words_are_refused():
    arrays, _ = drawn(simple_rnn, "mask-distinct_sizes")
    with pytest.raises(ParameterError, match="activation of simple_rnn"):
        simple_rnn(**arrays, activation="sigmoid")
    with pytest.raises(ParameterError, match="masked_output"):
        simple_rnn(**arrays, masked_output="nothing")
    arrays, _ = drawn(bidirectional_gru, "lengths")
    with pytest.raises(ParameterError, match="merge of bidirectional_gru"):
        bidirectional_gru(**arrays, merge="mul")
