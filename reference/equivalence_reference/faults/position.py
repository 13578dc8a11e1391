"""Faults of position embeddings."""

from __future__ import annotations

from typing import Any

import numpy as np

from equivalence.inputs import Array
from equivalence_reference.position import (
    learned_position_embedding,
    rotary_position_embedding,
    sinusoidal_position_embedding,
)

sinusoidal, rotary, learned = (
    sinusoidal_position_embedding,
    rotary_position_embedding,
    learned_position_embedding,
)


@sinusoidal.fault("sines-first", code="layout.channel-order", of=["sinusoid-concat-vs-interleave"])
def _(**call: Any) -> Any:
    return sinusoidal.reference(**call | {"layout": "concat"})


@sinusoidal.fault("by-turns", code="layout.channel-order", of=["sinusoid-concat-vs-interleave"])
def _(**call: Any) -> Any:
    return sinusoidal.reference(**call | {"layout": "interleave"})


@sinusoidal.fault("first-position-1", code="index.offset", of=["position-embedding-offset"])
def _(offset: int, **call: Any) -> Any:
    return sinusoidal.reference(offset=offset + 1, **call)


@sinusoidal.fault("offset-ignored", code="index.offset", of=["position-embedding-offset"])
def _(offset: int, **call: Any) -> Any:  # noqa: ARG001
    return sinusoidal.reference(offset=0, **call)


@sinusoidal.fault("base-ignored", code="constant.value")
def _(**call: Any) -> Any:
    return sinusoidal.reference(**call | {"base": 10000.0})


@sinusoidal.fault("last-frequency-1-over-base", code="constant.value")
def _(x: Array, *, layout: str, offset: int, base: float) -> Any:
    half = x.shape[2] // 2
    angles = np.outer(np.arange(offset, offset + x.shape[1]), base ** (-np.arange(half) / max(half - 1, 1)))
    waves = np.stack([np.sin(angles), np.cos(angles)], axis=1 if layout == "concat" else 2)
    return x + waves.reshape(x.shape[1:]).astype(x.dtype)


@sinusoidal.fault("frequency-by-feature", code="constant.value")
def _(x: Array, *, layout: str, offset: int, base: float) -> Any:
    # Each feature has a frequency of its own, where a pair should share one.
    angles = np.outer(np.arange(offset, offset + x.shape[1]), base ** (-2 * np.arange(x.shape[2]) / x.shape[2]))
    half = x.shape[2] // 2
    waves = np.empty_like(angles)
    sine, cosine = (
        (slice(None, half), slice(half, None)) if layout == "concat" else (slice(0, None, 2), slice(1, None, 2))
    )
    waves[:, sine], waves[:, cosine] = np.sin(angles[:, sine]), np.cos(angles[:, cosine])
    return x + waves.astype(x.dtype)


