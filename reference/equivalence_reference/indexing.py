"""Indices: what stands at a place, and where something stands."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from equivalence.errors import ParameterError
from equivalence.inputs import Array, Integers, Real
from equivalence.operation import case, operation
from equivalence.rounding import selection
from equivalence_reference._arguments import known, measured

MODES = ("clip", "wrap", "zero", "from_end")


@operation(
    inputs={"indices": Integers("...", low=-2, below=6)},
    output="...'",
    parameters={"depth": (4, 3, 7), "axis": (-1, 0, 1)},
    cases=[
        case("last-distinct_sizes", {"...": (3, 5)}),
        case("last-equal_sizes", {"...": (4, 4)}),
        case("first-equal_sizes", {"...": (4, 4)}, axis=0),
        case("second-distinct_sizes", {"...": (5, 6)}, axis=1, depth=3),
        case("vector-more_classes_than_indices", {"...": (8,)}, depth=7),
        case("vector-first", {"...": (6,)}, depth=7, axis=0),
        case("second-equal_sizes", {"...": (3, 3)}, depth=3, axis=1),
    ],
    rounding=selection,
)
def one_hot(indices: Array, *, depth: int = 4, axis: int = -1) -> Array:
    r"""Mark each index by a 1 among zeros.

    .. math:: y_{i \ldots k} = \begin{cases} 1 & k = \text{indices}_{i \ldots} \\ 0 & \text{else} \end{cases}

    An index below zero or beyond the depth marks nothing: its row is all zeros.

    Args:
        indices: whole numbers, any number of axes, ``...``.
        depth: the size of the axis of :math:`k`, the number of classes.
        axis: where the axis of :math:`k` stands in the output; -1 is last.

    Returns:
        float32 with one more axis than ``indices``.

    Source: https://www.tensorflow.org/api_docs/python/tf/one_hot.
    """
    marked = indices[..., None] == np.arange(depth)
    return np.array(np.moveaxis(marked, -1, axis), np.float32)


@one_hot.vjp
def one_hot_vjp(cotangent: Array, indices: Array, *, depth: int = 4, axis: int = -1) -> dict[str, Array]:
    """Whole numbers have no gradient."""
    del cotangent, indices, depth, axis
    return {}


@one_hot.witness("zeros, and a 1 for each index that is a class")
def one_hot_by_indices(indices: Array, *, depth: int = 4, axis: int = -1) -> Array:
    """Mark one index after the other."""
    place = axis % (indices.ndim + 1)
    result = np.zeros((*indices.shape[:place], depth, *indices.shape[place:]))
    for index in np.ndindex(indices.shape):
        if 0 <= indices[index] < depth:
            result[(*index[:place], indices[index], *index[place:])] = 1
    return result


one_hot.values(
    "a published run of Keras's one_hot on 0, 2, 1, 0 with three classes",
    indices=[0, 2, 1, 0],
    depth=3,
    expected=[[1.0, 0.0, 0.0], [0.0, 0.0, 1.0], [0.0, 1.0, 0.0], [1.0, 0.0, 0.0]],
)
one_hot.values(
    "worked by hand: neither -1 nor 2 is one of two classes",
    indices=[-1, 1, 2],
    depth=2,
    expected=[[0.0, 0.0], [0.0, 1.0], [0.0, 0.0]],
)


def _places(indices: Array, size: int, mode: str) -> tuple[Array, Array]:
    """Where on an axis each index points, and whether it points to anything."""
    inside = (indices >= 0) & (indices < size)
    if mode == "wrap":
        return indices % size, np.ones_like(inside)
    if mode == "clip":
        return np.clip(indices, 0, size - 1), np.ones_like(inside)
    if mode == "from_end":
        inside = (indices >= -size) & (indices < size)
        return np.where(inside, indices % size, 0), inside
    return np.where(inside, indices, 0), inside


@operation(
    inputs={"x": "...", "indices": Integers("...'", low=-9, below=9)},
    output="...''",
    parameters={"axis": (0, 1, -1), "mode": MODES},
    cases=[
        case("clip-distinct_sizes", {"...": (3, 5), "...'": (2, 7)}),
        case("clip-equal_sizes", {"...": (4, 4), "...'": (4, 4)}, axis=1),
        case("wrap", {"...": (3, 5, 2), "...'": (7,)}, axis=1, mode="wrap"),
        case("wrap-equal_sizes", {"...": (3, 3, 3), "...'": (3, 3)}, mode="wrap", axis=-1),
        case("zero", {"...": (5, 4), "...'": (3, 4)}, mode="zero"),
        case("zero-last", {"...": (2, 6), "...'": (9,)}, mode="zero", axis=-1),
        case("from_end-within", {"...": (9, 2), "...'": (8,)}, mode="from_end"),
        case("from_end-beyond", {"...": (2, 5, 3), "...'": (3, 4)}, mode="from_end", axis=1),
        case("one_index", {"...": (4, 3), "...'": ()}, mode="wrap"),
    ],
    rounding=selection,
)
def gather(x: Array, indices: Array, *, axis: int = 0, mode: str = "clip") -> Array:
    r"""Take slices of an axis by their indices.

    .. math:: y_{\ldots i j \ldots} = x_{\ldots\, f(\text{indices}_{ij})\, \ldots}

    Args:
        x: :math:`x`, any number of axes, ``...``; :math:`n` is the size of ``axis``.
        indices: whole numbers, any number of axes, ``...'``.
        axis: of ``x``, along which is taken; negative values count from the last.
        mode: what :math:`f` makes of an index that is not from 0 to :math:`n - 1`. ``clip`` takes the nearest that is,
            so that a negative one is 0; ``wrap`` takes it modulo :math:`n`; ``zero`` puts zeros in place of the slice;
            ``from_end`` lets -1 be the last and :math:`-n` the first, and puts zeros for what is beyond.

    Returns:
        The axes of ``x`` with those of ``indices`` in place of ``axis``.

    Slices that are taken several times add up their cotangents.

    Raises:
        ParameterError: for another mode.

    Source: https://numpy.org/doc/stable/reference/generated/numpy.take.html for ``clip`` and ``wrap``;
    https://www.tensorflow.org/api_docs/python/tf/gather for the zeros, which TensorFlow gives on a GPU;
    https://docs.jax.dev/en/latest/_autosummary/jax.numpy.take.html for ``from_end``, its mode ``fill``.
    """
    known("mode of gather", mode, MODES)
    place = axis % x.ndim
    places, valid = _places(indices, x.shape[place], mode)
    taken = np.take(x, places, axis=place)
    shown = valid.reshape(*(1 for _ in range(place)), *valid.shape, *(1 for _ in range(x.ndim - place - 1)))
    return np.array(np.where(shown, taken, np.zeros((), x.dtype)))


@gather.vjp
def gather_vjp(cotangent: Array, x: Array, indices: Array, *, axis: int = 0, mode: str = "clip") -> dict[str, Array]:
    """Add each slice of the cotangent to the slice of ``x`` that it was taken from."""
    place = axis % x.ndim
    places, valid = _places(indices, x.shape[place], mode)
    gradient = np.zeros_like(np.moveaxis(x, place, 0))
    slices = cotangent.reshape(*x.shape[:place], indices.size, *x.shape[place + 1 :])
    for taken, where, real in zip(np.moveaxis(slices, place, 0), places.flat, valid.flat, strict=True):
        if real:
            gradient[where] += taken
    return {"x": np.array(np.moveaxis(gradient, 0, place))}


@gather.witness("one index after the other, moved into range by steps")
def gather_by_indices(x: Array, indices: Array, *, axis: int = 0, mode: str = "clip") -> Array:
    """Fetch slice by slice."""
    slices = np.moveaxis(x, axis, 0)
    result = np.zeros((*indices.shape, *slices.shape[1:]))
    for place in np.ndindex(indices.shape):
        index, size = int(indices[place]), len(slices)
        if mode == "from_end" and index < 0:
            index += size
        while mode in ("wrap", "clip") and index < 0:
            index = index + size if mode == "wrap" else 0
        while mode in ("wrap", "clip") and index >= size:
            index = index - size if mode == "wrap" else size - 1
        if 0 <= index < size:
            result[place] = slices[index]
    first = axis % x.ndim
    return np.moveaxis(result, range(indices.ndim), range(first, first + indices.ndim))


gather.values(
    "worked by hand: -1 and 3 are clipped to the first and the last",
    x=[[1.0, 2.0], [3.0, 4.0], [5.0, 6.0]],
    indices=[-1, 1, 3],
    expected=[[1.0, 2.0], [3.0, 4.0], [5.0, 6.0]],
)
gather.values(
    "worked by hand: -1 is the last, -3 the first, and 3 and -4 are beyond",
    x=[1.0, 2.0, 3.0],
    indices=[-1, -3, 3, -4],
    mode="from_end",
    expected=[3.0, 1.0, 0.0, 0.0],
)


@operation(
    inputs={"indices": Integers("n t", below="v"), "weight": "v d"},
    output="n t d",
    parameters={},
    cases=[
        case("words-distinct_sizes", {"n": 2, "t": 5, "v": 7, "d": 3}),
        case("words-equal_sizes", {"n": 4, "t": 4, "v": 4, "d": 4}),
        case("often_the_same", {"n": 3, "t": 6, "v": 2, "d": 5}),
        case("one_word", {"n": 1, "t": 1, "v": 5, "d": 2}),
    ],
    rounding=selection,
)
def embedding(indices: Array, weight: Array) -> Array:
    r"""Look up a vector for each word.

    .. math:: y_{nte} = E_{\text{indices}_{nt},\,e}

    Args:
        indices: whole numbers from 0 to the number of words, ``n t``.
        weight: :math:`E`, a vector for each word, ``v d``.

    Returns:
        ``n t d``.

    Raises:
        ParameterError: for an index that is no word.

    Source: Collobert, Weston, Bottou, Karlen, Kavukcuoglu and Kuksa, Natural language processing (almost) from scratch
    (2011), equation 1.
    """
    words = measured(embedding, indices=indices, weight=weight)["v"]
    if indices.size and not 0 <= indices.min() <= indices.max() < words:
        raise ParameterError(
            "indices of embedding",
            expected=f"from 0 to {words - 1}",
            got=f"from {indices.min()} to {indices.max()}",
            fix="Say what such an index means with gather.",
        )
    return np.take(weight, indices, axis=0)


@embedding.vjp
def embedding_vjp(cotangent: Array, indices: Array, weight: Array) -> dict[str, Array]:
    """Each word's vector gets the sum over the places where the word stands."""
    gradient = np.zeros_like(weight)
    for place in np.ndindex(indices.shape):
        gradient[indices[place]] += cotangent[place]
    return {"weight": gradient}


