"""Cases of contractions: operands of every number of axes, and sizes that hide which axes meet."""

from __future__ import annotations

from typing import Any

from equivalence.operation import Case, case


def _two(name: str, first: tuple[int, ...], second: tuple[int, ...], /, **more: Any) -> Case:
    """A case whose operands have axes of their own, ``...`` and ``...'``, beside the letters in ``sizes``."""
    sizes = more.pop("sizes", {})
    return case(name, {**sizes, "...": first, "...'": second}, **more)


DOT = [
    _two("matrices-distinct_sizes", (2,), (), sizes={"c": 3, "o": 4}),
    _two("matrices-equal_sizes", (3,), (), sizes={"c": 3, "o": 3}),
    _two("vector-matrix", (), (), sizes={"c": 4, "o": 3}),
    _two("vector-three_axes", (), (4,), sizes={"c": 3, "o": 2}),
    _two("three_axes-matrix", (2, 4), (), sizes={"c": 3, "o": 5}),
    _two("three_axes-three_axes-same_leading_axis", (5, 4), (5,), sizes={"c": 3, "o": 6}),
    _two("matrix-three_axes-equal_sizes", (3,), (3,), sizes={"c": 3, "o": 3}),
    _two("four_axes-one_row", (2, 1, 3), (1,), sizes={"c": 4, "o": 2}),
]

BATCH_DOT = [
    _two("outer-distinct_sizes", (3,), (4,), sizes={"n": 2}, axes=((), ())),
    _two("matrices-equal_sizes", (3, 3), (3, 3), sizes={"n": 3}),
    _two("vectors", (4,), (4,), sizes={"n": 3}, axes=1),
    _two("matrix-vector", (4, 3), (3,), sizes={"n": 2}),
    _two("vector-matrix", (3,), (3, 4), sizes={"n": 2}, axes=1),
    _two("square_matrices-first_axes", (3, 3), (3, 3), sizes={"n": 2}, axes=1),
    _two("matrices-last_axes", (4, 3), (5, 3), sizes={"n": 2}, axes=(2, 2)),
    _two("matrices-first_with_last", (3, 3), (3, 3), sizes={"n": 2}, axes=(1, 2)),
    _two("four_axes", (5, 4, 3), (5, 3, 2), sizes={"n": 2}),
    _two("four_axes-one_row", (1, 4, 3), (1, 3, 2), sizes={"n": 2}),
    _two("two_axes_summed", (3, 4), (4, 3, 5), sizes={"n": 2}, axes=((1, 2), (2, 1))),
]

MATMUL = [
    _two("matrices-distinct_sizes", (5,), (), sizes={"a": 2, "c": 3, "b": 4}),
    _two("batch-equal_sizes", (3,), (3,), sizes={"a": 3, "c": 3, "b": 3}),
    _two("matrices", (), (), sizes={"a": 4, "c": 3, "b": 2}),
    _two("batch_of_the_second", (), (5,), sizes={"a": 2, "c": 3, "b": 4}),
    _two("two_batch_axes", (2, 5), (2, 5), sizes={"a": 4, "c": 3, "b": 2}),
    _two("one_spread_over_both", (4, 1), (1, 3), sizes={"a": 2, "c": 5, "b": 2}),
    _two("fewer_batch_axes", (3, 3), (3,), sizes={"a": 2, "c": 4, "b": 3}),
]

OUTER, PRODUCT, IMPLICIT = "ab,cd->cadb", "ij,jk->ik", "cb,ba"
SCORES, CAPSULES, SUMMED_CAPSULES = "bhqd,bhkd->bhqk", "ijkl,bil->bijk", "ijkl,bil->bilk"
FULL, ONE_OPERAND = "ij,ij->", "abc->ca"

EINSUM = [
    _two("outer-distinct_sizes", (2, 3), (4, 5), equation=OUTER),
    _two("product-equal_sizes", (3, 3), (3, 3), equation=PRODUCT),
    _two("product", (2, 3), (3, 4), equation=PRODUCT),
    _two("output_in_alphabetical_order", (2, 3), (3, 4), equation=IMPLICIT),
    _two("output_in_alphabetical_order-equal_sizes", (3, 3), (3, 3), equation=IMPLICIT),
    _two("scores-equal_sizes", (3, 3, 3, 3), (3, 3, 3, 3), equation=SCORES),
    _two("scores", (2, 3, 4, 5), (2, 3, 6, 5), equation=SCORES),
    _two("capsules", (3, 2, 4, 5), (6, 3, 5), equation=CAPSULES),
    _two("capsules-equal_sizes", (3, 3, 3, 3), (3, 3, 3), equation=CAPSULES),
    _two("capsules-summed_over_the_upper", (3, 2, 4, 5), (6, 3, 5), equation=SUMMED_CAPSULES),
    _two("to_a_number", (3, 4), (3, 4), equation=FULL),
    case("one_operand", {"...": (2, 3, 4), "...'": ()}, without=["y"], equation=ONE_OPERAND),
    case("one_operand-equal_sizes", {"...": (3, 3, 3), "...'": ()}, without=["y"], equation=ONE_OPERAND),
]

CAPSULE_PREDICTIONS = [
    case("distinct_sizes", {"n": 2, "i": 3, "j": 4, "k": 5, "l": 6}),
    case("equal_sizes", {"n": 3, "i": 3, "j": 3, "k": 3, "l": 3}),
    case("square_matrices", {"n": 2, "i": 5, "j": 3, "k": 4, "l": 4}),
    case("one_capsule_above", {"n": 3, "i": 4, "j": 1, "k": 2, "l": 5}),
    case("one_example", {"n": 1, "i": 2, "j": 3, "k": 4, "l": 5}),
]

BATCHED_MATVEC = [
    case("one_batch_axis-distinct_sizes", {"...": (5,), "o": 2, "c": 3}),
    case("one_batch_axis-equal_sizes", {"...": (3,), "o": 3, "c": 3}),
    case("no_batch_axis", {"...": (), "o": 4, "c": 3}),
    case("two_batch_axes", {"...": (2, 4), "o": 3, "c": 5}),
    case("as_many_as_rows", {"...": (4,), "o": 4, "c": 2}),
]
