"""What only the contractions promise: which of them agree, and where they part."""

import numpy as np
import pytest

from equivalence.errors import ParameterError, ShapeError
from equivalence_reference.contraction import batch_dot, batched_matvec, capsule_predictions, dot, einsum, matmul

RNG = np.random.default_rng(0)


def drawn(*shape):
    return RNG.standard_normal(shape)


def test_for_matrices_all_contractions_are_the_same():
    x, y = drawn(2, 3), drawn(3, 4)
    for z in (matmul(x, y), einsum(x, y), batch_dot(x[None], y[None])[0]):
        np.testing.assert_allclose(z, dot(x, y), rtol=1e-14)


def test_for_three_axes_batch_dot_is_matmul_and_the_diagonal_of_dot():
    x, y = drawn(5, 2, 3), drawn(5, 3, 4)
    np.testing.assert_allclose(batch_dot(x, y), matmul(x, y), rtol=1e-14)
    np.testing.assert_allclose(np.einsum("nanb->nab", dot(x, y)), matmul(x, y), rtol=1e-13, atol=1e-15)


def test_for_four_axes_batch_dot_has_an_axis_more_than_matmul_whose_diagonal_is_matmul():
    x, y = drawn(2, 5, 4, 3), drawn(2, 5, 3, 2)
    outer = batch_dot(x, y)
    assert outer.shape == (2, 5, 4, 5, 2)
    np.testing.assert_allclose(np.einsum("nhahb->nhab", outer), matmul(x, y), rtol=1e-13, atol=1e-15)


def test_with_one_row_the_axis_too_many_has_size_one():
    x, y = drawn(2, 1, 4, 3), drawn(2, 1, 3, 2)
    np.testing.assert_allclose(batch_dot(x, y)[:, :, :, 0], matmul(x, y), rtol=1e-14)


def test_a_batch_of_vectors_keeps_an_axis_of_size_one():
    assert batch_dot(drawn(3, 4), drawn(3, 4)).shape == (3, 1)
    assert batch_dot(drawn(3, 4, 2), drawn(3, 4, 2), axes=((1, 2), (1, 2))).shape == (3, 1)


@pytest.mark.parametrize(("axes", "equation"), [(1, "nab,nac->nbc"), ((1, 2), "nab,nca->nbc"), ((), "")])
def test_batch_dot_is_einsum(axes, equation):
    x, y = drawn(2, 3, 3), drawn(2, 3, 3)
    axes, equation = (axes, equation) if equation else (((), ()), "nab,ncd->nabcd")
    np.testing.assert_allclose(batch_dot(x, y, axes=axes), einsum(x, y, equation=equation), rtol=1e-13, atol=1e-15)


@pytest.mark.parametrize("axes", [0, (0, 1), (1, 0), (-1, 1), ((1,), ()), (1, 2, 3), "1", (1.0, 1)])
def test_error_for_axes_that_are_none(axes):
    with pytest.raises(ParameterError, match="axes of batch_dot: expected an axis of each operand"):
        batch_dot(drawn(2, 3, 3), drawn(2, 3, 3), axes=axes)


@pytest.mark.parametrize(
    ("shapes", "axes", "message"),
    [
        (((2, 3), (2, 3)), 2, "x of batch_dot: expected the axes"),
        (((2, 3, 4), (2, 4)), 2, "y of batch_dot: expected the axes"),
        (((2, 3, 4), (2, 3, 5)), 2, "y of batch_dot: expected size 4 on axis 2"),
        (((2,), (2, 3)), None, "x of batch_dot"),
        (((2, 3), (2,)), None, "y of batch_dot"),
    ],
)
def test_error_for_axes_that_do_not_meet(shapes, axes, message):
    with pytest.raises(ShapeError, match=message):
        batch_dot(drawn(*shapes[0]), drawn(*shapes[1]), axes=axes)


def test_error_for_batches_that_do_not_fit():
    with pytest.raises(ShapeError, match=r"y of matmul: expected batch axes that fit \(2, 3\)"):
        matmul(drawn(2, 3, 4, 5), drawn(2, 5, 4))


@pytest.mark.parametrize("equation", ["ii->i", "ij,jk,kl->il", "ij,jk->iz", "ij,jk->ii", "i1,1k->ik", "...i,ij->...j"])
def test_error_for_an_equation_that_cannot_be_read(equation):
    with pytest.raises(ParameterError, match="equation of einsum"):
        einsum(drawn(3, 3), drawn(3, 3), equation=equation)


def test_error_for_another_number_of_operands():
    with pytest.raises(ParameterError, match="labels of 1 operands"):
        einsum(drawn(3, 3), equation="ij,jk->ik")


def test_error_for_labels_that_do_not_fit():
    with pytest.raises(ShapeError, match="x of einsum: expected 2 axes, 'ij'"):
        einsum(drawn(3), drawn(3, 3), equation="ij,jk->ik")
    with pytest.raises(ShapeError, match="y of einsum: expected size 4 on axis j"):
        einsum(drawn(3, 4), drawn(3, 4), equation="ij,jk->ik")


def test_an_equation_that_only_permutes_gives_an_array_of_its_own():
    x = drawn(2, 3)
    z = einsum(x, equation="ab->ba")
    assert not np.shares_memory(z, x)
    np.testing.assert_array_equal(z, x.T)


def test_capsule_predictions_are_matrix_vector_products_and_tiled_matmuls():
    weight, u = drawn(3, 4, 5, 6), drawn(2, 3, 6)
    predicted = capsule_predictions(weight, u)
    pairs = np.broadcast_to(weight, (2, *weight.shape)), np.repeat(u[:, :, None], 4, axis=2)
    np.testing.assert_allclose(predicted, batched_matvec(*pairs), rtol=1e-13, atol=1e-15)
    np.testing.assert_allclose(predicted, matmul(pairs[0], pairs[1][..., None])[..., 0], rtol=1e-13, atol=1e-15)


def test_the_published_equation_of_capsules_is_another_function_even_where_the_shapes_agree():
    weight, u = drawn(3, 4, 4, 4), drawn(2, 3, 4)
    wrong = einsum(weight, u, equation="ijkl,bil->bilk")
    predicted = capsule_predictions(weight, u)
    assert wrong.shape == predicted.shape
    assert np.abs(wrong - predicted).max() > 0.1
    np.testing.assert_array_equal(predicted, einsum(weight, u, equation="ijkl,bil->bijk"))
