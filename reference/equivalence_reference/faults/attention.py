"""Faults of attention."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from equivalence.inputs import Array
from equivalence_reference.attention import multi_head_attention, scaled_dot_product_attention, self_attention
from equivalence_reference.faults._changes import Call, interleaved, scaled, square_transposed

attention = scaled_dot_product_attention


def _at_scale(call: Call, scale: float) -> Any:
    return attention.reference(**call | {"scale": scale})


@attention.fault("mask-inverted", code="mask.polarity", of=["attention-mask-polarity"])
def _(mask: Array | None = None, **call: Any) -> Any:
    return attention.reference(mask=None if mask is None else ~mask, **call)


@attention.fault("inverted-mask-added-as-1", code="mask.additive", of=["attention-bool-mask-added"])
def _(mask: Array | None = None, bias: Array | None = None, **call: Any) -> Any:
    if mask is not None:
        bias = (0 if bias is None else bias) + (~mask).astype(call["query"].dtype)
    return attention.reference(bias=bias, **call)


@attention.fault("mask-added-as-1", code="mask.additive", of=["attention-bool-mask-added"])
def _(mask: Array | None = None, bias: Array | None = None, **call: Any) -> Any:
    if mask is not None:
        bias = (0 if bias is None else bias) + mask.astype(call["query"].dtype)
    return attention.reference(bias=bias, **call)


@attention.fault("mask-multiplies-the-weights", code="mask.additive")
def _(mask: Array | None = None, value: Any = None, **call: Any) -> Any:
    if mask is None:
        return attention.reference(value=value, **call)
    whole = np.broadcast_to(np.eye(value.shape[2], dtype=value.dtype), (*value.shape[:2], *(value.shape[2],) * 2))
    weights = attention.reference(value=whole, **call)
    return np.einsum("nmts,nmse->nmte", weights * mask, value)


@attention.fault("mask-ignored", code="sequence.mask")
def _(mask: Array | None = None, **call: Any) -> Any:  # noqa: ARG001
    return attention.reference(**call)


@attention.fault("additive-mask-ignored", code="mask.additive")
def _(bias: Array | None = None, **call: Any) -> Any:  # noqa: ARG001
    return attention.reference(**call)


@attention.fault("additive-mask-scaled", code="scale.factor")
def _(bias: Array | None = None, **call: Any) -> Any:
    factor = 1 / math.sqrt(call["query"].shape[3]) if call["scale"] is None else call["scale"]
    return attention.reference(bias=None if bias is None else factor * bias, **call)


@attention.fault("aligned-at-the-top-left", code="mask.alignment")
def _(**call: Any) -> Any:
    return attention.reference(**call | {"causal": call["causal"] and "top_left"})


@attention.fault("aligned-at-the-bottom-right", code="mask.alignment")
def _(**call: Any) -> Any:
    return attention.reference(**call | {"causal": call["causal"] and "bottom_right"})


@attention.fault("causal-ignored", code="sequence.mask")
def _(**call: Any) -> Any:
    return attention.reference(**call | {"causal": None})


@attention.fault("causal-sees-no-own-position", code="index.offset")
def _(**call: Any) -> Any:
    return _seeing(call, -1)


@attention.fault("causal-sees-the-next-position", code="mask.alignment")
def _(**call: Any) -> Any:
    return _seeing(call, 1)


def _seeing(call: Call, ahead: int) -> Any:
    """Causal attention that sees so many positions beyond its own."""
    query, key, mask = call["query"], call["key"], call.get("mask")
    if call["causal"] is None:
        return attention.reference(**call)
    t, s = query.shape[2], key.shape[2]
    seen = np.tri(t, s, (s - t if call["causal"] == "bottom_right" else 0) + ahead, dtype=np.bool_)
    seen = np.broadcast_to(seen, (*query.shape[:2], t, s))
    return attention.reference(**call | {"mask": seen if mask is None else seen & mask, "causal": None})


@attention.fault("mask-multiplies-the-scores", code="mask.additive")
def _(mask: Array | None = None, **call: Any) -> Any:
    if mask is None or call.get("bias") is not None:
        return attention.reference(mask=mask, **call)
    query, key = call["query"], np.repeat(call["key"], call["groups"], axis=1)
    scale = query.shape[-1] ** -0.5 if call["scale"] is None else call["scale"]
    scores = scale * np.einsum("nmtd,nmsd->nmts", query, key)
    return attention.reference(bias=scores * (mask.astype(query.dtype) - 1), **call)


@attention.fault("average-where-nothing-is-seen", code="mask.additive")
def _(**call: Any) -> Any:
    y = attention.reference(**call)
    if call["causal"] != "bottom_right":
        return y
    blind = max(call["query"].shape[2] - call["key"].shape[2], 0)
    average = np.repeat(call["value"].mean(axis=2, keepdims=True), call["groups"], axis=1)
    return np.concatenate([np.broadcast_to(average, y[:, :, :blind].shape), y[:, :, blind:]], axis=2)


@attention.fault("not-scaled", code="scale.factor", of=["attention-scale-wrong-dim"])
def _(**call: Any) -> Any:
    return _at_scale(call, 1.0)


@attention.fault("scaled-by-all-heads", code="scale.factor", of=["attention-scale-wrong-dim"])
def _(query: Array, **call: Any) -> Any:
    scale = 1 / math.sqrt(query.shape[1] * query.shape[3]) if call["scale"] is None else call["scale"]
    return _at_scale({"query": query, **call}, scale)


@attention.fault("scaled-by-the-number-of-heads", code="scale.factor", of=["attention-scale-wrong-dim"])
def _(query: Array, **call: Any) -> Any:
    scale = 1 / math.sqrt(query.shape[1]) if call["scale"] is None else call["scale"]
    return _at_scale({"query": query, **call}, scale)


@attention.fault("scale-ignored", code="scale.factor")
def _(**call: Any) -> Any:
    return attention.reference(**call | {"scale": None})


@attention.fault("scale-not-rooted", code="scale.factor")
def _(**call: Any) -> Any:
    return _at_scale(call, 1 / call["query"].shape[3] if call["scale"] is None else call["scale"])


@attention.fault("shared-heads-by-turns", code="layout.channel-order", of=["repeat-vs-tile"])
def _(key: Array, value: Array, groups: int, **call: Any) -> Any:
    key, value = (np.tile(shared, (1, groups, 1, 1)) for shared in (key, value))
    return attention.reference(key=key, value=value, groups=1, **call)


@attention.fault("softmax-over-queries", code="axis.wrong")
def _(**call: Any) -> Any:
    query, key, value = (call[name] for name in ("query", "key", "value"))
    if call["groups"] > 1 or call["causal"] or call["scale"] or "mask" in call or "bias" in call:
        return attention.reference(**call)
    powers = np.exp(np.einsum("nmtd,nmsd->nmts", query, key) / math.sqrt(query.shape[3]))
    return np.einsum("nmts,nmse->nmte", powers / powers.sum(axis=2, keepdims=True), value)


@attention.fault("queries-and-keys-swapped", code="parameter.swapped")
def _(query: Array, key: Array, **call: Any) -> Any:
    swapped = (key, query) if query.shape == key.shape else (query, key)
    return attention.reference(query=swapped[0], key=swapped[1], **call)


@attention.fault("gradient-not-scaled", code="gradient.scale", gradient=True)
def _(cotangent: Array, **call: Any) -> dict[str, Array]:
    gradients = attention.product(cotangent, **call)  # type: ignore[misc]
    return scaled(gradients, math.sqrt(call["query"].shape[3]), only="query")


@attention.fault("gradient-of-shared-heads-averaged", code="gradient.scale", gradient=True)
def _(cotangent: Array, **call: Any) -> dict[str, Array]:
    gradients = attention.product(cotangent, **call)  # type: ignore[misc]
    return scaled(gradients, 1 / call["groups"], only="value")


@multi_head_attention.fault("mask-inverted", code="mask.polarity", of=["attention-mask-polarity"])
def _(mask: Array | None = None, **call: Any) -> Any:
    return multi_head_attention.reference(mask=None if mask is None else ~mask, **call)


@multi_head_attention.fault(
    "heads-merged-without-transpose", code="layout.reshaped", of=["attention-heads-merged-without-transpose"]
)
def _(output_weight: Array, output_bias: Array | None = None, **call: Any) -> Any:
    o, m, e = output_weight.shape
    # The averages of all heads: an output weight that copies them.
    copied = np.eye(m * e, dtype=output_weight.dtype).reshape(m * e, m, e)
    averages = multi_head_attention.reference(output_weight=copied, **call)
    n, t, _ = averages.shape
    mixed = averages.reshape(n, t, m, e).swapaxes(1, 2).reshape(n, t, m * e)
    y = mixed @ output_weight.reshape(o, m * e).T
    return y if output_bias is None else y + output_bias


@multi_head_attention.fault("scaled-by-all-features", code="scale.factor", of=["attention-scale-wrong-dim"])
def _(query_weight: Array, query_bias: Array | None = None, **call: Any) -> Any:
    factor = 1 / math.sqrt(len(query_weight))
    bias = None if query_bias is None else factor * query_bias
    return multi_head_attention.reference(query_weight=factor * query_weight, query_bias=bias, **call)


@multi_head_attention.fault("heads-by-turns", code="layout.channel-order")
def _(query_weight: Array, key_weight: Array, **call: Any) -> Any:
    def turned(weight: Array) -> Array:
        m, d, _ = weight.shape
        return interleaved(weight.reshape(m * d, -1), 0, m).reshape(weight.shape)

    return multi_head_attention.reference(query_weight=turned(query_weight), key_weight=turned(key_weight), **call)


@multi_head_attention.fault("output-weight-transposed", code="layout.transposed")
def _(output_weight: Array, **call: Any) -> Any:
    o, m, e = output_weight.shape
    flat = square_transposed(output_weight.reshape(o, m * e)).reshape(output_weight.shape)
    return multi_head_attention.reference(output_weight=flat, **call)


@multi_head_attention.fault("keys-and-values-swapped", code="parameter.swapped")
def _(key: Array, value: Array, **call: Any) -> Any:
    if key.shape != value.shape:
        return multi_head_attention.reference(key=key, value=value, **call)
    return multi_head_attention.reference(key=value, value=key, **call)


@multi_head_attention.fault("output-bias-missing", code="bias.missing")
def _(output_bias: Array | None = None, **call: Any) -> Any:  # noqa: ARG001
    return multi_head_attention.reference(**call)


@multi_head_attention.fault("causal-ignored", code="sequence.mask")
def _(**call: Any) -> Any:
    return multi_head_attention.reference(**call | {"causal": False})


@multi_head_attention.fault(
    "key-bias-missing",
    code="bias.missing",
    equivalent="it adds the same to all scores of a query, which softmax does not see",
)
def _(key_bias: Array | None = None, **call: Any) -> Any:  # noqa: ARG001
    return multi_head_attention.reference(**call)


@multi_head_attention.fault("gradient-of-values-blocked", code="gradient.blocked", gradient=True)
def _(cotangent: Array, **call: Any) -> dict[str, Array]:
    gradients = multi_head_attention.product(cotangent, **call)  # type: ignore[misc]
    return scaled(gradients, 0.0, only="value")


@self_attention.fault("packed-by-heads", code="layout.channel-order", of=["qkv-fused-layout"])
def _(weight: Array, bias: Array | None = None, **call: Any) -> Any:
    b, m, *_ = weight.shape

    def mixed(packed: Array) -> Array:
        # The framework's axis of all heads' parts, cut as if the heads were outside.
        return packed.reshape(m, b, *packed.shape[2:]).swapaxes(0, 1)

    return self_attention.reference(weight=mixed(weight), bias=None if bias is None else mixed(bias), **call)


@self_attention.fault(
    "heads-merged-without-transposing", code="layout.reshaped", of=["attention-heads-merged-without-transpose"]
)
def _(output_weight: Array, output_bias: Array | None = None, **call: Any) -> Any:
    heads = _heads(**call)
    n, m, t, d = heads.shape
    output = np.einsum("nmtd,omd->nto", heads.reshape(n, t, m, d).swapaxes(1, 2), output_weight)
    return output if output_bias is None else output + output_bias


def _heads(x: Array, weight: Array, bias: Array | None = None, **call: Any) -> Array:
    """Each head's averages: what is projected when every output is one feature of one head."""
    _, m, d, _ = weight.shape
    single = np.eye(m * d, dtype=x.dtype).reshape(m * d, m, d)
    features = self_attention.reference(x=x, weight=weight, output_weight=single, bias=bias, **call)
    return np.asarray(features.reshape(*x.shape[:2], m, d).swapaxes(1, 2))


