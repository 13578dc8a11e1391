"""Faults that normalizations with a mean have in common."""

from __future__ import annotations

from typing import Any

import numpy as np

from equivalence.inputs import Array
from equivalence_reference._standardizing import spread
from equivalence_reference.faults._normalizing import axes_of, parameter_axes, with_affine
from equivalence_reference.normalization import (
    batch_norm,
    batch_norm_training,
    group_norm,
    instance_norm,
    layer_norm,
)

Call = dict[str, Any]
Grads = dict[str, Array]
_CENTRED = (batch_norm, batch_norm_training, layer_norm, instance_norm, group_norm)


def _output(declared: Any, y: Array, call: Call) -> Any:
    """The output beside the statistics as they should be, if there are any."""
    if declared is not batch_norm_training:
        return y
    return {**batch_norm_training.reference(**call), "y": y}


def _centred(declared: Any, call: Call) -> tuple[Array, Array]:
    """Distances to the mean, and the biased variance, as an operation has them."""
    x = call["x"]
    if declared is batch_norm:
        return x - spread(call["mean"], x, (1,)), spread(call["variance"], x, (1,))
    if declared is group_norm:
        groups = call["groups"]
        x = x.reshape(x.shape[0], groups, x.shape[1] // groups, *x.shape[2:])
    axes = axes_of(declared.name, x)
    return x - x.mean(axis=axes, keepdims=True), x.var(axis=axes, keepdims=True)


def _epsilon_beside_the_deviation(declared: Any) -> Any:
    def change(**call: Any) -> Any:
        distance, variance = _centred(declared, call)
        values = (distance / (np.sqrt(variance) + call["epsilon"])).reshape(call["x"].shape)
        return _output(declared, with_affine(declared.name, values, call), call)

    return change


def _another_epsilon(declared: Any, epsilon: float) -> Any:
    return lambda **call: declared.reference(**call | {"epsilon": epsilon})


def _unbiased(declared: Any) -> Any:
    def change(**call: Any) -> Any:
        distance, variance = _centred(declared, call)
        terms = distance.size // variance.size
        values = (distance / np.sqrt(variance * terms / max(terms - 1, 1) + call["epsilon"])).reshape(call["x"].shape)
        return _output(declared, with_affine(declared.name, values, call), call)

    return change


def _without_the_root(declared: Any) -> Any:
    def change(**call: Any) -> Any:
        distance, variance = _centred(declared, call)
        values = (distance / (variance + call["epsilon"])).reshape(call["x"].shape)
        return _output(declared, with_affine(declared.name, values, call), call)

    return change


def _exchanged(declared: Any) -> Any:
    def change(**call: Any) -> Any:
        return declared.reference(**call | {"scale": call.get("shift"), "shift": call.get("scale")})

    return change


def _shifted_first(declared: Any) -> Any:
    def change(**call: Any) -> Any:
        plain = declared.reference(**call | {"scale": None, "shift": None})
        y = plain["y"] if isinstance(plain, dict) else plain
        for key, combine in (("shift", np.add), ("scale", np.multiply)):
            if call.get(key) is not None:
                y = combine(y, spread(call[key], y, parameter_axes(declared.name, y)))
        return {**plain, "y": y} if isinstance(plain, dict) else y

    return change


def _cancelling(declared: Any) -> Any:
    """The variance as the mean square less the squared mean."""

    def change(**call: Any) -> Any:
        distance, _ = _centred(declared, call)
        x = call["x"].reshape(distance.shape)
        axes = axes_of(declared.name, x)
        mean = x.mean(axis=axes, keepdims=True)
        variance = np.maximum((x * x).mean(axis=axes, keepdims=True) - mean * mean, 0)
        values = (distance / np.sqrt(variance + call["epsilon"])).reshape(call["x"].shape)
        return _output(declared, with_affine(declared.name, values, call), call)

    return change


def _straight_through(declared: Any, *, mean: bool, variance: bool) -> Any:
    """The vector-Jacobian product that takes the mean, or the variance, for a constant."""

    def change(cotangent: Any, **call: Any) -> Grads:
        given = cotangent["y"] if isinstance(cotangent, dict) else cotangent
        found = dict(declared.product(cotangent, **call))
        distance, spread_out = _centred(declared, call)
        inverse = 1 / np.sqrt(spread_out + call["epsilon"])
        values, axes = distance * inverse, axes_of(declared.name, distance)
        if call.get("scale") is not None:
            given = given * spread(call["scale"], given, parameter_axes(declared.name, given))
        given = given.reshape(distance.shape)
        less = given - (given.mean(axis=axes, keepdims=True) if mean else 0)
        if variance:
            less = less - values * (given * values).mean(axis=axes, keepdims=True)
        found["x"] = (inverse * less).reshape(call["x"].shape)
        return found

    return change


def _scaled_gradient(declared: Any, name: str, factor: float) -> Any:
    def change(cotangent: Any, **call: Any) -> Grads:
        found = dict(declared.product(cotangent, **call))
        if name in found:
            found[name] = factor * found[name]
        return found

    return change


_EPSILON_OF: dict[str, list[str]] = {
    "batch_norm": ["bn-epsilon"],
    "batch_norm_training": ["bn-epsilon"],
    "layer_norm": ["ln-epsilon"],
}
_PLACEMENT_OF = {name: ["bn-eps-outside-sqrt"] for name in ("batch_norm", "batch_norm_training", "layer_norm")}

for _one in _CENTRED:
    _one.fault("epsilon-missing", code="epsilon.value")(_another_epsilon(_one, 0.0))
    _one.fault("epsilon-beside-the-deviation", code="epsilon.placement", of=_PLACEMENT_OF.get(_one.name, []))(
        _epsilon_beside_the_deviation(_one)
    )
    _one.fault("without-the-root", code="variance.meaning")(_without_the_root(_one))
    _one.fault("scale-and-shift-exchanged", code="parameter.swapped")(_exchanged(_one))
    _one.fault("shifted-before-scaled", code="bias.placement")(_shifted_first(_one))
    _one.fault("gradient-blocked-at-the-scale", code="gradient.blocked", gradient=True)(
        _scaled_gradient(_one, "scale", 0.0)
    )
    _one.fault("gradient-of-the-shift-halved", code="gradient.scale", gradient=True)(
        _scaled_gradient(_one, "shift", 0.5)
    )

for _one, _other in (
    (batch_norm, 1e-5),
    (batch_norm_training, 1e-5),
    (layer_norm, 1e-12),
    (instance_norm, 1e-3),
    (group_norm, 1e-3),
):
    _one.fault(f"epsilon-{_other:g}", code="epsilon.value", of=_EPSILON_OF.get(_one.name, []))(
        _another_epsilon(_one, _other)
    )

for _one in (batch_norm_training, layer_norm, instance_norm, group_norm):
    _of = ["ln-std-unbiased"] if _one is layer_norm else []
    _one.fault("unbiased-variance-divides", code="variance.correction", of=_of)(_unbiased(_one))
    _one.fault("variance-by-mean-squares", code="precision.cancellation")(_cancelling(_one))
    _one.fault("gradient-takes-the-statistics-for-constants", code="gradient.blocked", gradient=True)(
        _straight_through(_one, mean=False, variance=False)
    )
    _one.fault("gradient-takes-the-variance-for-a-constant", code="gradient.blocked", gradient=True)(
        _straight_through(_one, mean=True, variance=False)
    )
