"""Faults of recurrent layers."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial
from typing import Any

import numpy as np

from equivalence.inputs import Array
from equivalence.operation import Operation
from equivalence_reference import _recurrence as recurrence
from equivalence_reference._gates import convolved
from equivalence_reference._recurrence import sigmoid
from equivalence_reference.faults._changes import square_transposed
from equivalence_reference.recurrent import bidirectional_gru, conv_lstm_cell, gru, lstm, simple_rnn

Call = dict[str, Any]
LAYERS: tuple[Operation, ...] = (simple_rnn, lstm, gru)
GATED: tuple[Operation, ...] = (lstm, gru, bidirectional_gru, conv_lstm_cell)
_WEIGHTS = ("weight", "recurrent_weight", "bias", "recurrent_bias")


def hard_sigmoid(sums: Array) -> Array:
    """Keras's, before its version 3: a slope of 0.2."""
    return np.clip(sums * 0.2 + 0.5, 0, 1)


def _on_gates(call: Call, change: Callable[[Array], Array]) -> Call:
    """Change the gates, the first axis, of all weights and biases."""
    own = {name: value for name, value in call.items() if name.removeprefix("backward_") in _WEIGHTS}
    return {**call, **{name: change(value) for name, value in own.items()}}


def _reordered(operation: Operation, order: Sequence[int], **call: Any) -> Any:
    return operation.reference(**_on_gates(call, lambda weight: weight[list(order)]))


def _time_major(operation: Operation, x: Array, **call: Any) -> Any:
    found = operation.reference(x.swapaxes(0, 1), **call)
    return {**found, "sequence": found["sequence"].swapaxes(0, 1)}


def _valid(call: Call) -> Array:
    if "mask" in call:
        return np.asarray(call["mask"])
    return recurrence.valid_steps("fault", call["x"], call.get("lengths"))


def _unmasked(call: Call) -> Call:
    return {name: value for name, value in call.items() if name not in ("mask", "lengths")}


def _fed_with_zeros(operation: Operation, **call: Any) -> Any:
    valid = _valid(call)[:, :, None]
    found = operation.reference(**{**_unmasked(call), "x": np.where(valid, call["x"], np.zeros_like(call["x"]))})
    return {**found, "sequence": np.where(valid, found["sequence"], np.zeros_like(found["sequence"]))}


def _masks_ignored(operation: Operation, **call: Any) -> Any:
    return operation.reference(**_unmasked(call))


def _last_output(operation: Operation, **call: Any) -> Any:
    found = operation.reference(**call)
    return {**found, "last": np.array(found["sequence"][:, 0 if call["backwards"] else -1])}


def _backwards_as_walked(operation: Operation, **call: Any) -> Any:
    found = operation.reference(**call)
    return {**found, "sequence": np.array(found["sequence"][:, :: -1 if call["backwards"] else 1])}


def _state_lost(operation: Operation, **call: Any) -> Any:
    return operation.reference(**{name: value for name, value in call.items() if name not in ("h0", "c0")})


def _told(operation: Operation, given: Any, told: Any, name: str, **call: Any) -> Any:
    return operation.reference(**call | {name: told if call[name] == given else call[name]})


def _recurrent_transposed(operation: Operation, recurrent_weight: Array, **call: Any) -> Any:
    return operation.reference(recurrent_weight=recurrent_weight.swapaxes(-1, -2), **call)


def _weight_transposed(operation: Operation, weight: Array, **call: Any) -> Any:
    return operation.reference(weight=square_transposed(weight, -1, -2), **call)


def _bias_twice(operation: Operation, **call: Any) -> Any:
    return operation.reference(**call | {name: 2 * value for name, value in call.items() if name == "bias"})


def _bias_lost(operation: Operation, **call: Any) -> Any:
    return operation.reference(**{name: value for name, value in call.items() if name != "bias"})


def _gradient_of_last_lost(operation: Operation, cotangent: dict[str, Array], **call: Any) -> Any:
    none = {name: np.zeros_like(value) for name, value in cotangent.items() if name != "sequence"}
    return operation.product({**cotangent, **none}, **call)  # type: ignore[misc]