@self_attention.fault("scaled-by-all-heads", code="scale.factor", of=["attention-scale-wrong-dim"])
def _(weight: Array, bias: Array | None = None, **call: Any) -> Any:
    shares = np.array([weight.shape[1] ** -0.5, 1, 1], weight.dtype)
    scaled_bias = None if bias is None else bias * shares[:, None, None]
    return self_attention.reference(weight=weight * shares[:, None, None, None], bias=scaled_bias, **call)


@self_attention.fault("keys-and-values-swapped", code="layout.channel-order")
def _(weight: Array, bias: Array | None = None, **call: Any) -> Any:
    order = [0, 2, 1]
    return self_attention.reference(weight=weight[order], bias=None if bias is None else bias[order], **call)


@self_attention.fault("values-first", code="layout.channel-order")
def _(weight: Array, bias: Array | None = None, **call: Any) -> Any:
    order = [1, 2, 0]
    return self_attention.reference(weight=weight[order], bias=None if bias is None else bias[order], **call)


@self_attention.fault("mask-inverted", code="mask.polarity", of=["attention-mask-polarity"])
def _(mask: Array | None = None, **call: Any) -> Any:
    return self_attention.reference(mask=None if mask is None else ~mask, **call)


@self_attention.fault("mask-transposed", code="layout.transposed")
def _(mask: Array | None = None, **call: Any) -> Any:
    return self_attention.reference(mask=None if mask is None else mask.swapaxes(1, 2), **call)


@self_attention.fault("sees-later-positions", code="sequence.direction")
def _(mask: Array | None = None, **call: Any) -> Any:
    if not call["causal"]:
        return self_attention.reference(mask=mask, **call)
    t = call["x"].shape[1]
    later = np.broadcast_to(np.tri(t, dtype=np.bool_).T, (len(call["x"]), t, t))
    return self_attention.reference(mask=later, **call | {"causal": False})


@self_attention.fault("bias-missing", code="bias.missing")
def _(bias: Array | None = None, **call: Any) -> Any:  # noqa: ARG001
    return self_attention.reference(**call)


@self_attention.fault("gradient-of-one-part-only", code="gradient.blocked", gradient=True)
def _(cotangent: Array, **call: Any) -> dict[str, Array]:
    gradients = self_attention.product(cotangent, **call)  # type: ignore[misc]
    return {**gradients, "x": gradients["x"] / 3}
