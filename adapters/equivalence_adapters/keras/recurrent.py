"""Keras's recurrent layers: kernels (input, gates and units), masks, and backwards outputs in the order of the walk."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from equivalence.binding import Flip, binding
from equivalence.lazy import Lazy
from equivalence_adapters.keras.stateless import apply

layers, ops = Lazy("keras.layers"), Lazy("keras.ops")

_DOCS = "https://keras.io/api/layers/recurrent_layers/{}/"
_BACKWARDS = {"sequence": Flip("t", when={"backwards": True})}

_COMMON = {
    "axes of a sequence": "n t c",
    "biases": "one",
    "masks and lengths": "masks, any steps",
    "output at a masked step": "the output before it, 0 if there is none; 0 with zero_output_for_mask=True",
    "last state of a short sequence": "at its own last step; the last output is 0 with zero_output_for_mask=True",
    "backwards": "go_backwards=True; the sequence comes out in the order of the walk",
    "returns": "the last output; more with return_sequences and return_state",
    "state at the start": "zeros, or initial_state",
}


def _run(layer: Any, weights: Sequence[Any], x: Any, states: Sequence[Any], mask: Any) -> Any:
    given = [weight for weight in weights if weight is not None]
    return apply(layer, given, x, initial_state=list(states), mask=mask)


def _settings(x: Any, masked_output: str, *, backwards: bool) -> dict[str, Any]:
    return {
        "return_sequences": True,
        "return_state": True,
        "go_backwards": backwards,
        "zero_output_for_mask": masked_output == "zero",
        "dtype": x.dtype.name,
    }


def _start(given: Any, x: Any, units: int) -> Any:
    return ops.zeros((x.shape[0], units), x.dtype) if given is None else given


def _as_mask(lengths: Any, x: Any) -> Any:
    return None if lengths is None else ops.arange(x.shape[1], dtype=lengths.dtype) < lengths[:, None]


def _simple_rnn(
    x: Any,
    weight: Any,
    recurrent_weight: Any,
    bias: Any = None,
    *,
    h0: Any = None,
    mask: Any = None,
    activation: str,
    backwards: bool,
    masked_output: str,
) -> dict[str, Any]:
    units, settings = weight.shape[1], _settings(x, masked_output, backwards=backwards)
    layer = layers.SimpleRNN(units, activation=activation, use_bias=bias is not None, **settings)
    sequence, last = _run(layer, (weight, recurrent_weight, bias), x, [_start(h0, x, units)], mask)
    return {"sequence": sequence, "last": last}


def _with_forget_bias(bias: Any, value: float, like: Any) -> Any:
    """Keras has no forget bias that is added at run time: it is part of the bias, the second of four blocks."""
    units = like.shape[-1] // 4
    added = ops.concatenate([ops.full((size,), number, like.dtype) for size, number in ((units, 0), (units, value))])
    added = ops.pad(added, (0, 2 * units))
    return added if bias is None else bias + added


def _lstm(
    x: Any,
    weight: Any,
    recurrent_weight: Any,
    bias: Any = None,
    *,
    h0: Any = None,
    c0: Any = None,
    lengths: Any = None,
    forget_bias: float,
    backwards: bool,
    masked_output: str,
    **peepholes: Any,
) -> dict[str, Any]:
    units, settings = recurrent_weight.shape[0], _settings(x, masked_output, backwards=backwards)
    bias = bias if bias is None and not forget_bias else _with_forget_bias(bias, forget_bias, weight)
    if peepholes:
        states = [_start(given, x, units) for given in (h0, c0)]
        step = _peephole_step((weight, recurrent_weight, 0 if bias is None else bias), **peepholes)
        return _walk(step, x, states, _as_mask(lengths, x), settings)
    layer = layers.LSTM(units, use_bias=bias is not None, **settings)
    states = [_start(given, x, units) for given in (h0, c0)]
    sequence, last, cell = _run(layer, (weight, recurrent_weight, bias), x, states, _as_mask(lengths, x))
    return {"sequence": sequence, "last": last, "cell": cell}


def _peephole_step(weights: Sequence[Any], *, peephole_i: Any, peephole_f: Any, peephole_o: Any) -> Callable[..., Any]:
    """What Keras's cell does, and peepholes, which it does not have."""

    def step(seen: Any, hidden: Any, content: Any) -> tuple[Any, Any]:
        sums = ops.matmul(seen, weights[0]) + ops.matmul(hidden, weights[1]) + weights[2]
        i, f, c, o = ops.split(sums, 4, axis=1)
        kept = ops.sigmoid(f + peephole_f * content) * content
        new = kept + ops.sigmoid(i + peephole_i * content) * ops.tanh(c)
        return ops.sigmoid(o + peephole_o * new) * ops.tanh(new), new

    return step


def _walk(
    step: Callable[..., Any], x: Any, states: Sequence[Any], mask: Any, settings: dict[str, Any]
) -> dict[str, Any]:
    """What Keras's layers do with a cell, for one that is none of its own."""
    outputs = []
    for time in range(x.shape[1])[:: -1 if settings["go_backwards"] else 1]:
        keep = True if mask is None else mask[:, time, None]
        new = step(x[:, time], *states)
        states = [ops.where(keep, made, old) for made, old in zip(new, states, strict=True)]
        outputs.append(ops.where(keep, states[0], 0) if settings["zero_output_for_mask"] else states[0])
    return {"sequence": ops.stack(outputs, axis=1), "last": states[0], "cell": states[1]}


