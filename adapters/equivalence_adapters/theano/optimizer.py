"""Lasagne's updates, as expressions of the parameter after the steps."""

from __future__ import annotations

from typing import Any

from equivalence.binding import binding
from equivalence.lazy import Lazy
from equivalence_adapters import optimizer as composed

tensor = Lazy("theano.tensor")

_DOCS = "https://lasagne.readthedocs.io/en/latest/modules/updates.html#lasagne.updates.{}"
_STEPS: dict[str, Any] = {"steps": composed.steps}


def _sgd(
    w: Any,
    g: Any,
    rate: Any,
    *,
    steps: int,
    momentum: float,
    nesterov: bool,
    rate_inside: bool,
    weight_decay: float,
) -> dict[str, Any]:
    velocity = tensor.zeros_like(w)
    for k in range(steps):
        # Its velocity is what is added, with the rate in it; the other one is scaled where it is used.
        inside, outside = (rate[k], 1) if rate_inside else (1, rate[k])
        step = -inside * composed.decayed(g[k], w, weight_decay)
        velocity = momentum * velocity + step if momentum else velocity
        ahead = momentum * velocity + step if nesterov else velocity if momentum else step
        w = w + outside * ahead
    return {"new_w": w, "velocity": -velocity}


sgd = binding(
    _sgd,
    docs=_DOCS.format("apply_momentum"),
    recode=_STEPS,
    conventions={
        "default learning rate": "none: it has to be given",
        "default momentum": "0.9, in updates of their own",
        "precision": "in the dtype asked for",
        "learning rate": "inside the velocity",
        "velocity": "what is added",
        "first step": "as any other",
        "dampening": "none",
        "weight_decay": "none: a penalty l2, whose gradient is 2 l w",
    },
)


def _adam(*arrays: Any, **settings: Any) -> dict[str, Any]:
    return composed.adam(tensor.sqrt, *arrays, **settings)


_ADAM = {
    "precision": "in the dtype asked for",
    "as": "composed",
    "default learning rate": "1e-3",
    "default betas": "0.9, 0.999",
    "default epsilon": "1e-8",
    "epsilon is added to": "the root without correction",
}

adam = binding(
    _adam,
    docs=_DOCS.format("adam"),
    recode=_STEPS,
    conventions={**_ADAM, "weight_decay": "none: a penalty l2, whose gradient is 2 l w"},
)
adamw = binding(
    _adam,
    docs=_DOCS.format("adam"),
    rename={"weight_decay": "decoupled"},
    recode=_STEPS,
    conventions={**_ADAM, "default weight decay": "none: composed", "weight_decay": "none: composed"},
)


def _rmsprop(*arrays: Any, **settings: Any) -> dict[str, Any]:
    return composed.rmsprop(tensor.sqrt, *arrays, **settings)


rmsprop = binding(
    _rmsprop,
    docs=_DOCS.format("rmsprop"),
    recode=_STEPS,
    conventions={
        "default learning rate": "1",
        "default decay": "0.9 (rho)",
        "default epsilon": "1e-6",
        "epsilon is added to": "the mean square, inside the root",
        "mean square at the start": "0",
        "learning rate": "inside the velocity of apply_momentum",
        "centered": "no",
        "as": "composed",
        "weight_decay": "none: a penalty l2, whose gradient is 2 l w",
    },
)


def _adagrad(*arrays: Any, **settings: Any) -> dict[str, Any]:
    return composed.adagrad(tensor.sqrt, *arrays, **settings)


adagrad = binding(
    _adagrad,
    docs=_DOCS.format("adagrad"),
    recode=_STEPS,
    conventions={
        "default learning rate": "1",
        "default epsilon": "1e-6",
        "epsilon is added to": "the total, inside the root",
        "default accumulator at the start": "0",
        "learning rate decay": "none",
        "precision": "in the dtype asked for",
        "as": "composed",
        "weight_decay": "none: a penalty l2, whose gradient is 2 l w",
    },
)


def _adadelta(
    w: Any, g: Any, rate: Any, *, steps: int, decay: float, epsilon: float, weight_decay: float
) -> dict[str, Any]:
    square, moved = tensor.zeros_like(w), tensor.zeros_like(w)
    for k in range(steps):
        gradient = composed.decayed(g[k], w, weight_decay)
        square = decay * square + (1 - decay) * gradient**2
        step = gradient * tensor.sqrt(moved + epsilon) / tensor.sqrt(square + epsilon)
        w = w - rate[k] * step
        moved = decay * moved + (1 - decay) * step**2
    return {"new_w": w, "square": square, "moved": moved}


adadelta = binding(
    _adadelta,
    docs=_DOCS.format("adadelta"),
    recode=_STEPS,
    conventions={
        "default learning rate": "1",
        "default decay": "0.95 (rho)",
        "default epsilon": "1e-6",
        "epsilon is added to": "both means, inside the roots",
        "remembered step": "without the learning rate",
        "weight_decay": "none: a penalty l2, whose gradient is 2 l w",
    },
)
