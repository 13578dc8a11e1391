# ruff: noqa: PLR0917 - references take the operation's arguments, however many there are
"""Recurrent layers: one step after the other, with a state that goes along.

Sequences are ``n t c``: examples, time, features. Gates have an axis of their own, ``g``; frameworks pack it with the
units, in an order of their own. A step beyond a sequence's length, or one that is masked, leaves the state as it was.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple

import numpy as np

from equivalence.inputs import Array, Lengths, Mask
from equivalence.operation import operation
from equivalence_reference import _recurrence as recurrence
from equivalence_reference._arguments import known, measured
from equivalence_reference._correlation import match, paint
from equivalence_reference._gates import (
    Peepholes,
    Update,
    convolved,
    memory,
    memory_back,
    packed,
    same,
    update,
    update_back,
)
from equivalence_reference._recurrence import State, Walked, initial, only_given
from equivalence_reference.cases import recurrent as cases
from equivalence_reference.witnesses import recurrent as by_loops

MERGES = ("concat", "sum")


def _sums(x: Array, weight: Array, bias: Array | None) -> Array:
    """What each step's input gives, ``n t g h``."""
    sums: Array = np.einsum("ntc,ghc->ntgh", x, weight)
    return sums if bias is None else sums + bias


@operation(
    inputs={
        "x": "n t c",
        "weight": "h c",
        "recurrent_weight": "h h'",
        "bias": "h",
        "h0": "n h",
        "mask": Mask("n t"),
    },
    outputs={"sequence": "n t h", "last": "n h"},
    parameters={
        "activation": ("tanh", "relu"),
        "backwards": (False, True),
        "masked_output": recurrence.MASKED_OUTPUTS,
    },
    cases=cases.SIMPLE_RNN,
)
def simple_rnn(
    x: Array,
    weight: Array,
    recurrent_weight: Array,
    bias: Array | None = None,
    h0: Array | None = None,
    mask: Array | None = None,
    *,
    activation: str = "tanh",
    backwards: bool = False,
    masked_output: str = "zero",
) -> dict[str, Array]:
    r"""Walk a sequence with a state that is one activation of the input and of the state before.

    .. math:: h_t = \varphi(W x_t + U h_{t-1} + b)

    At a step that is masked, :math:`h_t = h_{t-1}`.

    Args:
        x: :math:`x`, sequences, ``n t c``.
        weight: :math:`W`, ``h c``.
        recurrent_weight: :math:`U`, ``h h'``: to unit ``h`` from unit ``h'``.
        bias: :math:`b`, ``h``.
        h0: :math:`h_0`, the state at the start, ``n h``; zeros if it is left out.
        mask: true where a step counts, ``n t``; all of them if it is left out.
        activation: :math:`\varphi`, ``tanh`` or ``relu``.
        backwards: from the last step to the first; ``sequence`` is in the order of ``x`` all the same.
        masked_output: what ``sequence`` holds at a step that is masked, ``zero`` or ``repeat``: the state
            :math:`h_{t-1}`, which before the first step that counts is :math:`h_0`.

    Returns:
        ``sequence``, all :math:`h_t`, ``n t h``, and ``last``, the state after the last step walked, ``n h``.

    Source: Elman, Finding structure in time (1990), figure 2; masks: https://keras.io/guides/understanding_masking_and_padding/.
    """
    measured(simple_rnn, x=x, weight=weight, recurrent_weight=recurrent_weight, bias=bias, h0=h0, mask=mask)
    how = _Elman(activation, backwards, masked_output)
    walked = _walk_simple(x, weight, recurrent_weight, bias, h0, mask, how)
    return {"sequence": walked.sequence, "last": walked.final[0]}


class _Elman(NamedTuple):
    """The parameters of a simple recurrent layer."""

    activation: str = "tanh"
    backwards: bool = False
    masked_output: str = "zero"


def _walk_simple(
    x: Array,
    weight: Array,
    recurrent_weight: Array,
    bias: Array | None,
    h0: Array | None,
    mask: Array | None,
    how: _Elman,
) -> Walked:
    activate, _ = recurrence.activation_named("simple_rnn", how.activation)
    sums = np.einsum("ntc,hc->nth", x, weight)
    sums = sums if bias is None else sums + bias

    def cell(time: int, state: State) -> tuple[State, Array]:
        new = activate(sums[:, time] + state[0] @ recurrent_weight.T)
        return (new,), new

    valid = recurrence.valid_steps("simple_rnn", x, None) if mask is None else mask
    start = initial(h0, x, weight.shape[0])
    return recurrence.walk(cell, (start,), valid, backwards=how.backwards, masked_output=how.masked_output)