def _gradient_of_start_lost(operation: Operation, cotangent: dict[str, Array], **call: Any) -> Any:
    found = operation.product(cotangent, **call)  # type: ignore[misc]
    return {name: np.zeros_like(value) if name == "h0" else value for name, value in found.items()}


def _gradient_through_one_step(operation: Operation, cotangent: dict[str, Array], **call: Any) -> Any:
    """Truncated after one step: each step by itself, from the state that was before it."""
    if call["backwards"] or len(_unmasked(call)) < len(call):
        return operation.product(cotangent, **call)  # type: ignore[misc]
    total: dict[str, Any] = {}
    state = {name: value for name, value in call.items() if name in ("h0", "c0")}
    count = call["x"].shape[1]
    for time in range(count):
        step = {**call, **state, "x": call["x"][:, time : time + 1]}
        final = {name: bar if time == count - 1 else np.zeros_like(bar) for name, bar in cotangent.items()}
        found = operation.product({**final, "sequence": cotangent["sequence"][:, time : time + 1]}, **step)  # type: ignore[misc]
        for name in set(found) & set(call):
            if name == "x":
                total[name] = np.concatenate([*([total[name]] if time else []), found[name]], axis=1)
            elif name not in ("h0", "c0") or time == 0:
                total[name] = total.get(name, np.zeros_like(found[name])) + found[name]
        after = operation.reference(**step)
        state = {"h0": after["last"], **({"c0": after["cell"]} if "cell" in after else {})}
    return total


def _masked_outputs_keep_gradients(operation: Operation, cotangent: dict[str, Array], **call: Any) -> Any:
    return operation.product(cotangent, **call | {"masked_output": "repeat"})  # type: ignore[misc]


_told_outputs = partial(_told, name="masked_output")
_change: Callable[..., Any]
for _layer in LAYERS:
    for _name, _code, _of, _change in (
        ("time-and-examples-exchanged", "sequence.axis", ["rnn-time-batch-axes"], _time_major),
        ("masked-steps-fed-with-zeros", "sequence.mask", ["rnn-mask-not-carried"], _fed_with_zeros),
        ("masks-ignored", "sequence.mask", [], _masks_ignored),
        ("masked-output-repeated", "sequence.mask", [], partial(_told_outputs, given="zero", told="repeat")),
        ("masked-output-zero", "sequence.mask", [], partial(_told_outputs, given="repeat", told="zero")),
        ("last-output-for-last-state", "sequence.state", [], _last_output),
        ("state-at-the-start-lost", "sequence.state", [], _state_lost),
        ("backwards-as-walked", "sequence.direction", ["birnn-backward-not-reversed"], _backwards_as_walked),
        ("backwards-ignored", "sequence.direction", [], partial(_told, given=True, told=False, name="backwards")),
        ("always-backwards", "sequence.direction", [], partial(_told, given=False, told=True, name="backwards")),
        ("recurrent-weight-transposed", "layout.transposed", [], _recurrent_transposed),
        ("weight-transposed", "layout.transposed", [], _weight_transposed),
        ("bias-twice", "bias.duplicated", ["lstm-bias-counted-twice"], _bias_twice),
        ("bias-lost", "bias.missing", [], _bias_lost),
    ):
        _layer.fault(_name, code=_code, of=_of)(partial(_change, _layer))
    for _name, _code, _change in (
        ("gradient-of-the-last-state-lost", "gradient.blocked", _gradient_of_last_lost),
        ("gradient-of-the-start-lost", "gradient.blocked", _gradient_of_start_lost),
        ("gradient-through-one-step-only", "gradient.blocked", _gradient_through_one_step),
        ("gradient-from-masked-outputs", "sequence.mask", _masked_outputs_keep_gradients),
    ):
        _layer.fault(_name, code=_code, gradient=True)(partial(_change, _layer))


@simple_rnn.fault("activation-missing", code="function.variant")
def _(**call: Any) -> Any:
    def cell(time: int, state: recurrence.State) -> tuple[recurrence.State, None]:
        new = call["x"][:, time] @ call["weight"].T + state[0] @ call["recurrent_weight"].T
        return (new + call.get("bias", 0),), None

    start = recurrence.initial(call.get("h0"), call["x"], len(call["weight"]))
    words = {"backwards": call["backwards"], "masked_output": call["masked_output"]}
    walked = recurrence.walk(cell, (start,), _valid(call), **words)
    return walked.sequence, walked.final[0]


