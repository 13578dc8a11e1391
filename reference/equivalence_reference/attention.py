# ruff: noqa: PLR0917 - references take the operation's arguments, however many there are
"""Attention: averages of values, weighted by how well their keys fit a query.

Heads have an axis of their own, ``m``; ``t`` is the position of a query and ``s`` that of a key and its value.
"""

from __future__ import annotations

import math
from typing import Any, NamedTuple

import numpy as np

from equivalence.errors import ParameterError, ShapeError
from equivalence.inputs import Array, Mask, Real
from equivalence.operation import operation
from equivalence_reference._arguments import divisible, measured
from equivalence_reference._attending import saturated, saturated_self
from equivalence_reference._recurrence import only_given
from equivalence_reference.cases import attention as cases
from equivalence_reference.witnesses import attention as by_loops

CAUSAL = (None, "top_left", "bottom_right")
"""Where a triangle of what may be seen is aligned, if there is one."""


class _How(NamedTuple):
    """The parameters of an attention."""

    causal: str | None = None
    scale: float | None = None
    groups: int = 1


def _visible(query: Array, key: Array, mask: Array | None, causal: str | None) -> Array:
    """Which keys each query may see, with as many axes as the scores."""
    if causal not in CAUSAL:
        names = ", ".join(map(repr, CAUSAL))
        raise ParameterError("causal of an attention", expected=f"one of {names}", got=repr(causal), fix="Use one.")
    t, s = query.shape[2], key.shape[2]
    seen = np.ones((1, 1, t, s), np.bool_)
    if causal is not None:
        seen = np.tri(t, s, s - t if causal == "bottom_right" else 0, dtype=np.bool_)[None, None]
    return seen if mask is None else seen & mask.astype(np.bool_)


def _factor(query: Array, scale: float | None) -> float:
    return 1 / math.sqrt(query.shape[3]) if scale is None else scale


def _attend(query: Array, key: Array, visible: Array, bias: Array | None, scale: float | None) -> Array:
    """The weights ``n m t s``: softmax over the keys that are visible, and nothing where none is."""
    scores = _factor(query, scale) * np.einsum("nmtd,nmsd->nmts", query, key)
    scores = np.where(visible, scores if bias is None else scores + bias, -np.inf)
    largest = scores.max(axis=3, keepdims=True)
    powers = np.exp(scores - np.where(np.isfinite(largest), largest, np.zeros_like(largest)))
    total = powers.sum(axis=3, keepdims=True)
    return np.asarray(powers / np.where(total > 0, total, np.ones_like(total)))


def _score_cotangents(weights: Array, cotangent: Array, value: Array) -> Array:
    """Back through the average and through softmax, to the scores."""
    back = np.einsum("nmte,nmse->nmts", cotangent, value)
    return np.asarray(weights * (back - (weights * back).sum(axis=3, keepdims=True)))


