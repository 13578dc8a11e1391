"""Faults of normalizations without a mean: of vectors' lengths, and of the channels beside one."""

from __future__ import annotations

from typing import Any

import numpy as np

from equivalence.inputs import Array
from equivalence_reference.normalization import PLACEMENTS, l2_normalize, local_response_norm, rms_norm


@rms_norm.fault("scale-stored-around-0", code="parameter.transformed", of=["rmsnorm-one-plus-weight"])
def _(**call: Any) -> Any:
    scale = call.get("scale")
    return rms_norm.reference(**call | {"scale": None if scale is None else 1 + scale})


@rms_norm.fault("scale-less-1", code="parameter.transformed", of=["rmsnorm-one-plus-weight"])
def _(**call: Any) -> Any:
    scale = call.get("scale")
    return rms_norm.reference(**call | {"scale": None if scale is None else scale - 1})


@rms_norm.fault("epsilon-1e-3", code="epsilon.value", of=["ln-epsilon"])
def _(**call: Any) -> Any:
    return rms_norm.reference(**call | {"epsilon": 1e-3})


@rms_norm.fault("epsilon-of-the-machine", code="epsilon.value")
def _(x: Array, **call: Any) -> Any:
    return rms_norm.reference(x, **call | {"epsilon": float(np.finfo(x.dtype).eps)})


@rms_norm.fault("epsilon-beside-the-root", code="epsilon.placement")
def _(x: Array, scale: Any = None, *, epsilon: float) -> Any:
    values = x / (np.sqrt((x * x).mean(axis=-1, keepdims=True)) + epsilon)
    return values if scale is None else values * scale


@rms_norm.fault("epsilon-as-a-least-value", code="epsilon.placement")
def _(x: Array, scale: Any = None, *, epsilon: float) -> Any:
    values = x / np.sqrt(np.maximum((x * x).mean(axis=-1, keepdims=True), epsilon))
    return values if scale is None else values * scale


@rms_norm.fault("sum-in-place-of-the-mean", code="reduction.normalizer")
def _(x: Array, epsilon: float, **call: Any) -> Any:
    return rms_norm.reference(x, epsilon=epsilon / x.shape[-1], **call) / np.sqrt(x.shape[-1])


@rms_norm.fault("mean-subtracted", code="function.variant")
def _(x: Array, **call: Any) -> Any:
    return rms_norm.reference(x - x.mean(axis=-1, keepdims=True), **call)


@rms_norm.fault("over-the-first-axis", code="axis.wrong")
def _(x: Array, scale: Any = None, *, epsilon: float) -> Any:
    values = x / np.sqrt((x * x).mean(axis=0, keepdims=True) + epsilon)
    return values if scale is None else values * scale


@rms_norm.fault("over-all-axes", code="axis.wrong")
def _(x: Array, scale: Any = None, *, epsilon: float) -> Any:
    values = x / np.sqrt((x * x).mean() + epsilon)
    return values if scale is None else values * scale


@rms_norm.fault("computed-in-half-precision", code="precision.lower")
def _(x: Array, scale: Any = None, *, epsilon: float) -> Any:
    half = rms_norm.reference(x.astype(np.float16), epsilon=epsilon).astype(x.dtype)
    return half if scale is None else half * scale


@rms_norm.fault("gradient-takes-the-root-for-a-constant", code="gradient.blocked", gradient=True)
def _(cotangent: Array, x: Array, scale: Any = None, *, epsilon: float) -> dict[str, Array]:
    found = dict(rms_norm.product(cotangent, x, scale, epsilon=epsilon))  # type: ignore[misc]
    back = cotangent if scale is None else cotangent * scale
    return {**found, "x": back / np.sqrt((x * x).mean(axis=-1, keepdims=True) + epsilon)}


