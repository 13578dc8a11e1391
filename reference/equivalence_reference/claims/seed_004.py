"""Seed 004: tensors by way of Keras's backend, whose functions Keras 3 has moved to ``keras.ops``."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from equivalence.claim import Check, Framework, agree, check, claim, instead
from equivalence_reference.claims._numbers import ROUNDING
from equivalence_reference.networks.planning import value_iteration


def _keras(name: str, **keywords: object) -> dict[str, tuple[str, dict[str, object]]]:
    """Keras's own call of today, for operations that its adapter leaves to TensorFlow's."""
    return {"keras": (f"keras.ops:{name}", keywords)}


_A, _B = np.array([[1.0, 2.0], [3.0, 4.0]]), np.array([[5.0, 6.0], [7.0, 8.0]])
_LAMBDA = {"keras.backend.abs": "keras.ops.absolute, in a layer keras.layers.Lambda"}


@claim(
    seed="004",
    text="A layer of absolute values takes -1, -5 and -9 out of a 3 x 3 input, and leaves the rest.",
    expected="confirmed",
    why="an absolute value drops the sign",
    replaced=_LAMBDA,
)
def lambda_abs(framework: Framework) -> Iterator[Check]:
    """The printed output."""
    x = np.array([[[-1.0, 2.0, 3.0], [4.0, -5.0, 6.0], [7.0, 8.0, -9.0]]])
    y = framework("absolute", x, own=_keras("absolute"))
    yield check("the nine numbers", np.arange(1.0, 10.0).reshape(1, 3, 3), y)


@claim(
    seed="004",
    text="The merge of two inputs by the sum of their absolute values gives 5, 7, 9.",
    expected="confirmed",
    why="1 + 4, 2 + 5 and 3 + 6",
    replaced={
        **_LAMBDA,
        "keras.layers.merge": "keras.ops.add; sums, products and the like also as keras.layers.Add, Multiply, ...",
    },
)
def merge_absolute_values(framework: Framework) -> Iterator[Check]:
    """The printed output."""
    x, y = np.array([[-1.0, -2.0, 3.0]]), np.array([[4.0, -5.0, -6.0]])
    sizes = [framework("absolute", item, own=_keras("absolute")) for item in (x, y)]
    merged = framework("merge_sum", *sizes, own=_keras("add"))
    yield check("the sum", [[5.0, 7.0, 9.0]], merged)


@claim(
    seed="004",
    text="dot of two matrices is their product: ((19, 22), (43, 50)).",
    expected="confirmed",
    why="rows meet columns: 1*5 + 2*7, 1*6 + 2*8, 3*5 + 4*7, 3*6 + 4*8",
    replaced={"keras.backend.dot": "keras.ops.dot", "keras.backend.variable": "keras.Variable, or a NumPy array"},
)
def dot_of_matrices(framework: Framework) -> Iterator[Check]:
    """The printed output."""
    y = framework("dot", _A, _B, own=_keras("dot"))
    yield check("the product", [[19.0, 22.0], [43.0, 50.0]], y, within=ROUNDING)


@claim(
    seed="004",
    text="batch_dot(a, b, 1) is the dot product of a[i] with b[i]: ((17), (53)).",
    expected="confirmed",
    why="row meets row: 1*5 + 2*6 and 3*7 + 4*8; the first axis is the batch",
    replaced={"keras.backend.batch_dot": "keras.layers.Dot(axes=1), or keras.ops.einsum"},
)
def batch_dot_of_matrices(framework: Framework) -> Iterator[Check]:
    """The printed output."""
    yield check(
        "the products", [[17.0], [53.0]], framework("batch_dot", _A, _B, axes=1).reshape(2, -1), within=ROUNDING
    )


@claim(
    seed="004",
    text="a * b multiplies element by element: ((5, 12), (21, 32)).",
    expected="confirmed",
    why="1*5, 2*6, 3*7 and 4*8",
)
def elementwise_product(framework: Framework) -> Iterator[Check]:
    """The printed output."""
    y = framework("merge_mul", _A, _B, own=_keras("multiply"))
    yield check("the products", [[5.0, 12.0], [21.0, 32.0]], y)


@claim(
    seed="004",
    text="dot of the vector (0, 1) with one 2 x 2 example gives ((3, 4)).",
    expected="confirmed",
    why="the sum runs over the rows, of which the vector takes the second, and the batch axis is kept",
    replaced={"keras.backend.dot": "keras.ops.dot"},
)
def dot_with_vector(framework: Framework) -> Iterator[Check]:
    """The printed output."""
    y = framework("dot", np.array([0.0, 1.0]), _A[None], own=_keras("dot"))
    yield check("the second row", [[3.0, 4.0]], y, within=ROUNDING)


@claim(
    seed="004",
    text="one_hot of 0, 2, 1, 0 among three puts a 1 into the places 0, 2, 1 and 0.",
    expected="confirmed",
    why="each row is that of the unit matrix",
    replaced={"keras.backend.one_hot": "keras.ops.one_hot"},
)
def one_hot_rows(framework: Framework) -> Iterator[Check]:
    """The printed output."""
    rows = framework("one_hot", np.array([0, 2, 1, 0]), depth=3, own=_keras("one_hot", num_classes=3))
    yield check("the four rows", [[1, 0, 0], [0, 0, 1], [0, 1, 0], [1, 0, 0]], rows)


_CUBE = np.array([[[1.0, 2.0], [3.0, 4.0]]])


@claim(
    seed="004",
    text="permute_dimensions by (1, 2, 0) takes shape (1, 2, 2) to (2, 2, 1), each number in a list of its own.",
    expected="confirmed",
    why="new axis k is old axis (1, 2, 0)[k]",
    replaced={"keras.backend.permute_dimensions": "keras.ops.transpose", "keras.backend.shape": "keras.ops.shape"},
)
def permuted(framework: Framework) -> Iterator[Check]:
    """The printed output."""
    y = framework("permute_dimensions", _CUBE, axes=(1, 2, 0), own=_keras("transpose", axes=(1, 2, 0)))
    yield check("shape before", (1, 2, 2), _CUBE.shape)
    yield check("the numbers", [[[1.0], [2.0]], [[3.0], [4.0]]], y)


@claim(
    seed="004",
    text="expand_dims at axis 2 takes shape (1, 2, 2) to (1, 2, 1, 2).",
    expected="confirmed",
    why="the new axis stands before the last",
    replaced={"keras.backend.expand_dims": "keras.ops.expand_dims"},
)
def expanded(framework: Framework) -> Iterator[Check]:
    """The printed output."""
    yield check(
        "the numbers",
        [[[[1.0, 2.0]], [[3.0, 4.0]]]],
        framework("expand_dims", _CUBE, axis=2, own=_keras("expand_dims", axis=2)),
    )


@claim(
    seed="004",
    text="squeeze of axis 0 takes shape (1, 2, 2) to (2, 2).",
    expected="confirmed",
    why="an axis of size one holds nothing but what is inside",
    replaced={"keras.backend.squeeze": "keras.ops.squeeze"},
)
def squeezed(framework: Framework) -> Iterator[Check]:
    """The printed output."""
    yield check(
        "the numbers", [[1.0, 2.0], [3.0, 4.0]], framework("squeeze", _CUBE, axes=(0,), own=_keras("squeeze", axis=0))
    )


_ROWS = np.array([[1.0, 2.0], [3.0, 4.0], [5.0, 6.0]])
_FIRST = np.array(0)
_GATHER = {"keras.backend.gather": "keras.ops.take(axis=0)"}


@claim(
    seed="004",
    text="gather of index 0 is the first row, (1, 2).",
    expected="confirmed",
    why="gather goes along the first axis",
    replaced=_GATHER,
)
def gathered_row(framework: Framework) -> Iterator[Check]:
    """The printed output."""
    yield check("the row", [1.0, 2.0], framework("gather", _ROWS, _FIRST, own=_keras("take", axis=0)))


@claim(
    seed="004",
    text="gather of index 0 after exchanging the axes is the first column, (1, 3, 5).",
    expected="confirmed",
    why="the rows of the transposed matrix are its columns",
    replaced={**_GATHER, "keras.backend.transpose": "keras.ops.transpose"},
)
def gathered_column(framework: Framework) -> Iterator[Check]:
    """The printed output."""
    turned = framework("permute_dimensions", _ROWS, axes=(1, 0), own=_keras("transpose"))
    yield check("the column", [1.0, 3.0, 5.0], framework("gather", turned, _FIRST, own=_keras("take", axis=0)))


@claim(
    seed="004",
    text="gather indexes the first axis only; for another one the axes have to be exchanged.",
    expected="refuted",
    why="that was the backend of 2016: what replaced it, keras.ops.take, and the other frameworks' calls take an axis",
    replaced={"keras.backend.gather": "keras.ops.take(axis=1)"},
)
def gather_first_axis_only(framework: Framework) -> Iterator[Check]:
    """A column without exchanging axes."""
    column = framework("gather", _ROWS, _FIRST, axis=1, own=_keras("take", axis=1))
    reached = bool(np.array_equal(column, [1.0, 3.0, 5.0]))
    yield check("a column can be had without exchanging axes", False, reached)  # noqa: FBT003
    yield instead(check("the column along axis 1", [1.0, 3.0, 5.0], column))


@claim(
    seed="004",
    text="A value iteration network that was written for Chainer can be written with a Keras-style backend.",
    expected="confirmed",
    why="convolutions, maxima over channels, a gather and a dense layer are everywhere, and so are their gradients",
    replaced={"keras.backend.gather": "keras.ops.take", "chainer": "PyTorch: Chainer is no longer developed"},
)
def value_iteration_network(framework: Framework) -> Iterator[Check]:
    """Outputs and all gradients beside the references'."""
    drawn = value_iteration.draw(value_iteration.case("distinct_sizes"))
    here, there = (one.graph(value_iteration, drawn) for one in (framework, framework.reference))
    for kind, found, reference in zip(("output", "gradient of"), here, there, strict=True):
        for name, array in reference.items():
            yield agree(f"{kind} {name}", array, found[name])
