"""Recurrent layers, written differently and right."""

from equivalence import Layer, Lengths, Port

GATED = {"x": "n t c", "weight": "g h c", "recurrent_weight": "g h h'", "bias": "g h"}
STATES = {"sequence": "n t h", "last": "n h", "cell": "n h"}


def torch_lstm(x, weight, recurrent_weight, bias):
    import torch

    hidden = cell = x.new_zeros(len(x), weight.shape[1])
    parameters = (
        weight.flatten(0, 1),
        recurrent_weight.flatten(0, 1),
        bias.flatten(),
        torch.zeros_like(bias).flatten(),
    )
    outputs = []
    for step in x.unbind(1):
        hidden, cell = torch.lstm_cell(step, (hidden, cell), *parameters)
        outputs.append(hidden)
    return torch.stack(outputs, dim=1), hidden, cell


def tf_lstm_with_other_gate_order(x, weight, recurrent_weight, bias):
    """As BasicLSTMCell: one kernel for input and state, gates in the order i, g, f, o."""
    import tensorflow as tf

    order, units = [0, 2, 1, 3], weight.shape[1]
    kernel = tf.concat([weight, recurrent_weight], axis=2)
    kernel = tf.transpose(tf.reshape(tf.gather(kernel, order), [4 * units, -1]))
    shift = tf.reshape(tf.gather(bias, order), [-1])
    hidden = cell = tf.zeros([x.shape[0], units], x.dtype)
    outputs = []
    for step in tf.unstack(x, axis=1):
        gates = tf.concat([step, hidden], axis=1) @ kernel + shift
        fill, new, keep, show = tf.split(gates, 4, axis=1)
        cell = tf.sigmoid(keep) * cell + tf.sigmoid(fill) * tf.tanh(new)
        hidden = tf.sigmoid(show) * tf.tanh(cell)
        outputs.append(hidden)
    return tf.stack(outputs, axis=1), hidden, cell


lstm_with_permuted_gates = Port(
    original=Layer("torch", torch_lstm, inputs=GATED, outputs=STATES),
    ported=Layer("tensorflow", tf_lstm_with_other_gate_order, inputs=GATED, outputs=STATES),
    operation="lstm",
    sizes={"g": 4, "t": 5},
)


def torch_lstm_of_two_biases(x, weight, recurrent_weight, bias):
    import torch

    hidden = cell = x.new_zeros(len(x), weight.shape[1])
    for step in x.unbind(1):
        gates = torch.einsum("nc,ghc->gnh", step, weight) + 0.5 * bias[:, None]
        gates = gates + torch.einsum("nk,ghk->gnh", hidden, recurrent_weight) + 0.5 * bias[:, None]
        fill, keep, show = gates[[0, 1, 3]].sigmoid()
        cell = keep * cell + fill * gates[2].tanh()
        hidden = show * cell.tanh()
    return hidden


def theano_lstm(x, weight, recurrent_weight, bias, sizes):
    import theano.tensor as T

    hidden = cell = T.zeros((x.shape[0], weight.shape[1]), dtype=x.dtype)
    for now in range(sizes["t"]):
        gates = T.tensordot(x[:, now], weight, [[1], [2]]) + T.tensordot(hidden, recurrent_weight, [[1], [2]]) + bias
        fill, keep, show = (T.nnet.sigmoid(gates[:, k]) for k in (0, 1, 3))
        cell = keep * cell + fill * T.tanh(gates[:, 2])
        hidden = show * T.tanh(cell)
    return hidden


lstm_with_its_bias_split = Port(
    original=Layer("theano", theano_lstm, inputs=GATED, output="n h"),
    ported=Layer("torch", torch_lstm_of_two_biases, inputs=GATED, output="n h"),
    sizes={"g": 4, "t": 2},
)

GRU = {**GATED, "recurrent_bias": "g h"}
GRU_STATES = {"sequence": "n t h", "last": "n h"}


def torch_gru(x, weight, recurrent_weight, bias, recurrent_bias):
    import torch

    hidden = x.new_zeros(len(x), weight.shape[1])
    parameters = [array.flatten(0, 1) for array in (weight, recurrent_weight, bias, recurrent_bias)]
    outputs = []
    for step in x.unbind(1):
        hidden = torch.gru_cell(step, hidden, *parameters)
        outputs.append(hidden)
    return torch.stack(outputs, dim=1), hidden


def tf_gru_with_merged_biases(x, weight, recurrent_weight, bias, recurrent_bias):
    """Gates in Keras's order z, r, h; the biases of z and r, which are only ever added, are one."""
    import tensorflow as tf

    order = [1, 0, 2]
    kernel, recurrent = (tf.gather(array, order) for array in (weight, recurrent_weight))
    update, reset, new = tf.unstack(tf.gather(bias, order))
    update_too, reset_too, new_of_state = tf.unstack(tf.gather(recurrent_bias, order))
    merged = tf.stack([update + update_too, reset + reset_too, new])[:, None]
    hidden = tf.zeros([x.shape[0], weight.shape[1]], x.dtype)
    outputs = []
    for step in tf.unstack(x, axis=1):
        from_input = tf.einsum("nc,ghc->gnh", step, kernel) + merged
        from_state = tf.einsum("nk,ghk->gnh", hidden, recurrent)
        keep, reset = tf.unstack(tf.sigmoid(from_input[:2] + from_state[:2]))
        content = tf.tanh(from_input[2] + reset * (from_state[2] + new_of_state))
        hidden = content + keep * (hidden - content)
        outputs.append(hidden)
    return tf.stack(outputs, axis=1), hidden