@sinusoidal.fault("sines-and-cosines-swapped", code="function.variant")
def _(x: Array, **call: Any) -> Any:
    waves = sinusoidal.reference(np.zeros_like(x), **call)
    if call["layout"] == "concat":
        return x + np.roll(waves, x.shape[2] // 2, axis=2)
    return x + waves.reshape(*x.shape[:2], -1, 2)[..., ::-1].reshape(x.shape)


@sinusoidal.fault("not-added", code="function.variant")
def _(x: Array, **call: Any) -> Any:
    return sinusoidal.reference(np.zeros_like(x), **call)


@sinusoidal.fault("vector-scaled-by-the-root-of-its-size", code="scale.factor", of=["embedding-scale-sqrt-d"])
def _(x: Array, **call: Any) -> Any:
    return sinusoidal.reference(np.asarray(x * x.shape[2] ** 0.5, x.dtype), **call)


@sinusoidal.fault("along-the-examples", code="axis.wrong")
def _(x: Array, **call: Any) -> Any:
    return sinusoidal.reference(x.swapaxes(0, 1), **call).swapaxes(0, 1)


@rotary.fault("halves", code="layout.channel-order")
def _(**call: Any) -> Any:
    return rotary.reference(**call | {"pairing": "half"})


@rotary.fault("neighbours", code="layout.channel-order")
def _(**call: Any) -> Any:
    return rotary.reference(**call | {"pairing": "interleave"})


@rotary.fault("turned-backwards", code="sequence.direction")
def _(x: Array, **call: Any) -> Any:
    return rotary.gradients({"output": x}, {"x": x}, call)["x"]


@rotary.fault("base-ignored", code="constant.value")
def _(**call: Any) -> Any:
    return rotary.reference(**call | {"base": 10000.0})


@rotary.fault("offset-ignored", code="index.offset", of=["position-embedding-offset"])
def _(**call: Any) -> Any:
    return rotary.reference(**call | {"offset": 0})


@rotary.fault("first-position-1", code="index.offset", of=["position-embedding-offset"])
def _(offset: int, **call: Any) -> Any:
    return rotary.reference(offset=offset + 1, **call)


@rotary.fault("along-the-heads", code="axis.wrong")
def _(x: Array, **call: Any) -> Any:
    return rotary.reference(x.swapaxes(1, 2), **call).swapaxes(1, 2)


@rotary.fault("second-of-a-pair-not-turned", code="function.variant")
def _(x: Array, **call: Any) -> Any:
    y = rotary.reference(x, **call)
    kept = slice(x.shape[3] // 2, None) if call["pairing"] == "half" else slice(1, None, 2)
    y[..., kept] = x[..., kept]
    return y


@rotary.fault("gradient-turned-forwards", code="gradient.scale", gradient=True)
def _(cotangent: Array, x: Array, **call: Any) -> dict[str, Array]:  # noqa: ARG001
    return {"x": rotary.reference(cotangent, **call)}


@learned.fault("first-position-0", code="index.offset", of=["position-embedding-offset"])
def _(x: Array, weight: Array, mask: Array | None = None, *, offset: int) -> Any:
    if mask is None:
        return learned.reference(x, weight, offset=0)
    return learned.reference(x, weight, mask, offset=max(offset - 1, 1))


@learned.fault("padding-counted", code="sequence.mask", of=["position-ids-ignore-padding"])
def _(x: Array, weight: Array, mask: Array | None = None, *, offset: int) -> Any:  # noqa: ARG001
    return learned.reference(x, weight, offset=offset)


@learned.fault("padding-has-no-vector", code="sequence.mask", of=["position-ids-ignore-padding"])
def _(x: Array, weight: Array, mask: Array | None = None, *, offset: int) -> Any:
    y = learned.reference(x, weight, mask, offset=offset)
    return y if mask is None else np.where(mask[..., None], y, x)


@learned.fault("mask-inverted", code="mask.polarity")
def _(x: Array, weight: Array, mask: Array | None = None, *, offset: int) -> Any:
    return learned.reference(x, weight, None if mask is None else ~mask, offset=offset)


@learned.fault("from-the-end", code="sequence.direction")
def _(x: Array, weight: Array, mask: Array | None = None, *, offset: int) -> Any:
    turned = None if mask is None else mask[:, ::-1]
    return learned.reference(x[:, ::-1], weight, turned, offset=offset)[:, ::-1]


@learned.fault("along-the-examples", code="axis.wrong")
def _(x: Array, weight: Array, mask: Array | None = None, *, offset: int) -> Any:
    if x.shape[0] + offset > len(weight):
        return learned.reference(x, weight, mask, offset=offset)
    turned = None if mask is None else mask.swapaxes(0, 1)
    return learned.reference(x.swapaxes(0, 1), weight, turned, offset=offset).swapaxes(0, 1)


@learned.fault("gradient-of-one-example", code="gradient.scale", gradient=True)
def _(cotangent: Array, x: Array, weight: Array, mask: Array | None = None, *, offset: int) -> dict[str, Array]:
    gradients = learned.gradients(
        {"output": cotangent}, {"x": x, "weight": weight} | ({} if mask is None else {"mask": mask}), {"offset": offset}
    )
    return {**gradients, "weight": gradients["weight"] / len(x)}
