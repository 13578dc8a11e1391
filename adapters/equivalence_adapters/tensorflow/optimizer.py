"""TensorFlow's optimizers: the operations that its own optimizers end in. Keras's are in the adapter of that name."""

from __future__ import annotations

from typing import Any

from equivalence.binding import binding
from equivalence.lazy import Lazy
from equivalence_adapters import optimizer as composed

tf = Lazy("tensorflow")

_DOCS = "https://www.tensorflow.org/api_docs/python/tf/"
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
    parameter, velocity = tf.Variable(w), tf.Variable(tf.zeros_like(w))
    apply = tf.raw_ops.ResourceApplyKerasMomentum if rate_inside else tf.raw_ops.ResourceApplyMomentum
    for k in range(steps):
        gradient = composed.decayed(g[k], parameter.value(), weight_decay)
        if momentum:
            apply(
                var=parameter.handle,
                accum=velocity.handle,
                lr=rate[k],
                grad=gradient,
                momentum=tf.constant(momentum, w.dtype),
                use_nesterov=nesterov,
            )
        else:
            tf.raw_ops.ResourceApplyGradientDescent(var=parameter.handle, alpha=rate[k], delta=gradient)
    # Keras's velocity is what is added.
    return {"new_w": parameter.value(), "velocity": -velocity.value() if rate_inside else velocity.value()}


sgd = binding(
    _sgd,
    docs=_DOCS + "raw_ops/ResourceApplyMomentum",
    recode=_STEPS,
    conventions={
        "precision": "in the dtype asked for",
        "default learning rate": "none: it has to be given",
        "default momentum": "none: it has to be given",
        "learning rate": "outside of the velocity; inside in ResourceApplyKerasMomentum",
        "velocity": "momentum, a sum of gradients: it is subtracted; what is added in ResourceApplyKerasMomentum",
        "first step": "as any other",
        "dampening": "none",
        "weight_decay": "none: composed; tf.nn.l2_loss has the factor 1/2",
    },
)


def _adam(
    w: Any,
    g: Any,
    rate: Any,
    *,
    steps: int,
    betas: tuple[float, float],
    epsilon: float,
    weight_decay: float = 0.0,
    decoupled: float = 0.0,
) -> dict[str, Any]:
    parameter, mean, square = tf.Variable(w), tf.Variable(tf.zeros_like(w)), tf.Variable(tf.zeros_like(w))
    beta1, beta2, small = (tf.constant(number, w.dtype) for number in (*betas, epsilon))
    for k in range(steps):
        gradient = composed.decayed(g[k], parameter.value(), weight_decay)
        if decoupled:
            parameter.assign_sub(rate[k] * decoupled * parameter)
        tf.raw_ops.ResourceApplyAdam(
            var=parameter.handle,
            m=mean.handle,
            v=square.handle,
            beta1_power=tf.constant(betas[0] ** (k + 1), w.dtype),
            beta2_power=tf.constant(betas[1] ** (k + 1), w.dtype),
            lr=rate[k],
            beta1=beta1,
            beta2=beta2,
            epsilon=small,
            grad=gradient,
        )
    return {"new_w": parameter.value(), "mean": mean.value(), "square": square.value()}


_ADAM = {
    "precision": "in the dtype asked for",
    "default learning rate": "1e-3 in tf.compat.v1",
    "default betas": "0.9, 0.999",
    "default epsilon": "1e-8 in tf.compat.v1",
    "epsilon is added to": "the root without correction",
}
_COUPLED = {**_ADAM, "weight_decay": "none: composed"}
_DECOUPLED = {
    **_ADAM,
    "default weight decay": "none: it has to be given",
    "weight_decay": "none: composed; TensorFlow Addons' AdamW does not multiply it by the learning rate",
}

adam = binding(
    lambda *arrays, **settings: composed.adam(tf.sqrt, *arrays, **settings),
    docs=_DOCS + "compat/v1/train/AdamOptimizer",
    recode=_STEPS,
    conventions={**_COUPLED, "as": "composed"},
)
native_adam = binding(
    _adam,
    operation="adam",
    variant="native",
    docs=_DOCS + "raw_ops/ResourceApplyAdam",
    rename={"epsilon_in": None},
    only={"epsilon_in": ["uncorrected"]},
    recode=_STEPS,
    conventions={**_COUPLED, "as": "ResourceApplyAdam: its 1 - beta^k loses digits in float32"},
)
adamw = binding(
    lambda *arrays, **settings: composed.adam(tf.sqrt, *arrays, **settings),
    docs=_DOCS + "compat/v1/train/AdamOptimizer",
    rename={"weight_decay": "decoupled"},
    recode=_STEPS,
    conventions={**_DECOUPLED, "as": "composed"},
)
native_adamw = binding(
    _adam,
    operation="adamw",
    variant="native",
    docs=_DOCS + "raw_ops/ResourceApplyAdam",
    rename={"epsilon_in": None, "weight_decay": "decoupled"},
    only={"epsilon_in": ["uncorrected"]},
    recode=_STEPS,
    conventions={**_DECOUPLED, "as": "ResourceApplyAdam: its 1 - beta^k loses digits in float32"},
)


