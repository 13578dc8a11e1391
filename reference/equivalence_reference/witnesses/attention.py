# ruff: noqa: PLR0917 - witnesses take the operation's arguments, however many there are
"""Slow, literal attention."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

Array = np.ndarray[Any, np.dtype[Any]]


def scaled_dot_product_attention(
    query: Array,
    key: Array,
    value: Array,
    mask: Array | None = None,
    bias: Array | None = None,
    *,
    causal: str | None,
    scale: float | None,
    groups: int,
) -> Array:
    """One query after the other."""
    examples, heads, queries, features = query.shape
    keys = key.shape[2]
    late = {None: keys, "top_left": 0, "bottom_right": keys - queries}[causal]
    factor = features**-0.5 if scale is None else scale
    result = np.zeros((examples, heads, queries, value.shape[3]))
    for n, m, t in np.ndindex(examples, heads, queries):
        scores = {}
        for s in range(keys):
            if s <= t + late and (mask is None or mask[n, m, t, s]):
                product = sum(query[n, m, t, d] * key[n, m // groups, s, d] for d in range(features))
                scores[s] = factor * product + (0.0 if bias is None else bias[n, m, t, s])
        for s, own in scores.items():
            # One over the sum of exponentials of differences, which needs no shift.
            with np.errstate(over="ignore"):
                weight = 1 / sum(np.exp(other - own) for other in scores.values())
            result[n, m, t] += weight * value[n, m // groups, s]
    return result


def _one_head(query: Array, key: Array, value: Array, mask: Array | None, *, causal: bool) -> Array:
    rows = []
    for t, one in enumerate(query):
        seen = [s for s in range(len(key)) if (mask is None or mask[t, s]) and (s <= t or not causal)]
        powers = [math.exp(float(one @ key[s]) / math.sqrt(len(one))) for s in seen]
        rows.append(sum(power * value[s] for power, s in zip(powers, seen, strict=True)) / math.fsum(powers))
    return np.array(rows)


def multi_head_attention(
    query: Array,
    key: Array,
    value: Array,
    query_weight: Array,
    key_weight: Array,
    value_weight: Array,
    output_weight: Array,
    query_bias: Array | None = None,
    key_bias: Array | None = None,
    value_bias: Array | None = None,
    output_bias: Array | None = None,
    mask: Array | None = None,
    *,
    causal: bool,
) -> Array:
    """One example and head after the other."""
    result = np.zeros((*query.shape[:2], len(output_weight)))
    for n, m in np.ndindex(len(query), len(query_weight)):
        own_query, own_key, own_value = (
            sequence[n] @ weight[m].T + (0.0 if bias is None else bias[m])
            for sequence, weight, bias in (
                (query, query_weight, query_bias),
                (key, key_weight, key_bias),
                (value, value_weight, value_bias),
            )
        )
        average = _one_head(own_query, own_key, own_value, None if mask is None else mask[n], causal=causal)
        result[n] += average @ output_weight[:, m].T
    return result if output_bias is None else result + output_bias


def self_attention(
    x: Array,
    weight: Array,
    output_weight: Array,
    bias: Array | None = None,
    output_bias: Array | None = None,
    mask: Array | None = None,
    *,
    causal: bool,
) -> Array:
    """The general one, with the sequence three times."""
    wq, wk, wv = weight
    bq, bk, bv = (None, None, None) if bias is None else bias
    return multi_head_attention(x, x, x, wq, wk, wv, output_weight, bq, bk, bv, output_bias, mask, causal=causal)
