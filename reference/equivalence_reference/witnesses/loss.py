"""Losses one example after the other, with the standard library's functions."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

Array = np.ndarray[Any, np.dtype[Any]]


def _put_together(losses: list[float], shape: tuple[int, ...], reduction: str, weight: float | None = None) -> Array:
    if reduction == "none":
        return np.array(losses).reshape(shape)
    total = math.fsum(losses)
    if reduction == "sum":
        return np.array(total)
    return np.array(total / (len(losses) if weight is None else weight))


def _log_shares(logits: Sequence[float]) -> list[float]:
    most = max(logits)
    total = math.log(math.fsum(math.exp(logit - most) for logit in logits))
    return [logit - most - total for logit in logits]


def _places(x: Array) -> list[tuple[int, ...]]:
    """Where an example stands: all axes but the classes'."""
    return list(np.ndindex((x.shape[0], *x.shape[2:])))


def _of(x: Array, place: tuple[int, ...]) -> list[float]:
    return [float(x[(place[0], k, *place[1:])]) for k in range(x.shape[1])]


def _clipped(number: float, epsilon: float) -> float:
    return min(max(number, epsilon), 1 - epsilon)


def categorical_with_logits(
    x: Array, target: Array, weight: Array | None = None, *, smoothing: float = 0.0, reduction: str = "mean"
) -> Array:
    """The weighted logarithms of the shares of each class."""
    losses = []
    for place in _places(x):
        aims, total = _of(target, place), math.fsum(_of(target, place))
        loss = 0.0
        for k, log_share in enumerate(_log_shares(_of(x, place))):
            aim = (1 - smoothing) * aims[k] / total + smoothing / x.shape[1]
            loss -= aim * log_share * (1.0 if weight is None else float(weight[k]))
        losses.append(loss)
    return _put_together(losses, (x.shape[0], *x.shape[2:]), reduction)


def categorical(
    x: Array, target: Array, *, epsilon: float = 1e-7, normalize: bool = False, reduction: str = "mean"
) -> Array:
    """The logarithm of each probability, times what it should be."""
    losses = []
    for place in _places(x):
        given, aims = _of(x, place), _of(target, place)
        total = math.fsum(given) if normalize else 1.0
        losses.append(
            -math.fsum(aim * math.log(_clipped(share / total, epsilon)) for share, aim in zip(given, aims, strict=True))
        )
    return _put_together(losses, (x.shape[0], *x.shape[2:]), reduction)


def sparse_with_logits(
    x: Array,
    target: Array,
    weight: Array | None = None,
    *,
    ignore_index: int | None = None,
    reduction: str = "mean",
) -> Array:
    """The logarithm of the share of the one right class."""
    losses, count, weights = [], 0, 0.0
    for place in _places(x):
        right = int(target[place])
        if right == ignore_index:
            losses.append(0.0)
            continue
        scale = 1.0 if weight is None else float(weight[right])
        count, weights = count + 1, weights + scale
        losses.append(-scale * _log_shares(_of(x, place))[right])
    return _put_together(losses, target.shape, reduction, weights if reduction == "weighted_mean" else count)


def sparse(
    x: Array,
    target: Array,
    *,
    epsilon: float = 1e-7,
    normalize: bool = False,
    ignore_index: int | None = None,
    reduction: str = "mean",
) -> Array:
    """The logarithm of the one right probability."""
    losses, count = [], 0
    for place in _places(x):
        given, right = [_clipped(share, epsilon) for share in _of(x, place)], int(target[place])
        total = math.fsum(given) if normalize else 1.0
        counts = right != ignore_index
        count += counts
        losses.append(-math.log(given[right] / total) if counts else 0.0)
    return _put_together(losses, target.shape, reduction, count)


def binary_with_logits(x: Array, target: Array, *, pos_weight: float = 1.0, reduction: str = "mean") -> Array:
    """Minus the logarithms of two probabilities, each by the larger of two exponentials."""

    def minus_log_sigmoid(logit: float) -> float:
        return math.log1p(math.exp(-logit)) if logit > 0 else math.log1p(math.exp(logit)) - logit

    losses = []
    for index in np.ndindex(x.shape):
        logit, aim = float(x[index]), float(target[index])
        losses.append(pos_weight * aim * minus_log_sigmoid(logit) + (1 - aim) * minus_log_sigmoid(-logit))
    return _put_together(losses, x.shape, reduction)


def binary(
    x: Array, target: Array, *, epsilon: float = 1e-7, least_log: float | None = None, reduction: str = "mean"
) -> Array:
    """Minus the logarithms of a probability and of what it lacks of 1."""

    def logarithm(number: float) -> float:
        return math.log(number) if least_log is None else max(math.log(number), least_log)

    losses = []
    for index in np.ndindex(x.shape):
        share, aim = _clipped(float(x[index]), epsilon), float(target[index])
        losses.append(-(aim * logarithm(share) + (1 - aim) * logarithm(1 - share)))
    return _put_together(losses, x.shape, reduction)


def _between(x: Array, target: Array, reduction: str, number: Callable[[float, float], float]) -> Array:
    rows = [[number(float(a), float(b)) for a, b in zip(*pair, strict=True)] for pair in zip(x, target, strict=True)]
    if reduction == "row_means":
        return np.array([math.fsum(row) / len(row) for row in rows])
    if reduction == "batchmean":
        return np.array(math.fsum(math.fsum(row) for row in rows) / len(rows))
    return _put_together([loss for row in rows for loss in row], x.shape, reduction)


def mse(x: Array, target: Array, *, reduction: str = "mean") -> Array:
    """Squares of differences."""
    return _between(x, target, reduction, lambda a, b: (a - b) ** 2)


def mae(x: Array, target: Array, *, reduction: str = "mean") -> Array:
    """Sizes of differences."""
    return _between(x, target, reduction, lambda a, b: a - b if a > b else b - a)


def huber(x: Array, target: Array, *, delta: float = 1.0, reduction: str = "mean") -> Array:
    """Half of a square, or the tangent where it ends."""
    return _between(
        x, target, reduction, lambda a, b: (a - b) ** 2 / 2 if abs(a - b) < delta else delta * abs(a - b) - delta**2 / 2
    )


def smooth_l1(x: Array, target: Array, *, beta: float = 1.0, reduction: str = "mean") -> Array:
    """A parabola that touches lines of slope 1."""
    return _between(
        x, target, reduction, lambda a, b: (a - b) ** 2 / (2 * beta) if abs(a - b) < beta else abs(a - b) - beta / 2
    )


def hinge(x: Array, target: Array, *, squared: bool = False, reduction: str = "mean") -> Array:
    """What is lacking to the margin, on the right side."""

    def number(score: float, positive: float) -> float:
        lacking = max(1 - score if positive else 1 + score, 0.0)
        return lacking * lacking if squared else lacking

    return _between(x, target, reduction, number)


def kl_divergence(x: Array, target: Array, *, log_target: bool = False, reduction: str = "mean") -> Array:
    """A probability times the logarithm of a quotient of probabilities."""

    def number(log_share: float, aim: float) -> float:
        share = math.exp(aim) if log_target else aim
        return share * math.log(share / math.exp(log_share))

    return _between(x, target, reduction, number)