@simple_rnn.fault("relu-for-tanh", code="function.variant")
def _(**call: Any) -> Any:
    return _told(simple_rnn, "tanh", "relu", "activation", **call)


@simple_rnn.fault("tanh-for-relu", code="function.variant")
def _(**call: Any) -> Any:
    return _told(simple_rnn, "relu", "tanh", "activation", **call)


def _lstm(
    *,
    gate: Callable[[Array], Array] = sigmoid,
    forget: Callable[[Array, float], Array] = lambda sums, bias: sigmoid(sums + bias),
    show: Callable[[Array], Array] = np.tanh,
    output_sees_old: bool = False,
    coupled: bool = False,
    **call: Any,
) -> Any:
    """An LSTM with a part exchanged."""
    peepholes = [call.get(f"peephole_{name}", 0) for name in "ifo"]

    def cell(time: int, state: recurrence.State) -> tuple[recurrence.State, None]:
        hidden, old = state
        sums = np.einsum("nc,ghc->ngh", call["x"][:, time], call["weight"]) + call.get("bias", 0)
        sums = sums + np.einsum("nk,ghk->ngh", hidden, call["recurrent_weight"])
        i, f = gate(sums[:, 0] + peepholes[0] * old), forget(sums[:, 1] + peepholes[1] * old, call["forget_bias"])
        new = (1 - i if coupled else f) * old + i * np.tanh(sums[:, 2])
        o = gate(sums[:, 3] + peepholes[2] * (old if output_sees_old else new))
        return (o * show(new), new), None

    start = [recurrence.initial(call.get(name), call["x"], call["weight"].shape[1]) for name in ("h0", "c0")]
    words = {"backwards": call["backwards"], "masked_output": call["masked_output"]}
    walked = recurrence.walk(cell, tuple(start), _valid(call), **words)
    return walked.sequence, *walked.final


def _after_sigmoid(sums: Array, bias: float) -> Array:
    return sigmoid(sums) + bias


def _hard_forget(sums: Array, bias: float) -> Array:
    return hard_sigmoid(sums + bias)


lstm.fault("gates-as-i-g-f-o", code="gate.order", of=["lstm-gate-order"])(partial(_reordered, lstm, (0, 2, 1, 3)))
lstm.fault("gates-as-i-o-f-g", code="gate.order", of=["lstm-gate-order"])(partial(_reordered, lstm, (0, 3, 1, 2)))
lstm.fault("gates-as-f-i-g-o", code="gate.order")(partial(_reordered, lstm, (1, 0, 2, 3)))
lstm.fault("hard-sigmoid", code="function.variant", of=["rnn-hard-sigmoid-gates"])(
    partial(_lstm, gate=hard_sigmoid, forget=_hard_forget)
)
lstm.fault("forget-bias-after-the-sigmoid", code="gate.formula", of=["lstm-forget-bias-after-sigmoid"])(
    partial(_lstm, forget=_after_sigmoid)
)
lstm.fault("cell-shown-without-tanh", code="function.variant", of=["convlstm-missing-tanh-on-cell"])(
    partial(_lstm, show=lambda content: content)
)
lstm.fault("cell-shown-by-sigmoid", code="function.variant")(partial(_lstm, show=sigmoid))
lstm.fault("output-peephole-sees-the-old-cell", code="gate.formula")(partial(_lstm, output_sees_old=True))
lstm.fault("forget-gate-coupled", code="gate.formula")(partial(_lstm, coupled=True))


@lstm.fault("forget-bias-not-added", code="constant.value", of=["lstm-forget-bias-not-folded"])
def _(**call: Any) -> Any:
    return lstm.reference(**call | {"forget_bias": 0.0})


@lstm.fault("forget-bias-always-1", code="constant.value")
def _(**call: Any) -> Any:
    return lstm.reference(**call | {"forget_bias": 1.0})


@lstm.fault("forget-bias-on-the-input-gate", code="gate.order")
def _(**call: Any) -> Any:
    bias = np.array(call.get("bias", np.zeros_like(call["weight"][:, :, 0])))
    bias[0] += call["forget_bias"]
    return lstm.reference(**call | {"forget_bias": 0.0, "bias": bias})


