"""Faults of optimizers."""

from __future__ import annotations

from typing import Any

import numpy as np

from equivalence.inputs import Array
from equivalence_reference.faults._changes import Call
from equivalence_reference.optimizer import adadelta, adagrad, adam, adamw, rmsprop, sgd


def _with(operation: Any, call: Call, **changes: Any) -> Any:
    return operation.reference(**call | changes)


def _first_rate(call: Call) -> Array:
    return np.broadcast_to(call["rate"][:1], call["rate"].shape)


@sgd.fault("rate-outside", code="momentum.convention", of=["sgd-momentum-lr-inside"])
def _(**call: Any) -> Any:
    return _with(sgd, call, rate_inside=False)


@sgd.fault("rate-inside", code="momentum.convention", of=["sgd-momentum-lr-inside"])
def _(**call: Any) -> Any:
    return _with(sgd, call, rate_inside=True)


@sgd.fault("decay-doubled", code="scale.factor", of=["l2-factor-two"])
def _(**call: Any) -> Any:
    return _with(sgd, call, weight_decay=2 * call["weight_decay"])


@sgd.fault("decay-ignored", code="constant.value")
def _(**call: Any) -> Any:
    return _with(sgd, call, weight_decay=0.0)


@sgd.fault("decay-beside-the-velocity", code="momentum.convention")
def _(**call: Any) -> Any:
    return _decoupled(sgd, call)


def _decoupled(operation: Any, call: Call) -> Any:
    """Step by step, each from the decayed parameter, with what is remembered left to the gradients so far."""
    w, decay = call["w"], call["weight_decay"]
    for k in range(len(call["rate"])):
        so_far: Call = {"g": call["g"][: k + 1], "rate": call["rate"][: k + 1], "weight_decay": 0.0, "w": w * 0}
        before: Call = {**so_far, "g": call["g"][:k], "rate": call["rate"][:k]}
        moved = _with(operation, call, **so_far)
        step = moved["new_w"] - _with(operation, call, **before)["new_w"]
        w = w - call["rate"][k] * decay * w + step
    return {**moved, "new_w": w}


@sgd.fault("dampened", code="momentum.convention")
def _(**call: Any) -> Any:
    return _with(sgd, call, g=(1 - call["momentum"]) * call["g"])


@sgd.fault("momentum-as-its-complement", code="momentum.convention")
def _(**call: Any) -> Any:
    return _with(sgd, call, momentum=call["momentum"] and 1 - call["momentum"])


@sgd.fault("nesterov-ignored", code="function.variant")
def _(**call: Any) -> Any:
    return _with(sgd, call, nesterov=False)


@sgd.fault("always-nesterov", code="function.variant")
def _(**call: Any) -> Any:
    return _with(sgd, call, nesterov=True)


@sgd.fault("rate-of-the-first-step", code="constant.value")
def _(**call: Any) -> Any:
    return _with(sgd, call, rate=_first_rate(call))


@sgd.fault("velocity-forgotten", code="effect.state")
def _(**call: Any) -> Any:
    return _with(sgd, call, momentum=0.0)


@sgd.fault("uphill", code="scale.factor")
def _(**call: Any) -> Any:
    moved = _with(sgd, call)
    return {**moved, "new_w": 2 * call["w"] - moved["new_w"]}


def _corrected_twice(operation: Any, call: Call) -> Any:
    return _with(operation, call, epsilon_in="corrected" if call["epsilon_in"] == "uncorrected" else "uncorrected")


@adam.fault("epsilon-beside-the-other-root", code="epsilon.placement")
def _(**call: Any) -> Any:
    return _corrected_twice(adam, call)


@adamw.fault("epsilon-beside-the-other-root", code="epsilon.placement")
def _(**call: Any) -> Any:
    return _corrected_twice(adamw, call)