@simple_rnn.vjp
def simple_rnn_vjp(
    cotangent: Mapping[str, Array],
    x: Array,
    weight: Array,
    recurrent_weight: Array,
    bias: Array | None = None,
    h0: Array | None = None,
    mask: Array | None = None,
    **parameters: Any,
) -> dict[str, Array]:
    r"""Go back through time.

    .. math:: \bar a_t = \bar h_t \varphi'(a_t), \qquad \bar h_{t-1} \mathrel{+}= U^\top \bar a_t, \qquad
        \bar W = \sum_t \bar a_t x_t^\top, \qquad \bar U = \sum_t \bar a_t h_{t-1}^\top
    """
    how = _Elman(**parameters)
    walked = _walk_simple(x, weight, recurrent_weight, bias, h0, mask, how)
    _, slope = recurrence.activation_named("simple_rnn", how.activation)

    def back(new: Array, bars: State) -> tuple[Array, State]:
        sums = bars[0] * slope(new)
        return sums, (sums @ recurrent_weight,)

    final = (cotangent["last"],)
    sums, start = recurrence.unwind(back, walked, cotangent["sequence"], final, masked_output=how.masked_output)
    gradients = {
        "x": sums @ weight,
        "weight": np.einsum("nth,ntc->hc", sums, x),
        "recurrent_weight": np.einsum("nth,ntk->hk", sums, walked.before()),
        "bias": sums.sum(axis=(0, 1)),
        "h0": start[0],
    }
    return only_given(simple_rnn, gradients, {"bias": bias, "h0": h0})


simple_rnn.witness("number by number, each example walked by itself over the steps that count")(by_loops.simple_rnn)
simple_rnn.values(
    "worked by hand: h = max(2 x - h + 1, 0) from h = 4 gives 0, then 2 * 3 + 1 = 7, then 2 * 1 - 7 + 1 < 0",
    x=[[[1.0], [3.0], [1.0]]],
    weight=[[2.0]],
    recurrent_weight=[[-1.0]],
    bias=[1.0],
    h0=[[4.0]],
    activation="relu",
    expected={"sequence": [[[0.0], [7.0], [0.0]]], "last": [[0.0]]},
)
simple_rnn.values(
    "worked by hand: the second step is masked, so its state is the first one's, and backwards it starts at the third",
    x=[[[1.0], [3.0], [5.0]]],
    weight=[[1.0]],
    recurrent_weight=[[2.0]],
    mask=[[True, False, True]],
    activation="relu",
    backwards=True,
    masked_output="repeat",
    expected={"sequence": [[[11.0], [5.0], [5.0]]], "last": [[11.0]]},
)


