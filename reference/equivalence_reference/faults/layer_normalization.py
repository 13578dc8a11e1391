"""Faults of layer, instance and group normalization alone."""

from __future__ import annotations

from typing import Any

import numpy as np

from equivalence.inputs import Array
from equivalence_reference.faults._normalizing import with_affine
from equivalence_reference.normalization import batch_norm_training, group_norm, instance_norm, layer_norm


@layer_norm.fault("over-the-last-axis", code="axis.wrong", of=["ln-wrong-axes"])
def _(**call: Any) -> Any:
    x = call["x"]
    values = (x - x.mean(axis=-1, keepdims=True)) / np.sqrt(x.var(axis=-1, keepdims=True) + call["epsilon"])
    return with_affine("layer_norm", values, call)


@layer_norm.fault("over-positions-and-features", code="axis.wrong", of=["ln-wrong-axes"])
def _(**call: Any) -> Any:
    x, axes = call["x"], tuple(range(1, call["x"].ndim))
    values = (x - x.mean(axis=axes, keepdims=True)) / np.sqrt(x.var(axis=axes, keepdims=True) + call["epsilon"])
    return with_affine("layer_norm", values, call)


@layer_norm.fault("over-the-examples", code="axis.wrong")
def _(**call: Any) -> Any:
    x = call["x"]
    values = (x - x.mean(axis=0)) / np.sqrt(x.var(axis=0) + call["epsilon"])
    return with_affine("layer_norm", values, call)


@layer_norm.fault("mean-not-subtracted", code="function.variant")
def _(**call: Any) -> Any:
    x, axes = call["x"], tuple(range(2, call["x"].ndim))
    root = np.sqrt((x * x).mean(axis=axes, keepdims=True) + call["epsilon"])
    return with_affine("layer_norm", x / root, call)


@layer_norm.fault("deviation-unbiased-and-epsilon-beside-it", code="variance.correction", of=["ln-std-unbiased"])
def _(**call: Any) -> Any:
    x, axes = call["x"], tuple(range(2, call["x"].ndim))
    deviation = x.std(axis=axes, keepdims=True, ddof=1)
    values = (x - x.mean(axis=axes, keepdims=True)) / (deviation + call["epsilon"])
    return with_affine("layer_norm", values, call)


@layer_norm.fault("scale-of-the-first-feature-for-all", code="axis.wrong")
def _(**call: Any) -> Any:
    scale = call.get("scale")
    return layer_norm.reference(**call | {"scale": None if scale is None else np.full_like(scale, scale.flat[0])})


@instance_norm.fault("fresh-running-statistics", code="statistics.source", of=["instancenorm-running-stats-in-eval"])
def _(**call: Any) -> Any:
    return with_affine("instance_norm", call["x"] / np.sqrt(1 + call["epsilon"]), call)


@instance_norm.fault(
    "statistics-over-the-examples", code="statistics.source", of=["instancenorm-running-stats-in-eval"]
)
def _(**call: Any) -> Any:
    zeros, ones = np.zeros(call["x"].shape[1]), np.ones(call["x"].shape[1])
    return batch_norm_training.reference(mean=zeros, variance=ones, unbiased=False, **call)["y"]


@instance_norm.fault("over-channels-and-pixels", code="axis.wrong")
def _(**call: Any) -> Any:
    return group_norm.reference(groups=1, **call)


@instance_norm.fault("over-the-channels", code="axis.wrong")
def _(**call: Any) -> Any:
    x = call["x"]
    values = (x - x.mean(axis=1, keepdims=True)) / np.sqrt(x.var(axis=1, keepdims=True) + call["epsilon"])
    return with_affine("instance_norm", values, call)


@instance_norm.fault("channels-taken-as-last", code="axis.wrong")
def _(x: Array, **call: Any) -> Any:
    return instance_norm.reference(x.swapaxes(1, -1), **call).swapaxes(1, -1)


@instance_norm.fault("shift-forgotten", code="bias.missing")
def _(**call: Any) -> Any:
    return instance_norm.reference(**call | {"shift": None})


@group_norm.fault("one-group", code="groups.value")
def _(**call: Any) -> Any:
    return group_norm.reference(**call | {"groups": 1})


@group_norm.fault("a-group-for-each-channel", code="groups.value")
def _(**call: Any) -> Any:
    return group_norm.reference(**call | {"groups": call["x"].shape[1]})


@group_norm.fault("size-of-a-group-for-their-number", code="groups.value")
def _(**call: Any) -> Any:
    return group_norm.reference(**call | {"groups": call["x"].shape[1] // call["groups"]})


@group_norm.fault("channels-dealt-out-in-turn", code="layout.channel-order")
def _(x: Array, groups: int, scale: Any = None, shift: Any = None, **call: Any) -> Any:
    order = np.arange(x.shape[1]).reshape(-1, groups).T.ravel()
    values = np.empty_like(x)
    values[:, order] = group_norm.reference(x[:, order], groups=groups, **call)
    return with_affine("group_norm", values, {"scale": scale, "shift": shift})


@group_norm.fault("over-the-examples-too", code="statistics.source")
def _(**call: Any) -> Any:
    x = call["x"]
    parts = x.reshape(x.shape[0], call["groups"], -1)
    mean, variance = (np.asarray(f(parts, axis=(0, 2), keepdims=True)) for f in (np.mean, np.var))
    values = ((parts - mean) / np.sqrt(variance + call["epsilon"])).reshape(x.shape)
    return with_affine("group_norm", values, call)


@group_norm.fault("over-the-channels-of-a-group-alone", code="axis.wrong")
def _(**call: Any) -> Any:
    x = call["x"]
    parts = x.reshape(x.shape[0], call["groups"], x.shape[1] // call["groups"], *x.shape[2:])
    mean, variance = (np.asarray(f(parts, axis=2, keepdims=True)) for f in (np.mean, np.var))
    values = ((parts - mean) / np.sqrt(variance + call["epsilon"])).reshape(x.shape)
    return with_affine("group_norm", values, call)


@group_norm.fault("groups-taken-from-the-last-axis", code="axis.wrong")
def _(x: Array, **call: Any) -> Any:
    return group_norm.reference(x.swapaxes(1, -1), **call).swapaxes(1, -1)