def _by_hand(call: Call, *, inside: bool = False, correct: tuple[bool, bool] = (True, True)) -> Any:
    """Adam again, with changes of its formula."""
    w, (beta1, beta2) = call["w"], call["betas"]
    mean, square = np.zeros_like(w), np.zeros_like(w)
    for k, (gradient, eta) in enumerate(zip(call["g"], call["rate"], strict=True), start=1):
        step = gradient + call["weight_decay"] * w
        mean, square = beta1 * mean + (1 - beta1) * step, beta2 * square + (1 - beta2) * step * step
        first = 1 - beta1**k if correct[0] else 1.0
        second = 1 - beta2**k if correct[1] else 1.0
        under = square / second
        root = np.sqrt(under + call["epsilon"]) if inside else np.sqrt(under) + call["epsilon"]
        w = w - eta * (mean / first) / root
    return {"new_w": w, "mean": mean, "square": square}


@adam.fault("epsilon-inside-the-root", code="epsilon.placement")
def _(**call: Any) -> Any:
    return _by_hand(call, inside=True)


@adam.fault("start-not-corrected", code="variance.correction")
def _(**call: Any) -> Any:
    return _by_hand(call, correct=(False, False))


@adam.fault("start-of-the-mean-only-corrected", code="variance.correction")
def _(**call: Any) -> Any:
    return _by_hand(call, correct=(True, False))


@adam.fault("betas-swapped", code="parameter.swapped")
def _(**call: Any) -> Any:
    return _with(adam, call, betas=call["betas"][::-1])


@adam.fault("epsilon-1e-7", code="epsilon.value")
def _(**call: Any) -> Any:
    return _with(adam, call, epsilon=1e-7)


@adam.fault("decay-decoupled", code="momentum.convention")
def _(**call: Any) -> Any:
    return adamw.reference(**call)


@adam.fault("decay-doubled", code="scale.factor", of=["l2-factor-two"])
def _(**call: Any) -> Any:
    return _with(adam, call, weight_decay=2 * call["weight_decay"])


@adam.fault("rate-of-the-first-step", code="constant.value")
def _(**call: Any) -> Any:
    return _with(adam, call, rate=_first_rate(call))


@adamw.fault("decay-not-times-the-rate", code="scale.factor", of=["decoupled-decay-times-lr"])
def _(**call: Any) -> Any:
    w = call["w"]
    for k in range(len(call["rate"])):
        # The steps depend on the gradients alone.
        still: Call = {"w": w * 0, "weight_decay": 0.0}
        moved = _with(adamw, call, **still, g=call["g"][: k + 1], rate=call["rate"][: k + 1])
        earlier = _with(adamw, call, **still, g=call["g"][:k], rate=call["rate"][:k])
        w = w - call["weight_decay"] * w + moved["new_w"] - earlier["new_w"]
    return {**moved, "new_w": w}


@adamw.fault("decay-coupled", code="momentum.convention")
def _(**call: Any) -> Any:
    return adam.reference(**call)


@adamw.fault("decay-ignored", code="constant.value")
def _(**call: Any) -> Any:
    return _with(adamw, call, weight_decay=0.0)


@adamw.fault("decay-halved", code="scale.factor", of=["l2-factor-two"])
def _(**call: Any) -> Any:
    return _with(adamw, call, weight_decay=call["weight_decay"] / 2)


@adamw.fault("betas-swapped", code="parameter.swapped")
def _(**call: Any) -> Any:
    return _with(adamw, call, betas=call["betas"][::-1])


@rmsprop.fault("epsilon-outside", code="epsilon.placement", of=["rmsprop-eps-inside-sqrt"])
def _(**call: Any) -> Any:
    return _with(rmsprop, call, epsilon_in="outside")


@rmsprop.fault("epsilon-inside", code="epsilon.placement", of=["rmsprop-eps-inside-sqrt"])
def _(**call: Any) -> Any:
    return _with(rmsprop, call, epsilon_in="inside")


@rmsprop.fault("mean-square-starts-at-0", code="constant.value", of=["rmsprop-accumulator-init"])
def _(**call: Any) -> Any:
    return _with(rmsprop, call, initial=0.0)


@rmsprop.fault("mean-square-starts-at-1", code="constant.value", of=["rmsprop-accumulator-init"])
def _(**call: Any) -> Any:
    return _with(rmsprop, call, initial=1.0)


@rmsprop.fault("rate-outside", code="momentum.convention")
def _(**call: Any) -> Any:
    return _with(rmsprop, call, rate_inside=False)


@rmsprop.fault("rate-inside", code="momentum.convention")
def _(**call: Any) -> Any:
    return _with(rmsprop, call, rate_inside=True)