def _rmsprop(
    w: Any,
    g: Any,
    rate: Any,
    *,
    steps: int,
    decay: float,
    epsilon: float,
    momentum: float,
    centered: bool,
    initial: float,
) -> dict[str, Any]:
    parameter, square = tf.Variable(w), tf.Variable(tf.fill(w.shape, tf.constant(initial, w.dtype)))
    mean, velocity = tf.Variable(tf.zeros_like(w)), tf.Variable(tf.zeros_like(w))
    rho, small, mu = (tf.constant(number, w.dtype) for number in (decay, epsilon, momentum))
    state = {"var": parameter.handle, "ms": square.handle, "mom": velocity.handle}
    for k in range(steps):
        step = {"lr": rate[k], "rho": rho, "momentum": mu, "epsilon": small, "grad": g[k]}
        if centered:
            tf.raw_ops.ResourceApplyCenteredRMSProp(mg=mean.handle, **state, **step)
        else:
            tf.raw_ops.ResourceApplyRMSProp(**state, **step)
    # Without momentum its velocity is the last step.
    moving = velocity.value() if momentum else tf.zeros_like(w)
    return {"new_w": parameter.value(), "square": square.value(), "mean": mean.value(), "velocity": moving}


_RMSPROP = {
    "default learning rate": "none: it has to be given",
    "default decay": "0.9 in tf.compat.v1",
    "default epsilon": "1e-10 in tf.compat.v1",
    "epsilon is added to": "the mean square, inside the root",
    "mean square at the start": "1 in tf.compat.v1",
    "learning rate": "inside the velocity",
    "centered": "centered=True in tf.compat.v1",
    "weight_decay": "none",
}

rmsprop = binding(
    lambda *arrays, **settings: composed.rmsprop(tf.sqrt, *arrays, **settings),
    docs=_DOCS + "compat/v1/train/RMSPropOptimizer",
    recode=_STEPS,
    conventions={**_RMSPROP, "as": "composed"},
)
native_rmsprop = binding(
    _rmsprop,
    operation="rmsprop",
    variant="native",
    docs=_DOCS + "raw_ops/ResourceApplyRMSProp",
    rename={"epsilon_in": None, "rate_inside": None},
    only={"epsilon_in": ["inside"], "rate_inside": [True]},
    recode=_STEPS,
    conventions={**_RMSPROP, "as": "ResourceApplyRMSProp"},
)


def _adagrad(
    w: Any, g: Any, rate: Any, *, steps: int, epsilon: float, initial: float, weight_decay: float
) -> dict[str, Any]:
    parameter, total = tf.Variable(w), tf.Variable(tf.fill(w.shape, tf.constant(initial, w.dtype)))
    for k in range(steps):
        tf.raw_ops.ResourceApplyAdagradV2(
            var=parameter.handle,
            accum=total.handle,
            lr=rate[k],
            epsilon=tf.constant(epsilon, w.dtype),
            grad=composed.decayed(g[k], parameter.value(), weight_decay),
        )
    return {"new_w": parameter.value(), "total": total.value()}


_ADAGRAD = {
    "precision": "in the dtype asked for",
    "default learning rate": "none: it has to be given",
    "default epsilon": "none in tf.compat.v1; 1e-7 in ResourceApplyAdagradV2 as Keras 2 called it",
    "epsilon is added to": "the root",
    "default accumulator at the start": "0.1",
    "learning rate decay": "none",
    "weight_decay": "none: composed",
}

adagrad = binding(
    lambda *arrays, **settings: composed.adagrad(tf.sqrt, *arrays, **settings),
    docs=_DOCS + "compat/v1/train/AdagradOptimizer",
    recode=_STEPS,
    conventions={**_ADAGRAD, "as": "composed"},
)
native_adagrad = binding(
    _adagrad,
    operation="adagrad",
    variant="native",
    docs=_DOCS + "raw_ops/ResourceApplyAdagradV2",
    rename={"epsilon_in": None},
    only={"epsilon_in": ["outside"]},
    recode=_STEPS,
    conventions={**_ADAGRAD, "as": "ResourceApplyAdagradV2"},
)


def _adadelta(
    w: Any, g: Any, rate: Any, *, steps: int, decay: float, epsilon: float, weight_decay: float
) -> dict[str, Any]:
    parameter, square, moved = tf.Variable(w), tf.Variable(tf.zeros_like(w)), tf.Variable(tf.zeros_like(w))
    for k in range(steps):
        tf.raw_ops.ResourceApplyAdadelta(
            var=parameter.handle,
            accum=square.handle,
            accum_update=moved.handle,
            lr=rate[k],
            rho=tf.constant(decay, w.dtype),
            epsilon=tf.constant(epsilon, w.dtype),
            grad=composed.decayed(g[k], parameter.value(), weight_decay),
        )
    return {"new_w": parameter.value(), "square": square.value(), "moved": moved.value()}


adadelta = binding(
    _adadelta,
    docs=_DOCS + "raw_ops/ResourceApplyAdadelta",
    recode=_STEPS,
    conventions={
        "default learning rate": "1e-3 in tf.compat.v1",
        "default decay": "0.95 in tf.compat.v1",
        "default epsilon": "1e-8 in tf.compat.v1",
        "epsilon is added to": "both means, inside the roots",
        "remembered step": "without the learning rate",
        "weight_decay": "none: composed",
    },
)
