"""Unrecorded porting faults of recurrent layers."""

from equivalence import Layer, Lengths, Port

WEIGHTS = {"weight": "g h c", "recurrent_weight": "g h h'", "bias": "g h"}


def torch_conv_lstm(x, hidden, cell, weight, recurrent_weight, bias):
    import torch
    import torch.nn.functional as F

    kernel = torch.cat([weight.flatten(0, 1), recurrent_weight.flatten(0, 1)], dim=1)
    i, f, g, o = F.conv2d(torch.cat([x, hidden], dim=1), kernel, bias.flatten(), padding=1).chunk(4, dim=1)
    cell = f.sigmoid() * cell + i.sigmoid() * g.tanh()
    return o.sigmoid() * cell.tanh(), cell


def tf_conv_lstm(x, hidden, cell, weight, recurrent_weight, bias):
    import tensorflow as tf

    p, q, c, _, o = weight.shape
    sums = tf.nn.conv2d(x, tf.reshape(weight, [p, q, c, 4 * o]), strides=1, padding="SAME")
    sums += tf.nn.conv2d(hidden, tf.reshape(recurrent_weight, [p, q, o, 4 * o]), strides=1, padding="SAME")
    i, f, out, g = tf.split(sums + tf.reshape(bias, [-1]), 4, axis=-1)
    cell = tf.sigmoid(f) * cell + tf.sigmoid(i) * tf.tanh(g)
    return tf.sigmoid(out) * tf.tanh(cell), cell