@operation(
    inputs={
        "query": "n m t d",
        "key": "n m/groups s d",
        "value": "n m/groups s e",
        "mask": Mask("n m t s"),
        "bias": "n m t s",
    },
    output="n m t e",
    parameters={"causal": CAUSAL, "scale": (None, 0.375), "groups": (1, 2)},
    cases=cases.SCALED_DOT_PRODUCT,
    rounding=saturated,
)
def scaled_dot_product_attention(
    query: Array,
    key: Array,
    value: Array,
    mask: Array | None = None,
    bias: Array | None = None,
    *,
    causal: str | None = None,
    scale: float | None = None,
    groups: int = 1,
) -> Array:
    r"""Average the values, weighted by softmax of the products of a query with the keys.

    .. math:: y_{nmte} = \sum_s A_{nmts} V_{nkse}, \qquad
        A_{nmt\cdot} = \operatorname{softmax}_s \Big(\alpha \sum_d Q_{nmtd} K_{nksd} + B_{nmts}\Big), \qquad
        k = \lfloor m / g \rfloor

    over the keys :math:`s` that query :math:`t` may see. A query that may see none gives 0.

    Args:
        query: :math:`Q`, ``n m t d``: examples, heads, positions, features.
        key: :math:`K`, ``n m/groups s d``.
        value: :math:`V`, ``n m/groups s e``.
        mask: true where a query may see a key, ``n m t s``; all of them if it is left out.
        bias: :math:`B`, added to the scaled products, ``n m t s``; also called an additive mask.
        causal: ``None``, or where a triangle is aligned: with ``top_left`` a query sees the keys :math:`s \le t`, with
            ``bottom_right`` those :math:`s \le t + S - T`, so that the last query sees the last of the :math:`S` keys.
        scale: :math:`\alpha`; ``None`` is :math:`1 / \sqrt{D}` for :math:`D` features of a query.
        groups: :math:`g`, how many successive query heads share a head of keys and values.

    Returns:
        ``n m t e``.

    Raises:
        ParameterError: for another alignment.
        ShapeError: if the groups do not divide the heads.

    Source: Vaswani et al., Attention is all you need (2017), equation 1; shared heads: Ainslie et al., GQA (2023),
    section 2.2.
    """
    given = {"query": query, "key": key, "value": value, "mask": mask, "bias": bias}
    sizes = measured(scaled_dot_product_attention, groups=groups, **given)
    divisible("scaled_dot_product_attention", groups, "m", sizes["m"])
    visible, keys = _visible(query, key, mask, causal), np.repeat(key, groups, axis=1)
    weights = _attend(query, keys, visible, bias, scale)
    return np.asarray(np.einsum("nmts,nmse->nmte", weights, np.repeat(value, groups, axis=1)))


@scaled_dot_product_attention.vjp
def scaled_dot_product_attention_vjp(
    cotangent: Array,
    query: Array,
    key: Array,
    value: Array,
    mask: Array | None = None,
    bias: Array | None = None,
    **parameters: Any,
) -> dict[str, Array]:
    r"""Back through the average, softmax and the products.

    .. math::
        \bar V = A^\top \bar y, \qquad \bar A = \bar y V^\top, \qquad
        \bar S_{ts} = A_{ts} \Big(\bar A_{ts} - \sum_r A_{tr} \bar A_{tr}\Big), \qquad
        \bar Q = \alpha \bar S K, \qquad \bar K = \alpha \bar S^\top Q, \qquad \bar B = \bar S

    A head of keys that several query heads share gets the sum of theirs.
    """
    how = _How(**parameters)
    keys, values = (np.repeat(shared, how.groups, axis=1) for shared in (key, value))
    weights = _attend(query, keys, _visible(query, key, mask, how.causal), bias, how.scale)
    scores = _score_cotangents(weights, cotangent, values)
    factor = _factor(query, how.scale)
    gradients = {
        "query": factor * np.einsum("nmts,nmsd->nmtd", scores, keys),
        "key": _shared(factor * np.einsum("nmts,nmtd->nmsd", scores, query), how.groups),
        "value": _shared(np.einsum("nmts,nmte->nmse", weights, cotangent), how.groups),
        "bias": scores,
    }
    return only_given(scaled_dot_product_attention, gradients, {"mask": mask, "bias": bias})