@operation(
    inputs={
        "x": "n t c",
        "weight": "g h c",
        "recurrent_weight": "g h h'",
        "bias": "g h",
        "h0": "n h",
        "c0": "n h",
        "peephole_i": "h",
        "peephole_f": "h",
        "peephole_o": "h",
        "lengths": Lengths("n", of="t"),
    },
    outputs={"sequence": "n t h", "last": "n h", "cell": "n h"},
    parameters={
        "forget_bias": (0.0, 1.0),
        "backwards": (False, True),
        "masked_output": recurrence.MASKED_OUTPUTS,
    },
    blocks={"g": "i f g o"},
    cases=cases.LSTM,
)
def lstm(
    x: Array,
    weight: Array,
    recurrent_weight: Array,
    bias: Array | None = None,
    h0: Array | None = None,
    c0: Array | None = None,
    peephole_i: Array | None = None,
    peephole_f: Array | None = None,
    peephole_o: Array | None = None,
    lengths: Array | None = None,
    *,
    forget_bias: float = 0.0,
    backwards: bool = False,
    masked_output: str = "zero",
) -> dict[str, Array]:
    r"""Walk a sequence with a cell that gates fill, keep and show.

    .. math::
        \begin{aligned}
        i_t &= \sigma(W_i x_t + U_i h_{t-1} + b_i + p_i \odot c_{t-1}) \\
        f_t &= \sigma(W_f x_t + U_f h_{t-1} + b_f + p_f \odot c_{t-1} + \beta) \\
        g_t &= \tanh(W_g x_t + U_g h_{t-1} + b_g) \\
        c_t &= f_t \odot c_{t-1} + i_t \odot g_t \\
        o_t &= \sigma(W_o x_t + U_o h_{t-1} + b_o + p_o \odot c_t) \\
        h_t &= o_t \odot \tanh(c_t)
        \end{aligned}

    Beyond a sequence's length, :math:`h_t = h_{t-1}` and :math:`c_t = c_{t-1}`.

    Args:
        x: :math:`x`, sequences, ``n t c``.
        weight: :math:`W_i, W_f, W_g, W_o`, ``g h c``.
        recurrent_weight: :math:`U_i, U_f, U_g, U_o`, ``g h h'``: to unit ``h`` from unit ``h'``.
        bias: :math:`b_i, b_f, b_g, b_o`, ``g h``.
        h0: :math:`h_0`, the output before the start, ``n h``; zeros if it is left out.
        c0: :math:`c_0`, the cell before the start, ``n h``; zeros if it is left out.
        peephole_i: :math:`p_i`, ``h``; nothing if it is left out.
        peephole_f: :math:`p_f`, ``h``; nothing if it is left out.
        peephole_o: :math:`p_o`, ``h``; it sees the new cell. Nothing if it is left out.
        lengths: how many steps of each sequence count, ``n``; all of them if it is left out.
        forget_bias: :math:`\beta`, added each time the layer runs, on top of :math:`b_f`.
        backwards: from the last step to the first; ``sequence`` is in the order of ``x`` all the same.
        masked_output: what ``sequence`` holds beyond a length, ``zero`` or ``repeat``: the output :math:`h_{t-1}`.

    Returns:
        ``sequence``, all :math:`h_t`, ``n t h``; ``last`` and ``cell``, :math:`h` and :math:`c` after the last step
        walked that counts, ``n h``.

    Source: Gers, Schraudolph and Schmidhuber, Learning precise timing with LSTM recurrent networks (2002), section 2.3;
    Graves, Generating sequences with recurrent neural networks (2013), equations 7 to 11. The forget bias: Jozefowicz,
    Zaremba and Sutskever, An empirical exploration of recurrent network architectures (2015), section 2.2.
    """
    given: dict[str, Any] = {"bias": bias, "h0": h0, "c0": c0, "lengths": lengths}
    given |= {"peephole_i": peephole_i, "peephole_f": peephole_f, "peephole_o": peephole_o}
    measured(lstm, x=x, weight=weight, recurrent_weight=recurrent_weight, **given)
    recurrence.gates_of("lstm", weight, lstm.blocks["g"])
    how = {"forget_bias": forget_bias, "backwards": backwards, "masked_output": masked_output}
    walked = _walk_lstm(x, weight, recurrent_weight, **given, **how)
    return {"sequence": walked.sequence, "last": walked.final[0], "cell": walked.final[1]}


def _walk_lstm(x: Array, weight: Array, recurrent_weight: Array, **call: Any) -> Walked:
    sums, peepholes = _sums(x, weight, call.get("bias")), _peepholes(call)

    def cell(time: int, before: State) -> tuple[State, Any]:
        recurrent = np.einsum("nk,ghk->ngh", before[0], recurrent_weight)
        hidden, content, notes = memory(sums[:, time] + recurrent, before[1], call["forget_bias"], peepholes)
        return (hidden, content), notes

    hidden, content = (initial(call.get(name), x, weight.shape[1]) for name in ("h0", "c0"))
    valid = recurrence.valid_steps("lstm", x, call.get("lengths"))
    return recurrence.walk(
        cell, (hidden, content), valid, backwards=call["backwards"], masked_output=call["masked_output"]
    )


def _peepholes(call: Mapping[str, Any]) -> Peepholes:
    return Peepholes(*(call.get(f"peephole_{gate}") for gate in "ifo"))


