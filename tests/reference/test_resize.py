"""What only resizing promises: whole scales, constants, subgradients, and errors."""

import numpy as np
import pytest

from equivalence.errors import ParameterError, ShapeError
from equivalence_reference.resize import grid_sample, resize_bicubic, resize_bilinear, resize_nearest

RESIZED = [resize_nearest, resize_bilinear, resize_bicubic]
NAMES = [operation.name for operation in RESIZED]


def image(*shape):
    return np.random.default_rng(0).standard_normal(shape)


@pytest.mark.parametrize("operation", RESIZED, ids=NAMES)
@pytest.mark.parametrize("coordinates", ["half_pixel", "align_corners", "asymmetric"])
def test_the_same_size_changes_nothing(operation, coordinates):
    x = image(2, 3, 4, 5)
    np.testing.assert_allclose(operation(x, size=(4, 5), coordinates=coordinates), x, rtol=1e-13)


@pytest.mark.parametrize("operation", RESIZED, ids=NAMES)
def test_every_case_keeps_a_constant_image(operation):
    for case in operation.cases:
        x = np.full(operation.draw(case)["x"].shape, 3.0)
        resized = operation(x, **operation.settings(case))
        np.testing.assert_allclose(resized, 3.0, rtol=1e-13)


@pytest.mark.parametrize("operation", RESIZED, ids=NAMES)
def test_a_whole_scale_is_the_size_it_makes(operation):
    x = image(1, 2, 3, 4)
    np.testing.assert_array_equal(operation(x, scale=(2, 3)), operation(x, size=(6, 12)))


def test_a_scale_that_is_not_whole_is_no_ratio_of_sizes():
    x = image(1, 1, 5, 3)
    assert resize_bilinear(x, scale=(1.3, 1.0)).shape == (1, 1, 6, 3)
    assert np.abs(resize_bilinear(x, scale=(1.3, 1.0)) - resize_bilinear(x, size=(6, 3))).max() > 1e-2


@pytest.mark.parametrize("operation", RESIZED[1:], ids=NAMES[1:])
def test_antialias_changes_nothing_inside_where_the_output_is_larger(operation):
    x = image(1, 1, 8, 8)
    plain, filtered = (operation(x, size=(16, 16), antialias=antialias) for antialias in (False, True))
    np.testing.assert_allclose(filtered[..., 4:-4, 4:-4], plain[..., 4:-4, 4:-4], rtol=1e-12)


def test_sampling_at_the_pixels_themselves_is_the_image():
    x = image(2, 3, 4, 5)
    for align_corners in (False, True):
        rows, columns = (
            np.linspace(-1, 1, n) if align_corners else (2 * np.arange(n) + 1) / n - 1 for n in x.shape[2:]
        )
        places = np.stack(np.broadcast_arrays(columns[None, :], rows[:, None]), axis=-1)
        grid = np.broadcast_to(places, (2, *places.shape))
        np.testing.assert_allclose(grid_sample(x, grid, align_corners=align_corners), x, rtol=1e-12, atol=1e-13)


def test_a_place_beyond_the_border_does_not_move_the_output():
    x, grid = image(1, 2, 3, 4), np.array([[[[-1.7, 0.1], [0.1, 1.6]]]])
    parameters = {"mode": "bilinear", "padding": "border", "align_corners": False}
    cotangent = np.ones((1, 2, 1, 2))
    gradient = grid_sample.gradients({"output": cotangent}, {"x": x, "grid": grid}, parameters)["grid"]
    np.testing.assert_array_equal(gradient == 0, [[[[True, False], [False, True]]]])


@pytest.mark.parametrize("padding", ["zeros", "border"])
def test_the_nearest_pixel_has_no_gradient_for_the_grid_and_all_of_it_for_the_image(padding):
    x, grid = image(1, 1, 2, 2), np.array([[[[-0.6, 0.4]]]])
    parameters = {"mode": "nearest", "padding": padding, "align_corners": False}
    gradients = grid_sample.gradients({"output": np.full((1, 1, 1, 1), 7.0)}, {"x": x, "grid": grid}, parameters)
    np.testing.assert_array_equal(gradients["grid"], np.zeros((1, 1, 1, 2)))
    np.testing.assert_array_equal(gradients["x"], [[[[0.0, 0.0], [7.0, 0.0]]]])


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (resize_bilinear, "size and scale of resize_bilinear: expected one of the two"),
        (lambda x: resize_bicubic(x, size=(2, 2), scale=(2.0, 2.0)), "size and scale of resize_bicubic: expected one"),
        (lambda x: resize_nearest(x, size=(0, 2)), "size of resize_nearest: expected a whole number of at least 1"),
        (lambda x: resize_nearest(x, scale=(2.0, -1.0)), "scale of resize_nearest: expected two positive numbers"),
        (lambda x: resize_nearest(x, scale=(0.1, 1.0)), "scale of resize_nearest: expected at least one pixel"),
        (lambda x: resize_nearest(x, size=(2, 2), rounding="up"), "rounding of resize_nearest: expected one of"),
        (lambda x: resize_bilinear(x, size=(2, 2), coordinates="tf"), "coordinates of resize_bilinear: expected one"),
        (
            lambda x: resize_bilinear(x, size=(2, 2), coordinates="asymmetric", antialias=True),
            "antialias of resize_bilinear: expected coordinates=half_pixel, got asymmetric",
        ),
        (lambda x: grid_sample(x, np.zeros((1, 2, 2, 3))), "grid of grid_sample: expected two numbers for each place"),
        (lambda x: grid_sample(x, np.zeros((1, 2, 2, 2)), mode="cubic"), "mode of grid_sample: expected one of"),
        (lambda x: grid_sample(x, np.zeros((1, 2, 2, 2)), padding="wrap"), "padding of grid_sample: expected one of"),
    ],
)
def test_errors_say_what_is_wrong(call, message):
    with pytest.raises((ParameterError, ShapeError), match=message):
        call(np.ones((1, 1, 3, 3)))
