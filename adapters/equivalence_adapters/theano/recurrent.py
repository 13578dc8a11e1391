"""Recurrent layers with Lasagne's conventions, unrolled as its layers are with ``unroll_scan=True``."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from equivalence.binding import Context, binding
from equivalence.lazy import Lazy

tensor, nnet = Lazy("theano.tensor"), Lazy("theano.tensor.nnet")

_DOCS = "https://lasagne.readthedocs.io/en/latest/modules/layers/recurrent.html#lasagne.layers.{}"

_COMMON = {
    "axes of a sequence": "n t c; axes beyond the second are flattened",
    "biases": "one",
    "masks and lengths": "masks, any steps, as a layer of their own (mask_input)",
    "output at a masked step": "the state before it, at first the state at the start",
    "last state of a short sequence": "at its own last step",
    "backwards": "backwards=True; the sequence comes out in the order of the input",
    "returns": "the sequence; the last output alone with only_return_final=True",
    "state at the start": "hid_init, 0; learned with learn_init=True",
}


def _steps(context: Context) -> int:
    return int(context.sizes["t"])


def _walk(
    cell: Callable[..., Any],
    sums: Any,
    states: Sequence[Any],
    valid: Any,
    *,
    steps: int,
    backwards: bool,
    masked_output: str,
) -> tuple[Any, Any]:
    outputs: dict[int, Any] = {}
    mask = None if valid is None else tensor.cast(valid, sums.dtype).dimshuffle(0, 1, "x")
    for time in range(steps)[:: -1 if backwards else 1]:
        new = cell(sums[:, time], *states)
        if mask is not None:
            # As Lasagne does it: a mask of numbers, not a choice.
            keep = mask[:, time]
            new = [made * keep + old * (1 - keep) for made, old in zip(new, states, strict=True)]
        states, outputs[time] = new, new[0]
    sequence = tensor.stack([outputs[time] for time in range(steps)], axis=1)
    return sequence if mask is None or masked_output == "repeat" else sequence * mask, states


def _valid(x: Any, lengths: Any) -> Any:
    return None if lengths is None else tensor.lt(tensor.arange(x.shape[1]), lengths.dimshuffle(0, "x"))


def _start(given: Any, x: Any, recurrent_weight: Any) -> Any:
    return tensor.zeros((x.shape[0], recurrent_weight.shape[0]), x.dtype) if given is None else given


def _sums(x: Any, weight: Any, bias: Any) -> Any:
    """Of all steps at once, as with ``precompute_input=True``."""
    sums = tensor.dot(x, weight)
    return sums if bias is None else sums + bias


def _slices(sums: Any, count: int) -> list[Any]:
    units = sums.shape[1] // count
    return [sums[:, gate * units : (gate + 1) * units] for gate in range(count)]


def _simple_rnn(
    x: Any,
    weight: Any,
    recurrent_weight: Any,
    bias: Any = None,
    *,
    h0: Any = None,
    mask: Any = None,
    activation: str,
    **walk: Any,
) -> dict[str, Any]:
    activate = {"tanh": tensor.tanh, "relu": nnet.relu}[activation]

    def step(seen: Any, hidden: Any) -> list[Any]:
        return [activate(seen + tensor.dot(hidden, recurrent_weight))]

    sequence, (last,) = _walk(step, _sums(x, weight, bias), [_start(h0, x, recurrent_weight)], mask, **walk)
    return {"sequence": sequence, "last": last}


def _lstm_step(sums: Any, content: Any) -> list[Any]:
    # Activations of all gates at once, as fewer kinds of elementwise code are to be compiled then.
    gates, candidates = _slices(nnet.sigmoid(sums), 4), _slices(tensor.tanh(sums), 4)
    new = gates[1] * content + gates[0] * candidates[2]
    return [gates[3] * tensor.tanh(new), new]


def _peephole_step(sums: Any, content: Any, *, peephole_i: Any, peephole_f: Any, peephole_o: Any) -> list[Any]:
    i, f, c, o = _slices(sums, 4)
    new = nnet.sigmoid(f + content * peephole_f) * content + nnet.sigmoid(i + content * peephole_i) * tensor.tanh(c)
    return [nnet.sigmoid(o + new * peephole_o) * tensor.tanh(new), new]


def _with_forget_bias(bias: Any, value: float, packed: Any) -> Any:
    """Lasagne adds nothing when it runs: a forget bias is part of its bias, the second of four blocks."""
    if not value:
        return bias
    place, units = tensor.arange(packed), packed // 4
    added = value * (tensor.ge(place, units) * tensor.lt(place, 2 * units))
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
    steps: int,
    backwards: bool,
    masked_output: str,
    **peepholes: Any,
) -> dict[str, Any]:
    def step(seen: Any, hidden: Any, content: Any) -> list[Any]:
        sums = seen + tensor.dot(hidden, recurrent_weight)
        return _peephole_step(sums, content, **peepholes) if peepholes else _lstm_step(sums, content)

    states = [_start(given, x, recurrent_weight) for given in (h0, c0)]
    walk: dict[str, Any] = {"steps": steps, "backwards": backwards, "masked_output": masked_output}
    bias = _with_forget_bias(bias, forget_bias, weight.shape[1])
    sequence, (last, cell) = _walk(step, _sums(x, weight, bias), states, _valid(x, lengths), **walk)
    return {"sequence": sequence, "last": last, "cell": cell}


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
    units = recurrent_weight.shape[0]

    def step(seen: Any, hidden: Any) -> list[Any]:
        given = _slices(seen, 3)
        recurrent = tensor.dot(hidden, recurrent_weight if reset_after else recurrent_weight[:, : 2 * units])
        if recurrent_bias is not None:
            recurrent = recurrent + (recurrent_bias if reset_after else recurrent_bias[: 2 * units])
        r = nnet.sigmoid(given[0] + recurrent[:, :units])
        # Lasagne's update gate lets the new state in, where the operation's keeps the old one: its weights, and so its
        # sums, are the negatives.
        u = nnet.sigmoid(-(given[1] + recurrent[:, units : 2 * units]))
        if reset_after:
            memory = r * recurrent[:, 2 * units :]
        else:
            memory = tensor.dot(r * hidden, recurrent_weight[:, 2 * units :])
            memory = memory if recurrent_bias is None else memory + recurrent_bias[2 * units :]
        return [(1 - u) * hidden + u * tensor.tanh(given[2] + memory)]

    states = [_start(h0, x, recurrent_weight)]
    sequence, (last,) = _walk(step, _sums(x, weight, bias), states, _valid(x, lengths), **walk)
    return {"sequence": sequence, "last": last}


def _bidirectional_gru(
    x: Any, *weights: Any, h0: Any = None, backward_h0: Any = None, lengths: Any = None, steps: int, merge: str
) -> dict[str, Any]:
    sides = []
    for own, start, backwards in ((weights[:4], h0, False), (weights[4:], backward_h0, True)):
        given: dict[str, Any] = {"recurrent_bias": own[3], "h0": start, "lengths": lengths, "reset_after": True}
        given |= {"steps": steps, "backwards": backwards, "masked_output": "zero"}
        sides.append(_gru(x, own[0], own[1], own[2], **given))
    both = [side["sequence"] for side in sides]
    sequence = both[0] + both[1] if merge == "sum" else tensor.concatenate(both, axis=2)
    return {"sequence": sequence, "last": sides[0]["last"], "backward_last": sides[1]["last"]}


def _conv_lstm_cell(
    x: Any,
    hidden: Any,
    cell: Any,
    weight: Any,
    recurrent_weight: Any,
    bias: Any = None,
    *,
    forget_bias: float,
    border: Any,
) -> dict[str, Any]:
    seen, filters = tensor.concatenate([x, hidden], axis=1), tensor.concatenate([weight, recurrent_weight], axis=1)
    sums = nnet.conv2d(seen, filters, border_mode=border, filter_flip=False)
    bias = _with_forget_bias(bias, forget_bias, weight.shape[0])
    sums = sums if bias is None else sums + bias.dimshuffle("x", 0, "x", "x")
    new_hidden, new_cell = _lstm_step(sums, cell)
    return {"new_hidden": new_hidden, "new_cell": new_cell}


def _border(context: Context) -> tuple[tuple[int, int], ...]:
    return tuple(((context.sizes[axis] - 1) // 2, context.sizes[axis] // 2) for axis in "pq")


_OPTIONAL = {name: name for name in ("h0", "lengths")}
_PACKED: dict[str, Any] = {"weight": "c (g h)", "recurrent_weight": "h' (g h)", "bias": "(g h)"}

simple_rnn = binding(
    _simple_rnn,
    docs=_DOCS.format("RecurrentLayer"),
    rename={"h0": "h0", "mask": "mask"},
    recode={"steps": _steps},
    weight="c h",
    recurrent_weight="h' h",
    conventions={"default activation": "relu", **_COMMON},
)

lstm = binding(
    _lstm,
    docs=_DOCS.format("LSTMLayer"),
    rename={**_OPTIONAL, **{name: name for name in ("c0", "peephole_i", "peephole_f", "peephole_o")}},
    recode={"steps": _steps},
    **_PACKED,
    conventions={
        "gate order": "a weight for each; stacked as i f g o, which it calls in, forget, cell, out",
        "gate activation": "sigmoid",
        "forget bias": "nothing is added when it runs; the bias starts at 0",
        "peepholes": "by default; peepholes=False",
        **_COMMON,
    },
)

gru = binding(
    _gru,
    docs=_DOCS.format("GRULayer"),
    rename={**_OPTIONAL, "recurrent_bias": "recurrent_bias"},
    recode={"steps": _steps},
    **_PACKED,
    recurrent_bias="(g h)",
    conventions={
        "gate order": "a weight for each; stacked as r z n, which it calls reset, update, hidden_update",
        "gate activation": "sigmoid",
        "update gate": "lets the new state in: h = z n + (1 - z) h; negate its weights and bias",
        "reset gate": "after the product with the state",
        **_COMMON,
    },
)

bidirectional_gru = binding(
    _bidirectional_gru,
    docs=_DOCS.format("GRULayer"),
    rename={**_OPTIONAL, "backward_h0": "backward_h0"},
    recode={"steps": _steps},
    **_PACKED,
    recurrent_bias="(g h)",
    backward_weight="c (g h)",
    backward_recurrent_weight="h' (g h)",
    backward_bias="(g h)",
    backward_recurrent_bias="(g h)",
    conventions={
        "gate order": "a weight for each; stacked as r z n, which it calls reset, update, hidden_update",
        "merge": "none: a ConcatLayer or an ElemwiseSumLayer of two layers",
        "order of the way back": "that of the input",
        "where the way back starts": "at each sequence's own last step, by the mask",
        "output at a masked step": "the state before it; on the way back, the state at the start",
        "last states": "by only_return_final=True of each layer, which takes the way back's at the first step",
        "axes of a sequence": "n t c; axes beyond the second are flattened",
    },
)

conv_lstm_cell = binding(
    _conv_lstm_cell,
    docs="https://theano-pymc.readthedocs.io/en/latest/library/tensor/nnet/conv.html",
    recode={"border": _border},
    weight="(g o) c p q",
    recurrent_weight="(g o) o' p q",
    bias="(g o)",
    conventions={
        "layer": "none; composed of conv2d",
        "gate order": "as composed",
        "gate activation": "as composed",
        "forget bias": "as composed",
        "padding of the state": "as composed",
        "peepholes": "as composed",
    },
)
