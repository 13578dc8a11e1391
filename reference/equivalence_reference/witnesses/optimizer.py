"""Slow, literal optimizers: each number by itself, and running means as sums over all steps so far."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np

Array = np.ndarray[Any, np.dtype[Any]]
One = Callable[[float, list[float], list[float]], tuple[float, ...]]


def _each(one: One, w: Array, g: Array, rate: Array) -> tuple[Array, ...]:
    """Do something for each number of the parameter, with its gradients and the rates."""
    found: list[Array] = []
    for place in np.ndindex(w.shape):
        numbers = one(float(w[place]), [float(step[place]) for step in g], [float(eta) for eta in rate])
        found = found or [np.zeros(w.shape) for _ in numbers]
        for array, number in zip(found, numbers, strict=True):
            array[place] = number
    return tuple(found)


def _mean(decay: float, numbers: list[float], start: float = 0.0) -> float:
    """A running mean: each number times its weight."""
    late = len(numbers) - 1
    weighted = [(1 - decay) * decay ** (late - k) * number for k, number in enumerate(numbers)]
    return math.fsum([decay ** len(numbers) * start, *weighted])


def sgd(
    w: Array, g: Array, rate: Array, *, momentum: float, nesterov: bool, rate_inside: bool, weight_decay: float
) -> tuple[Array, ...]:
    """A velocity is the sum of all past steps, each times a power of the momentum."""

    def one(number: float, gradients: list[float], rates: list[float]) -> tuple[float, ...]:
        past: list[float] = []
        velocity = 0.0
        for gradient, eta in zip(gradients, rates, strict=True):
            past.append((gradient + weight_decay * number) * (eta if rate_inside else 1.0))
            sums = [momentum ** (len(past) - 1 - k) * step for k, step in enumerate(past)]
            velocity = math.fsum(sums) if momentum else 0.0
            ahead = past[-1] + momentum * velocity if nesterov or not momentum else velocity
            number -= ahead if rate_inside else eta * ahead
        return number, velocity

    return _each(one, w, g, rate)


def _adam(
    w: Array,
    g: Array,
    rate: Array,
    how: tuple[tuple[float, float], float, str],
    coupled: float,
    decoupled: float,
) -> tuple[Array, ...]:
    (beta1, beta2), epsilon, place = how

    def one(number: float, gradients: list[float], rates: list[float]) -> tuple[float, ...]:
        past: list[float] = []
        for gradient, eta in zip(gradients, rates, strict=True):
            past.append(gradient + coupled * number)
            k = len(past)
            mean, square = _mean(beta1, past), _mean(beta2, [step**2 for step in past])
            # Beside a root that is not corrected, epsilon is as if divided by the root of the correction.
            beside = epsilon if place == "corrected" else epsilon / math.sqrt(1 - beta2**k)
            step = mean / (1 - beta1**k) / (math.sqrt(square / (1 - beta2**k)) + beside)
            number = number * (1 - eta * decoupled) - eta * step
        return number, _mean(beta1, past), _mean(beta2, [step**2 for step in past])

    return _each(one, w, g, rate)


def adam(
    w: Array,
    g: Array,
    rate: Array,
    *,
    betas: tuple[float, float],
    epsilon: float,
    epsilon_in: str,
    weight_decay: float,
) -> tuple[Array, ...]:
    """The decay is part of each gradient."""
    return _adam(w, g, rate, (betas, epsilon, epsilon_in), weight_decay, 0.0)


def adamw(
    w: Array,
    g: Array,
    rate: Array,
    *,
    betas: tuple[float, float],
    epsilon: float,
    epsilon_in: str,
    weight_decay: float,
) -> tuple[Array, ...]:
    """The decay is beside the step."""
    return _adam(w, g, rate, (betas, epsilon, epsilon_in), 0.0, weight_decay)


def rmsprop(
    w: Array,
    g: Array,
    rate: Array,
    *,
    decay: float,
    epsilon: float,
    epsilon_in: str,
    momentum: float,
    rate_inside: bool,
    centered: bool,
    initial: float,
) -> tuple[Array, ...]:
    """Means of all gradients so far, and a velocity of all steps so far."""

    def one(number: float, gradients: list[float], rates: list[float]) -> tuple[float, ...]:
        past: list[float] = []
        square = mean = velocity = 0.0
        for k, eta in enumerate(rates):
            seen = gradients[: k + 1]
            square = _mean(decay, [gradient**2 for gradient in seen], initial)
            mean = _mean(decay, seen) if centered else 0.0
            under = square - mean**2
            root = math.sqrt(under + epsilon) if epsilon_in == "inside" else math.sqrt(under) + epsilon
            past.append(gradients[k] / root * (eta if rate_inside else 1.0))
            sums = math.fsum(momentum ** (k - j) * step for j, step in enumerate(past))
            velocity = sums if momentum else 0.0
            number -= (sums if momentum else past[-1]) * (1.0 if rate_inside else eta)
        return number, square, mean, velocity

    return _each(one, w, g, rate)


def adagrad(
    w: Array, g: Array, rate: Array, *, epsilon: float, epsilon_in: str, initial: float, weight_decay: float
) -> tuple[Array, ...]:
    """The sum of squares of all gradients so far."""

    def one(number: float, gradients: list[float], rates: list[float]) -> tuple[float, ...]:
        past: list[float] = []
        for gradient, eta in zip(gradients, rates, strict=True):
            past.append(gradient + weight_decay * number)
            total = math.fsum([initial, *(step**2 for step in past)])
            root = math.sqrt(total + epsilon) if epsilon_in == "inside" else math.sqrt(total) + epsilon
            number -= eta * past[-1] / root
        return number, math.fsum([initial, *(step**2 for step in past)])

    return _each(one, w, g, rate)


def adadelta(
    w: Array, g: Array, rate: Array, *, decay: float, epsilon: float, weight_decay: float
) -> tuple[Array, ...]:
    """Means of the squares of all gradients and of all steps so far."""

    def one(number: float, gradients: list[float], rates: list[float]) -> tuple[float, ...]:
        squares: list[float] = []
        steps: list[float] = []
        for gradient, eta in zip(gradients, rates, strict=True):
            whole = gradient + weight_decay * number
            squares.append(whole**2)
            ratio = (_mean(decay, steps) + epsilon) / (_mean(decay, squares) + epsilon)
            steps.append(ratio * whole**2)
            number -= eta * math.sqrt(ratio) * whole
        return number, _mean(decay, squares), _mean(decay, steps)

    return _each(one, w, g, rate)