@lstm.vjp
def lstm_vjp(
    cotangent: Mapping[str, Array], x: Array, weight: Array, recurrent_weight: Array, **call: Any
) -> dict[str, Array]:
    r"""Go back through time, with :math:`a` for what a gate's activation is taken of.

    .. math::
        \begin{aligned}
        \bar a_o &= \bar h_t \tanh(c_t)\, o_t (1 - o_t), \qquad
        \bar c_t \mathrel{+}= \bar h_t o_t (1 - \tanh^2 c_t) + p_o \bar a_o \\
        \bar a_i &= \bar c_t g_t i_t (1 - i_t), \qquad \bar a_f = \bar c_t c_{t-1} f_t (1 - f_t), \qquad
        \bar a_g = \bar c_t i_t (1 - g_t^2) \\
        \bar c_{t-1} &= \bar c_t f_t + p_i \bar a_i + p_f \bar a_f, \qquad \bar h_{t-1} = \sum_k U_k^\top \bar a_k
        \end{aligned}
    """
    walked = _walk_lstm(x, weight, recurrent_weight, **call)
    peepholes = _peepholes(call)

    def back(notes: Any, bars: State) -> tuple[Array, State]:
        a, before = memory_back(notes, bars[0], bars[1], peepholes)
        return a, (np.einsum("ngh,ghk->nk", a, recurrent_weight), before)

    final = cotangent["last"], cotangent["cell"]
    a, start = recurrence.unwind(back, walked, cotangent["sequence"], final, masked_output=call["masked_output"])
    steps = sorted(walked.steps, key=lambda step: step.time)
    before = np.stack([step.notes.before for step in steps], axis=1)
    after = np.stack([step.notes.after for step in steps], axis=1)
    gradients = {
        **_weights(a, a, x, weight, walked.before()),
        "h0": start[0],
        "c0": start[1],
        "peephole_i": (a[:, :, 0] * before).sum(axis=(0, 1)),
        "peephole_f": (a[:, :, 1] * before).sum(axis=(0, 1)),
        "peephole_o": (a[:, :, 3] * after).sum(axis=(0, 1)),
    }
    return only_given(lstm, gradients, call)


def _weights(a: Array, recurrent: Array, x: Array, weight: Array, met: Array) -> dict[str, Array]:
    """Gradients by the sums of the inputs and of the states, ``n t g h``, and by what the recurrent weights met."""
    met = met if met.ndim == a.ndim else np.broadcast_to(met[:, :, None], (*a.shape[:3], met.shape[-1]))
    return {
        "x": np.einsum("ntgh,ghc->ntc", a, weight),
        "weight": np.einsum("ntgh,ntc->ghc", a, x),
        "recurrent_weight": np.einsum("ntgh,ntgk->ghk", recurrent, met),
        "bias": a.sum(axis=(0, 1)),
    }


_LN2, _LN3 = float(np.log(2.0)), float(np.log(3.0))

lstm.witness("number by number, each example walked by itself for as many steps as it has")(by_loops.lstm)
lstm.values(
    "worked by hand: sigmoid(ln 3) = 3/4, tanh(ln 2) = 3/5, and a cell of 1/2 * 2 (ln 2 - 9/20) + 3/4 * 3/5 = ln 2",
    x=[[[1.0]]],
    weight=[[[_LN3]], [[0.0]], [[0.0]], [[1.0]]],
    recurrent_weight=[[[0.0]], [[0.0]], [[_LN2]], [[_LN3]]],
    bias=[[0.0], [0.0], [0.0], [-1.0]],
    h0=[[1.0]],
    c0=[[2.0 * (_LN2 - 0.45)]],
    expected={"sequence": [[[0.45]]], "last": [[0.45]], "cell": [[_LN2]]},
)
lstm.values(
    "worked by hand: the forget bias alone makes f = sigmoid(ln 3) = 3/4 at both steps of the first sequence",
    x=[[[0.0], [0.0]], [[0.0], [0.0]]],
    weight=[[[0.0]], [[0.0]], [[0.0]], [[0.0]]],
    recurrent_weight=[[[0.0]], [[0.0]], [[0.0]], [[0.0]]],
    c0=[[16.0 / 9.0 * _LN2], [4.0 / 3.0 * _LN2]],
    lengths=[2, 1],
    forget_bias=_LN3,
    expected={
        "sequence": [[[0.5 * float(np.tanh(4.0 / 3.0 * _LN2))], [0.3]], [[0.3], [0.0]]],
        "last": [[0.3], [0.3]],
        "cell": [[_LN2], [_LN2]],
    },
)


