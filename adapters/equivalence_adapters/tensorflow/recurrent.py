"""TensorFlow's recurrent cells, as its first version had them: one kernel for the input and the state together.

They are composed here, step by step as ``dynamic_rnn`` walks them, because their classes left with Keras 2. Keras's own
layers are bound in its adapter.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from equivalence.binding import binding
from equivalence.lazy import Lazy

tf = Lazy("tensorflow")

_DOCS = "https://www.tensorflow.org/versions/r2.15/api_docs/python/tf/compat/v1/nn/{}"

_COMMON = {
    "axes of a sequence": "n t c; t n c with time_major=True",
    "biases": "one",
    "masks and lengths": "lengths, sequence_length of dynamic_rnn; no masks",
    "output at a masked step": "0",
    "last state of a short sequence": "at its own last step",
    "backwards": "none; reverse_sequence before and after, as bidirectional_dynamic_rnn does",
    "returns": "the sequence, and the last state",
    "state at the start": "zeros, or initial_state",
}


def _walk(
    cell: Callable[..., Any], x: Any, states: Sequence[Any], valid: Any, *, backwards: bool, masked_output: str
) -> tuple[Any, Any]:
    """Cells step by step; a masked step keeps the state."""
    steps, keeps = tf.unstack(x, axis=1), tf.unstack(valid, axis=1)
    outputs: dict[int, Any] = {}
    for time in range(len(steps))[:: -1 if backwards else 1]:
        keep = keeps[time][:, None]
        new = cell(steps[time], *states)
        states = [tf.where(keep, made, old) for made, old in zip(new, states, strict=True)]
        outputs[time] = states[0] if masked_output == "repeat" else tf.where(keep, states[0], tf.zeros_like(states[0]))
    return tf.stack([outputs[time] for time in range(len(steps))], axis=1), states


def _valid(x: Any, lengths: Any) -> Any:
    return tf.ones(x.shape[:2], tf.bool) if lengths is None else tf.sequence_mask(lengths, x.shape[1])


def _start(given: Any, x: Any, units: int) -> Any:
    return tf.zeros([x.shape[0], units], x.dtype) if given is None else given


def _simple_rnn(
    x: Any,
    weight: Any,
    recurrent_weight: Any,
    bias: Any = 0.0,
    *,
    h0: Any = None,
    mask: Any = None,
    activation: str,
    **walk: Any,
) -> dict[str, Any]:
    kernel, activate = tf.concat([weight, recurrent_weight], axis=0), {"tanh": tf.tanh, "relu": tf.nn.relu}[activation]
    start = _start(h0, x, recurrent_weight.shape[0])

    def step(seen: Any, state: Any) -> tuple[Any]:
        return (activate(tf.matmul(tf.concat([seen, state], axis=1), kernel) + bias),)

    sequence, (last,) = _walk(step, x, [start], _valid(x, None) if mask is None else mask, **walk)
    return {"sequence": sequence, "last": last}


def _lstm_step(sums: Any, content: Any, forget_bias: float, peepholes: dict[str, Any]) -> tuple[Any, Any]:
    i, j, f, o = sums
    if peepholes:
        i, f = i + peepholes["peephole_i"] * content, f + peepholes["peephole_f"] * content
    new = content * tf.sigmoid(f + forget_bias) + tf.sigmoid(i) * tf.tanh(j)
    if peepholes:
        o = o + peepholes["peephole_o"] * new
    return tf.tanh(new) * tf.sigmoid(o), new


def _lstm(
    x: Any,
    weight: Any,
    recurrent_weight: Any,
    bias: Any = 0.0,
    *,
    h0: Any = None,
    c0: Any = None,
    lengths: Any = None,
    forget_bias: float,
    backwards: bool,
    masked_output: str,
    **peepholes: Any,
) -> dict[str, Any]:
    kernel = tf.concat([weight, recurrent_weight], axis=0)
    start = [_start(given, x, recurrent_weight.shape[0]) for given in (h0, c0)]

    def step(seen: Any, hidden: Any, content: Any) -> tuple[Any, Any]:
        sums = tf.matmul(tf.concat([seen, hidden], axis=1), kernel) + bias
        return _lstm_step(tf.split(sums, 4, axis=1), content, forget_bias, peepholes)

    walk: dict[str, Any] = {"backwards": backwards, "masked_output": masked_output}
    sequence, (last, cell) = _walk(step, x, start, _valid(x, lengths), **walk)
    return {"sequence": sequence, "last": last, "cell": cell}


def _gru_step(seen: Any, state: Any, weights: Sequence[Any], biases: Sequence[Any], *, reset_after: bool) -> tuple[Any]:
    gates, candidate = (tf.split(weight, [2 * state.shape[1], state.shape[1]], axis=1) for weight in weights)
    units = state.shape[1]
    sums = tf.matmul(seen, gates[0]) + tf.matmul(state, candidate[0]) + (biases[0] + biases[1])[: 2 * units]
    r, u = tf.split(tf.sigmoid(sums), 2, axis=1)
    given = tf.matmul(seen, gates[1]) + biases[0][2 * units :]
    if reset_after:
        memory = r * (tf.matmul(state, candidate[1]) + biases[1][2 * units :])
    else:
        memory = tf.matmul(r * state, candidate[1]) + biases[1][2 * units :]
    return (u * state + (1 - u) * tf.tanh(given + memory),)


def _gru(
    x: Any,
    weight: Any,
    recurrent_weight: Any,
    bias: Any = None,
    *,
    recurrent_bias: Any = None,
    h0: Any = None,
    lengths: Any = None,
    reset_after: bool,
    **walk: Any,
) -> dict[str, Any]:
    none = tf.zeros(weight.shape[1], x.dtype)
    biases = [none if given is None else given for given in (bias, recurrent_bias)]

    def step(seen: Any, state: Any) -> tuple[Any]:
        return _gru_step(seen, state, (weight, recurrent_weight), biases, reset_after=reset_after)

    start = _start(h0, x, recurrent_weight.shape[0])
    sequence, (last,) = _walk(step, x, [start], _valid(x, lengths), **walk)
    return {"sequence": sequence, "last": last}


def _bidirectional_gru(
    x: Any, *weights: Any, h0: Any = None, backward_h0: Any = None, lengths: Any = None, merge: str
) -> dict[str, Any]:
    sides = []
    for own, start, backwards in ((weights[:4], h0, False), (weights[4:], backward_h0, True)):
        kernel, recurrent, bias, recurrent_bias = own
        given = {"recurrent_bias": recurrent_bias, "h0": start, "lengths": lengths}
        walk = {"backwards": backwards, "masked_output": "zero"}
        sides.append(_gru(x, kernel, recurrent, bias, **given, reset_after=True, **walk))
    both = [side["sequence"] for side in sides]
    sequence = tf.concat(both, axis=2) if merge == "concat" else tf.add_n(both)
    return {"sequence": sequence, "last": sides[0]["last"], "backward_last": sides[1]["last"]}


def _conv_lstm_cell(
    x: Any, hidden: Any, cell: Any, weight: Any, recurrent_weight: Any, bias: Any = 0.0, *, forget_bias: float
) -> dict[str, Any]:
    seen, filters = tf.concat([x, hidden], axis=3), tf.concat([weight, recurrent_weight], axis=2)
    sums = tf.nn.conv2d(seen, filters, strides=1, padding="SAME") + bias
    new_hidden, new_cell = _lstm_step(tf.split(sums, 4, axis=3), cell, forget_bias, {})
    return {"new_hidden": new_hidden, "new_cell": new_cell}


_OPTIONAL = {name: name for name in ("h0", "lengths")}
_PACKED: dict[str, Any] = {"weight": "c (g h)", "recurrent_weight": "h' (g h)", "bias": "(g h)"}

simple_rnn = binding(
    _simple_rnn,
    docs=_DOCS.format("rnn_cell/BasicRNNCell"),
    rename={"h0": "h0", "mask": "mask"},
    weight="c h",
    recurrent_weight="h' h",
    conventions={"default activation": "tanh", **_COMMON},
)

lstm = binding(
    _lstm,
    docs=_DOCS.format("rnn_cell/LSTMCell"),
    rename={**_OPTIONAL, **{name: name for name in ("c0", "peephole_i", "peephole_f", "peephole_o")}},
    blocks={"g": "i g f o"},
    **_PACKED,
    conventions={
        "gate order": "i g f o, which it calls i j f o",
        "gate activation": "sigmoid",
        "forget bias": "1, added each time it runs; the bias itself starts at 0",
        "peepholes": "none by default; use_peepholes=True",
        **_COMMON,
        "returns": "the sequence, and a pair of the last cell and state, in this order",
    },
)

gru = binding(
    _gru,
    docs=_DOCS.format("rnn_cell/GRUCell"),
    rename={**_OPTIONAL, "recurrent_bias": "recurrent_bias"},
    **_PACKED,
    recurrent_bias="(g h)",
    conventions={
        "gate order": "r z, and n in a kernel of its own",
        "gate activation": "sigmoid",
        "update gate": "keeps the old state: h = (1 - z) n + z h",
        "reset gate": "before the product with the state",
        **_COMMON,
        "biases": "one, which starts at 1 for r and z",
    },
)

bidirectional_gru = binding(
    _bidirectional_gru,
    docs=_DOCS.format("bidirectional_dynamic_rnn"),
    rename={**_OPTIONAL, "backward_h0": "backward_h0"},
    **_PACKED,
    recurrent_bias="(g h)",
    backward_weight="c (g h)",
    backward_recurrent_weight="h' (g h)",
    backward_bias="(g h)",
    backward_recurrent_bias="(g h)",
    conventions={
        "gate order": "r z, and n in a kernel of its own",
        "merge": "none: a pair of sequences, forward first",
        "order of the way back": "that of the input",
        "where the way back starts": "at each sequence's own last step, by sequence_length",
        "output at a masked step": "0",
        "last states": "a pair, forward first",
        "axes of a sequence": "n t c; t n c with time_major=True",
    },
)

conv_lstm_cell = binding(
    _conv_lstm_cell,
    docs="https://www.tensorflow.org/api_docs/python/tf/nn/conv2d",
    x="n h w c",
    hidden="n h w o",
    cell="n h w o",
    weight="p q c (g o)",
    recurrent_weight="p q o' (g o)",
    bias="(g o)",
    new_hidden="n h w o",
    new_cell="n h w o",
    blocks={"g": "i g f o"},
    conventions={
        "layer": "contrib.rnn.ConvLSTMCell of version 1, composed here of tf.nn.conv2d",
        "gate order": "i g f o, which it calls i j f o",
        "gate activation": "sigmoid",
        "forget bias": "1, added each time it runs",
        "padding of the state": "same, the odd pixel below and on the right",
        "peepholes": "none",
    },
)
