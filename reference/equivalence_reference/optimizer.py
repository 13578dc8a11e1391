"""Optimizers: a parameter and what is remembered beside it, after a few steps along given gradients.

The gradients ``g`` of the steps stand along the axis ``k``, and so do the learning rates, which may change from step to
step. Everything that is remembered starts at 0 unless a parameter says otherwise. Nothing is differentiated through.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from equivalence.inputs import Array, Real
from equivalence.operation import operation
from equivalence_reference._arguments import known, measured
from equivalence_reference.cases import optimizer as cases
from equivalence_reference.witnesses import optimizer as by_loops

ADAM_EPSILONS = ("corrected", "uncorrected")
"""To which root epsilon is added: with the bias of its start corrected, or without."""

ROOT_EPSILONS = ("outside", "inside")
"""Whether epsilon is added to a root, or to what the root is taken of."""

_INPUTS = {
    "w": Real("...", gradient=False),
    "g": Real("k ...", gradient=False),
    "rate": Real("k", low=0.05, high=0.5, gradient=False),
}


def _nothing(*_: Any, **__: Any) -> dict[str, Array]:
    """No gradients: nobody differentiates through a step."""
    return {}


@operation(
    inputs=_INPUTS,
    outputs={"new_w": "...", "velocity": "..."},
    parameters={
        "momentum": (0.0, 0.9),
        "nesterov": (False, True),
        "rate_inside": (False, True),
        "weight_decay": (0.0, 0.1),
    },
    cases=cases.SGD,
)
def sgd(
    w: Array,
    g: Array,
    rate: Array,
    *,
    momentum: float = 0.0,
    nesterov: bool = False,
    rate_inside: bool = False,
    weight_decay: float = 0.0,
) -> dict[str, Array]:
    r"""Stochastic gradient descent, with momentum.

    .. math:: d_k = g_k + \lambda w_{k-1}

    without momentum :math:`w_k = w_{k-1} - \eta_k d_k`; with the learning rate outside of the velocity

    .. math:: v_k = \mu v_{k-1} + d_k, \qquad w_k = w_{k-1} - \eta_k v_k

    and with the rate inside

    .. math:: v_k = \mu v_{k-1} + \eta_k d_k, \qquad w_k = w_{k-1} - v_k

    which is the same as long as the rate does not change. Nesterov's momentum goes along :math:`\mu v_k + d_k`, or
    :math:`\mu v_k + \eta_k d_k`, in the place of :math:`v_k`.

    Args:
        w: :math:`w_0`, ``...``.
        g: :math:`g_k`, the gradient of each step, ``k ...``.
        rate: :math:`\eta_k`, ``k``.
        momentum: :math:`\mu`.
        nesterov: whether to look a step ahead.
        rate_inside: whether the velocity has the learning rate in it.
        weight_decay: :math:`\lambda`, added to the gradient: that of :math:`\lambda \lVert w \rVert^2 / 2`.

    Returns:
        ``new_w``, the parameter after the last step, and ``velocity``, :math:`v` after it, which stays 0 without
        momentum; both ``...``.

    Source: Sutskever, Martens, Dahl and Hinton, On the importance of initialization and momentum in deep learning
    (2013), equations 1 to 4; both places of the rate: the note in
    https://docs.pytorch.org/docs/stable/generated/torch.optim.SGD.html.
    """
    measured(sgd, w=w, g=g, rate=rate)
    velocity = np.zeros_like(w)
    for gradient, eta in zip(g, rate, strict=True):
        step = _decayed(gradient, w, weight_decay)
        if rate_inside:
            step = eta * step
        if momentum:
            velocity = momentum * velocity + step
            step = momentum * velocity + step if nesterov else velocity
        w = w - (step if rate_inside else eta * step)
    return {"new_w": np.array(w), "velocity": velocity}


def _decayed(gradient: Array, w: Array, weight_decay: float) -> Array:
    return gradient + weight_decay * w if weight_decay else gradient


sgd.vjp(_nothing)
sgd.witness("number by number, the weights of past gradients written out")(by_loops.sgd)
sgd.values(
    "worked by hand: velocities 4 and 2 + 2 = 4 (half of 4, and 2); 10 - 4/4 - 4/2",
    w=[10.0],
    g=[[4.0], [2.0]],
    rate=[0.25, 0.5],
    momentum=0.5,
    expected={"new_w": [7.0], "velocity": [4.0]},
)
sgd.values(
    "worked by hand: the same gradients with the rate inside: velocities 1 and 1/2 + 1; 10 - 1 - 1.5",
    w=[10.0],
    g=[[4.0], [2.0]],
    rate=[0.25, 0.5],
    momentum=0.5,
    rate_inside=True,
    expected={"new_w": [7.5], "velocity": [1.5]},
)


@operation(
    inputs=_INPUTS,
    outputs={"new_w": "...", "mean": "...", "square": "..."},
    parameters={
        "betas": ((0.9, 0.999), (0.5, 0.75)),
        "epsilon": (1e-8, 0.1),
        "epsilon_in": ADAM_EPSILONS,
        "weight_decay": (0.0, 0.1),
    },
    cases=cases.ADAM,
)
def adam(
    w: Array,
    g: Array,
    rate: Array,
    *,
    betas: tuple[float, float] = (0.9, 0.999),
    epsilon: float = 1e-8,
    epsilon_in: str = "corrected",
    weight_decay: float = 0.0,
) -> dict[str, Array]:
    r"""Steps of about the learning rate, by running means of the gradient and of its square.

    .. math::
        \begin{aligned}
        d_k &= g_k + \lambda w_{k-1}, \qquad
        m_k = \beta_1 m_{k-1} + (1 - \beta_1) d_k, \qquad v_k = \beta_2 v_{k-1} + (1 - \beta_2) d_k^2 \\
        w_k &= w_{k-1} - \eta_k \frac{m_k / (1 - \beta_1^k)}{\sqrt{v_k / (1 - \beta_2^k)} + \epsilon}
        \end{aligned}

    and with ``epsilon_in="uncorrected"``, the paper's :math:`\hat\epsilon`,

    .. math:: w_k = w_{k-1} - \eta_k \frac{\sqrt{1 - \beta_2^k}}{1 - \beta_1^k} \frac{m_k}{\sqrt{v_k} + \hat\epsilon}

    Args:
        w: :math:`w_0`, ``...``.
        g: :math:`g_k`, the gradient of each step, ``k ...``.
        rate: :math:`\eta_k`, ``k``.
        betas: :math:`\beta_1` and :math:`\beta_2`.
        epsilon: :math:`\epsilon`.
        epsilon_in: ``corrected`` or ``uncorrected``.
        weight_decay: :math:`\lambda`, added to the gradient, so that both means see it.

    Returns:
        ``new_w``, the parameter after the last step, ``mean``, :math:`m`, and ``square``, :math:`v`; all ``...``.

    Raises:
        ParameterError: for another place of epsilon.

    Source: Kingma and Ba, Adam (2015), algorithm 1 and the end of section 2.
    """
    measured(adam, w=w, g=g, rate=rate)
    known("epsilon_in of adam", epsilon_in, ADAM_EPSILONS)
    mean, square = np.zeros_like(w), np.zeros_like(w)
    for k, (gradient, eta) in enumerate(zip(g, rate, strict=True), start=1):
        step = _decayed(gradient, w, weight_decay)
        mean, square = _averaged(mean, step, betas[0]), _averaged(square, step * step, betas[1])
        w = w - eta * _adam_step(mean, square, betas, k, epsilon, epsilon_in)
    return {"new_w": np.array(w), "mean": mean, "square": square}


def _averaged(old: Array, new: Array, decay: float) -> Array:
    return decay * old + (1 - decay) * new


def _adam_step(
    mean: Array, square: Array, betas: tuple[float, float], k: int, epsilon: float, epsilon_in: str
) -> Array:
    first, second = 1 - betas[0] ** k, 1 - betas[1] ** k
    if epsilon_in == "corrected":
        return np.asarray((mean / first) / (np.sqrt(square / second) + epsilon))
    return np.asarray((second**0.5 / first) * mean / (np.sqrt(square) + epsilon))


adam.vjp(_nothing)
adam.witness("number by number, the running means as sums over all steps")(by_loops.adam)
adam.values(
    "worked by hand: means 2 and 4, corrected 4 and 16, so the first step is 1/2 * 4 / (4 + 1)",
    w=[1.0],
    g=[[4.0]],
    rate=[0.5],
    betas=(0.5, 0.75),
    epsilon=1.0,
    expected={"new_w": [0.6], "mean": [2.0], "square": [4.0]},
)
adam.values(
    "worked by hand: the same with epsilon beside the root of 4: 1/2 * (1/2) / (1/2) * 2 / (2 + 1)",
    w=[1.0],
    g=[[4.0]],
    rate=[0.5],
    betas=(0.5, 0.75),
    epsilon=1.0,
    epsilon_in="uncorrected",
    expected={"new_w": [2.0 / 3.0], "mean": [2.0], "square": [4.0]},
)


@operation(
    inputs=_INPUTS,
    outputs={"new_w": "...", "mean": "...", "square": "..."},
    parameters={
        "betas": ((0.9, 0.999), (0.5, 0.75)),
        "epsilon": (1e-8, 0.1),
        "epsilon_in": ADAM_EPSILONS,
        "weight_decay": (0.01, 0.25),
    },
    cases=cases.ADAMW,
)
def adamw(
    w: Array,
    g: Array,
    rate: Array,
    *,
    betas: tuple[float, float] = (0.9, 0.999),
    epsilon: float = 1e-8,
    epsilon_in: str = "corrected",
    weight_decay: float = 0.01,
) -> dict[str, Array]:
    r"""Adam with a weight decay of its own, which the running means do not see.

    .. math:: w_k = (1 - \eta_k \lambda) w_{k-1} - \eta_k s_k

    with the step :math:`s_k` that :func:`adam` takes along :math:`g_k` without decay.

    Args:
        w: :math:`w_0`, ``...``.
        g: :math:`g_k`, the gradient of each step, ``k ...``.
        rate: :math:`\eta_k`, ``k``.
        betas: :math:`\beta_1` and :math:`\beta_2`.
        epsilon: :math:`\epsilon`.
        epsilon_in: ``corrected`` or ``uncorrected``.
        weight_decay: :math:`\lambda`.

    Returns:
        ``new_w``, the parameter after the last step, ``mean``, :math:`m`, and ``square``, :math:`v`; all ``...``.

    Raises:
        ParameterError: for another place of epsilon.

    Source: Loshchilov and Hutter, Decoupled weight decay regularization (2019), algorithm 2, with the decay times the
    learning rate as in https://docs.pytorch.org/docs/stable/generated/torch.optim.AdamW.html.
    """
    measured(adamw, w=w, g=g, rate=rate)
    known("epsilon_in of adamw", epsilon_in, ADAM_EPSILONS)
    mean, square = np.zeros_like(w), np.zeros_like(w)
    for k, (gradient, eta) in enumerate(zip(g, rate, strict=True), start=1):
        mean, square = _averaged(mean, gradient, betas[0]), _averaged(square, gradient * gradient, betas[1])
        w = w - eta * weight_decay * w - eta * _adam_step(mean, square, betas, k, epsilon, epsilon_in)
    return {"new_w": np.array(w), "mean": mean, "square": square}


adamw.vjp(_nothing)
adamw.witness("number by number, the running means as sums over all steps")(by_loops.adamw)
adamw.values(
    "worked by hand: means 2 and 4, corrected 4 and 16; 1 - 1/2 * 1/4 * 1 - 1/2 * 4 / (4 + 1)",
    w=[1.0],
    g=[[4.0]],
    rate=[0.5],
    betas=(0.5, 0.75),
    epsilon=1.0,
    weight_decay=0.25,
    expected={"new_w": [0.475], "mean": [2.0], "square": [4.0]},
)


@operation(
    inputs=_INPUTS,
    outputs={"new_w": "...", "square": "...", "mean": "...", "velocity": "..."},
    parameters={
        "decay": (0.9, 0.75),
        "epsilon": (1e-8, 0.1),
        "epsilon_in": ROOT_EPSILONS,
        "momentum": (0.0, 0.5),
        "rate_inside": (False, True),
        "centered": (False, True),
        "initial": (0.0, 1.0),
    },
    cases=cases.RMSPROP,
)
def rmsprop(
    w: Array,
    g: Array,
    rate: Array,
    *,
    decay: float = 0.9,
    epsilon: float = 1e-8,
    epsilon_in: str = "outside",
    momentum: float = 0.0,
    rate_inside: bool = False,
    centered: bool = False,
    initial: float = 0.0,
) -> dict[str, Array]:
    r"""Divide the gradient by the root of a running mean of its square.

    .. math:: s_k = \rho s_{k-1} + (1 - \rho) g_k^2, \qquad
        d_k = \frac{g_k}{\sqrt{s_k} + \epsilon} \quad\text{or, with epsilon inside,}\quad
        d_k = \frac{g_k}{\sqrt{s_k + \epsilon}}

    and then as :func:`sgd` along :math:`d_k`, with momentum or without. Centered, :math:`s_k - m_k^2` takes the place
    of :math:`s_k` under the root, where :math:`m_k = \rho m_{k-1} + (1 - \rho) g_k`.

    Args:
        w: :math:`w_0`, ``...``.
        g: :math:`g_k`, the gradient of each step, ``k ...``.
        rate: :math:`\eta_k`, ``k``.
        decay: :math:`\rho`.
        epsilon: :math:`\epsilon`.
        epsilon_in: ``outside`` or ``inside`` of the root.
        momentum: of the velocity, 0 for none.
        rate_inside: whether the velocity has the learning rate in it.
        centered: whether to subtract the square of the running mean.
        initial: :math:`s_0`.

    Returns:
        ``new_w``, the parameter after the last step; ``square``, :math:`s`; ``mean``, :math:`m`, which stays 0 if not
        centered; ``velocity``, which stays 0 without momentum; all ``...``.

    Raises:
        ParameterError: for another place of epsilon.

    Source: Tieleman and Hinton, Lecture 6.5 - rmsprop (2012); centered and with momentum: Graves, Generating sequences
    with recurrent neural networks (2013), equations 38 to 41.
    """
    measured(rmsprop, w=w, g=g, rate=rate)
    known("epsilon_in of rmsprop", epsilon_in, ROOT_EPSILONS)
    mean, velocity = np.zeros_like(w), np.zeros_like(w)
    square = np.full_like(w, initial)
    for gradient, eta in zip(g, rate, strict=True):
        square = _averaged(square, gradient * gradient, decay)
        spread = square
        if centered:
            mean = _averaged(mean, gradient, decay)
            spread = square - mean * mean
        step = gradient / _root(spread, epsilon, epsilon_in)
        if rate_inside:
            step = eta * step
        if momentum:
            step = velocity = momentum * velocity + step
        w = w - (step if rate_inside else eta * step)
    return {"new_w": np.array(w), "square": square, "mean": mean, "velocity": np.array(velocity)}


def _root(square: Array, epsilon: float, epsilon_in: str) -> Array:
    return np.asarray(np.sqrt(square) + epsilon if epsilon_in == "outside" else np.sqrt(square + epsilon))


rmsprop.vjp(_nothing)
rmsprop.witness("number by number, the running means as sums over all steps")(by_loops.rmsprop)
rmsprop.values(
    "worked by hand: a mean square of 1/4 * 16 = 4, so 1/2 * 4 / (2 + 2) is the step",
    w=[1.0],
    g=[[4.0]],
    rate=[0.5],
    decay=0.75,
    epsilon=2.0,
    expected={"new_w": [0.5], "square": [4.0], "mean": [0.0], "velocity": [0.0]},
)
rmsprop.values(
    "worked by hand: centered, 4 + 3/4 - 1 + 5.25 = 9 under the root: a velocity of 4/3 * 1/2",
    w=[1.0],
    g=[[4.0]],
    rate=[0.5],
    decay=0.75,
    epsilon=5.25,
    epsilon_in="inside",
    momentum=0.5,
    rate_inside=True,
    centered=True,
    initial=1.0,
    expected={"new_w": [1.0 / 3.0], "square": [4.75], "mean": [1.0], "velocity": [2.0 / 3.0]},
)


@operation(
    inputs=_INPUTS,
    outputs={"new_w": "...", "total": "..."},
    parameters={
        "epsilon": (1e-10, 0.1),
        "epsilon_in": ROOT_EPSILONS,
        "initial": (0.0, 0.1),
        "weight_decay": (0.0, 0.25),
    },
    cases=cases.ADAGRAD,
)
def adagrad(
    w: Array,
    g: Array,
    rate: Array,
    *,
    epsilon: float = 1e-10,
    epsilon_in: str = "outside",
    initial: float = 0.0,
    weight_decay: float = 0.0,
) -> dict[str, Array]:
    r"""Divide the gradient by the root of the sum of all squares so far.

    .. math:: d_k = g_k + \lambda w_{k-1}, \qquad s_k = s_{k-1} + d_k^2, \qquad
        w_k = w_{k-1} - \eta_k \frac{d_k}{\sqrt{s_k} + \epsilon}

    or, with epsilon inside, :math:`\sqrt{s_k + \epsilon}` in the denominator.

    Args:
        w: :math:`w_0`, ``...``.
        g: :math:`g_k`, the gradient of each step, ``k ...``.
        rate: :math:`\eta_k`, ``k``.
        epsilon: :math:`\epsilon`.
        epsilon_in: ``outside`` or ``inside`` of the root.
        initial: :math:`s_0`.
        weight_decay: :math:`\lambda`, added to the gradient.

    Returns:
        ``new_w``, the parameter after the last step, and ``total``, :math:`s`; both ``...``.

    Raises:
        ParameterError: for another place of epsilon.

    Source: Duchi, Hazan and Singer, Adaptive subgradient methods (2011), the diagonal update in section 1.1.
    """
    measured(adagrad, w=w, g=g, rate=rate)
    known("epsilon_in of adagrad", epsilon_in, ROOT_EPSILONS)
    total = np.full_like(w, initial)
    for gradient, eta in zip(g, rate, strict=True):
        step = _decayed(gradient, w, weight_decay)
        total = total + step * step
        w = w - eta * step / _root(total, epsilon, epsilon_in)
    return {"new_w": np.array(w), "total": total}


adagrad.vjp(_nothing)
adagrad.witness("number by number, the sum of squares added up anew at each step")(by_loops.adagrad)
adagrad.values(
    "worked by hand: totals 9 and 25, roots 3 and 5, and 1 beside them: 3/4 and 4/6 of 1/2",
    w=[1.0],
    g=[[3.0], [4.0]],
    rate=[0.5, 0.5],
    epsilon=1.0,
    expected={"new_w": [7.0 / 24.0], "total": [25.0]},
)


@operation(
    inputs=_INPUTS,
    outputs={"new_w": "...", "square": "...", "moved": "..."},
    parameters={"decay": (0.9, 0.75), "epsilon": (1e-6, 0.1), "weight_decay": (0.0, 0.1)},
    cases=cases.ADADELTA,
)
def adadelta(
    w: Array, g: Array, rate: Array, *, decay: float = 0.9, epsilon: float = 1e-6, weight_decay: float = 0.0
) -> dict[str, Array]:
    r"""Steps in the parameter's own units: a root of past steps over a root of gradients.

    .. math::
        \begin{aligned}
        d_k &= g_k + \lambda w_{k-1}, \qquad s_k = \rho s_{k-1} + (1 - \rho) d_k^2 \\
        \delta_k &= \frac{\sqrt{u_{k-1} + \epsilon}}{\sqrt{s_k + \epsilon}} d_k, \qquad
        u_k = \rho u_{k-1} + (1 - \rho) \delta_k^2, \qquad w_k = w_{k-1} - \eta_k \delta_k
        \end{aligned}

    Args:
        w: :math:`w_0`, ``...``.
        g: :math:`g_k`, the gradient of each step, ``k ...``.
        rate: :math:`\eta_k`, ``k``; the paper has none, which is 1.
        decay: :math:`\rho`.
        epsilon: :math:`\epsilon`.
        weight_decay: :math:`\lambda`, added to the gradient.

    Returns:
        ``new_w``, the parameter after the last step; ``square``, :math:`s`; ``moved``, :math:`u`, the running mean of
        squared steps without the learning rate; all ``...``.

    Source: Zeiler, ADADELTA (2012), algorithm 1.
    """
    measured(adadelta, w=w, g=g, rate=rate)
    square, moved = np.zeros_like(w), np.zeros_like(w)
    for gradient, eta in zip(g, rate, strict=True):
        step = _decayed(gradient, w, weight_decay)
        square = _averaged(square, step * step, decay)
        step = np.sqrt(moved + epsilon) / np.sqrt(square + epsilon) * step
        moved = _averaged(moved, step * step, decay)
        w = w - eta * step
    return {"new_w": np.array(w), "square": square, "moved": moved}


adadelta.vjp(_nothing)
adadelta.witness("number by number, the running means as sums over all steps")(by_loops.adadelta)
adadelta.values(
    "worked by hand: a mean square of 4 and 5 more under the root; 1 * sqrt(5) / 3 * 4, squared 80/9, and a quarter",
    w=[1.0],
    g=[[4.0]],
    rate=[0.5],
    decay=0.75,
    epsilon=5.0,
    expected={"new_w": [1 - 0.5 * 4.0 * 5.0**0.5 / 3.0], "square": [4.0], "moved": [20.0 / 9.0]},
)