@lstm.fault("peepholes-dropped", code="gate.formula", of=["lstm-peepholes-dropped"])
def _(**call: Any) -> Any:
    return lstm.reference(**{name: value for name, value in call.items() if not name.startswith("peephole")})


@lstm.fault("peepholes-exchanged", code="parameter.swapped")
def _(**call: Any) -> Any:
    if "peephole_i" not in call:
        return lstm.reference(**call)
    return lstm.reference(**call | {"peephole_i": call["peephole_f"], "peephole_f": call["peephole_i"]})


@lstm.fault("state-and-cell-exchanged-at-the-start", code="parameter.swapped")
def _(h0: Array | None = None, c0: Array | None = None, **call: Any) -> Any:
    return lstm.reference(h0=c0, c0=h0, **call)


@lstm.fault("cell-returned-first", code="sequence.state")
def _(**call: Any) -> Any:
    found = lstm.reference(**call)
    return {**found, "last": found["cell"], "cell": found["last"]}


def _gru(*, gate: Callable[[Array], Array], reset_after: bool = True, **call: Any) -> Any:
    """A GRU with other gates."""
    weight, biases = (
        call["recurrent_weight"],
        [call.get(name, np.zeros_like(call["weight"][:, :, 0])) for name in _WEIGHTS[2:]],
    )

    def cell(time: int, state: recurrence.State) -> tuple[recurrence.State, None]:
        given = np.einsum("nc,ghc->ngh", call["x"][:, time], call["weight"]) + biases[0]
        own = np.einsum("nk,ghk->ngh", state[0], weight) + biases[1]
        r, z = gate(given[:, 0] + own[:, 0]), gate(given[:, 1] + own[:, 1])
        memory = r * own[:, 2] if reset_after else (r * state[0]) @ weight[2].T + biases[1][2]
        return ((1 - z) * np.tanh(given[:, 2] + memory) + z * state[0],), None

    start = recurrence.initial(call.get("h0"), call["x"], weight.shape[1])
    words = {"backwards": call["backwards"], "masked_output": call["masked_output"]}
    walked = recurrence.walk(cell, (start,), _valid(call), **words)
    return walked.sequence, walked.final[0]


def _update_negated(operation: Operation, **call: Any) -> Any:
    def negated(weight: Array) -> Array:
        return np.stack([weight[0], -weight[1], weight[2]])

    return operation.reference(**_on_gates(call, negated))


def _recurrent_bias_in_the_other(operation: Operation, **call: Any) -> Any:
    if "recurrent_bias" not in call or "bias" not in call:
        return operation.reference(**call)
    none = np.zeros_like(call["bias"])
    return operation.reference(**call | {"bias": call["bias"] + call["recurrent_bias"], "recurrent_bias": none})


for _one in (gru, bidirectional_gru):
    _one.fault("gates-as-z-r-n", code="gate.order", of=["gru-gate-order"])(partial(_reordered, _one, (1, 0, 2)))
    _one.fault("update-gate-lets-in", code="gate.polarity", of=["gru-update-gate-polarity"])(
        partial(_update_negated, _one)
    )
    _one.fault("recurrent-bias-added-to-the-other", code="bias.placement")(partial(_recurrent_bias_in_the_other, _one))

gru.fault("hard-sigmoid", code="function.variant", of=["rnn-hard-sigmoid-gates"])(partial(_gru, gate=hard_sigmoid))


@gru.fault("reset-before-for-after", code="gate.formula", of=["gru-reset-after"])
def _(**call: Any) -> Any:
    return _told(gru, True, False, "reset_after", **call)  # noqa: FBT003


@gru.fault("reset-after-for-before", code="gate.formula", of=["gru-reset-after"])
def _(**call: Any) -> Any:
    return _told(gru, False, True, "reset_after", **call)  # noqa: FBT003


@gru.fault("recurrent-bias-lost", code="bias.missing")
def _(**call: Any) -> Any:
    return gru.reference(**{name: value for name, value in call.items() if name != "recurrent_bias"})


def _halves(sequence: Array, units: int) -> tuple[Array, Array]:
    return sequence[:, :, :units], sequence[:, :, units:]