@rms_norm.fault("gradient-of-the-scale-of-the-output", code="gradient.scale", gradient=True)
def _(cotangent: Array, x: Array, scale: Any = None, *, epsilon: float) -> dict[str, Array]:
    found = dict(rms_norm.product(cotangent, x, scale, epsilon=epsilon))  # type: ignore[misc]
    return found if scale is None else {**found, "scale": found["scale"] * scale}


for _placement in PLACEMENTS:
    _of = ["l2norm-eps-placement"]

    @l2_normalize.fault(f"epsilon-always-{_placement.replace('_', '-')}", code="epsilon.placement", of=_of)
    def _(*, placement: str, _placement: str = _placement, **call: Any) -> Any:
        del placement
        return l2_normalize.reference(placement=_placement, **call)


@l2_normalize.fault("epsilon-of-a-length-beside-a-square", code="epsilon.value", of=["l2norm-eps-placement"])
def _(epsilon: float, placement: str, **call: Any) -> Any:
    changed = epsilon**2 if placement.endswith("sum") else np.sqrt(epsilon)
    return l2_normalize.reference(epsilon=changed, placement=placement, **call)


@l2_normalize.fault("epsilon-1e-8", code="epsilon.value")
def _(epsilon: float, **call: Any) -> Any:  # noqa: ARG001
    return l2_normalize.reference(epsilon=1e-8, **call)


@l2_normalize.fault("without-epsilon", code="epsilon.value")
def _(x: Array, axis: int, **call: Any) -> Any:  # noqa: ARG001
    with np.errstate(invalid="ignore", divide="ignore"):
        return x / np.sqrt((x * x).sum(axis=axis, keepdims=True))


@l2_normalize.fault("always-the-last-axis", code="axis.wrong")
def _(axis: int, **call: Any) -> Any:  # noqa: ARG001
    return l2_normalize.reference(axis=-1, **call)


@l2_normalize.fault("over-all-axes", code="axis.wrong")
def _(x: Array, axis: int, epsilon: float, placement: str) -> Any:  # noqa: ARG001
    whole = l2_normalize.reference(x.ravel(), axis=0, epsilon=epsilon, placement=placement)
    return whole.reshape(x.shape)


@l2_normalize.fault("sum-of-magnitudes", code="function.variant")
def _(x: Array, axis: int, epsilon: float, placement: str) -> Any:  # noqa: ARG001
    return x / (np.abs(x).sum(axis=axis, keepdims=True) + epsilon)


@l2_normalize.fault("root-mean-square", code="reduction.normalizer")
def _(x: Array, axis: int, **call: Any) -> Any:
    return l2_normalize.reference(x, axis=axis, **call) * np.sqrt(x.shape[axis])


@l2_normalize.fault("without-the-root", code="function.variant")
def _(x: Array, axis: int, epsilon: float, **call: Any) -> Any:  # noqa: ARG001
    return x / np.maximum((x * x).sum(axis=axis, keepdims=True), epsilon)


@l2_normalize.fault("gradient-takes-the-length-for-a-constant", code="gradient.blocked", gradient=True)
def _(cotangent: Array, x: Array, **call: Any) -> dict[str, Array]:
    ones = l2_normalize.reference(x, **call)
    divisor = np.divide(x, ones, out=np.ones_like(x), where=ones != 0)
    return {"x": cotangent / divisor}


@l2_normalize.fault("gradient-as-if-epsilon-never-counted", code="gradient.scale", gradient=True)
def _(cotangent: Array, x: Array, axis: int, epsilon: float, placement: str) -> dict[str, Array]:  # noqa: ARG001
    with np.errstate(invalid="ignore", divide="ignore"):
        length = np.sqrt((x * x).sum(axis=axis, keepdims=True))
        values = x / length
        return {"x": (cotangent - values * (cotangent * values).sum(axis=axis, keepdims=True)) / length}


