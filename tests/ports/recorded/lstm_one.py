"""Recorded porting faults of LSTMs: the order of the gates, their biases, and their function."""

from equivalence import Layer, Port

KERAS = {"x": "n t c", "weight": "g c h", "recurrent_weight": "g h' h", "bias": "g h"}
TORCH = {"x": "n t c", "weight": "g h c", "recurrent_weight": "g h h'", "bias": "g h"}
STATES = {"sequence": "n t h", "last": "n h", "cell": "n h"}


def _tf_walk(x, gates, forget_bias, sigmoid):
    import tensorflow as tf

    weight, recurrent_weight, bias = gates
    hidden = cell = tf.zeros([x.shape[0], bias.shape[1]], x.dtype)
    sequence = []
    for step in tf.unstack(x, axis=1):
        i, f, g, o = (step @ weight[k] + hidden @ recurrent_weight[k] + bias[k] for k in range(4))
        cell = sigmoid(f + forget_bias) * cell + sigmoid(i) * tf.tanh(g)
        hidden = sigmoid(o) * tf.tanh(cell)
        sequence.append(hidden)
    return tf.stack(sequence, axis=1), hidden, cell


def tf_basic_lstm(x, weight, recurrent_weight, bias):
    """BasicLSTMCell of TensorFlow 1, whose gates are packed i, j, f, o."""
    import tensorflow as tf

    gates = [tf.gather(packed, [0, 2, 1, 3]) for packed in (weight, recurrent_weight, bias)]
    return _tf_walk(x, gates, 1.0, tf.sigmoid)


def torch_gates_as_they_come(x, weight, recurrent_weight, bias):
    """PyTorch packs i, f, g, o; the forget bias of 1 is added to the second block."""
    import torch

    forget_bias = torch.zeros_like(bias)
    forget_bias[1] = 1.0
    return torch_lstm(x, weight, recurrent_weight, bias + forget_bias)


def torch_lstm(x, weight, recurrent_weight, bias):
    import torch

    return _torch_walk(x, weight, recurrent_weight, bias, torch.zeros_like(bias))


def _torch_walk(x, weight, recurrent_weight, b_ih, b_hh):
    import torch

    state = x.new_zeros(1, x.shape[0], b_ih.shape[1])
    weights = [weight.flatten(0, 1), recurrent_weight.flatten(0, 1), b_ih.flatten(), b_hh.flatten()]
    sequence, hidden, cell = torch.lstm(x, (state, state), weights, True, 1, 0.0, False, False, True)  # noqa: FBT003
    return sequence, hidden[0], cell[0]


# No operation: the catalogue's lstm takes its gates in the order i, f, g, o.
gate_order = Port(
    original=Layer("tensorflow", tf_basic_lstm, inputs=KERAS, outputs=STATES),
    ported=Layer("torch", torch_gates_as_they_come, inputs=TORCH, outputs=STATES),
    sizes={"g": 4},
    name="lstm-gate-order",
)


def keras_lstm(x, weight, recurrent_weight, bias):
    import tensorflow as tf

    return _tf_walk(x, [weight, recurrent_weight, bias], 0.0, tf.sigmoid)


def torch_bias_twice(x, weight, recurrent_weight, bias):
    return _torch_walk(x, weight, recurrent_weight, bias, bias)


bias_twice = Port(
    original=Layer("tensorflow", keras_lstm, inputs=KERAS, outputs=STATES),
    ported=Layer("torch", torch_bias_twice, inputs=TORCH, outputs=STATES),
    operation="lstm",
    sizes={"g": 4},
    name="lstm-bias-counted-twice",
)


def tf_forget_bias(x, weight, recurrent_weight, bias):
    """LSTMCell of TensorFlow 1, with its gates in PyTorch's order already."""
    import tensorflow as tf

    return _tf_walk(x, [weight, recurrent_weight, bias], 1.0, tf.sigmoid)


forget_bias = Port(
    original=Layer("tensorflow", tf_forget_bias, inputs=KERAS, outputs=STATES),
    ported=Layer("torch", torch_lstm, inputs=TORCH, outputs=STATES),
    operation="lstm",
    sizes={"g": 4},
    parameters={"forget_bias": 1.0},
    name="lstm-forget-bias-not-folded",
)


def keras_hard_gates(x, weight, recurrent_weight, bias):
    """The LSTM layer of Keras before 2.3: recurrent_activation="hard_sigmoid"."""
    import tensorflow as tf

    return _tf_walk(x, [weight, recurrent_weight, bias], 0.0, lambda gate: tf.clip_by_value(0.2 * gate + 0.5, 0.0, 1.0))


# No operation: the gates of the catalogue's lstm are logistic.
hard_gates = Port(
    original=Layer("tensorflow", keras_hard_gates, inputs=KERAS, outputs=STATES),
    ported=Layer("torch", torch_lstm, inputs=TORCH, outputs=STATES),
    sizes={"g": 4},
    name="rnn-hard-sigmoid-gates",
)
