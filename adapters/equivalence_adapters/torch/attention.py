"""PyTorch's attention."""

from __future__ import annotations

from typing import Any

from equivalence.binding import binding
from equivalence.lazy import Lazy

torch, functional = Lazy("torch"), Lazy("torch.nn.functional")

_DOCS = "https://docs.pytorch.org/docs/stable/generated/torch.nn."
_MASKS = {"mask": "mask", "bias": "bias"}


def _visible(query: Any, key: Any, mask: Any, causal: str | None) -> Any:
    t, s = query.shape[2], key.shape[2]
    if causal is None:
        return mask
    triangle = torch.ones(t, s, dtype=torch.bool).tril(s - t if causal == "bottom_right" else 0)
    return triangle if mask is None else triangle & mask


def _scaled_dot_product_attention(
    query: Any, key: Any, value: Any, *, mask: Any = None, bias: Any = None, causal: str | None, **others: Any
) -> Any:
    if causal == "top_left" and mask is None and bias is None:
        return functional.scaled_dot_product_attention(query, key, value, is_causal=True, **others)
    visible = _visible(query, key, mask, causal)
    if bias is not None and visible is not None:
        # There is one argument for both kinds of mask.
        bias = bias.masked_fill(~visible, -torch.inf)
    return functional.scaled_dot_product_attention(query, key, value, visible if bias is None else bias, **others)


scaled_dot_product_attention = binding(
    _scaled_dot_product_attention,
    docs=_DOCS + "functional.scaled_dot_product_attention.html",
    rename={**_MASKS, "groups": "enable_gqa"},
    recode={"enable_gqa": lambda context: context.parameters["groups"] > 1},
    conventions={
        "axes": "n m t d: heads before positions",
        "true in a boolean mask": "may be seen; in MultiheadAttention the reverse",
        "additive mask": "attn_mask of real numbers, in the place of a boolean one",
        "default scale": "1 / sqrt of the features of a query",
        "alignment of is_causal": "top left; torch.nn.attention.bias.causal_lower_right for the other",
        "a query that sees nothing": "0 (NaN before version 2.5)",
        "shared heads": "successive, with enable_gqa=True",
        "precision": "in the dtype asked for",
    },
)

_MULTI_HEAD = {
    "axes of a sequence": "t n c; n t c with batch_first=True",
    "true in a boolean mask": "may not be seen, in attn_mask and in key_padding_mask",
    "mask for each head": "(n m) t s, an example's heads after each other",
    "default scale": "1 / sqrt of the features of one head",
    "features of all heads": "as many as of a query, and of the output",
    "packed projection": "queries, keys, values, in each the heads: 3 m d; three weights if kdim or vdim is given",
    "default bias": "yes, in all projections",
    "a query that sees nothing": "0 with need_weights=False, else NaN",
    "weights": "(output, input)",
    "precision": "in the dtype asked for",
}


def _split(x: Any, weight: Any, bias: Any, heads: int) -> Any:
    return functional.linear(x, weight, bias).unflatten(-1, (heads, -1)).transpose(1, 2)


def _merge(averages: Any, weight: Any, bias: Any) -> Any:
    return functional.linear(averages.transpose(1, 2).flatten(2), weight, bias)


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
    averages = functional.scaled_dot_product_attention(
        _split(query, query_weight, query_bias, heads),
        _split(key, key_weight, key_bias, heads),
        _split(value, value_weight, value_bias, heads),
        None if mask is None else mask[:, None],
        is_causal=causal,
    )
    return _merge(averages, output_weight, output_bias)


_OPTIONAL = {name: name for name in ("query_bias", "key_bias", "value_bias", "output_bias", "mask")}
_HEADS = {"heads": lambda context: context.sizes["m"]}
_PROJECTIONS: dict[str, Any] = {
    "query_weight": "(m d) c",
    "key_weight": "(m d) k",
    "value_weight": "(m e) v",
    "output_weight": "o (m e)",
    "query_bias": "(m d)",
    "key_bias": "(m d)",
    "value_bias": "(m e)",
}

multi_head_attention = binding(
    _multi_head_attention,
    docs=_DOCS + "functional.scaled_dot_product_attention.html",
    rename=_OPTIONAL,
    recode=_HEADS,
    conventions={**_MULTI_HEAD, "as": "linear layers around scaled_dot_product_attention"},
    **_PROJECTIONS,
)


def _ignored(query: Any, key: Any, mask: Any, heads: int, *, causal: bool) -> Any:
    if causal:
        return torch.ones(len(query), len(key), dtype=torch.bool).triu(1)
    return None if mask is None else ~mask.repeat_interleave(heads, 0)


def _native(query: Any, key: Any, value: Any, *, mask: Any, heads: int, causal: bool, **weights: Any) -> Any:
    y, _ = functional.multi_head_attention_forward(
        query,
        key,
        value,
        query.shape[-1],
        heads,
        bias_k=None,
        bias_v=None,
        add_zero_attn=False,
        dropout_p=0.0,
        need_weights=False,
        attn_mask=_ignored(query, key, mask, heads, causal=causal),
        **weights,
    )
    return y


def _native_multi_head_attention(
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
    **settings: Any,
) -> Any:
    return _native(
        query,
        key,
        value,
        mask=mask,
        in_proj_weight=None,
        in_proj_bias=None if query_bias is None else torch.cat([query_bias, key_bias, value_bias]),
        out_proj_weight=output_weight,
        out_proj_bias=output_bias,
        use_separate_proj_weight=True,
        q_proj_weight=query_weight,
        k_proj_weight=key_weight,
        v_proj_weight=value_weight,
        **settings,
    )


native_multi_head_attention = binding(
    _native_multi_head_attention,
    operation="multi_head_attention",
    variant="native",
    docs=_DOCS + "MultiheadAttention.html",
    rename=_OPTIONAL,
    recode=_HEADS,
    conventions={**_MULTI_HEAD, "as": "nn.MultiheadAttention"},
    query="t n c",
    key="s n k",
    value="s n v",
    output="t n o",
    **_PROJECTIONS,
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
    packed = functional.linear(x, weight, bias).chunk(3, -1)
    averages = functional.scaled_dot_product_attention(
        *(part.unflatten(-1, (heads, -1)).transpose(1, 2) for part in packed),
        None if mask is None else mask[:, None],
        is_causal=causal,
    )
    return _merge(averages, output_weight, output_bias)


_PACKED: dict[str, Any] = {
    "rename": {name: name for name in ("bias", "output_bias", "mask")},
    "recode": _HEADS,
    "weight": "(b m d) c",
    "bias": "(b m d)",
    "output_weight": "o (m d)",
}

self_attention = binding(
    _self_attention,
    docs=_DOCS + "functional.scaled_dot_product_attention.html",
    conventions={**_MULTI_HEAD, "as": "linear layers around scaled_dot_product_attention"},
    **_PACKED,
)


def _native_self_attention(
    x: Any,
    weight: Any,
    output_weight: Any,
    *,
    bias: Any = None,
    output_bias: Any = None,
    mask: Any = None,
    **settings: Any,
) -> Any:
    return _native(
        x,
        x,
        x,
        mask=mask,
        in_proj_weight=weight,
        in_proj_bias=bias,
        out_proj_weight=output_weight,
        out_proj_bias=output_bias,
        **settings,
    )


native_self_attention = binding(
    _native_self_attention,
    operation="self_attention",
    variant="native",
    docs=_DOCS + "MultiheadAttention.html",
    conventions={**_MULTI_HEAD, "as": "nn.MultiheadAttention"},
    x="t n c",
    output="t n o",
    **_PACKED,
)