@embedding.witness("the product of one-hot rows and the weight, term by term")
def embedding_by_products(indices: Array, weight: Array) -> Array:
    """Add up one-hot times weight."""
    result = np.zeros((*indices.shape, weight.shape[1]))
    for n, t, e in np.ndindex(result.shape):
        result[n, t, e] = sum(float(word == indices[n, t]) * weight[word, e] for word in range(len(weight)))
    return result


embedding.values(
    "worked by hand", indices=[[2, 0]], weight=[[1.0, 2.0], [3.0, 4.0], [5.0, 6.0]], expected=[[[5.0, 6.0], [1.0, 2.0]]]
)


@operation(
    inputs={"x": Real("...", gradient=False)},
    output="...'",
    parameters={"axis": (-1, 0, 1, None), "keepdims": (False, True)},
    cases=[
        case("last-distinct_sizes", {"...": (3, 7)}),
        case("first-equal_sizes", {"...": (5, 5)}, axis=0),
        case("second", {"...": (3, 6, 4)}, axis=1),
        case("all", {"...": (4, 5)}, axis=None),
        case("ties", {"...": (4, 8)}, data="ties"),
        case("ties-first-kept", {"...": (8, 3)}, data="ties", axis=0, keepdims=True),
        case("negative-kept", {"...": (2, 4, 5)}, data="negative", keepdims=True),
    ],
    rounding=selection,
)
def argmax(x: Array, *, axis: int | None = -1, keepdims: bool = False) -> Array:
    r"""Find where the largest number of an axis stands.

    .. math:: y = \min \{ k : x_k = \max_l x_l \}

    Args:
        x: any number of axes, ``...``.
        axis: the axis of :math:`k` and :math:`l`; negative values count from the last. Without one, the place counts
            through all of ``x`` in C order.
        keepdims: whether the axis stays, with size one.

    Returns:
        int64, without ``axis``, or with size one there. Of several largest it is the first.

    Source: https://numpy.org/doc/stable/reference/generated/numpy.argmax.html.
    """
    return np.asarray(np.argmax(x, axis=axis, keepdims=keepdims))


