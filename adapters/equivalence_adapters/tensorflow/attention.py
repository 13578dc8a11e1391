"""TensorFlow's attention: composed, because tf.nn has none. Keras's layer is in the adapter of that name."""

from __future__ import annotations

from typing import Any

from equivalence.binding import binding
from equivalence.lazy import Lazy

tf = Lazy("tensorflow")

_DOCS = "https://www.tensorflow.org/api_docs/python/tf/"


def _visible(query: Any, key: Any, mask: Any, causal: str | None) -> Any:
    t, s = query.shape[2], key.shape[2]
    if causal is None:
        return mask
    late = s - t if causal == "bottom_right" else 0
    triangle = tf.range(s) <= tf.range(t)[:, None] + late
    return triangle if mask is None else triangle & mask


def _average(query: Any, key: Any, value: Any, visible: Any, bias: Any, scale: float | None) -> Any:
    factor = query.shape[3] ** -0.5 if scale is None else scale
    scores = factor * tf.matmul(query, key, transpose_b=True)
    if bias is not None:
        scores += bias
    if visible is None:
        return tf.matmul(tf.nn.softmax(scores), value)
    # tf.nn.softmax of minus infinities alone is NaN.
    weights = tf.nn.softmax(tf.where(visible, scores, scores.dtype.min))
    return tf.matmul(weights * tf.cast(visible, weights.dtype), value)


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
    key, value = (tf.repeat(shared, groups, axis=1) for shared in (key, value))
    return _average(query, key, value, _visible(query, key, mask, causal), bias, scale)


scaled_dot_product_attention = binding(
    _scaled_dot_product_attention,
    docs=_DOCS + "nn/softmax",
    rename={"mask": "mask", "bias": "bias"},
    conventions={
        "axes": "composed: any; positions before heads in Keras",
        "true in a boolean mask": "composed: tf.where; in Keras, may be seen",
        "additive mask": "composed: a sum before softmax",
        "default scale": "none: composed",
        "alignment of is_causal": "composed: a comparison of positions",
        "a query that sees nothing": "NaN from tf.nn.softmax of minus infinities",
        "shared heads": "composed: tf.repeat (successive); tf.tile pairs them otherwise",
        "precision": "in the dtype asked for",
    },
)

_MULTI_HEAD = {
    "axes of a sequence": "composed: n t c",
    "true in a boolean mask": "composed: tf.where; in Keras, may be seen",
    "mask for each head": "composed",
    "default scale": "none: composed",
    "features of all heads": "composed: any number",
    "packed projection": "none; three weights in Keras",
    "default bias": "composed; yes in Keras",
    "a query that sees nothing": "NaN from tf.nn.softmax of minus infinities",
    "weights": "composed by tf.einsum: (input, heads, features), as in Keras",
    "precision": "in the dtype asked for",
    "as": "composed",
}


def _project(x: Any, weight: Any, bias: Any) -> Any:
    heads = tf.einsum("ntc,cmd->nmtd", x, weight)
    return heads if bias is None else heads + bias[:, None]


def _project_out(averages: Any, weight: Any, bias: Any) -> Any:
    y = tf.einsum("nmte,meo->nto", averages, weight)
    return y if bias is None else y + bias


def _heads(query: Any, key: Any, value: Any, mask: Any, *, causal: bool) -> Any:
    visible = _visible(query, key, None if mask is None else mask[:, None], "top_left" if causal else None)
    return _average(query, key, value, visible, None, None)


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
    causal: bool,
) -> Any:
    averages = _heads(
        _project(query, query_weight, query_bias),
        _project(key, key_weight, key_bias),
        _project(value, value_weight, value_bias),
        mask,
        causal=causal,
    )
    return _project_out(averages, output_weight, output_bias)


multi_head_attention = binding(
    _multi_head_attention,
    docs=_DOCS + "einsum",
    rename={name: name for name in ("query_bias", "key_bias", "value_bias", "output_bias", "mask")},
    conventions=_MULTI_HEAD,
    query_weight="c m d",
    key_weight="k m d",
    value_weight="v m e",
    output_weight="m e o",
)


def _self_attention(
    x: Any,
    weight: Any,
    output_weight: Any,
    *,
    bias: Any = None,
    output_bias: Any = None,
    mask: Any = None,
    causal: bool,
) -> Any:
    packed = tf.einsum("ntc,cbmd->bnmtd", x, weight)
    if bias is not None:
        packed += bias[:, None, :, None]
    query, key, value = tf.unstack(packed)
    return _project_out(_heads(query, key, value, mask, causal=causal), output_weight, output_bias)


self_attention = binding(
    _self_attention,
    docs=_DOCS + "einsum",
    rename={name: name for name in ("bias", "output_bias", "mask")},
    conventions=_MULTI_HEAD,
    weight="c b m d",
    output_weight="m d o",
)
