"""Attention composed in Theano; Lasagne has no layer for it."""

from __future__ import annotations

from typing import Any

from equivalence.binding import binding
from equivalence.lazy import Lazy

tensor = Lazy("theano.tensor")

_DOCS = "https://theano-pymc.readthedocs.io/en/latest/library/tensor/{}.html"


def _visible(query: Any, key: Any, mask: Any, causal: str | None) -> Any:
    t, s = query.shape[2], key.shape[2]
    if causal is None:
        return mask
    late = s - t if causal == "bottom_right" else 0
    triangle = tensor.le(tensor.arange(s), tensor.arange(t).dimshuffle(0, "x") + late).dimshuffle("x", "x", 0, 1)
    return triangle if mask is None else tensor.and_(triangle, mask)


def _products(one: Any, other: Any) -> Any:
    """A product of matrices for each example and head: tensor.batched_dot would need a BLAS library."""
    return (one.dimshuffle(0, 1, 2, 3, "x") * other.dimshuffle(0, 1, "x", 2, 3)).sum(axis=3)


def _average(query: Any, key: Any, value: Any, visible: Any, bias: Any, scale: Any) -> Any:
    factor = 1 / tensor.sqrt(tensor.cast(query.shape[3], query.dtype)) if scale is None else scale
    scores = factor * _products(query, key.dimshuffle(0, 1, 3, 2))
    if bias is not None:
        scores += bias
    if visible is not None:
        scores = tensor.switch(visible, scores, -1e30)
    # Theano's own softmax is for matrices.
    powers = tensor.exp(scores - scores.max(axis=3, keepdims=True))
    if visible is not None:
        powers *= tensor.cast(visible, powers.dtype)
    total = powers.sum(axis=3, keepdims=True)
    return _products(powers / tensor.switch(tensor.gt(total, 0), total, 1), value)


def _scaled_dot_product_attention(
    query: Any,
    key: Any,
    value: Any,
    *,
    mask: Any = None,
    bias: Any = None,
    causal: str | None,
    scale: float | None,
    groups: int,
) -> Any:
    if groups > 1:
        key, value = (tensor.repeat(shared, groups, axis=1) for shared in (key, value))
    return _average(query, key, value, _visible(query, key, mask, causal), bias, scale)


scaled_dot_product_attention = binding(
    _scaled_dot_product_attention,
    docs=_DOCS.format("basic"),
    rename={"mask": "mask", "bias": "bias"},
    conventions={
        "axes": "composed: any",
        "true in a boolean mask": "composed: tensor.switch",
        "additive mask": "composed: a sum before softmax",
        "default scale": "none: composed",
        "alignment of is_causal": "composed: a comparison of positions",
        "a query that sees nothing": "composed; NaN from softmax of minus infinities",
        "shared heads": "composed: tensor.repeat (successive); tensor.tile pairs them otherwise",
        "precision": "in the dtype asked for",
    },
)

_MULTI_HEAD = {
    "axes of a sequence": "composed: n t c, as in Lasagne's recurrent layers",
    "true in a boolean mask": "composed: tensor.switch",
    "mask for each head": "composed",
    "default scale": "none: composed",
    "features of all heads": "composed: any number",
    "packed projection": "none",
    "default bias": "composed",
    "a query that sees nothing": "composed; NaN from softmax of minus infinities",
    "weights": "composed by tensor.dot: (input, output), as in Lasagne",
    "precision": "in the dtype asked for",
    "as": "composed",
}


def _apart(x: Any, weight: Any, bias: Any, heads: int) -> Any:
    made = tensor.dot(x, weight)
    made = made if bias is None else made + bias
    return made.reshape((x.shape[0], x.shape[1], heads, weight.shape[1] // heads)).dimshuffle(0, 2, 1, 3)


def _heads(query: Any, key: Any, value: Any, mask: Any, *, causal: bool) -> Any:
    seen = None if mask is None else mask.dimshuffle(0, "x", 1, 2)
    visible = _visible(query, key, seen, "top_left" if causal else None)
    return _average(query, key, value, visible, None, None)


def _together(averages: Any, weight: Any, bias: Any) -> Any:
    beside = averages.dimshuffle(0, 2, 1, 3)
    y = tensor.dot(beside.reshape((beside.shape[0], beside.shape[1], weight.shape[0])), weight)
    return y if bias is None else y + bias


def _multi_head_attention(
    query: Any,
    key: Any,
    value: Any,
    query_weight: Any,
    key_weight: Any,
    value_weight: Any,
    output_weight: Any,
    *,
    query_bias: Any = None,
    key_bias: Any = None,
    value_bias: Any = None,
    output_bias: Any = None,
    mask: Any = None,
    heads: int,
    causal: bool,
) -> Any:
    averages = _heads(
        _apart(query, query_weight, query_bias, heads),
        _apart(key, key_weight, key_bias, heads),
        _apart(value, value_weight, value_bias, heads),
        mask,
        causal=causal,
    )
    return _together(averages, output_weight, output_bias)


_HEADS = {"heads": lambda context: context.sizes["m"]}

multi_head_attention = binding(
    _multi_head_attention,
    docs=_DOCS.format("basic"),
    rename={name: name for name in ("query_bias", "key_bias", "value_bias", "output_bias", "mask")},
    recode=_HEADS,
    conventions=_MULTI_HEAD,
    query_weight="c (m d)",
    key_weight="k (m d)",
    value_weight="v (m e)",
    output_weight="(m e) o",
    query_bias="(m d)",
    key_bias="(m d)",
    value_bias="(m e)",
)


def _self_attention(
    x: Any,
    weight: Any,
    output_weight: Any,
    *,
    bias: Any = None,
    output_bias: Any = None,
    mask: Any = None,
    heads: int,
    causal: bool,
) -> Any:
    packed = tensor.dot(x, weight)
    packed = packed if bias is None else packed + bias
    apart = packed.reshape((x.shape[0], x.shape[1], 3, heads, weight.shape[1] // (3 * heads)))
    query, key, value = (apart[:, :, part].dimshuffle(0, 2, 1, 3) for part in range(3))
    return _together(_heads(query, key, value, mask, causal=causal), output_weight, output_bias)


self_attention = binding(
    _self_attention,
    docs=_DOCS.format("basic"),
    rename={name: name for name in ("bias", "output_bias", "mask")},
    recode=_HEADS,
    conventions=_MULTI_HEAD,
    weight="c (b m d)",
    bias="(b m d)",
    output_weight="(m d) o",
)
