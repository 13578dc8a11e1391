"""Recorded porting faults of recurrent layers: the axis they walk, and which states a bidirectional one returns."""

from equivalence import Layer, Port


def tf_simple_rnn(x, weight, recurrent_weight, bias):
    import tensorflow as tf

    state = tf.zeros([x.shape[0], bias.shape[0]], x.dtype)
    states = []
    for step in tf.unstack(x, axis=1):
        state = tf.tanh(step @ weight + state @ recurrent_weight + bias)
        states.append(state)
    return tf.stack(states, axis=1), state


def torch_not_batch_first(x, weight, recurrent_weight, bias):
    import torch

    h0 = x.new_zeros(1, x.shape[1], bias.shape[0])
    weights = [weight, recurrent_weight, bias, torch.zeros_like(bias)]
    output, _ = torch.rnn_tanh(x, h0, weights, True, 1, 0.0, False, False, False)  # noqa: FBT003
    return output, output[:, -1]


STATES = {"sequence": "n t h", "last": "n h"}

time_batch_axes = Port(
    original=Layer(
        "tensorflow",
        tf_simple_rnn,
        inputs={"x": "n t c", "weight": "c h", "recurrent_weight": "h' h", "bias": "h"},
        outputs=STATES,
    ),
    ported=Layer(
        "torch",
        torch_not_batch_first,
        inputs={"x": "n t c", "weight": "h c", "recurrent_weight": "h h'", "bias": "h"},
        outputs=STATES,
    ),
    operation="simple_rnn",
    name="rnn-time-batch-axes",
)


def _tf_gru(steps, weight, recurrent_weight, bias, recurrent_bias):
    """Keras's GRU with reset_after=True: the states by step."""
    import tensorflow as tf

    state = tf.zeros([steps[0].shape[0], bias.shape[1]], steps[0].dtype)
    states = []
    for step in steps:
        reset, update, new = (step @ weight[k] + bias[k] for k in range(3))
        inner = [state @ recurrent_weight[k] + recurrent_bias[k] for k in range(3)]
        update = tf.sigmoid(update + inner[1])
        state = update * state + (1 - update) * tf.tanh(new + tf.sigmoid(reset + inner[0]) * inner[2])
        states.append(state)
    return states


def keras_bidirectional(x, **weights):
    """Keras's Bidirectional(GRU): all states, and the final state of each direction."""
    import tensorflow as tf

    names = ("weight", "recurrent_weight", "bias", "recurrent_bias")
    steps = tf.unstack(x, axis=1)
    forward = _tf_gru(steps, *(weights[name] for name in names))
    backward = _tf_gru(steps[::-1], *(weights[f"backward_{name}"] for name in names))
    sequence = tf.concat([tf.stack(forward, axis=1), tf.stack(backward[::-1], axis=1)], axis=-1)
    return sequence, forward[-1], backward[-1]


def torch_last_step(x, **weights):
    import torch

    names = ("weight", "recurrent_weight", "bias", "recurrent_bias")
    flat = [weights[prefix + name].flatten(0, 1) for prefix in ("", "backward_") for name in names]
    h0 = x.new_zeros(2, x.shape[0], weights["bias"].shape[1])
    output, _ = torch.gru(x, h0, flat, True, 1, 0.0, False, True, True)  # noqa: FBT003
    forward, backward = output[:, -1].chunk(2, dim=-1)
    return output, forward, backward


KERAS = {"weight": "g c h", "recurrent_weight": "g h' h", "bias": "g h", "recurrent_bias": "g h"}
TORCH = {"weight": "g h c", "recurrent_weight": "g h h'", "bias": "g h", "recurrent_bias": "g h"}
BOTH = {"sequence": "n t k", "last": "n h", "backward_last": "n h"}

last_step = Port(
    original=Layer(
        "tensorflow",
        keras_bidirectional,
        inputs={"x": "n t c", **KERAS, **{f"backward_{name}": axes for name, axes in KERAS.items()}},
        outputs=BOTH,
    ),
    ported=Layer(
        "torch",
        torch_last_step,
        inputs={"x": "n t c", **TORCH, **{f"backward_{name}": axes for name, axes in TORCH.items()}},
        outputs=BOTH,
    ),
    operation="bidirectional_gru",
    sizes={"g": 3},
    name="birnn-last-step-instead-of-final-states",
)
