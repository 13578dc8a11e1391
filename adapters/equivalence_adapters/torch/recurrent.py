"""PyTorch's recurrent layers: gates packed before the units, two biases, unequal lengths as packed sequences.

There are no backwards layers of one direction: the sequence is reversed before and after, which is data here.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from equivalence.binding import Flip, binding
from equivalence.lazy import Lazy

torch, nn, functional = Lazy("torch"), Lazy("torch.nn"), Lazy("torch.nn.functional")
call_with = Lazy("torch.func").functional_call
packing = Lazy("torch.nn.utils.rnn")

_DOCS = "https://docs.pytorch.org/docs/stable/generated/torch.nn.{}.html"
_BACKWARDS = Flip("t", when={"backwards": True})
_NAMES = ("weight_ih", "weight_hh", "bias_ih", "bias_hh")

_COMMON = {
    "axes of a sequence": "t n c; n t c with batch_first=True",
    "biases": "two of each: bias_ih and bias_hh",
    "masks and lengths": "lengths, by pack_padded_sequence; no masks",
    "output at a masked step": "0 after pad_packed_sequence",
    "last state of a short sequence": "at its own last step, in h_n",
    "backwards": "only as half of bidirectional=True, in the order of the input",
    "returns": "the sequence, and the last state (1, n, h)",
    "state at the start": "zeros, or an argument",
}


def _layer(kind: str, x: Any, state: Any, weights: Sequence[Any], lengths: Any, **options: Any) -> tuple[Any, Any]:
    """Run a layer of one or two directions; weights are those of ``_NAMES``, one direction after the other."""
    units, biased = weights[1].shape[1], weights[2] is not None
    layer = getattr(nn, kind)(x.shape[2], units, bias=biased, batch_first=True, dtype=x.dtype, **options)
    suffixes = ("_l0", "_l0_reverse") if len(weights) > len(_NAMES) else ("_l0",)
    names = [name + suffix for suffix in suffixes for name in _NAMES]
    parameters = {name: weight for name, weight in zip(names, weights, strict=True) if weight is not None}
    if lengths is None:
        output, last = call_with(layer, parameters, (x, state))
        return output, last
    packed = packing.pack_padded_sequence(x, lengths, batch_first=True, enforce_sorted=False)
    output, last = call_with(layer, parameters, (packed, state))
    return packing.pad_packed_sequence(output, batch_first=True, total_length=x.shape[1])[0], last


def _start(given: Any, x: Any, units: int) -> Any:
    return x.new_zeros(x.shape[0], units) if given is None else given


def _repeated(sequence: Any, lengths: Any, masked_output: str) -> Any:
    if lengths is None or masked_output == "zero":
        return sequence
    times = torch.minimum(torch.arange(sequence.shape[1]), lengths[:, None] - 1)
    return torch.take_along_dim(sequence, times[:, :, None], dim=1)


def _walk(cell: Callable[..., Any], x: Any, states: Sequence[Any], valid: Any, masked_output: str) -> tuple[Any, Any]:
    """For what no layer can do: cells step by step, with the state of masked steps kept."""
    outputs = []
    for time in range(x.shape[1]):
        keep = valid[:, time, None]
        new = cell(x[:, time], *states)
        states = [torch.where(keep, made, old) for made, old in zip(new, states, strict=True)]
        outputs.append(states[0] if masked_output == "repeat" else torch.where(keep, states[0], 0.0))
    return torch.stack(outputs, dim=1), states


def _as_mask(lengths: Any, x: Any) -> Any:
    times = torch.arange(x.shape[1])
    return times < (x.shape[1] * torch.ones(x.shape[0]) if lengths is None else lengths)[:, None]


def _simple_rnn(
    x: Any,
    weight: Any,
    recurrent_weight: Any,
    bias: Any = None,
    *,
    h0: Any = None,
    mask: Any = None,
    activation: str,
    masked_output: str,
) -> dict[str, Any]:
    units = weight.shape[0]
    second = None if bias is None else torch.zeros_like(bias)
    state = _start(h0, x, units)
    if mask is None:
        weights = (weight, recurrent_weight, bias, second)
        sequence, last = _layer("RNN", x, state[None], weights, None, nonlinearity=activation)
        return {"sequence": sequence, "last": last[0]}
    cell = nn.RNNCell(x.shape[2], units, bias=bias is not None, nonlinearity=activation, dtype=x.dtype)
    given = zip(_NAMES, (weight, recurrent_weight, bias, second), strict=True)
    parameters = {name: value for name, value in given if value is not None}
    sequence, states = _walk(lambda *step: (call_with(cell, parameters, step),), x, [state], mask, masked_output)
    return {"sequence": sequence, "last": states[0]}


def _forget_bias(value: float, like: Any) -> Any:
    """What is added to the sums ``i f g o``: only the second quarter."""
    return functional.pad(like.new_full((like.shape[0] // 4,), value), (like.shape[0] // 4, like.shape[0] // 2))


def _peeking(sums: Any, weight: Any, content: Any) -> Any:
    return sums if weight is None else torch.addcmul(sums, weight, content)


def _lstm(
    x: Any,
    weight: Any,
    recurrent_weight: Any,
    bias: Any = None,
    *,
    h0: Any = None,
    c0: Any = None,
    peephole_i: Any = None,
    peephole_f: Any = None,
    peephole_o: Any = None,
    lengths: Any = None,
    forget_bias: float,
    masked_output: str,
) -> dict[str, Any]:
    h, c = (_start(given, x, recurrent_weight.shape[1]) for given in (h0, c0))
    added = _forget_bias(forget_bias, weight)
    if peephole_i is peephole_f is peephole_o is None:
        # The forget bias goes into the second of PyTorch's two biases.
        weights = weight, recurrent_weight, torch.zeros_like(added) if bias is None else bias, added
        sequence, (last, cell) = _layer("LSTM", x, (h[None], c[None]), weights, lengths)
        return {"sequence": _repeated(sequence, lengths, masked_output), "last": last[0], "cell": cell[0]}

    def step(seen: Any, hidden: Any, content: Any) -> tuple[Any, Any]:
        sums = functional.linear(seen, weight, bias) + functional.linear(hidden, recurrent_weight, added)
        i, f, g, o = sums.chunk(4, dim=1)
        i, f = _peeking(i, peephole_i, content), _peeking(f, peephole_f, content)
        content = torch.sigmoid(f) * content + torch.sigmoid(i) * torch.tanh(g)
        shown = torch.sigmoid(_peeking(o, peephole_o, content))
        return shown * torch.tanh(content), content

    sequence, (last, cell) = _walk(step, x, [h, c], _as_mask(lengths, x), masked_output)
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
    masked_output: str,
) -> dict[str, Any]:
    h, none = _start(h0, x, recurrent_weight.shape[1]), weight.new_zeros(weight.shape[0])
    first, second = (none if given is None else given for given in (bias, recurrent_bias))
    if reset_after:
        sequence, last = _layer("GRU", x, h[None], (weight, recurrent_weight, first, second), lengths)
        return {"sequence": _repeated(sequence, lengths, masked_output), "last": last[0]}

    def step(seen: Any, hidden: Any) -> tuple[Any]:
        given = functional.linear(seen, weight, first + second).chunk(3, dim=1)
        r, z, n = recurrent_weight.chunk(3, dim=0)
        reset = torch.sigmoid(given[0] + functional.linear(hidden, r))
        keep = torch.sigmoid(given[1] + functional.linear(hidden, z))
        return (torch.lerp(torch.tanh(given[2] + functional.linear(reset * hidden, n)), hidden, keep),)

    sequence, states = _walk(step, x, [h], _as_mask(lengths, x), masked_output)
    return {"sequence": sequence, "last": states[0]}


def _bidirectional_gru(
    x: Any, *weights: Any, h0: Any = None, backward_h0: Any = None, lengths: Any = None, merge: str
) -> dict[str, Any]:
    state = torch.stack([_start(given, x, weights[1].shape[1]) for given in (h0, backward_h0)])
    sequence, last = _layer("GRU", x, state, weights, lengths, bidirectional=True)
    if merge == "sum":
        sequence = torch.add(*sequence.chunk(2, dim=2))
    return {"sequence": sequence, "last": last[0], "backward_last": last[1]}


def _conv_lstm_cell(
    x: Any, hidden: Any, cell: Any, weight: Any, recurrent_weight: Any, bias: Any = None, *, forget_bias: float
) -> dict[str, Any]:
    seen, filters = torch.cat([x, hidden], dim=1), torch.cat([weight, recurrent_weight], dim=1)
    i, f, g, o = functional.conv2d(seen, filters, bias, padding="same").chunk(4, dim=1)
    new = torch.sigmoid(f + forget_bias) * cell + torch.sigmoid(i) * torch.tanh(g)
    return {"new_hidden": torch.sigmoid(o) * torch.tanh(new), "new_cell": new}


_OPTIONAL = {name: name for name in ("h0", "lengths")}
_REVERSED: dict[str, Any] = {"flip": {"x": _BACKWARDS, "sequence": _BACKWARDS}}

simple_rnn = binding(
    _simple_rnn,
    docs=_DOCS.format("RNN"),
    rename={"h0": "h0", "mask": "mask", "backwards": None},
    flip={"x": _BACKWARDS, "mask": _BACKWARDS, "sequence": _BACKWARDS},
    conventions={"default activation": "tanh", **_COMMON},
)

lstm = binding(
    _lstm,
    docs=_DOCS.format("LSTM"),
    rename={
        **_OPTIONAL,
        **{name: name for name in ("c0", "peephole_i", "peephole_f", "peephole_o")},
        "backwards": None,
    },
    weight="(g h) c",
    recurrent_weight="(g h) h'",
    bias="(g h)",
    **_REVERSED,
    conventions={
        "gate order": "i f g o",
        "gate activation": "sigmoid",
        "forget bias": "none but the two biases, drawn at random: fold 1 into either",
        "peepholes": "none",
        **_COMMON,
        "returns": "the sequence, and a pair of the last state and cell (1, n, h)",
    },
)

gru = binding(
    _gru,
    docs=_DOCS.format("GRU"),
    rename={**_OPTIONAL, "recurrent_bias": "recurrent_bias", "backwards": None},
    weight="(g h) c",
    recurrent_weight="(g h) h'",
    bias="(g h)",
    recurrent_bias="(g h)",
    **_REVERSED,
    conventions={
        "gate order": "r z n",
        "gate activation": "sigmoid",
        "update gate": "keeps the old state: h = (1 - z) n + z h",
        "reset gate": "after the product with the state",
        **_COMMON,
    },
)

bidirectional_gru = binding(
    _bidirectional_gru,
    docs=_DOCS.format("GRU"),
    rename={**_OPTIONAL, "backward_h0": "backward_h0"},
    weight="(g h) c",
    recurrent_weight="(g h) h'",
    bias="(g h)",
    recurrent_bias="(g h)",
    backward_weight="(g h) c",
    backward_recurrent_weight="(g h) h'",
    backward_bias="(g h)",
    backward_recurrent_bias="(g h)",
    conventions={
        "gate order": "r z n",
        "merge": "concatenated, forward first; no other",
        "order of the way back": "that of the input",
        "where the way back starts": "at each sequence's own last step, if it is packed",
        "output at a masked step": "0 after pad_packed_sequence",
        "last states": "h_n (2, n, h); output[:, -1] has only one step of the way back",
        "axes of a sequence": "t n c; n t c with batch_first=True",
    },
)

conv_lstm_cell = binding(
    _conv_lstm_cell,
    docs=_DOCS.format("functional.conv2d"),
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