@bidirectional_gru.fault(
    "last-output-for-last-states", code="sequence.state", of=["birnn-last-step-instead-of-final-states"]
)
def _(**call: Any) -> Any:
    found = bidirectional_gru.reference(**call | {"merge": "concat"})
    last, back = _halves(found["sequence"], call["weight"].shape[1])
    sequence = bidirectional_gru.reference(**call)["sequence"]
    return {"sequence": sequence, "last": np.array(last[:, -1]), "backward_last": np.array(back[:, -1])}


@bidirectional_gru.fault("way-back-as-walked", code="sequence.direction", of=["birnn-backward-not-reversed"])
def _(**call: Any) -> Any:
    found = bidirectional_gru.reference(**call | {"merge": "concat"})
    there, here = _halves(found["sequence"], call["weight"].shape[1])
    both = [there, here[:, ::-1]]
    return {**found, "sequence": both[0] + both[1] if call["merge"] == "sum" else np.concatenate(both, axis=2)}


@bidirectional_gru.fault("way-back-begins-in-the-padding", code="sequence.mask", of=["rnn-mask-not-carried"])
def _(**call: Any) -> Any:
    valid = _valid(call)[:, :, None]
    whole = bidirectional_gru.reference(**_unmasked(call) | {"merge": "concat"})
    right = bidirectional_gru.reference(**call | {"merge": "concat"})
    units = call["weight"].shape[1]
    there, here = _halves(right["sequence"], units)[0], _halves(np.where(valid, whole["sequence"], 0), units)[1]
    sequence = there + here if call["merge"] == "sum" else np.concatenate([there, here], axis=2)
    return {"sequence": sequence, "last": right["last"], "backward_last": whole["backward_last"]}


@bidirectional_gru.fault("ways-exchanged", code="layout.channel-order")
def _(**call: Any) -> Any:
    found = bidirectional_gru.reference(**call)
    if call["merge"] == "sum":
        return found
    return {**found, "sequence": np.concatenate(_halves(found["sequence"], call["weight"].shape[1])[::-1], axis=2)}


@bidirectional_gru.fault("sum-averaged", code="scale.factor")
def _(**call: Any) -> Any:
    found = bidirectional_gru.reference(**call)
    return {**found, "sequence": found["sequence"] * 0.5} if call["merge"] == "sum" else found


@bidirectional_gru.fault("one-weight-for-both-ways", code="parameter.swapped")
def _(**call: Any) -> Any:
    return bidirectional_gru.reference(**call | {f"backward_{name}": call[name] for name in _WEIGHTS})


@bidirectional_gru.fault("states-at-the-start-exchanged", code="sequence.state")
def _(h0: Array | None = None, backward_h0: Array | None = None, **call: Any) -> Any:
    return bidirectional_gru.reference(h0=backward_h0, backward_h0=h0, **call)


@bidirectional_gru.fault("bias-twice", code="bias.duplicated", of=["lstm-bias-counted-twice"])
def _(**call: Any) -> Any:
    return bidirectional_gru.reference(**call | {"recurrent_bias": call["bias"]})


@bidirectional_gru.fault("time-and-examples-exchanged", code="sequence.axis", of=["rnn-time-batch-axes"])
def _(**call: Any) -> Any:
    return _time_major(bidirectional_gru, **call)


@bidirectional_gru.fault("gradient-of-the-way-back-lost", code="gradient.blocked", gradient=True)
def _(cotangent: dict[str, Array], **call: Any) -> Any:
    found = bidirectional_gru.product(cotangent, **call)  # type: ignore[misc]
    return {name: np.zeros_like(value) if name.startswith("backward") else value for name, value in found.items()}


def _conv_lstm(
    cell: Array,
    *,
    gate: Callable[[Array], Array] = sigmoid,
    forget: Callable[[Array, float], Array] = lambda sums, bias: sigmoid(sums + bias),
    show: Callable[[Array], Array] = np.tanh,
    **call: Any,
) -> Any:
    """A cell with a part exchanged."""
    given = convolved(call["x"], call["hidden"], call["weight"], call["recurrent_weight"], call.get("bias"))
    i, f, g, o = (given[:, k] for k in range(4))
    new = forget(f, call["forget_bias"]) * cell + gate(i) * np.tanh(g)
    return gate(o) * show(new), new