@operation(
    inputs={
        "x": "n t c",
        "weight": "g h c",
        "recurrent_weight": "g h h'",
        "bias": "g h",
        "recurrent_bias": "g h",
        "h0": "n h",
        "lengths": Lengths("n", of="t"),
    },
    outputs={"sequence": "n t h", "last": "n h"},
    parameters={
        "reset_after": (True, False),
        "backwards": (False, True),
        "masked_output": recurrence.MASKED_OUTPUTS,
    },
    blocks={"g": "r z n"},
    cases=cases.GRU,
)
def gru(
    x: Array,
    weight: Array,
    recurrent_weight: Array,
    bias: Array | None = None,
    recurrent_bias: Array | None = None,
    h0: Array | None = None,
    lengths: Array | None = None,
    *,
    reset_after: bool = True,
    backwards: bool = False,
    masked_output: str = "zero",
) -> dict[str, Array]:
    r"""Walk a sequence with a state that one gate keeps and another hides from the new content.

    .. math::
        \begin{aligned}
        r_t &= \sigma(W_r x_t + b_r + U_r h_{t-1} + d_r) \\
        z_t &= \sigma(W_z x_t + b_z + U_z h_{t-1} + d_z) \\
        n_t &= \begin{cases}
            \tanh(W_n x_t + b_n + r_t \odot (U_n h_{t-1} + d_n)) & \text{reset after} \\
            \tanh(W_n x_t + b_n + U_n (r_t \odot h_{t-1}) + d_n) & \text{reset before}
            \end{cases} \\
        h_t &= (1 - z_t) \odot n_t + z_t \odot h_{t-1}
        \end{aligned}

    Beyond a sequence's length, :math:`h_t = h_{t-1}`.

    Args:
        x: :math:`x`, sequences, ``n t c``.
        weight: :math:`W_r, W_z, W_n`, ``g h c``.
        recurrent_weight: :math:`U_r, U_z, U_n`, ``g h h'``: to unit ``h`` from unit ``h'``.
        bias: :math:`b_r, b_z, b_n`, ``g h``.
        recurrent_bias: :math:`d_r, d_z, d_n`, ``g h``. Where the reset comes after, :math:`d_n` cannot be added into
            :math:`b_n`.
        h0: :math:`h_0`, the state before the start, ``n h``; zeros if it is left out.
        lengths: how many steps of each sequence count, ``n``; all of them if it is left out.
        reset_after: whether the reset gate comes after the product with the state, or before.
        backwards: from the last step to the first; ``sequence`` is in the order of ``x`` all the same.
        masked_output: what ``sequence`` holds beyond a length, ``zero`` or ``repeat``: the state :math:`h_{t-1}`.

    Returns:
        ``sequence``, all :math:`h_t`, ``n t h``, and ``last``, the state after the last step walked that counts,
        ``n h``.

    Source: Cho and others, Learning phrase representations using RNN encoder-decoder (2014), equations 5 to 8, for the
    reset before; https://docs.pytorch.org/docs/stable/generated/torch.nn.GRU.html for the reset after. Both have
    :math:`z` keep the old state; Chung and others, Empirical evaluation of gated recurrent neural networks (2014),
    equation 5, and Lasagne have it let the new one in.
    """
    given: dict[str, Any] = {"bias": bias, "recurrent_bias": recurrent_bias, "h0": h0, "lengths": lengths}
    measured(gru, x=x, weight=weight, recurrent_weight=recurrent_weight, **given)
    recurrence.gates_of("gru", weight, gru.blocks["g"])
    how = {"reset_after": reset_after, "backwards": backwards, "masked_output": masked_output}
    walked = _walk_gru(x, weight, recurrent_weight, **given, **how)
    return {"sequence": walked.sequence, "last": walked.final[0]}


def _walk_gru(x: Array, weight: Array, recurrent_weight: Array, **call: Any) -> Walked:
    sums = _sums(x, weight, call.get("bias"))
    how = Update(recurrent_weight, call.get("recurrent_bias"), call["reset_after"])

    def cell(time: int, before: State) -> tuple[State, Any]:
        new, notes = update(sums[:, time], before[0], how)
        return (new,), notes

    start = initial(call.get("h0"), x, weight.shape[1])
    valid = recurrence.valid_steps("gru", x, call.get("lengths"))
    return recurrence.walk(cell, (start,), valid, backwards=call["backwards"], masked_output=call["masked_output"])


@gru.vjp
def gru_vjp(
    cotangent: Mapping[str, Array], x: Array, weight: Array, recurrent_weight: Array, **call: Any
) -> dict[str, Array]:
    r"""Go back through time, with :math:`a` and :math:`s` for the sums of the input and of the state.

    .. math::
        \begin{aligned}
        \bar a_n &= \bar h_t (1 - z_t)(1 - n_t^2), \qquad
        \bar a_z = \bar s_z = \bar h_t (h_{t-1} - n_t) z_t (1 - z_t) \\
        \bar s_n &= r_t \bar a_n \text{ after}, \quad \bar a_n \text{ before}, \qquad
        \bar r_t = s_n \bar a_n \text{ after}, \quad h_{t-1} \odot U_n^\top \bar s_n \text{ before} \\
        \bar a_r &= \bar s_r = \bar r_t r_t (1 - r_t), \qquad
        \bar h_{t-1} = z_t \bar h_t + U_r^\top \bar s_r + U_z^\top \bar s_z
            + (1 \text{ or } r_t) \odot U_n^\top \bar s_n
        \end{aligned}
    """
    walked = _walk_gru(x, weight, recurrent_weight, **call)
    how = Update(recurrent_weight, call.get("recurrent_bias"), call["reset_after"])

    def back(notes: Any, bars: State) -> tuple[Array, State]:
        a, recurrent, before = update_back(notes, bars[0], how)
        return np.stack([a, recurrent], axis=1), (before,)

    final, masked_output = (cotangent["last"],), call["masked_output"]
    both, start = recurrence.unwind(back, walked, cotangent["sequence"], final, masked_output=masked_output)
    met = np.stack([step.notes.met for step in sorted(walked.steps, key=lambda step: step.time)], axis=1)
    gradients = {
        **_weights(both[:, :, 0], both[:, :, 1], x, weight, met),
        "recurrent_bias": both[:, :, 1].sum(axis=(0, 1)),
        "h0": start[0],
    }
    return only_given(gru, gradients, call)