def _gru_bias(bias: Any, recurrent_bias: Any, *, reset_after: bool) -> Any:
    """Two rows with the reset after, one with the reset before, where the two could only be added."""
    given = [one for one in (bias, recurrent_bias) if one is not None]
    if not given:
        return None
    if not reset_after:
        return sum(given[1:], given[0])
    return ops.stack([ops.zeros_like(given[0]) if one is None else one for one in (bias, recurrent_bias)])


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
    backwards: bool,
    masked_output: str,
) -> dict[str, Any]:
    units, settings = recurrent_weight.shape[0], _settings(x, masked_output, backwards=backwards)
    biases = _gru_bias(bias, recurrent_bias, reset_after=reset_after)
    layer = layers.GRU(units, use_bias=biases is not None, reset_after=reset_after, **settings)
    weights = weight, recurrent_weight, biases
    sequence, last = _run(layer, weights, x, [_start(h0, x, units)], _as_mask(lengths, x))
    return {"sequence": sequence, "last": last}


def _bidirectional_gru(
    x: Any, *weights: Any, h0: Any = None, backward_h0: Any = None, lengths: Any = None, merge: str
) -> dict[str, Any]:
    units = weights[1].shape[0]
    one = layers.GRU(units, return_sequences=True, return_state=True, dtype=x.dtype.name)
    layer = layers.Bidirectional(one, merge_mode=merge, dtype=x.dtype.name)
    biases = ops.stack(weights[2:4]), ops.stack(weights[6:8])
    given = (*weights[:2], biases[0], *weights[4:6], biases[1])
    states = [_start(start, x, units) for start in (h0, backward_h0)]
    sequence, last, backward_last = _run(layer, given, x, states, _as_mask(lengths, x))
    return {"sequence": sequence, "last": last, "backward_last": backward_last}


def _conv_lstm_cell(
    x: Any, hidden: Any, cell: Any, weight: Any, recurrent_weight: Any, bias: Any = None, *, forget_bias: float
) -> dict[str, Any]:
    bias = bias if bias is None and not forget_bias else _with_forget_bias(bias, forget_bias, weight)
    layer = layers.ConvLSTM2D(
        hidden.shape[-1],
        tuple(weight.shape[:2]),
        padding="same",
        use_bias=bias is not None,
        return_state=True,
        dtype=x.dtype.name,
    )
    _, new_hidden, new_cell = _run(layer, (weight, recurrent_weight, bias), x, (hidden, cell), None)
    return {"new_hidden": new_hidden, "new_cell": new_cell}


_OPTIONAL = {name: name for name in ("h0", "lengths")}
_PACKED: dict[str, Any] = {"weight": "c (g h)", "recurrent_weight": "h' (g h)", "bias": "(g h)"}

simple_rnn = binding(
    _simple_rnn,
    docs=_DOCS.format("simple_rnn"),
    rename={"h0": "h0", "mask": "mask"},
    weight="c h",
    recurrent_weight="h' h",
    flip=_BACKWARDS,
    conventions={"default activation": "tanh", **_COMMON},
)

lstm = binding(
    _lstm,
    docs=_DOCS.format("lstm"),
    rename={**_OPTIONAL, **{name: name for name in ("c0", "peephole_i", "peephole_f", "peephole_o")}},
    flip=_BACKWARDS,
    **_PACKED,
    conventions={
        "gate order": "i f g o, which it calls i f c o",
        "gate activation": "sigmoid; hard_sigmoid before version 2.3",
        "forget bias": "1, as the start of the bias (unit_forget_bias=True); nothing is added when it runs",
        "peepholes": "none; composed here of keras.ops",
        **_COMMON,
        "returns": "the last output; with return_sequences and return_state the sequence, the state and the cell",
    },
)

gru = binding(
    _gru,
    docs=_DOCS.format("gru"),
    rename={**_OPTIONAL, "recurrent_bias": "recurrent_bias"},
    blocks={"g": "z r n"},
    flip=_BACKWARDS,
    **_PACKED,
    recurrent_bias="(g h)",
    conventions={
        "gate order": "z r n, which it calls z r h",
        "gate activation": "sigmoid; hard_sigmoid before version 2.3",
        "update gate": "keeps the old state: h = (1 - z) n + z h",
        "reset gate": "after the product with the state; before with reset_after=False, the default before version 2",
        **_COMMON,
        "biases": "two rows of one weight, input and state; one with reset_after=False",
    },
)

bidirectional_gru = binding(
    _bidirectional_gru,
    docs=_DOCS.format("bidirectional"),
    rename={**_OPTIONAL, "backward_h0": "backward_h0"},
    blocks={"g": "z r n"},
    **_PACKED,
    recurrent_bias="(g h)",
    backward_weight="c (g h)",
    backward_recurrent_weight="h' (g h)",
    backward_bias="(g h)",
    backward_recurrent_bias="(g h)",
    conventions={
        "gate order": "z r n, which it calls z r h",
        "merge": "concat, forward first; sum, mul, ave or none",
        "order of the way back": "that of the input",
        "where the way back starts": "at each sequence's own last step, by the mask",
        "output at a masked step": "0",
        "last states": "forward first; without return_sequences the merged output is that of both last states",
        "axes of a sequence": "n t c",
    },
)

conv_lstm_cell = binding(
    _conv_lstm_cell,
    docs=_DOCS.format("conv_lstm2d"),
    x="n 1 h w c",
    hidden="n h w o",
    cell="n h w o",
    weight="p q c (g o)",
    recurrent_weight="p q o' (g o)",
    bias="(g o)",
    new_hidden="n h w o",
    new_cell="n h w o",
    conventions={
        "layer": "ConvLSTM2D over one step",
        "gate order": "i f g o, which it calls i f c o",
        "gate activation": "sigmoid; hard_sigmoid before version 3",
        "forget bias": "1, as the start of the bias (unit_forget_bias=True); nothing is added when it runs",
        "padding of the state": "same whatever the input's, the odd pixel below and on the right",
        "peepholes": "none",
    },
)
