"""Recorded porting faults of recurrent layers: masks, direction, peepholes, the forget bias and a lost tanh."""

from equivalence import Layer, Mask, Port


def theano_masked_rnn(x, weight, recurrent_weight, bias, mask, sizes):
    """As Lasagne's RecurrentLayer, unrolled: a masked step copies the state before it."""
    import theano.tensor as T

    steps = []
    hidden = T.zeros_like(T.dot(x[:, 0], weight))
    for t in range(sizes["t"]):
        new = T.tanh(T.dot(x[:, t], weight) + T.dot(hidden, recurrent_weight) + bias)
        hidden = T.switch(mask[:, t].dimshuffle(0, "x"), new, hidden)
        steps.append(hidden)
    return T.stack(steps, axis=1), hidden


def torch_rnn_fed_zeros(x, weight, recurrent_weight, bias, mask):
    import torch
    import torch.nn.functional as F

    steps = []
    hidden = x.new_zeros(x.shape[0], weight.shape[0])
    for inputs in (x * mask.unsqueeze(-1)).unbind(1):
        hidden = torch.tanh(F.linear(inputs, weight, bias) + F.linear(hidden, recurrent_weight))
        steps.append(hidden)
    return torch.stack(steps, dim=1), hidden


rnn_mask_not_carried = Port(
    name="rnn-mask-not-carried",
    original=Layer(
        "theano",
        theano_masked_rnn,
        inputs={"x": "n t c", "weight": "c h", "recurrent_weight": "h' h", "bias": "h", "mask": Mask("n t")},
        outputs={"sequence": "n t h", "last": "n h"},
    ),
    ported=Layer(
        "torch",
        torch_rnn_fed_zeros,
        inputs={"x": "n t c", "weight": "h c", "recurrent_weight": "h h'", "bias": "h", "mask": Mask("n t")},
        outputs={"sequence": "n t h", "last": "n h"},
    ),
    operation="simple_rnn",
    parameters={"masked_output": "repeat"},
)

ONE_WAY = {"weight": "g h c", "recurrent_weight": "g h h'", "bias": "g h", "recurrent_bias": "g h"}
BOTH_WAYS = {"x": "n t c", **ONE_WAY, **{f"backward_{name}": axes for name, axes in ONE_WAY.items()}}


def torch_bidirectional_gru(x, **weights):
    import torch

    units = weights["bias"].shape[1]
    module = torch.nn.GRU(x.shape[2], units, batch_first=True, bidirectional=True, dtype=x.dtype)
    state = {}
    for direction, suffix in (("", ""), ("backward_", "_reverse")):
        for ours, theirs in (("weight", "weight_ih"), ("recurrent_weight", "weight_hh")):
            state[f"{theirs}_l0{suffix}"] = weights[direction + ours].flatten(0, 1)
        for ours, theirs in (("bias", "bias_ih"), ("recurrent_bias", "bias_hh")):
            state[f"{theirs}_l0{suffix}"] = weights[direction + ours].flatten()
    return torch.func.functional_call(module, state, x)[0]


def tf_gru(x, weight, recurrent_weight, bias, recurrent_bias, go_backwards):
    """The outputs in the order in which they are computed, as keras.layers.GRU gives them."""
    import tensorflow as tf

    inputs = tf.unstack(x, axis=1)
    hidden = tf.zeros([x.shape[0], bias.shape[1]], x.dtype)
    steps = []
    for current in reversed(inputs) if go_backwards else inputs:
        from_input = tf.einsum("nc,ghc->gnh", current, weight) + bias[:, None]
        from_state = tf.einsum("nk,ghk->gnh", hidden, recurrent_weight) + recurrent_bias[:, None]
        reset = tf.sigmoid(from_input[0] + from_state[0])
        update = tf.sigmoid(from_input[1] + from_state[1])
        candidate = tf.tanh(from_input[2] + reset * from_state[2])
        hidden = update * hidden + (1 - update) * candidate
        steps.append(hidden)
    return tf.stack(steps, axis=1)


def tf_bidirectional_gru(x, **weights):
    import tensorflow as tf

    ahead = {name: weights[name] for name in ONE_WAY}
    back = {name: weights[f"backward_{name}"] for name in ONE_WAY}
    return tf.concat([tf_gru(x, **ahead, go_backwards=False), tf_gru(x, **back, go_backwards=True)], axis=-1)


birnn_backward_not_reversed = Port(
    name="birnn-backward-not-reversed",
    original=Layer("torch", torch_bidirectional_gru, inputs=BOTH_WAYS, outputs={"sequence": "n t k"}),
    ported=Layer("tensorflow", tf_bidirectional_gru, inputs=BOTH_WAYS, outputs={"sequence": "n t k"}),
    operation="bidirectional_gru",
    sizes={"g": 3},
)

LSTM = {"x": "n t c", "weight": "g h c", "recurrent_weight": "g h h'", "bias": "g h"}
PEEPHOLES = {"peephole_i": "h", "peephole_f": "h", "peephole_o": "h"}
STATES = {"sequence": "n t h", "last": "n h", "cell": "n h"}


def theano_peephole_lstm(x, weight, recurrent_weight, bias, peephole_i, peephole_f, peephole_o, sizes):
    """As Lasagne's LSTMLayer, unrolled; its peepholes are there by default."""
    import theano.tensor as T

    hidden = cell = T.zeros_like(T.dot(x[:, 0], weight[0].T))
    steps = []
    for t in range(sizes["t"]):
        i, f, g, o = (T.dot(x[:, t], weight[k].T) + T.dot(hidden, recurrent_weight[k].T) + bias[k] for k in range(4))
        i = T.nnet.sigmoid(i + cell * peephole_i)
        f = T.nnet.sigmoid(f + cell * peephole_f)
        cell = f * cell + i * T.tanh(g)
        o = T.nnet.sigmoid(o + cell * peephole_o)
        hidden = o * T.tanh(cell)
        steps.append(hidden)
    return T.stack(steps, axis=1), hidden, cell