gru.witness("number by number, each example walked by itself for as many steps as it has")(by_loops.gru)
gru.values(
    "worked by hand: r = sigmoid(ln 3) = 3/4, z = 1/2, n = tanh(3/4 * 4/3 ln 2) = 3/5, and half of 3/5 and of 1",
    x=[[[1.0]]],
    weight=[[[_LN3]], [[0.0]], [[0.0]]],
    recurrent_weight=[[[0.0]], [[0.0]], [[4.0 / 3.0 * _LN2 - 1.0]]],
    recurrent_bias=[[0.0], [0.0], [1.0]],
    h0=[[1.0]],
    expected={"sequence": [[[0.8]]], "last": [[0.8]]},
)
gru.values(
    "worked by hand: reset before, units with r = 3/4 and 1/2; the first one's candidate meets 1/2 of the second's 2",
    x=[[[1.0]]],
    weight=[[[_LN3], [0.0]], [[-_LN3], [0.0]], [[0.0], [0.0]]],
    recurrent_weight=[[[0.0, 0.0], [0.0, 0.0]], [[0.0, 0.0], [0.0, 0.0]], [[0.0, _LN2], [0.0, 0.0]]],
    h0=[[1.0, 2.0]],
    reset_after=False,
    expected={"sequence": [[[0.7, 1.0]]], "last": [[0.7, 1.0]]},
)


@operation(
    inputs={
        "x": "n t c",
        "weight": "g h c",
        "recurrent_weight": "g h h'",
        "bias": "g h",
        "recurrent_bias": "g h",
        "backward_weight": "g h c",
        "backward_recurrent_weight": "g h h'",
        "backward_bias": "g h",
        "backward_recurrent_bias": "g h",
        "h0": "n h",
        "backward_h0": "n h",
        "lengths": Lengths("n", of="t"),
    },
    outputs={"sequence": "n t k", "last": "n h", "backward_last": "n h"},
    parameters={"merge": MERGES},
    blocks={"g": "r z n"},
    cases=cases.BIDIRECTIONAL_GRU,
)
def bidirectional_gru(
    x: Array,
    weight: Array,
    recurrent_weight: Array,
    bias: Array,
    recurrent_bias: Array,
    backward_weight: Array,
    backward_recurrent_weight: Array,
    backward_bias: Array,
    backward_recurrent_bias: Array,
    h0: Array | None = None,
    backward_h0: Array | None = None,
    lengths: Array | None = None,
    *,
    merge: str = "concat",
) -> dict[str, Array]:
    r"""Walk a sequence from both ends, each way with weights and a state of its own.

    .. math::
        \overrightarrow h_t = \mathrm{GRU}(x_t, \overrightarrow h_{t-1}), \qquad
        \overleftarrow h_t = \mathrm{GRU}'(x_t, \overleftarrow h_{t+1}), \qquad
        y_t = [\overrightarrow h_t, \overleftarrow h_t] \text{ or } \overrightarrow h_t + \overleftarrow h_t

    Each is :func:`gru` with the reset after. The way back starts at a sequence's own last step, not in its padding.
    Beyond a sequence's length :math:`y_t = 0`.

    Args:
        x: :math:`x`, sequences, ``n t c``.
        weight: of the way forward, gates ``r z n``, ``g h c``.
        recurrent_weight: of the way forward, ``g h h'``.
        bias: of the way forward, ``g h``.
        recurrent_bias: of the way forward, ``g h``.
        backward_weight: of the way back, ``g h c``.
        backward_recurrent_weight: of the way back, ``g h h'``.
        backward_bias: of the way back, ``g h``.
        backward_recurrent_bias: of the way back, ``g h``.
        h0: :math:`\overrightarrow h_0`, ``n h``; zeros if it is left out.
        backward_h0: the state from which the way back starts, ``n h``; zeros if it is left out.
        lengths: how many steps of each sequence count, ``n``; all of them if it is left out.
        merge: ``concat``, the way forward first, or ``sum``.

    Returns:
        ``sequence``, all :math:`y_t`, ``n t k`` with ``k`` twice ``h`` or ``h``; ``last``, the state of the way forward
        at each sequence's last step; ``backward_last``, that of the way back at the first, ``n h``.

    Source: Schuster and Paliwal, Bidirectional recurrent neural networks (1997), section II B.
    """
    there: dict[str, Any] = {"weight": weight, "recurrent_weight": recurrent_weight}
    there |= {"bias": bias, "recurrent_bias": recurrent_bias}
    back: dict[str, Any] = {"backward_weight": backward_weight, "backward_bias": backward_bias}
    back |= {"backward_recurrent_weight": backward_recurrent_weight, "backward_h0": backward_h0}
    back |= {"backward_recurrent_bias": backward_recurrent_bias}
    measured(bidirectional_gru, x=x, **there, **back, h0=h0, lengths=lengths)
    known("merge of bidirectional_gru", merge, MERGES)
    recurrence.gates_of("bidirectional_gru", weight, bidirectional_gru.blocks["g"])
    recurrence.valid_steps("bidirectional_gru", x, lengths)
    ahead = gru.reference(x, **there, h0=h0, lengths=lengths)
    behind = gru.reference(x, **_own(back), lengths=lengths, backwards=True)
    both = [ahead["sequence"], behind["sequence"]]
    sequence = both[0] + both[1] if merge == "sum" else np.concatenate(both, axis=2)
    return {"sequence": sequence, "last": ahead["last"], "backward_last": behind["last"]}