@rmsprop.fault("not-centered", code="function.variant")
def _(**call: Any) -> Any:
    return _with(rmsprop, call, centered=False)


@rmsprop.fault("decay-as-its-complement", code="momentum.convention")
def _(**call: Any) -> Any:
    return _with(rmsprop, call, decay=1 - call["decay"])


@rmsprop.fault("decay-0.99", code="constant.value")
def _(**call: Any) -> Any:
    return _with(rmsprop, call, decay=0.99)


@rmsprop.fault("momentum-ignored", code="effect.state")
def _(**call: Any) -> Any:
    return _with(rmsprop, call, momentum=0.0)


@adagrad.fault("starts-at-0", code="constant.value", of=["adagrad-initial-accumulator"])
def _(**call: Any) -> Any:
    return _with(adagrad, call, initial=0.0)


@adagrad.fault("starts-at-0.1", code="constant.value", of=["adagrad-initial-accumulator"])
def _(**call: Any) -> Any:
    return _with(adagrad, call, initial=0.1)


@adagrad.fault("epsilon-outside", code="epsilon.placement")
def _(**call: Any) -> Any:
    return _with(adagrad, call, epsilon_in="outside")


@adagrad.fault("epsilon-inside", code="epsilon.placement")
def _(**call: Any) -> Any:
    return _with(adagrad, call, epsilon_in="inside")


@adagrad.fault("decay-doubled", code="scale.factor", of=["l2-factor-two"])
def _(**call: Any) -> Any:
    return _with(adagrad, call, weight_decay=2 * call["weight_decay"])


@adagrad.fault("divided-by-the-root-of-before", code="effect.state")
def _(**call: Any) -> Any:
    w = call["w"]
    total = np.full_like(w, call["initial"])
    for gradient, eta in zip(call["g"], call["rate"], strict=True):
        step = gradient + call["weight_decay"] * w
        w = w - eta * step / (np.sqrt(total) + call["epsilon"])
        total = total + step * step
    return {"new_w": w, "total": total}


@adagrad.fault("rate-of-the-first-step", code="constant.value")
def _(**call: Any) -> Any:
    return _with(adagrad, call, rate=_first_rate(call))


@adadelta.fault("rate-1", code="scale.factor")
def _(**call: Any) -> Any:
    return _with(adadelta, call, rate=np.ones_like(call["rate"]))


@adadelta.fault("decay-0.95", code="constant.value")
def _(**call: Any) -> Any:
    return _with(adadelta, call, decay=0.95)


@adadelta.fault("epsilon-1e-7", code="epsilon.value")
def _(**call: Any) -> Any:
    return _with(adadelta, call, epsilon=1e-7)


@adadelta.fault("decay-as-its-complement", code="momentum.convention")
def _(**call: Any) -> Any:
    return _with(adadelta, call, decay=1 - call["decay"])


@adadelta.fault("decay-doubled", code="scale.factor", of=["l2-factor-two"])
def _(**call: Any) -> Any:
    return _with(adadelta, call, weight_decay=2 * call["weight_decay"])


def _changed_adadelta(call: Call, *, rate_remembered: bool = False, outside: bool = False) -> Any:
    w, epsilon, decay = call["w"], call["epsilon"], call["decay"]
    square, moved = np.zeros_like(w), np.zeros_like(w)
    for gradient, eta in zip(call["g"], call["rate"], strict=True):
        whole = gradient + call["weight_decay"] * w
        square = decay * square + (1 - decay) * whole * whole
        roots = [np.sqrt(one) + epsilon if outside else np.sqrt(one + epsilon) for one in (moved, square)]
        step = roots[0] / roots[1] * whole
        remembered = eta * step if rate_remembered else step
        moved = decay * moved + (1 - decay) * remembered * remembered
        w = w - eta * step
    return {"new_w": w, "square": square, "moved": moved}


@adadelta.fault("remembers-the-rate", code="momentum.convention")
def _(**call: Any) -> Any:
    return _changed_adadelta(call, rate_remembered=True)


@adadelta.fault("epsilon-outside", code="epsilon.placement")
def _(**call: Any) -> Any:
    return _changed_adadelta(call, outside=True)
