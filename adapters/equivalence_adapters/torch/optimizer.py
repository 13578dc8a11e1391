"""PyTorch's optimizers, each on a parameter of its own."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

from equivalence.binding import binding
from equivalence.lazy import Lazy
from equivalence_adapters import optimizer as composed

torch, optim = Lazy("torch"), Lazy("torch.optim")

_DOCS = "https://docs.pytorch.org/docs/stable/generated/torch.optim.{}.html"
_STEPS: dict[str, Any] = {"steps": composed.steps}


def _walk(
    optimizer: Callable[..., Any],
    w: Any,
    g: Any,
    rate: Any,
    *,
    start: Callable[[Any], dict[str, Any]] | None = None,
    before: Callable[[dict[str, Any], int], None] | None = None,
    **settings: Any,
) -> tuple[Any, dict[str, Any]]:
    """A parameter and what is remembered beside it, after a step along each gradient.

    Args:
        optimizer: its class.
        w: the parameter.
        g: the gradients.
        rate: the learning rates.
        start: what is remembered at the start, where that is not its own.
        before: changes the settings before a step.
        settings: of the optimizer.
    """
    parameter = torch.nn.Parameter(w.clone())
    made = optimizer([parameter], lr=1.0, **settings)
    if start is not None:
        made.state[parameter] = start(parameter.detach())
    for k, gradient in enumerate(g):
        made.param_groups[0]["lr"] = float(rate[k])
        if before is not None:
            before(made.param_groups[0], k)
        parameter.grad = gradient.clone()
        made.step()
    return parameter.detach(), made.state[parameter]


def _sgd(w: Any, g: Any, rate: Any, *, rate_inside: bool, weight_decay: float, **settings: Any) -> dict[str, Any]:
    if rate_inside:
        # Steps of 1 along gradients that have their rates in them; then the decay needs them as well.
        scaled = g * rate.reshape(-1, *(1 for _ in w.shape))
        new, state = _walk(optim.SGD, w, scaled, torch.ones_like(rate), before=_rates(rate, weight_decay), **settings)
    else:
        new, state = _walk(optim.SGD, w, g, rate, weight_decay=weight_decay, **settings)
    velocity = state.get("momentum_buffer")
    return {"new_w": new, "velocity": torch.zeros_like(w) if velocity is None else velocity}


def _rates(rate: Any, weight_decay: float) -> Callable[[dict[str, Any], int], None]:
    def change(group: dict[str, Any], k: int) -> None:
        group["weight_decay"] = weight_decay * float(rate[k])

    return change


sgd = binding(
    _sgd,
    docs=_DOCS.format("SGD"),
    conventions={
        "default learning rate": "1e-3",
        "default momentum": "0",
        "precision": "in the dtype asked for",
        "learning rate": "outside of the velocity",
        "velocity": "momentum_buffer, a sum of gradients: it is subtracted",
        "first step": "the gradient alone, without dampening",
        "dampening": "0; the gradient's part is 1 - dampening",
        "weight_decay": "coupled: added to the gradient; half of Keras's l2",
    },
)


def _adam(
    optimizer: str, w: Any, g: Any, rate: Any, *, epsilon: float, epsilon_in: str, betas: Any, weight_decay: float
) -> dict[str, Any]:
    def uncorrected(group: dict[str, Any], k: int) -> None:
        group["eps"] = epsilon / (1 - betas[1] ** (k + 1)) ** 0.5

    new, state = _walk(
        getattr(optim, optimizer),
        w,
        g,
        rate,
        before=uncorrected if epsilon_in == "uncorrected" else None,
        eps=epsilon,
        betas=tuple(betas),
        weight_decay=weight_decay,
    )
    return {"new_w": new, "mean": state["exp_avg"], "square": state["exp_avg_sq"]}


_ADAM = {
    "precision": "in the dtype asked for",
    "default learning rate": "1e-3",
    "default betas": "0.9, 0.999",
    "default epsilon": "1e-8",
    "epsilon is added to": "the corrected root",
}

adam = binding(
    partial(_adam, "Adam"),
    docs=_DOCS.format("Adam"),
    conventions={**_ADAM, "weight_decay": "coupled: added to the gradient; AdamW for the other", "as": "Adam"},
)

adamw = binding(
    partial(_adam, "AdamW"),
    docs=_DOCS.format("AdamW"),
    conventions={
        **_ADAM,
        "default weight decay": "1e-2",
        "weight_decay": "times the learning rate, before the step",
        "as": "AdamW",
    },
)


def _rmsprop(
    w: Any, g: Any, rate: Any, *, decay: float, epsilon: float, momentum: float, centered: bool, initial: float
) -> dict[str, Any]:
    def start(parameter: Any) -> dict[str, Any]:
        zeros = torch.zeros_like(parameter)
        return {
            "step": torch.zeros(()),
            "square_avg": torch.full_like(parameter, initial),
            "momentum_buffer": zeros.clone(),
            "grad_avg": zeros.clone(),
        }

    new, state = _walk(
        optim.RMSprop,
        w,
        g,
        rate,
        start=start if initial else None,
        alpha=decay,
        eps=epsilon,
        momentum=momentum,
        centered=centered,
    )
    zeros = torch.zeros_like(w)
    return {
        "new_w": new,
        "square": state["square_avg"],
        "mean": state.get("grad_avg", zeros),
        "velocity": state.get("momentum_buffer", zeros),
    }


_RMSPROP = {
    "default learning rate": "1e-2",
    "default decay": "0.99 (alpha)",
    "default epsilon": "1e-8",
    "epsilon is added to": "the root",
    "mean square at the start": "0",
    "learning rate": "outside of the velocity",
    "centered": "centered=True",
    "weight_decay": "coupled: added to the gradient",
}

rmsprop = binding(
    lambda *arrays, **settings: composed.rmsprop(torch.sqrt, *arrays, **settings),
    docs=_DOCS.format("RMSprop"),
    recode=_STEPS,
    conventions={**_RMSPROP, "as": "composed, for what RMSprop cannot do"},
)
native_rmsprop = binding(
    _rmsprop,
    operation="rmsprop",
    variant="native",
    docs=_DOCS.format("RMSprop"),
    rename={"epsilon_in": None, "rate_inside": None},
    only={"epsilon_in": ["outside"], "rate_inside": [False]},
    conventions={**_RMSPROP, "as": "RMSprop"},
)


def _adagrad(w: Any, g: Any, rate: Any, *, epsilon: float, initial: float, weight_decay: float) -> dict[str, Any]:
    new, state = _walk(
        optim.Adagrad, w, g, rate, eps=epsilon, initial_accumulator_value=initial, weight_decay=weight_decay
    )
    return {"new_w": new, "total": state["sum"]}


_ADAGRAD = {
    "precision": "in the dtype asked for",
    "default learning rate": "1e-2",
    "default epsilon": "1e-10",
    "epsilon is added to": "the root",
    "default accumulator at the start": "0",
    "learning rate decay": "lr_decay, 0: the rate over 1 + (k - 1) lr_decay",
    "weight_decay": "coupled: added to the gradient",
}

adagrad = binding(
    lambda *arrays, **settings: composed.adagrad(torch.sqrt, *arrays, **settings),
    docs=_DOCS.format("Adagrad"),
    recode=_STEPS,
    conventions={**_ADAGRAD, "as": "composed, for what Adagrad cannot do"},
)
native_adagrad = binding(
    _adagrad,
    operation="adagrad",
    variant="native",
    docs=_DOCS.format("Adagrad"),
    rename={"epsilon_in": None},
    only={"epsilon_in": ["outside"]},
    conventions={**_ADAGRAD, "as": "Adagrad"},
)


def _adadelta(w: Any, g: Any, rate: Any, *, decay: float, epsilon: float, weight_decay: float) -> dict[str, Any]:
    new, state = _walk(optim.Adadelta, w, g, rate, rho=decay, eps=epsilon, weight_decay=weight_decay)
    return {"new_w": new, "square": state["square_avg"], "moved": state["acc_delta"]}


adadelta = binding(
    _adadelta,
    docs=_DOCS.format("Adadelta"),
    conventions={
        "default learning rate": "1",
        "default decay": "0.9 (rho)",
        "default epsilon": "1e-6",
        "epsilon is added to": "both means, inside the roots",
        "remembered step": "without the learning rate",
        "weight_decay": "coupled: added to the gradient",
    },
)