def _own(call: Mapping[str, Any]) -> dict[str, Any]:
    """The arguments of the way back under the names that :func:`gru` has for them."""
    return {name.removeprefix("backward_"): value for name, value in call.items() if name.startswith("backward_")}


@bidirectional_gru.vjp
def bidirectional_gru_vjp(cotangent: Mapping[str, Array], x: Array, *, merge: str, **call: Any) -> dict[str, Array]:
    r"""Give :math:`\bar y_t` to both ways, or a half to either; their cotangents meet at the input."""
    bars = [cotangent["sequence"]] * 2 if merge == "sum" else np.split(cotangent["sequence"], 2, axis=2)
    common = {"lengths": call.get("lengths"), "reset_after": True, "masked_output": "zero"}
    ahead = {name: value for name, value in call.items() if not name.startswith("backward_") and name != "lengths"}
    there = gru_vjp({"sequence": bars[0], "last": cotangent["last"]}, x, **ahead, **common, backwards=False)
    back = {"sequence": bars[1], "last": cotangent["backward_last"]}
    here = gru_vjp(back, x, **_own(call), **common, backwards=True)
    return {
        **there,
        **{f"backward_{name}": gradient for name, gradient in here.items() if name != "x"},
        "x": there["x"] + here["x"],
    }


_GATE = np.zeros((3, 1, 1)).tolist()
bidirectional_gru.witness("number by number: each example from its first step on, and from its last step back")(
    by_loops.bidirectional_gru
)
bidirectional_gru.values(
    "worked by hand: gates of 1/2 and candidates of 0 halve either state at each step, from 8 ahead and from 4 back",
    x=[[[1.0], [1.0]], [[1.0], [1.0]]],
    weight=_GATE,
    recurrent_weight=_GATE,
    bias=[[0.0]] * 3,
    recurrent_bias=[[0.0]] * 3,
    backward_weight=_GATE,
    backward_recurrent_weight=_GATE,
    backward_bias=[[0.0]] * 3,
    backward_recurrent_bias=[[0.0]] * 3,
    h0=[[8.0], [8.0]],
    backward_h0=[[4.0], [4.0]],
    lengths=[2, 1],
    expected={
        "sequence": [[[4.0, 1.0], [2.0, 2.0]], [[4.0, 2.0], [0.0, 0.0]]],
        "last": [[2.0], [4.0]],
        "backward_last": [[1.0], [2.0]],
    },
)