conv_lstm = Port(
    name="conv-lstm-output-gate-third",
    original=Layer(
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
    ported=Layer(
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
    operation="conv_lstm_cell",
    sizes={"g": 4, "p": 3, "q": 3},
)


def torch_coupled_cell(x, cell, weight, gate_weight):
    """The gate says how much is forgotten."""
    import torch

    gate = torch.sigmoid(x @ gate_weight.T)
    return (1 - gate) * cell + gate * torch.tanh(x @ weight.T)


def tf_coupled_cell(x, cell, weight, gate_weight):
    import tensorflow as tf

    forget = tf.sigmoid(x @ gate_weight)
    return forget * cell + (1 - forget) * tf.tanh(x @ weight)


coupled = Port(
    name="coupled-gate-read-as-forget-gate",
    original=Layer(
        "torch",
        torch_coupled_cell,
        inputs={"x": "n c", "cell": "n h", "weight": "h c", "gate_weight": "h c"},
        output="n h",
    ),
    ported=Layer(
        "tensorflow",
        tf_coupled_cell,
        inputs={"x": "n c", "cell": "n h", "weight": "c h", "gate_weight": "c h"},
        output="n h",
    ),
)


def tf_backward_reader(x, weight, recurrent_weight, lengths):
    """It reads each sequence from its own end."""
    import tensorflow as tf

    x = tf.reverse_sequence(x, tf.cast(lengths, tf.int32), seq_axis=1)
    state = tf.zeros([x.shape[0], weight.shape[1]], x.dtype)
    steps = []
    for step in tf.unstack(x, axis=1):
        state = tf.tanh(step @ weight + state @ recurrent_weight)
        steps.append(state)
    return tf.reverse_sequence(tf.stack(steps, axis=1), tf.cast(lengths, tf.int32), seq_axis=1)


def torch_backward_reader(x, weight, recurrent_weight, lengths):
    """It reads from the end of the padding."""
    import torch

    state = x.new_zeros(len(x), weight.shape[1])
    steps = []
    for step in x.flip(1).unbind(1):
        state = torch.tanh(step @ weight + state @ recurrent_weight)
        steps.append(state)
    return torch.stack(steps, dim=1).flip(1)


READ = {"x": "n t c", "weight": "c h", "recurrent_weight": "h' h", "lengths": Lengths("n", of="t")}


padded_reader = Port(
    name="padding-read-before-the-end-of-a-sequence",
    original=Layer("tensorflow", tf_backward_reader, inputs=READ, output="n t h"),
    ported=Layer("torch", torch_backward_reader, inputs=READ, output="n t h"),
)


def torch_lstm_with_state(x, h0, c0, weight, recurrent_weight, bias):
    import torch

    module = torch.nn.LSTM(x.shape[2], bias.shape[1], batch_first=True, dtype=x.dtype)
    state = {
        "weight_ih_l0": weight.flatten(0, 1),
        "weight_hh_l0": recurrent_weight.flatten(0, 1),
        "bias_ih_l0": bias.flatten(),
        "bias_hh_l0": torch.zeros_like(bias).flatten(),
    }
    sequence, (last, cell) = torch.func.functional_call(module, state, (x, (h0.unsqueeze(0), c0.unsqueeze(0))))
    return sequence, last[0], cell[0]


def tf_lstm_cell_first(x, h0, c0, weight, recurrent_weight, bias):
    """As TensorFlow 1's LSTMStateTuple has it: the cell, then the output."""
    import tensorflow as tf

    cell, hidden = h0, c0
    steps = []
    for step in tf.unstack(x, axis=1):
        sums = tf.einsum("nc,ghc->gnh", step, weight) + tf.einsum("nk,ghk->gnh", hidden, recurrent_weight)
        i, f, g, o = tf.unstack(sums + bias[:, None])
        cell = tf.sigmoid(f) * cell + tf.sigmoid(i) * tf.tanh(g)
        hidden = tf.sigmoid(o) * tf.tanh(cell)
        steps.append(hidden)
    return tf.stack(steps, axis=1), hidden, cell


STARTED = {"x": "n t c", "h0": "n h", "c0": "n h", **WEIGHTS}
STATES = {"sequence": "n t h", "last": "n h", "cell": "n h"}

states_exchanged = Port(
    name="initial-cell-and-output-exchanged",
    original=Layer("torch", torch_lstm_with_state, inputs=STARTED, outputs=STATES),
    ported=Layer("tensorflow", tf_lstm_cell_first, inputs=STARTED, outputs=STATES),
    operation="lstm",
    sizes={"g": 4},
)


def keras_lstm(x, weight, recurrent_weight, bias):
    import keras

    hidden = cell = keras.ops.zeros((x.shape[0], bias.shape[1]), x.dtype)
    steps = []
    for step in keras.ops.unstack(x, axis=1):
        sums = [step @ w + hidden @ u + b for w, u, b in zip(weight, recurrent_weight, bias, strict=True)]
        i, f, o = (keras.ops.sigmoid(sums[gate]) for gate in (0, 1, 3))
        cell = f * cell + i * keras.ops.tanh(sums[2])
        hidden = o * keras.ops.tanh(cell)
        steps.append(hidden)
    return keras.ops.stack(steps, axis=1), hidden, cell


def torch_lstm_of_tf1_blocks(x, weight, recurrent_weight, bias):
    """Blocks as TensorFlow 1 has them, and the bias in both of PyTorch's."""
    import torch

    order = [0, 2, 1, 3]
    module = torch.nn.LSTM(x.shape[2], bias.shape[1], batch_first=True, dtype=x.dtype)
    state = {
        "weight_ih_l0": weight[order].flatten(0, 1),
        "weight_hh_l0": recurrent_weight[order].flatten(0, 1),
        "bias_ih_l0": bias[order].flatten(),
        "bias_hh_l0": bias[order].flatten(),
    }
    sequence, (last, cell) = torch.func.functional_call(module, state, x)
    return sequence, last[0], cell[0]


# Two faults: the order of the gates, and the bias counted twice.
twice_biased = Port(
    name="lstm-blocks-reordered-with-bias-twice",
    original=Layer(
        "keras",
        keras_lstm,
        inputs={"x": "n t c", "weight": "g c h", "recurrent_weight": "g h' h", "bias": "g h"},
        outputs=STATES,
    ),
    ported=Layer("torch", torch_lstm_of_tf1_blocks, inputs={"x": "n t c", **WEIGHTS}, outputs=STATES),
    operation="lstm",
    sizes={"g": 4},
)


def torch_gru(x, weight, recurrent_weight, bias, recurrent_bias):
    import torch

    module = torch.nn.GRU(x.shape[2], bias.shape[1], batch_first=True, dtype=x.dtype)
    state = {
        "weight_ih_l0": weight.flatten(0, 1),
        "weight_hh_l0": recurrent_weight.flatten(0, 1),
        "bias_ih_l0": bias.flatten(),
        "bias_hh_l0": recurrent_bias.flatten(),
    }
    sequence, last = torch.func.functional_call(module, state, x)
    return sequence, last[0]


def tf_gru_of_the_paper(x, weight, recurrent_weight, bias, recurrent_bias):
    """As Chung and others wrote it: the update gate lets the new in, the reset comes before the product."""
    import tensorflow as tf

    hidden = tf.zeros([x.shape[0], bias.shape[1]], x.dtype)
    steps = []
    for step in tf.unstack(x, axis=1):
        from_input = tf.einsum("nc,ghc->gnh", step, weight) + bias[:, None] + recurrent_bias[:, None]
        from_state = tf.einsum("nk,ghk->gnh", hidden, recurrent_weight[:2])
        reset, update = tf.unstack(tf.sigmoid(from_input[:2] + from_state))
        new = tf.tanh(from_input[2] + tf.matmul(reset * hidden, recurrent_weight[2], transpose_b=True))
        hidden = (1 - update) * hidden + update * new
        steps.append(hidden)
    return tf.stack(steps, axis=1), hidden


GRU = {"x": "n t c", **WEIGHTS, "recurrent_bias": "g h"}

# Two faults: the sense of the update gate, and the place of the reset gate.
gru_of_the_paper = Port(
    name="gru-of-the-paper-for-the-one-of-cudnn",
    original=Layer("torch", torch_gru, inputs=GRU, outputs={"sequence": "n t h", "last": "n h"}),
    ported=Layer("tensorflow", tf_gru_of_the_paper, inputs=GRU, outputs={"sequence": "n t h", "last": "n h"}),
    operation="gru",
    sizes={"g": 3},
)
