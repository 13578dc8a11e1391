"""Keras's optimizers, each on a variable of its own."""

from __future__ import annotations

from typing import Any

from equivalence.binding import binding
from equivalence.lazy import Lazy

keras, optimizers = Lazy("keras"), Lazy("keras.optimizers")

_DOCS = "https://keras.io/api/optimizers/{}/"


def _walk(optimizer: str, w: Any, g: Any, rate: Any, *, coupled: float = 0.0, **settings: Any) -> tuple[Any, list[Any]]:
    """The variable after a step along each gradient, and the optimizer's own variables by their order."""
    variable = keras.Variable(w, dtype=w.dtype.name)
    passed: list[Any] = []
    # A rate that is a number would be kept in float32.
    made = getattr(optimizers, optimizer)(learning_rate=lambda: rate[len(passed)], **settings)
    for k in range(g.shape[0]):
        gradient = g[k] + coupled * variable.value if coupled else g[k]
        made.apply([gradient], [variable])
        passed.append(k)
    return variable.value, [
        one.value for one in made.variables if one.shape == variable.shape and one.path != "iteration"
    ]


def _sgd(w: Any, g: Any, rate: Any, *, momentum: float, nesterov: bool, weight_decay: float) -> dict[str, Any]:
    new, state = _walk("SGD", w, g, rate, coupled=weight_decay, momentum=momentum, nesterov=nesterov)
    # Its velocity is what is added.
    return {"new_w": new, "velocity": -state[0] if momentum else w * 0}


_DECAY = "decoupled: w times the rate is subtracted before the step; coupled as a regularizer, whose gradient is 2 l w"

sgd = binding(
    _sgd,
    docs=_DOCS.format("sgd"),
    rename={"rate_inside": None},
    only={"rate_inside": [True]},
    dtypes=("float32",),
    conventions={
        "precision": "the momentum is rounded to float32 with float64 too",
        "default learning rate": "1e-2",
        "default momentum": "0",
        "learning rate": "inside the velocity",
        "velocity": "what is added",
        "first step": "as any other",
        "dampening": "none",
        "weight_decay": _DECAY,
    },
)


def _adam(
    w: Any, g: Any, rate: Any, *, betas: tuple[float, float], epsilon: float, weight_decay: float
) -> dict[str, Any]:
    new, (mean, square) = _walk(
        "Adam", w, g, rate, coupled=weight_decay, beta_1=betas[0], beta_2=betas[1], epsilon=epsilon
    )
    return {"new_w": new, "mean": mean, "square": square}


_ADAM = {
    "precision": "betas and weight decay are rounded to float32 with float64 too",
    "default learning rate": "1e-3",
    "default betas": "0.9, 0.999",
    "default epsilon": "1e-7",
    "epsilon is added to": "the root without correction",
}
_UNCORRECTED: dict[str, Any] = {"rename": {"epsilon_in": None}, "only": {"epsilon_in": ["uncorrected"]}}

adam = binding(
    _adam, docs=_DOCS.format("adam"), conventions={**_ADAM, "weight_decay": _DECAY, "as": "Adam"}, **_UNCORRECTED
)


def _adamw(w: Any, g: Any, rate: Any, *, betas: tuple[float, float], **settings: Any) -> dict[str, Any]:
    new, (mean, square) = _walk("AdamW", w, g, rate, beta_1=betas[0], beta_2=betas[1], **settings)
    return {"new_w": new, "mean": mean, "square": square}


adamw = binding(
    _adamw,
    docs=_DOCS.format("adamw"),
    conventions={
        **_ADAM,
        "default weight decay": "4e-3",
        "as": "AdamW",
        "weight_decay": "times the learning rate, before the step",
    },
    **_UNCORRECTED,
)


def _rmsprop(
    w: Any, g: Any, rate: Any, *, decay: float, epsilon: float, momentum: float, centered: bool
) -> dict[str, Any]:
    new, state = _walk("RMSprop", w, g, rate, rho=decay, epsilon=epsilon, momentum=momentum, centered=centered)
    square, *others = state
    velocity = others.pop(0) if momentum else w * 0
    return {"new_w": new, "square": square, "mean": others[0] if centered else w * 0, "velocity": velocity}


rmsprop = binding(
    _rmsprop,
    docs=_DOCS.format("rmsprop"),
    rename={"epsilon_in": None, "rate_inside": None, "initial": None},
    only={"epsilon_in": ["inside"], "rate_inside": [True], "initial": [0.0]},
    conventions={
        "default learning rate": "1e-3",
        "default decay": "0.9 (rho)",
        "default epsilon": "1e-7",
        "epsilon is added to": "the mean square, inside the root",
        "mean square at the start": "0",
        "learning rate": "inside the velocity",
        "centered": "centered=True",
        "as": "RMSprop",
        "weight_decay": _DECAY,
    },
)


def _adagrad(w: Any, g: Any, rate: Any, *, epsilon: float, initial: float, weight_decay: float) -> dict[str, Any]:
    new, (total,) = _walk(
        "Adagrad", w, g, rate, coupled=weight_decay, epsilon=epsilon, initial_accumulator_value=initial
    )
    return {"new_w": new, "total": total}


adagrad = binding(
    _adagrad,
    docs=_DOCS.format("adagrad"),
    rename={"epsilon_in": None},
    only={"epsilon_in": ["inside"]},
    dtypes=("float32",),
    conventions={
        "precision": "the accumulator's start is rounded to float32 with float64 too",
        "default learning rate": "1e-3",
        "default epsilon": "1e-7",
        "epsilon is added to": "the total, inside the root",
        "default accumulator at the start": "0.1",
        "learning rate decay": "none: a schedule",
        "as": "Adagrad",
        "weight_decay": _DECAY,
    },
)


def _adadelta(w: Any, g: Any, rate: Any, *, decay: float, epsilon: float, weight_decay: float) -> dict[str, Any]:
    new, (square, moved) = _walk("Adadelta", w, g, rate, coupled=weight_decay, rho=decay, epsilon=epsilon)
    return {"new_w": new, "square": square, "moved": moved}


adadelta = binding(
    _adadelta,
    docs=_DOCS.format("adadelta"),
    conventions={
        "default learning rate": "1e-3",
        "default decay": "0.95 (rho)",
        "default epsilon": "1e-7",
        "epsilon is added to": "both means, inside the roots",
        "remembered step": "without the learning rate",
        "weight_decay": _DECAY,
    },
)