def torch_lstm(x, weight, recurrent_weight, bias, peephole_i, peephole_f, peephole_o):
    import torch

    module = torch.nn.LSTM(x.shape[2], bias.shape[1], batch_first=True, dtype=x.dtype)
    state = {
        "weight_ih_l0": weight.flatten(0, 1),
        "weight_hh_l0": recurrent_weight.flatten(0, 1),
        "bias_ih_l0": bias.flatten(),
        "bias_hh_l0": torch.zeros_like(bias).flatten(),
    }
    sequence, (last, cell) = torch.func.functional_call(module, state, x)
    return sequence, last[0], cell[0]


lstm_peepholes_dropped = Port(
    name="lstm-peepholes-dropped",
    original=Layer("theano", theano_peephole_lstm, inputs={**LSTM, **PEEPHOLES}, outputs=STATES),
    ported=Layer("torch", torch_lstm, inputs={**LSTM, **PEEPHOLES}, outputs=STATES),
    operation="lstm",
    sizes={"g": 4, "t": 3},
)


def tf_lstm(x, weight, recurrent_weight, bias):
    """As LSTMBlockCell, with the forget bias that is its default."""
    import tensorflow as tf

    forget_bias = 1.0
    hidden = cell = tf.zeros([x.shape[0], bias.shape[1]], x.dtype)
    steps = []
    for current in tf.unstack(x, axis=1):
        gates = tf.einsum("nc,ghc->gnh", current, weight) + tf.einsum("nk,ghk->gnh", hidden, recurrent_weight)
        i, f, g, o = tf.unstack(gates + bias[:, None])
        cell = tf.sigmoid(f + forget_bias) * cell + tf.sigmoid(i) * tf.tanh(g)
        hidden = tf.sigmoid(o) * tf.tanh(cell)
        steps.append(hidden)
    return tf.stack(steps, axis=1), hidden, cell


def torch_lstm_bias_after_sigmoid(x, weight, recurrent_weight, bias):
    import torch

    forget_bias = 1.0
    hidden = cell = x.new_zeros(x.shape[0], bias.shape[1])
    steps = []
    for current in x.unbind(1):
        gates = current @ weight.flatten(0, 1).T + hidden @ recurrent_weight.flatten(0, 1).T + bias.flatten()
        i, f, g, o = gates.chunk(4, dim=1)
        forget_gate = torch.sigmoid(f) + forget_bias
        cell = forget_gate * cell + torch.sigmoid(i) * torch.tanh(g)
        hidden = torch.sigmoid(o) * torch.tanh(cell)
        steps.append(hidden)
    return torch.stack(steps, dim=1), hidden, cell


lstm_forget_bias_after_sigmoid = Port(
    name="lstm-forget-bias-after-sigmoid",
    original=Layer("tensorflow", tf_lstm, inputs=LSTM, outputs=STATES),
    ported=Layer("torch", torch_lstm_bias_after_sigmoid, inputs=LSTM, outputs=STATES),
    operation="lstm",
    sizes={"g": 4},
    parameters={"forget_bias": 1.0},
)


def tf_conv_lstm(x, hidden, cell, weight, recurrent_weight, bias):
    import tensorflow as tf

    p, q, c, _, o = weight.shape
    sums = tf.nn.conv2d(x, tf.reshape(weight, [p, q, c, 4 * o]), strides=1, padding="SAME")
    sums += tf.nn.conv2d(hidden, tf.reshape(recurrent_weight, [p, q, o, 4 * o]), strides=1, padding="SAME")
    i, f, g, out = tf.split(sums + tf.reshape(bias, [-1]), 4, axis=-1)
    cell = tf.sigmoid(f) * cell + tf.sigmoid(i) * tf.tanh(g)
    return tf.sigmoid(out) * tf.tanh(cell), cell


def torch_conv_lstm(x, hidden, cell, weight, recurrent_weight, bias):
    import torch
    import torch.nn.functional as F

    kernel = torch.cat([weight.flatten(0, 1), recurrent_weight.flatten(0, 1)], dim=1)
    gates = F.conv2d(torch.cat([x, hidden], dim=1), kernel, bias.flatten(), padding=1)
    i, f, g, o = gates.chunk(4, dim=1)
    cell = torch.sigmoid(f) * cell + torch.sigmoid(i) * torch.tanh(g)
    return torch.sigmoid(o) * cell, cell


convlstm_missing_tanh_on_cell = Port(
    name="convlstm-missing-tanh-on-cell",
    original=Layer(
        "tensorflow",
        tf_conv_lstm,
        inputs={
            "x": "n h w c",
            "hidden": "n h w o",
            "cell": "n h w o",
            "weight": "p q c g o",
            "recurrent_weight": "p q o' g o",
            "bias": "g o",
        },
        outputs={"new_hidden": "n h w o", "new_cell": "n h w o"},
    ),
    ported=Layer(
        "torch",
        torch_conv_lstm,
        inputs={
            "x": "n c h w",
            "hidden": "n o h w",
            "cell": "n o h w",
            "weight": "g o c p q",
            "recurrent_weight": "g o o' p q",
            "bias": "g o",
        },
        outputs={"new_hidden": "n o h w", "new_cell": "n o h w"},
    ),
    operation="conv_lstm_cell",
    sizes={"g": 4, "p": 3, "q": 3},
)
