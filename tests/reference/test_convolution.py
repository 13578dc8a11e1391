"""What only convolutions promise: algebra between them, and random shapes against the loops."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from equivalence.errors import ParameterError, ShapeError
from equivalence_reference.convolution import conv1d, conv2d, conv3d, local_fc_as_conv
from equivalence_reference.grouped_convolution import depthwise_conv2d, dynamic_conv2d, separable_conv2d
from equivalence_reference.transposed_convolution import conv_transpose1d, conv_transpose2d, conv_transpose3d
from equivalence_reference.witnesses import windows as windows_by_loops

GEOMETRY = ("stride", "padding", "dilation", "groups", "flip_kernel")
small = st.integers(1, 3)
pairs = st.tuples(small, small)
sides = st.tuples(st.integers(0, 3), st.integers(0, 3))
paddings = st.sampled_from(["valid", "same_upper", "same_lower", "full"]) | st.tuples(sides, sides)
# The same examples in every run: a random failure that nobody can repeat helps nobody.
examples = settings(max_examples=150, deadline=None, derandomize=True, database=None)


@st.composite
def convolutions(draw):
    """Image, filters, bias and parameters of a convolution that has at least one window."""
    groups, (part, units), kernel = draw(small), draw(pairs), draw(st.tuples(st.integers(1, 4), st.integers(1, 4)))
    dilation = draw(pairs)
    image = tuple(d * (k - 1) + draw(st.integers(1, 5)) for d, k in zip(dilation, kernel, strict=True))
    parameters = {
        "stride": draw(pairs),
        "padding": draw(paddings),
        "dilation": dilation,
        "groups": groups,
        "flip_kernel": draw(st.booleans()),
    }
    rng = np.random.default_rng(draw(st.integers(0, 2**32)))
    x = rng.standard_normal((draw(small), part * groups, *image))
    return x, rng.standard_normal((units * groups, part, *kernel)), rng.standard_normal(units * groups), parameters


@examples
@given(convolutions())
def test_conv2d_agrees_with_its_loops_on_random_shapes(drawn):
    x, weight, bias, parameters = drawn
    expected = windows_by_loops.convolution(x, weight, bias, **parameters)
    np.testing.assert_allclose(conv2d(x, weight, bias, **parameters), expected, rtol=1e-12, atol=1e-12)


@examples
@given(convolutions())
def test_conv_transpose2d_is_the_adjoint_of_conv2d_on_random_shapes(drawn):
    image, weight, _, parameters = drawn
    maps = conv2d(image, weight, **parameters)
    x = np.random.default_rng(0).standard_normal(maps.shape)
    painted = conv_transpose2d(x, weight, output_shape=image.shape[2:], **parameters)
    np.testing.assert_allclose((painted * image).sum(), (x * maps).sum(), rtol=1e-10, atol=1e-10)
    expected = windows_by_loops.transposed_convolution(x, weight, output_shape=image.shape[2:], **parameters)
    np.testing.assert_allclose(painted, expected, rtol=1e-12, atol=1e-12)


@examples
@given(convolutions(), st.data())
def test_conv_transpose2d_agrees_with_its_loops_where_the_size_follows(drawn, data):
    x, weight, _, parameters = drawn
    # Read the other way round: the filters' outputs are the channels of x.
    x = np.random.default_rng(1).standard_normal((x.shape[0], weight.shape[0], *x.shape[2:]))
    bias = np.random.default_rng(2).standard_normal(weight.shape[1] * parameters["groups"])
    below = st.tuples(*(st.integers(0, stride - 1) for stride in parameters["stride"]))
    same = parameters["padding"] in ("same_upper", "same_lower")
    parameters["output_padding"] = (0, 0) if same else data.draw(below)
    if not _leaves_something(x, weight, **parameters):
        with pytest.raises(ShapeError):
            conv_transpose2d(x, weight, bias, **parameters)
    else:
        expected = windows_by_loops.transposed_convolution(x, weight, bias, **parameters)
        np.testing.assert_allclose(conv_transpose2d(x, weight, bias, **parameters), expected, rtol=1e-12, atol=1e-12)


def _leaves_something(x, weight, *, stride, padding, dilation, output_padding, **_):
    """Whether anything of the result is left when the padding is taken away; ``same`` takes nothing away."""
    if padding in ("valid", "same_upper", "same_lower"):
        return True
    spans = [d * (k - 1) + 1 for d, k in zip(dilation, weight.shape[2:], strict=True)]
    lost = [2 * (span - 1) for span in spans] if padding == "full" else [sum(pair) for pair in padding]
    painted = [(size - 1) * s + span for size, s, span in zip(x.shape[2:], stride, spans, strict=True)]
    return all(p + extra > gone for p, extra, gone in zip(painted, output_padding, lost, strict=True))


def arguments(operation, name):
    (case,) = (case for case in operation.cases if case.id == name)
    return operation.draw(case), operation.settings(case)


@pytest.mark.parametrize("case", conv_transpose2d.cases, ids=[case.id for case in conv_transpose2d.cases])
def test_conv_transpose2d_is_the_gradient_of_conv2d_on_every_case(case):
    arrays, parameters = conv_transpose2d.draw(case), conv_transpose2d.settings(case)
    painted = conv_transpose2d(arrays["x"], arrays["weight"], **parameters)
    image = np.random.default_rng(0).standard_normal(painted.shape)
    maps = conv2d(image, arrays["weight"], **{name: parameters[name] for name in GEOMETRY})
    assert maps.shape == arrays["x"].shape
    np.testing.assert_allclose((maps * arrays["x"]).sum(), (image * painted).sum(), rtol=1e-11)


@pytest.mark.parametrize("case", conv2d.cases, ids=[case.id for case in conv2d.cases])
def test_flip_kernel_is_the_other_operation_on_flipped_weights(case):
    arrays, parameters = conv2d.draw(case), conv2d.settings(case)
    flipped = {**arrays, "weight": np.flip(arrays["weight"], (2, 3))}
    other = {**parameters, "flip_kernel": not parameters["flip_kernel"]}
    np.testing.assert_allclose(conv2d(**flipped, **other), conv2d(**arrays, **parameters), rtol=1e-13, atol=1e-13)


@pytest.mark.parametrize("name", ["valid-groups2", "valid-depthwise", "same_upper-stride2-depthwise-multiplier2"])
def test_groups_are_separate_convolutions_side_by_side(name):
    arrays, parameters = arguments(conv2d, name)
    groups = parameters.pop("groups")
    parts = [
        conv2d(x, weight, bias, **parameters)
        for x, weight, bias in zip(
            np.split(arrays["x"], groups, 1),
            np.split(arrays["weight"], groups),
            np.split(arrays["bias"], groups),
            strict=True,
        )
    ]
    np.testing.assert_allclose(np.concatenate(parts, 1), conv2d(**arrays, **parameters, groups=groups), rtol=1e-13)


def test_same_with_kernel_4_and_stride_1_keeps_64_pixels_and_pads_1_before_and_2_after():
    rng = np.random.default_rng(0)
    x, weight = rng.standard_normal((1, 1, 64, 64)), rng.standard_normal((1, 1, 4, 4))
    same = conv2d(x, weight, padding="same_upper")
    assert same.shape == (1, 1, 64, 64)
    np.testing.assert_array_equal(same, conv2d(x, weight, padding=((1, 2), (1, 2))))
    np.testing.assert_array_equal(same, conv2d(np.pad(x, ((0, 0), (0, 0), (1, 2), (1, 2))), weight))


@pytest.mark.parametrize(
    ("name", "before"),
    [
        ("same_upper-stride2-even_kernel", (1, 0)),
        ("same_upper-stride2-odd_kernel-even_size", (0, 1)),
        ("same_lower-stride2-odd_kernel-even_size", (1, 2)),
    ],
)
def test_named_cases_pad_unevenly_as_they_are_meant_to(name, before):
    arrays, parameters = arguments(conv2d, name)
    after = tuple(b + (1 if "upper" in name else -1) for b in before)
    explicit = {**parameters, "padding": tuple(zip(before, after, strict=True))}
    np.testing.assert_array_equal(conv2d(**arrays, **explicit), conv2d(**arrays, **parameters))
    swapped = {**parameters, "padding": tuple(zip(after, before, strict=True))}
    assert not np.allclose(conv2d(**arrays, **swapped), conv2d(**arrays, **parameters))


def test_conv_transpose2d_is_the_transposed_matrix():
    arrays, parameters = arguments(conv_transpose2d, "explicit-asymmetric-stride2-unequal_dilations-output_padding")
    painted = conv_transpose2d(arrays["x"][:1], arrays["weight"], **parameters)
    pixels = np.eye(painted.size).reshape(-1, *painted.shape[1:])
    matrix = conv2d(pixels, arrays["weight"], **{name: parameters[name] for name in GEOMETRY}).reshape(painted.size, -1)
    np.testing.assert_allclose(painted.ravel(), matrix @ arrays["x"][0].ravel(), rtol=1e-12, atol=1e-13)


X, FILTERS = np.ones((1, 4, 5, 5)), np.ones((4, 2, 3, 3))


ERRORS = [
    (lambda: conv2d(X, FILTERS), ShapeError, r"weight of conv2d: expected c/groups = 4/1 .* got 2"),
    (lambda: conv2d(X, FILTERS, groups=0), ParameterError, "groups of conv2d: expected a positive whole number"),
    (
        lambda: conv2d(X, FILTERS[:3], groups=2),
        ShapeError,
        "axis o of conv2d: expected a size that groups=2 divides",
    ),
    (lambda: conv2d(X[:, :, :2], FILTERS, groups=2), ShapeError, "x of conv2d: expected an image"),
    (
        lambda: conv_transpose2d(X[:, :3], FILTERS[:3], groups=2),
        ShapeError,
        "axis c of conv_transpose2d: expected a size that groups=2 divides",
    ),
    (
        lambda: conv_transpose2d(X, FILTERS, np.ones(2), groups=2),
        ShapeError,
        "bias of conv_transpose2d: expected size 4",
    ),
    (
        lambda: conv_transpose2d(X, FILTERS, output_padding=1),
        ShapeError,
        r"output of conv_transpose2d: expected a size that conv2d .* takes to 5 x 5, got 8 x 8, on which 6 x 6",
    ),
    (
        lambda: conv_transpose2d(X, FILTERS, stride=2, dilation=3, output_padding=2),
        ShapeError,
        "Give an output_padding below the stride",
    ),
    (
        lambda: conv_transpose2d(X, FILTERS, stride=2, padding="same_upper", output_padding=1),
        ShapeError,
        "got 11 x 11, on which 6 x 6 windows fit",
    ),
    (lambda: conv_transpose2d(X, FILTERS, output_shape=(1, 1)), ShapeError, "got 1 x 1"),
    (lambda: conv_transpose2d(X, FILTERS, padding=((9, 9), (9, 9))), ShapeError, "got -11 x -11"),
    (
        lambda: conv_transpose2d(X, FILTERS, stride=2, output_padding=1, output_shape=(12, 12)),
        ParameterError,
        "output_shape and output_padding of conv_transpose2d: expected one of the two",
    ),
    (lambda: conv_transpose2d(X, FILTERS, output_padding=-1), ParameterError, "output_padding of conv_transpose2d"),
]


@pytest.mark.parametrize(("call", "error", "message"), ERRORS, ids=[message for _, _, message in ERRORS])
def test_errors(call, error, message):
    with pytest.raises(error, match=message):
        call()


def every_case_of(*operations):
    pairs = [(operation, case) for operation in operations for case in operation.cases]
    return pytest.mark.parametrize(
        ("operation", "case"), pairs, ids=[f"{operation.name}-{case.id}" for operation, case in pairs]
    )


def one_high(parameters):
    """The parameters of a convolution along one axis, of images that are one pixel high."""
    first = {"stride": 1, "dilation": 1, "padding": (0, 0), "output_padding": 0, "output_shape": 1}
    return {
        name: (first[name], *value) if isinstance(value, tuple) and name in first else value
        for name, value in parameters.items()
    }


@every_case_of(conv1d, conv_transpose1d)
def test_one_axis_is_two_of_which_the_first_is_one_pixel_high(operation, case):
    arrays, parameters = operation.draw(case), one_high(operation.settings(case))
    images = {name: array if name == "bias" else array[:, :, None] for name, array in arrays.items()}
    in_two = {conv1d: conv2d, conv_transpose1d: conv_transpose2d}[operation]
    np.testing.assert_allclose(
        operation(**arrays, **operation.settings(case)), in_two(**images, **parameters)[:, :, 0], rtol=1e-13
    )


@every_case_of(conv2d)
def test_two_axes_are_three_of_which_the_first_is_one_pixel_deep(operation, case):
    arrays, parameters = operation.draw(case), one_high(operation.settings(case))
    volumes = {name: array if name == "bias" else array[:, :, None] for name, array in arrays.items()}
    np.testing.assert_allclose(
        conv2d(**arrays, **conv2d.settings(case)), conv3d(**volumes, **parameters)[:, :, 0], rtol=1e-12, atol=1e-13
    )


@every_case_of(conv_transpose1d, conv_transpose3d)
def test_a_transposed_convolution_is_the_gradient_of_the_convolution(operation, case):
    arrays, parameters = operation.draw(case), operation.settings(case)
    painted = operation(arrays["x"], arrays["weight"], **parameters)
    image = np.random.default_rng(0).standard_normal(painted.shape)
    convolution = {conv_transpose1d: conv1d, conv_transpose3d: conv3d}[operation]
    maps = convolution(image, arrays["weight"], **{name: parameters[name] for name in GEOMETRY})
    np.testing.assert_allclose((maps * arrays["x"]).sum(), (image * painted).sum(), rtol=1e-11)


@every_case_of(depthwise_conv2d)
def test_a_depthwise_convolution_is_one_of_as_many_groups_as_channels(operation, case):
    arrays, parameters = operation.draw(case), operation.settings(case)
    c, m, p, q = arrays["weight"].shape
    bias = arrays["bias"].reshape(c * m) if "bias" in arrays else None
    expected = conv2d(arrays["x"], arrays["weight"].reshape(c * m, 1, p, q), bias, groups=c, **parameters)
    y = operation(**arrays, **parameters)
    np.testing.assert_allclose(y.reshape(expected.shape), expected, rtol=1e-13)


@every_case_of(separable_conv2d)
def test_a_separable_convolution_is_a_depthwise_one_and_then_a_1x1_convolution(operation, case):
    arrays, parameters = operation.draw(case), operation.settings(case)
    maps = depthwise_conv2d(arrays["x"], arrays["depthwise"], **parameters)
    n, c, m, i, j = maps.shape
    pointwise = arrays["pointwise"].reshape(-1, c * m, 1, 1)
    expected = conv2d(maps.reshape(n, c * m, i, j), pointwise, arrays.get("bias"))
    np.testing.assert_allclose(operation(**arrays, **parameters), expected, rtol=1e-12, atol=1e-13)


@every_case_of(dynamic_conv2d)
def test_a_dynamic_convolution_with_one_bank_for_all_is_a_convolution(operation, case):
    arrays, parameters = operation.draw(case), operation.settings(case)
    bank = arrays["weight"][0]
    same = np.broadcast_to(bank, arrays["weight"].shape)
    np.testing.assert_allclose(
        operation(arrays["x"], same, **parameters), conv2d(arrays["x"], bank, **parameters), rtol=1e-12, atol=1e-13
    )


@every_case_of(local_fc_as_conv)
def test_a_local_dense_layer_is_a_convolution_whose_stride_is_its_kernel(operation, case):
    arrays = operation.draw(case)
    expected = conv2d(**arrays, stride=arrays["weight"].shape[2:])
    np.testing.assert_allclose(operation(**arrays), expected, rtol=1e-12, atol=1e-13)


def test_the_operations_of_other_numbers_of_axes_say_what_they_expect():
    with pytest.raises(ParameterError, match=r"padding of conv1d: expected one of .* or \(\(before, after\),\)"):
        conv1d(np.ones((1, 1, 5)), np.ones((1, 1, 2)), padding=(1, 1))
    with pytest.raises(ParameterError, match=r"stride of conv3d: expected a whole number of at least 1, or three"):
        conv3d(np.ones((1, 1, 5, 5, 5)), np.ones((1, 1, 2, 2, 2)), stride=(1, 2))
    with pytest.raises(ShapeError, match=r"a window of 2 x 2 x 6 pixels fits on, got 5 x 5 x 5"):
        conv3d(np.ones((1, 1, 5, 5, 5)), np.ones((1, 1, 2, 2, 6)))
    with pytest.raises(ShapeError, match=r"a size that conv1d with the same parameters takes to 3, got 9"):
        conv_transpose1d(np.ones((1, 1, 3)), np.ones((1, 1, 2)), stride=2, output_shape=(9,))
    with pytest.raises(ShapeError, match=r"groups"):
        dynamic_conv2d(np.ones((1, 4, 5, 5)), np.ones((1, 3, 2, 2, 2)), groups=2)
    with pytest.raises(ShapeError, match=r"a window of 6 x 1 pixels fits on"):
        local_fc_as_conv(np.ones((1, 1, 5, 5)), np.ones((1, 1, 6, 1)))
