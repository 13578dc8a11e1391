"""Keras's attention: positions before heads, and weights with an axis for the heads."""

from __future__ import annotations

from typing import Any

from equivalence.binding import binding
from equivalence.lazy import Lazy
from equivalence_adapters.keras.stateless import apply

layers, ops = Lazy("keras.layers"), Lazy("keras.ops")


def _lower_right(query: Any, key: Any, mask: Any) -> Any:
    t, s = query.shape[1], key.shape[1]
    triangle = ops.arange(s) <= ops.arange(t)[:, None] + s - t
    return triangle[None, None] if mask is None else ops.logical_and(triangle, mask)


def _scaled_dot_product_attention(
    query: Any,
    key: Any,
    value: Any,
    *,
    mask: Any = None,
    causal: str | None,
    scale: float | None,
    **bias: Any,
) -> Any:
    if causal == "bottom_right":
        mask = _lower_right(query, key, mask)
    # A scale that is no tensor is rounded to float32.
    factor = ops.convert_to_tensor(query.shape[3] ** -0.5 if scale is None else scale, query.dtype)
    return ops.dot_product_attention(query, key, value, mask=mask, scale=factor, is_causal=causal == "top_left", **bias)


scaled_dot_product_attention = binding(
    _scaled_dot_product_attention,
    docs="https://keras.io/api/ops/nn/#dot_product_attention-function",
    rename={"mask": "mask", "bias": "bias", "groups": None},
    conventions={
        "axes": "n t m d: positions before heads; masks n m t s",
        "true in a boolean mask": "may be seen",
        "additive mask": "bias, beside a boolean mask",
        "default scale": "1 / sqrt of the features of a key",
        "alignment of is_causal": "top left",
        "a query that sees nothing": "the average of all values: masked scores are -2.4e38, not minus infinity",
        "precision": "the scale is rounded to float32 with float64 too",
        "shared heads": "successive, as the shapes say (GroupQueryAttention is the layer); one head for all as well",
    },
    query="n t m d",
    key="n s m d",
    value="n s m e",
    output="n t m e",
)


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
    _, heads, features = query_weight.shape
    layer = layers.MultiHeadAttention(
        heads,
        features,
        value_weight.shape[2],
        use_bias=query_bias is not None,
        output_shape=output_weight.shape[2],
        dtype=query.dtype.name,
    )
    given = query_weight, query_bias, key_weight, key_bias, value_weight, value_bias, output_weight, output_bias
    weights = [weight for weight in given if weight is not None]
    return apply(layer, weights, query, value, key, attention_mask=mask, use_causal_mask=causal)


multi_head_attention = binding(
    _multi_head_attention,
    docs="https://keras.io/api/layers/attention_layers/multi_head_attention/",
    rename={name: name for name in ("query_bias", "key_bias", "value_bias", "output_bias", "mask")},
    conventions={
        "axes of a sequence": "n t c; the arguments are query, value, key",
        "true in a boolean mask": "may be seen",
        "mask for each head": "n m t s",
        "default scale": "1 / sqrt of the features of one head (key_dim)",
        "features of all heads": "any number: key_dim and value_dim are one head's",
        "packed projection": "none: three weights",
        "default bias": "yes, in all projections",
        "a query that sees nothing": "the average of all values",
        "weights": "(input, heads, features), the output's (heads, features, output)",
        "precision": "the scale is rounded to float32 with float64 too",
        "as": "MultiHeadAttention",
    },
    dtypes=("float32",),
    query_weight="c m d",
    key_weight="k m d",
    value_weight="v m e",
    output_weight="m e o",
)
