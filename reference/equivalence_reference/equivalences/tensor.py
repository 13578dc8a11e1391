"""Products of tensors written in other ways."""

from __future__ import annotations

from equivalence.expressions import Equivalence, Expression
from equivalence.graph import Arrange, Size, Step
from equivalence.inputs import Integers
from equivalence.operation import case

capsules_by_tiling = Equivalence(
    name="capsules_by_tiling",
    title="tiling and matmul = einsum = capsule_predictions",
    why="repeating both operands until they fit a batch of products changes nothing in the products",
    seeds=("001",),
    inputs={"u": "n i l"},
    parameters={"weight": "i j k l"},
    expressions={
        "tiling": Expression(
            steps=[
                Arrange("one_example", "weight", "i j k l -> 1 i j k l"),
                Step("matrices", "tile", {"x": "one_example"}, multiples=(Size("n"), 1, 1, 1, 1)),
                Arrange("columns", "u", "n i l -> n i 1 l 1"),
                Step("vectors", "tile", {"x": "columns"}, multiples=(1, 1, Size("j"), 1, 1)),
                Step("products", "matmul", {"x": "matrices", "y": "vectors"}),
                Arrange("predictions", "products", "n i j k 1 -> n i j k"),
            ],
            outputs={"y": "predictions"},
        ),
        "einsum": Expression(
            steps=[Step("predictions", "einsum", {"x": "weight", "y": "u"}, equation="ijkl,bil->bijk")],
            outputs={"y": "predictions"},
        ),
        "operation": Expression(
            steps=[Step("predictions", "capsule_predictions", {"weight": "weight", "u": "u"})],
            outputs={"y": "predictions"},
        ),
    },
    cases=[
        case("distinct_sizes", {"n": 2, "i": 6, "j": 5, "k": 4, "l": 3}),
        case("equal_sizes", {"n": 3, "i": 3, "j": 3, "k": 3, "l": 3}),
    ],
)

embedding_as_product = Equivalence(
    name="embedding_as_product",
    title="embedding = one_hot times matrix",
    why="a row of the unit matrix times a matrix is the matrix's row",
    inputs={"indices": Integers("n t", below="v")},
    parameters={"weight": "v d"},
    expressions={
        "embedding": Expression(
            steps=[Step("vectors", "embedding", {"indices": "indices", "weight": "weight"})], outputs={"y": "vectors"}
        ),
        "one_hot": Expression(
            steps=[
                Step("rows", "one_hot", {"indices": "indices"}, depth=Size("v")),
                Step("vectors", "matmul", {"x": "rows", "y": "weight"}),
            ],
            outputs={"y": "vectors"},
        ),
    },
    cases=[
        case("distinct_sizes", {"n": 2, "t": 5, "v": 7, "d": 3}),
        case("equal_sizes", {"n": 4, "t": 4, "v": 4, "d": 4}),
    ],
)