conv_lstm_cell.fault("gates-as-i-g-f-o", code="gate.order", of=["lstm-gate-order"])(
    partial(_reordered, conv_lstm_cell, (0, 2, 1, 3))
)
conv_lstm_cell.fault("cell-shown-without-tanh", code="function.variant", of=["convlstm-missing-tanh-on-cell"])(
    partial(_conv_lstm, show=lambda content: content)
)
conv_lstm_cell.fault("hard-sigmoid", code="function.variant", of=["rnn-hard-sigmoid-gates"])(
    partial(_conv_lstm, gate=hard_sigmoid, forget=_hard_forget)
)
conv_lstm_cell.fault("forget-bias-after-the-sigmoid", code="gate.formula", of=["lstm-forget-bias-after-sigmoid"])(
    partial(_conv_lstm, forget=_after_sigmoid)
)
conv_lstm_cell.fault("bias-twice", code="bias.duplicated", of=["lstm-bias-counted-twice"])(
    partial(_bias_twice, conv_lstm_cell)
)


@conv_lstm_cell.fault("forget-bias-not-added", code="constant.value", of=["lstm-forget-bias-not-folded"])
def _(**call: Any) -> Any:
    return conv_lstm_cell.reference(**call | {"forget_bias": 0.0})


@conv_lstm_cell.fault("kernels-flipped", code="kernel.flipped")
def _(weight: Array, recurrent_weight: Array, **call: Any) -> Any:
    flipped = weight[..., ::-1, ::-1], recurrent_weight[..., ::-1, ::-1]
    return conv_lstm_cell.reference(weight=flipped[0], recurrent_weight=flipped[1], **call)


@conv_lstm_cell.fault("odd-pixel-above-and-on-the-left", code="padding.side")
def _(**call: Any) -> Any:
    turned = {name: value[..., ::-1, ::-1] for name, value in call.items() if getattr(value, "ndim", 0) >= 4}  # noqa: PLR2004
    found = conv_lstm_cell.reference(**call | turned)
    return {name: value[..., ::-1, ::-1] for name, value in found.items()}


@conv_lstm_cell.fault("state-not-convolved", code="gate.formula")
def _(recurrent_weight: Array, **call: Any) -> Any:
    p, q = recurrent_weight.shape[3:]
    middle = np.zeros_like(recurrent_weight)
    middle[..., (p - 1) // 2, (q - 1) // 2] = recurrent_weight.sum(axis=(3, 4))
    return conv_lstm_cell.reference(recurrent_weight=middle, **call)


@conv_lstm_cell.fault("recurrent-maps-exchanged", code="layout.transposed")
def _(recurrent_weight: Array, **call: Any) -> Any:
    return conv_lstm_cell.reference(recurrent_weight=recurrent_weight.swapaxes(1, 2), **call)


@conv_lstm_cell.fault("gates-within-maps", code="layout.channel-order")
def _(**call: Any) -> Any:
    def interleaved(weight: Array) -> Array:
        return weight.reshape(weight.shape[1], weight.shape[0], *weight.shape[2:]).swapaxes(0, 1)

    return conv_lstm_cell.reference(**_on_gates(call, interleaved))


@conv_lstm_cell.fault("state-and-cell-exchanged", code="parameter.swapped")
def _(hidden: Array, cell: Array, **call: Any) -> Any:
    return conv_lstm_cell.reference(hidden=cell, cell=hidden, **call)


@conv_lstm_cell.fault("gradient-of-the-cell-blocked", code="gradient.blocked", gradient=True)
def _(cotangent: dict[str, Array], **call: Any) -> Any:
    found = conv_lstm_cell.product(cotangent, **call)  # type: ignore[misc]
    return {**found, "cell": np.zeros_like(found["cell"])}


@conv_lstm_cell.fault("gradient-of-the-new-cell-lost", code="gradient.blocked", gradient=True)
def _(cotangent: dict[str, Array], **call: Any) -> Any:
    none = np.zeros_like(cotangent["new_cell"])
    return conv_lstm_cell.product({**cotangent, "new_cell": none}, **call)  # type: ignore[misc]