@argmax.witness("a walk along the axis that remembers the largest so far")
def argmax_by_walking(x: Array, *, axis: int | None = -1, keepdims: bool = False) -> Array:
    """Compare one by one."""
    rows = x.reshape(-1)[None] if axis is None else np.moveaxis(x, axis, -1)
    found = np.zeros(rows.shape[:-1], int)
    for place in np.ndindex(found.shape):
        for k, value in enumerate(rows[place]):
            if value > rows[(*place, found[place])]:
                found[place] = k
    if axis is None:
        return found.reshape([1] * x.ndim) if keepdims else found[0]
    return np.expand_dims(found, axis) if keepdims else found


argmax.values("worked by hand: the first of two largest", x=[[1.0, 3.0, 3.0], [2.0, 0.0, -1.0]], expected=[1, 0])
argmax.values("worked by hand: the fourth of all", x=[[1.0, 2.0], [0.0, 7.0]], axis=None, expected=3)


@operation(
    inputs={"x": "... t"},
    outputs={"values": "... k", "indices": "... k"},
    parameters={"k": (2, 1, 3, 5)},
    cases=[
        case("two-distinct_sizes", {"...": (3, 4), "t": 7}),
        case("two-equal_sizes", {"...": (5,), "t": 5}),
        case("one", {"...": (4,), "t": 6}, k=1),
        case("three-negative", {"...": (3,), "t": 8}, k=3, data="negative"),
        case("all_sorted", {"...": (3,), "t": 5}, k=5),
        case("ties", {"...": (4,), "t": 8}, k=3, data="ties", kink=True),
    ],
    rounding=selection,
)
def topk(x: Array, *, k: int = 2) -> tuple[Array, Array]:
    r"""Find the largest numbers of the last axis, the largest first.

    .. math:: y_j = x_{p_j}, \qquad x_{p_1} \ge x_{p_2} \ge \ldots \ge x_{p_k} \ge x_l \;\text{for every other}\; l

    Args:
        x: :math:`x`, ``... t``.
        k: :math:`k`, how many, at most ``t``.

    Returns:
        ``values`` :math:`y` and ``indices`` :math:`p`, both ``... k``; of equal numbers the one with the lower index is
        first. The gradient goes to the numbers that were picked.

    Raises:
        ParameterError: if there are not so many.

    Source: https://www.tensorflow.org/api_docs/python/tf/math/top_k.
    """
    size = measured(topk, x=x)["t"]
    if not 1 <= k <= size:
        raise ParameterError("k of topk", expected=f"from 1 to {size}", got=k, fix="The last axis has no more numbers.")
    places = np.argsort(-x, axis=-1, kind="stable")[..., :k]
    return np.take_along_axis(x, places, axis=-1), places


@topk.vjp
def topk_vjp(cotangents: Mapping[str, Array], x: Array, *, k: int = 2) -> dict[str, Array]:
    """Send the cotangent of each value back to where it came from."""
    gradient = np.zeros_like(x)
    np.put_along_axis(gradient, np.argsort(-x, axis=-1, kind="stable")[..., :k], cotangents["values"], axis=-1)
    return {"x": gradient}


@topk.witness("the largest is taken out, as often as asked")
def topk_by_taking_out(x: Array, *, k: int = 2) -> tuple[Array, Array]:
    """Look for the largest of what is left."""
    values = np.zeros((*x.shape[:-1], k))
    places = np.zeros(values.shape, int)
    for row in np.ndindex(x.shape[:-1]):
        left = list(range(x.shape[-1]))
        for j in range(k):
            best = max(left, key=lambda place: (x[(*row, place)], -place))
            left.remove(best)
            values[(*row, j)], places[(*row, j)] = x[(*row, best)], best
    return values, places


topk.values("worked by hand", x=[[1.0, 9.0, 4.0, 9.0]], k=3, expected=([[9.0, 9.0, 4.0]], [[1, 3, 2]]))
