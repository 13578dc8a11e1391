"""Optimizers composed of any framework's arithmetic, for what its own cannot do."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from equivalence.binding import Context

Function = Callable[[Any], Any]


def steps(context: Context) -> int:
    """How many steps there are."""
    return int(context.sizes["k"])


def decayed(gradient: Any, w: Any, weight_decay: float) -> Any:
    """The gradient of the loss with a decay in it."""
    return gradient + weight_decay * w if weight_decay else gradient


def adam(
    sqrt: Function,
    w: Any,
    g: Any,
    rate: Any,
    *,
    steps: int,
    betas: tuple[float, float],
    epsilon: float,
    epsilon_in: str,
    weight_decay: float = 0.0,
    decoupled: float = 0.0,
) -> dict[str, Any]:
    """Adam, with the decay in the gradient or beside the step."""
    mean = square = 0.0
    for k in range(steps):
        gradient = decayed(g[k], w, weight_decay)
        mean = betas[0] * mean + (1 - betas[0]) * gradient
        square = betas[1] * square + (1 - betas[1]) * gradient**2
        root = (1 - betas[1] ** (k + 1)) ** 0.5
        # As the paper has it, epsilon stands beside a root that is not corrected.
        beside = epsilon if epsilon_in == "uncorrected" else epsilon * root
        step = rate[k] * root / (1 - betas[0] ** (k + 1)) * mean / (sqrt(square) + beside)
        w = (w - rate[k] * decoupled * w if decoupled else w) - step
    return {"new_w": w, "mean": mean, "square": square}


def _over_root(sqrt: Function, number: Any, square: Any, epsilon: float, epsilon_in: str) -> Any:
    return number / (sqrt(square + epsilon) if epsilon_in == "inside" else sqrt(square) + epsilon)


def rmsprop(
    sqrt: Function,
    w: Any,
    g: Any,
    rate: Any,
    *,
    steps: int,
    decay: float,
    epsilon: float,
    epsilon_in: str,
    momentum: float,
    rate_inside: bool,
    centered: bool,
    initial: float,
) -> dict[str, Any]:
    """RMSprop, with a velocity that has the learning rate in it or has not."""
    square = initial
    mean = velocity = g[0] * 0
    for k in range(steps):
        square = decay * square + (1 - decay) * g[k] ** 2
        mean = decay * mean + (1 - decay) * g[k] if centered else mean
        step = _over_root(sqrt, g[k], square - mean**2 if centered else square, epsilon, epsilon_in)
        inside, outside = (rate[k], 1.0) if rate_inside else (1.0, rate[k])
        step = inside * step
        if momentum:
            step = velocity = momentum * velocity + step
        w = w - outside * step
    return {"new_w": w, "square": square, "mean": mean, "velocity": velocity}


def adagrad(
    sqrt: Function,
    w: Any,
    g: Any,
    rate: Any,
    *,
    steps: int,
    epsilon: float,
    epsilon_in: str,
    initial: float,
    weight_decay: float,
) -> dict[str, Any]:
    """Adagrad."""
    total = initial
    for k in range(steps):
        gradient = decayed(g[k], w, weight_decay)
        total = total + gradient**2
        w = w - rate[k] * _over_root(sqrt, gradient, total, epsilon, epsilon_in)
    return {"new_w": w, "total": total}
