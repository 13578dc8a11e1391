"""Recorded porting faults of gated recurrent units: the reset, the order of the gates, and the update's meaning."""

from equivalence import Layer, Port

KERAS = {"x": "n t c", "weight": "g c h", "recurrent_weight": "g h' h", "bias": "g h"}
TORCH = {"x": "n t c", "weight": "g h c", "recurrent_weight": "g h h'", "bias": "g h"}
STATES = {"sequence": "n t h", "last": "n h"}


def keras_gru(x, weight, recurrent_weight, bias):
    """Keras's layer with reset_after=False, its three kernels one behind the other: reset, update, new."""
    import tensorflow as tf

    state = tf.zeros([x.shape[0], bias.shape[1]], x.dtype)
    states = []
    for step in tf.unstack(x, axis=1):
        reset = tf.sigmoid(step @ weight[0] + state @ recurrent_weight[0] + bias[0])
        update = tf.sigmoid(step @ weight[1] + state @ recurrent_weight[1] + bias[1])
        new = tf.tanh(step @ weight[2] + (reset * state) @ recurrent_weight[2] + bias[2])
        state = update * state + (1 - update) * new
        states.append(state)
    return tf.stack(states, axis=1), state


def torch_gru(x, weight, recurrent_weight, bias):
    import torch

    h0 = x.new_zeros(1, x.shape[0], bias.shape[1])
    weights = [weight.flatten(0, 1), recurrent_weight.flatten(0, 1), bias.flatten(), torch.zeros_like(bias.flatten())]
    sequence, last = torch.gru(x, h0, weights, True, 1, 0.0, False, False, True)  # noqa: FBT003
    return sequence, last[0]


reset_after = Port(
    original=Layer("tensorflow", keras_gru, inputs=KERAS, outputs=STATES),
    ported=Layer("torch", torch_gru, inputs=TORCH, outputs=STATES),
    operation="gru",
    sizes={"g": 3},
    parameters={"reset_after": False},
    name="gru-reset-after",
)


def tf_gates_as_keras_packs_them(x, weight, recurrent_weight, bias):
    import tensorflow as tf

    w_z, w_r, w_h = tf.unstack(weight)
    u_z, u_r, u_h = tf.unstack(recurrent_weight)
    b_z, b_r, b_h = tf.unstack(bias)
    state = tf.zeros([x.shape[0], b_z.shape[0]], x.dtype)
    states = []
    for step in tf.unstack(x, axis=1):
        z = tf.sigmoid(step @ w_z + state @ u_z + b_z)
        r = tf.sigmoid(step @ w_r + state @ u_r + b_r)
        new = tf.tanh(step @ w_h + b_h + r * (state @ u_h))
        state = z * state + (1 - z) * new
        states.append(state)
    return tf.stack(states, axis=1), state


gate_order = Port(
    original=Layer("torch", torch_gru, inputs=TORCH, outputs=STATES),
    ported=Layer("tensorflow", tf_gates_as_keras_packs_them, inputs=KERAS, outputs=STATES),
    operation="gru",
    sizes={"g": 3},
    name="gru-gate-order",
)


def lasagne_step(x, state, weight, recurrent_weight, bias):
    """One step of Lasagne's GRULayer, whose update gate lets the new content in."""
    import theano.tensor as tt

    reset = tt.nnet.sigmoid(tt.dot(x, weight[0]) + tt.dot(state, recurrent_weight[0]) + bias[0])
    update = tt.nnet.sigmoid(tt.dot(x, weight[1]) + tt.dot(state, recurrent_weight[1]) + bias[1])
    new = tt.tanh(tt.dot(x, weight[2]) + bias[2] + reset * tt.dot(state, recurrent_weight[2]))
    return (1 - update) * state + update * new


def torch_step(x, state, weight, recurrent_weight, bias):
    import torch

    return torch.gru_cell(
        x,
        state,
        weight.flatten(0, 1),
        recurrent_weight.flatten(0, 1),
        bias.flatten(),
        torch.zeros_like(bias.flatten()),
    )


# No operation: the catalogue's gru keeps the old state by the update gate, as PyTorch does.
update_polarity = Port(
    original=Layer("theano", lasagne_step, inputs={**KERAS, "x": "n c", "state": "n h"}, output="n h"),
    ported=Layer("torch", torch_step, inputs={**TORCH, "x": "n c", "state": "n h"}, output="n h"),
    sizes={"g": 3},
    name="gru-update-gate-polarity",
)