gru_with_permuted_gates_and_merged_biases = Port(
    original=Layer("torch", torch_gru, inputs=GRU, outputs=GRU_STATES),
    ported=Layer("tensorflow", tf_gru_with_merged_biases, inputs=GRU, outputs=GRU_STATES),
    operation="gru",
    sizes={"g": 3, "t": 5},
)


def np_gru_with_turned_update_gate(x, weight, recurrent_weight, bias, recurrent_bias):
    """As Lasagne: the update gate lets the new content in; the weights of that gate change sign with it."""
    import numpy as np

    def sigmoid(value):
        return 0.5 + 0.5 * np.tanh(0.5 * value)

    signs = np.array([1, -1, 1])
    weight, recurrent_weight = (signs[:, None, None] * array for array in (weight, recurrent_weight))
    bias, recurrent_bias = (signs[:, None] * array for array in (bias, recurrent_bias))
    hidden, outputs = np.zeros((len(x), weight.shape[1]), x.dtype), []
    for step in x.swapaxes(0, 1):
        given = np.einsum("nc,ghc->gnh", step, weight) + bias[:, None]
        known = np.einsum("nk,ghk->gnh", hidden, recurrent_weight) + recurrent_bias[:, None]
        reset, let_in = sigmoid(given[:2] + known[:2])
        hidden = (1 - let_in) * hidden + let_in * np.tanh(given[2] + reset * known[2])
        outputs.append(hidden)
    return np.stack(outputs, axis=1), hidden


gru_with_turned_update_gate = Port(
    original=Layer("torch", torch_gru, inputs=GRU, outputs=GRU_STATES),
    ported=Layer("numpy", np_gru_with_turned_update_gate, inputs=GRU, outputs=GRU_STATES),
    operation="gru",
    sizes={"g": 3, "h": 3, "t": 4},
)

RECURRENT = {"x": "n t c", "weight": "h c", "recurrent_weight": "h h'", "bias": "h"}


def torch_rnn_backwards_by_flip(x, weight, recurrent_weight, bias):
    import torch

    hidden, outputs = x.new_zeros(len(x), len(weight)), []
    for step in x.flip(1).unbind(1):
        hidden = torch.rnn_tanh_cell(step, hidden, weight, recurrent_weight, bias, torch.zeros_like(bias))
        outputs.append(hidden)
    return torch.stack(outputs, dim=1).flip(1)


def tf_rnn_from_the_end(x, weight, recurrent_weight, bias):
    import tensorflow as tf

    projected = tf.matmul(x, weight, transpose_b=True) + bias
    hidden = tf.zeros_like(projected[:, 0])
    outputs = []
    for now in reversed(range(x.shape[1])):
        hidden = tf.tanh(projected[:, now] + tf.matmul(hidden, recurrent_weight, transpose_b=True))
        outputs.insert(0, hidden)
    return tf.stack(outputs, axis=1)


rnn_backwards_by_flip = Port(
    original=Layer("tensorflow", tf_rnn_from_the_end, inputs=RECURRENT, output="n t h"),
    ported=Layer("torch", torch_rnn_backwards_by_flip, inputs=RECURRENT, output="n t h"),
)

UNEQUAL = {**RECURRENT, "lengths": Lengths("n", of="t")}


def tf_rnn_that_stops(x, weight, recurrent_weight, bias, lengths):
    import tensorflow as tf

    hidden = tf.zeros([x.shape[0], weight.shape[0]], x.dtype)
    for now, step in enumerate(tf.unstack(x, axis=1)):
        fresh = tf.tanh(step @ tf.transpose(weight) + hidden @ tf.transpose(recurrent_weight) + bias)
        hidden = tf.where(now < lengths[:, None], fresh, hidden)
    return hidden


def torch_rnn_then_the_last_that_counts(x, weight, recurrent_weight, bias, lengths):
    import torch

    hidden, outputs = x.new_zeros(len(x), len(weight)), []
    for step in x.unbind(1):
        hidden = torch.rnn_tanh_cell(step, hidden, weight, recurrent_weight, bias, torch.zeros_like(bias))
        outputs.append(hidden)
    return torch.stack(outputs)[lengths - 1, torch.arange(len(x))]


last_state_that_counts = Port(
    original=Layer("tensorflow", tf_rnn_that_stops, inputs=UNEQUAL, output="n h"),
    ported=Layer("torch", torch_rnn_then_the_last_that_counts, inputs=UNEQUAL, output="n h"),
)