@operation(
    inputs={
        "x": "n c h w",
        "hidden": "n o h w",
        "cell": "n o h w",
        "weight": "g o c p q",
        "recurrent_weight": "g o o' p q",
        "bias": "g o",
    },
    outputs={"new_hidden": "n o h w", "new_cell": "n o h w"},
    parameters={"forget_bias": (0.0, 1.0)},
    blocks={"g": "i f g o"},
    cases=cases.CONV_LSTM_CELL,
)
def conv_lstm_cell(
    x: Array,
    hidden: Array,
    cell: Array,
    weight: Array,
    recurrent_weight: Array,
    bias: Array | None = None,
    *,
    forget_bias: float = 0.0,
) -> dict[str, Array]:
    r"""One step of an LSTM whose sums are convolutions, and whose state is an image.

    .. math::
        \begin{aligned}
        i &= \sigma(W_i * x + U_i * h + b_i), \qquad f = \sigma(W_f * x + U_f * h + b_f + \beta) \\
        g &= \tanh(W_g * x + U_g * h + b_g), \qquad o = \sigma(W_o * x + U_o * h + b_o) \\
        c' &= f \odot c + i \odot g, \qquad h' = o \odot \tanh(c')
        \end{aligned}

    The convolutions keep the size of the image: zeros around it, the odd row or column below or on the right, and
    filters that are not flipped. There are no peepholes.

    Args:
        x: :math:`x`, images, ``n c h w``.
        hidden: :math:`h`, the output before, ``n o h w``.
        cell: :math:`c`, the cell before, ``n o h w``.
        weight: :math:`W_i, W_f, W_g, W_o`, ``g o c p q``.
        recurrent_weight: :math:`U_i, U_f, U_g, U_o`, ``g o o' p q``: to map ``o`` from map ``o'``.
        bias: :math:`b_i, b_f, b_g, b_o`, ``g o``.
        forget_bias: :math:`\beta`, added each time the cell runs, on top of :math:`b_f`.

    Returns:
        ``new_hidden``, :math:`h'`, and ``new_cell``, :math:`c'`, ``n o h w``.

    Source: Shi and others, Convolutional LSTM network (2015), equation 3, without its peepholes, as
    https://keras.io/api/layers/recurrent_layers/conv_lstm2d/.
    """
    images: dict[str, Any] = {"x": x, "hidden": hidden, "cell": cell}
    measured(conv_lstm_cell, **images, weight=weight, recurrent_weight=recurrent_weight, bias=bias)
    recurrence.gates_of("conv_lstm_cell", weight, conv_lstm_cell.blocks["g"])
    sums = convolved(x, hidden, weight, recurrent_weight, bias)
    new_hidden, new_cell, _ = memory(sums, cell, forget_bias, Peepholes())
    return {"new_hidden": new_hidden, "new_cell": new_cell}


@conv_lstm_cell.vjp
def conv_lstm_cell_vjp(
    cotangent: Mapping[str, Array],
    x: Array,
    hidden: Array,
    cell: Array,
    weight: Array,
    recurrent_weight: Array,
    bias: Array | None = None,
    *,
    forget_bias: float = 0.0,
) -> dict[str, Array]:
    """Go back through the gates as :func:`lstm` does, then through the two convolutions."""
    sums = convolved(x, hidden, weight, recurrent_weight, bias)
    *_, notes = memory(sums, cell, forget_bias, Peepholes())
    a, before = memory_back(notes, cotangent["new_hidden"], cotangent["new_cell"], Peepholes())
    windows, maps = same(x, weight), a.reshape(a.shape[0], -1, *a.shape[3:])
    gradients = {
        "x": paint(windows, maps, packed(weight), 1),
        "hidden": paint(windows, maps, packed(recurrent_weight), 1),
        "cell": before,
        "weight": match(windows, x, maps, 1).reshape(weight.shape),
        "recurrent_weight": match(windows, hidden, maps, 1).reshape(recurrent_weight.shape),
        "bias": a.sum(axis=(0, 3, 4)),
    }
    return only_given(conv_lstm_cell, gradients, {"bias": bias})


conv_lstm_cell.witness("pixel by pixel, with pixels outside the image left out")(by_loops.conv_lstm_cell)
conv_lstm_cell.values(
    "worked by hand: i is 3/4 at the left pixel and 1/2 at the right one, whose right neighbour is outside",
    x=[[[[0.0, 1.0]]]],
    hidden=[[[[0.0, 0.0]]]],
    cell=[[[[2.0 * _LN2 - 0.9, 2.0 * _LN2 - 0.6]]]],
    weight=[[[[[0.0, _LN3]]]], [[[[0.0, 0.0]]]], [[[[0.0, 0.0]]]], [[[[0.0, 0.0]]]]],
    recurrent_weight=np.zeros((4, 1, 1, 1, 2)).tolist(),
    bias=[[0.0], [0.0], [_LN2], [_LN3]],
    expected={"new_hidden": [[[[0.45, 0.45]]]], "new_cell": [[[[_LN2, _LN2]]]]},
)