def _neighbours(x: Array, size: int) -> Array:
    """The sum over a window of channels round each."""
    border = [(0, 0)] * x.ndim
    border[1] = (size // 2, size - 1 - size // 2)
    return np.asarray(np.lib.stride_tricks.sliding_window_view(np.pad(x, border), size, axis=1).sum(axis=-1))


@local_response_norm.fault("radius-for-the-size", code="constant.value", of=["lrn-radius-vs-size"])
def _(size: int, alpha: float, divided: bool, **call: Any) -> Any:  # noqa: FBT001
    factor = alpha / size if divided else alpha
    return local_response_norm.reference(size=2 * size + 1, alpha=factor, divided=False, **call)


@local_response_norm.fault("size-for-the-radius", code="constant.value", of=["lrn-radius-vs-size"])
def _(size: int, alpha: float, divided: bool, **call: Any) -> Any:  # noqa: FBT001
    factor = alpha / size if divided else alpha
    return local_response_norm.reference(size=size // 2, alpha=factor, divided=False, **call)


@local_response_norm.fault("alpha-divided", code="scale.factor")
def _(divided: bool, **call: Any) -> Any:  # noqa: ARG001, FBT001
    return local_response_norm.reference(divided=True, **call)


@local_response_norm.fault("alpha-not-divided", code="scale.factor")
def _(divided: bool, **call: Any) -> Any:  # noqa: ARG001, FBT001
    return local_response_norm.reference(divided=False, **call)


@local_response_norm.fault("divided-by-the-channels-that-exist", code="reduction.normalizer")
def _(x: Array, size: int, alpha: float, divided: bool, **call: Any) -> Any:  # noqa: FBT001
    if not divided:
        return local_response_norm.reference(x, size=size, alpha=alpha, divided=False, **call)
    squares = _neighbours(x * x, size)
    there = _neighbours(np.ones_like(x), size)
    return x / (call["k"] + alpha * squares / there) ** call["beta"]


@local_response_norm.fault("k-of-1", code="constant.value")
def _(**call: Any) -> Any:
    return local_response_norm.reference(**call | {"k": 1.0})


@local_response_norm.fault("k-of-2", code="constant.value")
def _(**call: Any) -> Any:
    return local_response_norm.reference(**call | {"k": 2.0})


@local_response_norm.fault("beta-of-0.5", code="constant.value")
def _(**call: Any) -> Any:
    return local_response_norm.reference(**call | {"beta": 0.5})


@local_response_norm.fault("beta-of-0.75", code="constant.value")
def _(**call: Any) -> Any:
    return local_response_norm.reference(**call | {"beta": 0.75})


@local_response_norm.fault("windows-of-pixels", code="axis.wrong")
def _(x: Array, **call: Any) -> Any:
    return local_response_norm.reference(x.swapaxes(1, 3), **call).swapaxes(1, 3)


@local_response_norm.fault("even-windows-one-channel-late", code="padding.side")
def _(x: Array, **call: Any) -> Any:
    return local_response_norm.reference(x[:, ::-1], **call)[:, ::-1]


@local_response_norm.fault("sum-not-of-squares", code="function.variant")
def _(x: Array, size: int, alpha: float, divided: bool, **call: Any) -> Any:  # noqa: FBT001
    sums = _neighbours(np.abs(x), size)
    return x / (call["k"] + (alpha / size if divided else alpha) * sums) ** call["beta"]


@local_response_norm.fault("gradient-takes-the-divisor-for-a-constant", code="gradient.blocked", gradient=True)
def _(cotangent: Array, x: Array, **call: Any) -> dict[str, Array]:
    return {"x": cotangent * local_response_norm.reference(x, **call) / x}


@local_response_norm.fault("gradient-of-its-own-square-alone", code="gradient.blocked", gradient=True)
def _(cotangent: Array, x: Array, **call: Any) -> dict[str, Array]:
    factor = call["alpha"] / call["size"] if call["divided"] else call["alpha"]
    size = call["size"]
    responses = call["k"] + factor * _neighbours(x * x, size)
    own = 2 * factor * call["beta"] * x * x / responses
    return {"x": cotangent * responses ** -call["beta"] * (1 - own)}