def _shared(gradient: Array, groups: int) -> Array:
    n, m, *rest = gradient.shape
    return np.asarray(gradient.reshape(n, m // groups, groups, *rest).sum(axis=2))


_LN2, _LN3 = math.log(2.0), math.log(3.0)

scaled_dot_product_attention.witness("number by number, a softmax of those keys only that a query may see")(
    by_loops.scaled_dot_product_attention
)
scaled_dot_product_attention.values(
    "worked by hand: four features, so a scale of 1/2; the exponentials are 3 and 1, and in the second row the bias "
    "makes them 3 and 2",
    query=[[[[2.0, 0.0, 0.0, 0.0], [0.0, 2.0, 0.0, 0.0]]]],
    key=[[[[_LN3, _LN3, 0.0, 0.0], [0.0, 0.0, 5.0, 5.0]]]],
    value=[[[[4.0], [8.0]]]],
    bias=[[[[0.0, 0.0], [0.0, _LN2]]]],
    expected=[[[[5.0], [5.6]]]],
)
scaled_dot_product_attention.values(
    "worked by hand: three queries of zeros and two keys; the first sees none, the second the first, the third both",
    query=[[[[0.0], [0.0], [0.0]]]],
    key=[[[[1.0], [7.0]]]],
    value=[[[[2.0], [6.0]]]],
    causal="bottom_right",
    expected=[[[[0.0], [2.0], [4.0]]]],
)


class _Heads(NamedTuple):
    """Queries, keys and values of each head, and what comes of them: weights and averages."""

    query: Array
    key: Array
    value: Array
    weights: Array
    averages: Array


def _run_heads(query: Array, key: Array, value: Array, mask: Array | None, *, causal: bool) -> _Heads:
    visible = _visible(query, key, None if mask is None else mask[:, None], "top_left" if causal else None)
    weights = _attend(query, key, visible, None, None)
    return _Heads(query, key, value, weights, np.einsum("nmts,nmse->nmte", weights, value))


def _back_heads(heads: _Heads, cotangent: Array) -> tuple[Array, Array, Array]:
    """Cotangents of the queries, keys and values by that of the averages, all ``n m . .``."""
    scores = _factor(heads.query, None) * _score_cotangents(heads.weights, cotangent, heads.value)
    return (
        np.einsum("nmts,nmsd->nmtd", scores, heads.key),
        np.einsum("nmts,nmtd->nmsd", scores, heads.query),
        np.einsum("nmts,nmte->nmse", heads.weights, cotangent),
    )


def _project(x: Array, weight: Array, bias: Array | None) -> Array:
    heads: Array = np.einsum("ntc,mdc->nmtd", x, weight)
    return heads if bias is None else heads + bias[:, None]


def _project_out(averages: Array, weight: Array, bias: Array | None) -> Array:
    y: Array = np.einsum("nmte,ome->nto", averages, weight)
    return np.asarray(y if bias is None else y + bias)


@operation(
    inputs={
        "query": "n t c",
        "key": "n s k",
        "value": "n s v",
        "query_weight": "m d c",
        "key_weight": "m d k",
        "value_weight": "m e v",
        "output_weight": "o m e",
        "query_bias": "m d",
        # Its gradient is 0; what is computed for it is rounding and nothing else.
        "key_bias": Real("m d", gradient=False),
        "value_bias": "m e",
        "output_bias": "o",
        "mask": Mask("n t s"),
    },
    output="n t o",
    parameters={"causal": (False, True)},
    cases=cases.MULTI_HEAD,
)
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
    causal: bool = False,
) -> Array:
    r"""Project queries, keys and values for each head, attend, and project all heads together.

    .. math:: y_{nto} = \sum_{me} W^O_{ome}\, h_{nmte} + b^O_o, \qquad
        h_m = \operatorname{attention}(Q_m, K_m, V_m)

    .. math:: Q_{nmtd} = \sum_c W^Q_{mdc} q_{ntc} + b^Q_{md}, \qquad
        K_{nmsd} = \sum_k W^K_{mdk} k_{nsk} + b^K_{md}, \qquad
        V_{nmse} = \sum_v W^V_{mev} v_{nsv} + b^V_{me}

    with the attention of :func:`scaled_dot_product_attention`, scaled by :math:`1 / \sqrt{D}` for the :math:`D`
    features of one head's queries.

    Args:
        query: :math:`q`, ``n t c``.
        key: :math:`k`, ``n s k``.
        value: :math:`v`, ``n s v``.
        query_weight: :math:`W^Q`, ``m d c``.
        key_weight: :math:`W^K`, ``m d k``.
        value_weight: :math:`W^V`, ``m e v``.
        output_weight: :math:`W^O`, ``o m e``.
        query_bias: :math:`b^Q`, ``m d``.
        key_bias: :math:`b^K`, ``m d``. It has no effect: it adds the same to all scores of a query.
        value_bias: :math:`b^V`, ``m e``.
        output_bias: :math:`b^O`, ``o``.
        mask: true where a query may see a key, ``n t s``, alike for all heads; all of them if it is left out.
        causal: whether a query sees the keys :math:`s \le t` only.

    Returns:
        ``n t o``.

    Source: Vaswani et al., Attention is all you need (2017), section 3.2.2.
    """
    measured(multi_head_attention, **{name: item for name, item in locals().items() if name != "causal"})
    heads = _run_heads(
        _project(query, query_weight, query_bias),
        _project(key, key_weight, key_bias),
        _project(value, value_weight, value_bias),
        mask,
        causal=causal,
    )
    return _project_out(heads.averages, output_weight, output_bias)


@multi_head_attention.vjp
def multi_head_attention_vjp(
    cotangent: Array, query: Array, key: Array, value: Array, *weights: Array, causal: bool = False, **call: Any
) -> dict[str, Array]:
    r"""Back through the output's projection, each head's attention and the projections before it.

    .. math:: \bar h_{nmte} = \sum_o W^O_{ome} \bar y_{nto}, \qquad
        \bar W^Q_{mdc} = \sum_{nt} \bar Q_{nmtd} q_{ntc}, \qquad \bar q_{ntc} = \sum_{md} W^Q_{mdc} \bar Q_{nmtd}

    and so for keys and values.
    """
    given = {
        "query": query,
        "key": key,
        "value": value,
        **dict(zip(list(multi_head_attention.inputs)[3:], weights, strict=False)),
        **call,
    }
    made = {
        name: _project(given[name], given[f"{name}_weight"], given.get(f"{name}_bias"))
        for name in ("query", "key", "value")
    }
    heads = _run_heads(**made, mask=given.get("mask"), causal=causal)
    averages = np.einsum("nto,ome->nmte", cotangent, given["output_weight"])
    gradients = {
        "output_weight": np.einsum("nto,nmte->ome", cotangent, heads.averages),
        "output_bias": cotangent.sum(axis=(0, 1)),
    }
    for name, back in zip(made, _back_heads(heads, averages), strict=True):
        gradients[name] = np.einsum("nmtd,mdc->ntc", back, given[f"{name}_weight"])
        gradients[f"{name}_weight"] = np.einsum("nmtd,ntc->mdc", back, given[name])
        gradients[f"{name}_bias"] = back.sum(axis=(0, 2))
    del gradients["key_bias"]
    return only_given(multi_head_attention, gradients, given)


multi_head_attention.witness("each head by itself with matrices, then the sum of what each adds to the output")(
    by_loops.multi_head_attention
)
multi_head_attention.values(
    "worked by hand: exponentials 3 and 1 in the first head and 1 and 1 in the second, so (3 * 8 + 16) / 4 = 10 and "
    "(8 + 16) / 2 = 12, and 10 - 2 * 12 + 1 = -13",
    query=[[[1.0]]],
    key=[[[_LN3], [0.0]]],
    value=[[[8.0], [16.0]]],
    query_weight=[[[1.0]], [[0.0]]],
    key_weight=[[[1.0]], [[1.0]]],
    value_weight=[[[1.0]], [[1.0]]],
    output_weight=[[[1.0], [-2.0]]],
    output_bias=[1.0],
    expected=[[[-13.0]]],
)


@operation(
    inputs={
        "x": "n t c",
        "weight": "b m d c",
        "output_weight": "o m d",
        "bias": "b m d",
        "output_bias": "o",
        "mask": Mask("n t t'"),
    },
    output="n t o",
    parameters={"causal": (False, True)},
    blocks={"b": "q k v"},
    cases=cases.SELF_ATTENTION,
    rounding=saturated_self,
)
def self_attention(
    x: Array,
    weight: Array,
    output_weight: Array,
    bias: Array | None = None,
    output_bias: Array | None = None,
    mask: Array | None = None,
    *,
    causal: bool = False,
) -> Array:
    r"""Multi-head attention of a sequence to itself, with one weight for its queries, keys and values.

    .. math:: y_{nto} = \sum_{md} W^O_{omd}\, h_{nmtd} + b^O_o, \qquad
        h_m = \operatorname{attention}(P_{0m}, P_{1m}, P_{2m}), \qquad
        P_{bnmtd} = \sum_c W_{bmdc} x_{ntc} + b_{bmd}

    with the attention of :func:`scaled_dot_product_attention`.

    Args:
        x: :math:`x`, ``n t c``.
        weight: :math:`W`, ``b m d c``: queries, keys and values, heads, features of a head.
        output_weight: :math:`W^O`, ``o m d``.
        bias: :math:`b`, ``b m d``.
        output_bias: :math:`b^O`, ``o``.
        mask: true where a position (first) may see another (second), ``n t t'``; all of them if it is left out.
        causal: whether a position sees itself and those before it only.

    Returns:
        ``n t o``.

    Raises:
        ShapeError: if the packed weight does not have three parts.

    Source: Vaswani et al., Attention is all you need (2017), sections 3.2.2 and 3.2.3; packed as in
    https://docs.pytorch.org/docs/stable/generated/torch.nn.MultiheadAttention.html (in_proj_weight).
    """
    given: dict[str, Any] = {"x": x, "weight": weight, "output_weight": output_weight}
    measured(self_attention, **given, bias=bias, output_bias=output_bias, mask=mask)
    if len(weight) != len(_PARTS):
        raise ShapeError(
            "weight of self_attention",
            expected="3 parts on axis b of 'b m d c'",
            got=f"{len(weight)}, shape {weight.shape}",
            fix="Stack the weights of queries, keys and values.",
        )
    return _project_out(_own_heads(x, weight, bias, mask, causal=causal).averages, output_weight, output_bias)


_PARTS = ("queries", "keys", "values")


def _own_heads(x: Array, weight: Array, bias: Array | None, mask: Array | None, *, causal: bool) -> _Heads:
    query, key, value = (_project(x, weight[b], None if bias is None else bias[b]) for b in range(len(_PARTS)))
    return _run_heads(query, key, value, mask, causal=causal)


@self_attention.vjp
def self_attention_vjp(
    cotangent: Array,
    x: Array,
    weight: Array,
    output_weight: Array,
    bias: Array | None = None,
    output_bias: Array | None = None,
    mask: Array | None = None,
    *,
    causal: bool = False,
) -> dict[str, Array]:
    r""":math:`\bar W_{bmdc} = \sum_{nt} \bar P_{bnmtd} x_{ntc}`, and a sequence gets the sum of its three parts."""
    heads = _own_heads(x, weight, bias, mask, causal=causal)
    back = np.stack(_back_heads(heads, np.einsum("nto,omd->nmtd", cotangent, output_weight)))
    gradients = {
        "x": np.einsum("bnmtd,bmdc->ntc", back, weight),
        "weight": np.einsum("bnmtd,ntc->bmdc", back, x),
        "output_weight": np.einsum("nto,nmtd->omd", cotangent, heads.averages),
        "bias": back.sum(axis=(1, 3)),
        "output_bias": cotangent.sum(axis=(0, 1)),
    }
    return only_given(self_attention, gradients, {"bias": bias, "output_bias": output_bias})


self_attention.witness("the three parts cut out of the packed weight, then each head by itself with matrices")(
    by_loops.self_attention
)
self_attention.values(
    "worked by hand: queries of zero average what a position may see: 3, then (3 + 5) / 2, twice, and 1 more",
    x=[[[1.0], [2.0]]],
    weight=[[[[0.0]]], [[[9.0]]], [[[2.0]]]],
    output_weight=[[[2.0]]],
    bias=[[[0.0]], [[4.0]], [[1.0]]],
    output_bias=[1.0],
    causal=True,
    expected=[[[7.0], [9.0]]],
)
