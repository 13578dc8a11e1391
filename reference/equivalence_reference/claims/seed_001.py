"""Seed 001: questions and answers on convolutions, capsules, dynamic filters, backpropagation and sequences."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np

from equivalence.claim import Check, Framework, agree, check, claim, instead
from equivalence.inputs import Array
from equivalence_reference.claims._numbers import normal

_FAR = 0.1
"""Farther apart than rounding ever is."""


@claim(
    seed="001",
    text="A dense layer on 20 x 20 x 10, moved over 100 x 60 x 10, is a convolution of kernel 20, stride 20.",
    expected="confirmed",
    why="each patch meets the same weights, if the matrix is reshaped in the order in which a patch is flattened",
)
def local_fc_is_convolution(framework: Framework) -> Iterator[Check]:
    """The dense layer on each of 15 patches, beside the convolution."""
    x, weight, bias = normal(1, 10, 100, 60), normal(4000, 64) / 60, normal(64)
    # Channels last, as the document's TensorFlow flattens a patch.
    patches = x.reshape(1, 10, 5, 20, 3, 20).transpose(0, 2, 4, 3, 5, 1).reshape(15, 4000)
    dense = framework("dense", patches, weight.T, bias).reshape(5, 3, 64)
    kernel = weight.reshape(20, 20, 10, 64).transpose(3, 2, 0, 1)
    convolved = framework("conv2d", x, kernel, bias, stride=(20, 20))
    yield check("rows, columns and units", (5, 3, 64), np.moveaxis(convolved[0], 0, -1).shape)
    yield agree("the two", dense, np.moveaxis(convolved[0], 0, -1))
    unordered = framework("conv2d", x, weight.T.reshape(64, 10, 20, 20), bias, stride=(20, 20))
    apart = float(np.abs(np.moveaxis(unordered[0], 0, -1) - dense).max())
    yield instead(check("reshaped without the order, they are far apart", True, apart > _FAR))  # noqa: FBT003


@claim(
    seed="001",
    text="That layer has 4000 x 64 weights and 64 biases, as a dense layer and as a convolution.",
    expected="confirmed",
    why="the filters hold one weight for each number of a patch, as the matrix does",
)
def local_fc_parameters(framework: Framework) -> Iterator[Check]:
    """Gradients are counted: a number for each parameter that takes part."""
    x, cotangent = normal(1, 10, 20, 20), np.ones((1, 64))
    dense = framework.gradients("dense", cotangent, x.reshape(1, 4000), normal(64, 4000), normal(64))
    four = cotangent[..., None, None]
    convolved = framework.gradients("conv2d", four, x, normal(64, 10, 20, 20), normal(64), stride=(20, 20))
    for name, found in (("dense layer", dense), ("convolution", convolved)):
        yield check(f"parameters of the {name}", 4000 * 64 + 64, found["weight"].size + found["bias"].size)


def _theano(framework: Framework, x: Array, weight: Array) -> Array:
    """What Theano's ``conv2d`` gives with its default, a true convolution, by each framework's own means."""
    return framework("conv2d", x, weight, flip_kernel=True)[0, :, 0, 0]


@claim(
    seed="001",
    text="The sum of a 20 x 20 x 10 patch times the filters turned around in both axes is Theano's conv2d.",
    expected="confirmed",
    why="a true convolution walks the filter backwards along rows and columns",
)
def flipped_sum_is_theano(framework: Framework) -> Iterator[Check]:
    """The document's sizes."""
    x, weight = normal(1, 10, 20, 20), normal(64, 10, 20, 20)
    flipped = np.sum(x * weight[:, :, ::-1, ::-1], axis=(1, 2, 3))
    yield agree("64 sums", flipped, _theano(framework, x, weight))


@claim(
    seed="001",
    text="The turning around does not matter: the plain sum of products is Theano's conv2d as well.",
    expected="refuted",
    why="only filters that are the same in both directions would not notice; the plain sum is a cross-correlation",
)
def plain_sum_is_theano(framework: Framework) -> Iterator[Check]:
    """The same without the flip."""
    x, weight = normal(1, 10, 20, 20), normal(64, 10, 20, 20)
    plain = np.sum(x * weight, axis=(1, 2, 3))
    yield agree("64 sums", plain, _theano(framework, x, weight))
    yield instead(agree("cross-correlation", plain, framework("conv2d", x, weight)[0, :, 0, 0]))


_LETTERS = {"i": 6, "j": 5, "k": 4, "l": 3, "b": 2}
"""Capsules below and above, dimensions above and below, examples: all of another size."""


def _capsules() -> tuple[Array, Array]:
    return normal(*(_LETTERS[letter] for letter in "ijkl")), normal(*(_LETTERS[letter] for letter in "bil"))


def _tiled(framework: Framework, weight: Array, u: Array) -> Array:
    """The notebook's way: both operands repeated until a product of matrices fits."""
    n, j = u.shape[0], weight.shape[1]
    matrices = framework("tile", weight[None], multiples=(n, 1, 1, 1, 1))
    vectors = framework("tile", u[:, :, None, :, None], multiples=(1, 1, j, 1, 1))
    return framework("matmul", matrices, vectors)[..., 0]


@claim(
    seed="001",
    text="einsum('ijkl,bil->bilk', w, caps1_output) gives what tiling and matmul give for capsules.",
    expected="refuted",
    why="j, the capsules above, is summed away and l, which the product sums over, is kept; 'ijkl,bil->bijk' is right",
)
def capsules_by_einsum(framework: Framework) -> Iterator[Check]:
    """Both equations beside the notebook's way."""
    weight, u = _capsules()
    tiled = _tiled(framework, weight, u)
    given = framework("einsum", weight, u, equation="ijkl,bil->bilk")
    right = framework("einsum", weight, u, equation="ijkl,bil->bijk")
    yield check("shape", tiled.shape, given.shape)
    square = normal(3, 3, 3, 3), normal(2, 3, 3)
    wrong = framework("einsum", *square, equation="ijkl,bil->bilk")
    yield agree("numbers, where all sizes are equal", _tiled(framework, *square), wrong)
    yield instead(agree("'ijkl,bil->bijk'", tiled, right))
    yield instead(agree("the catalogue's operation", tiled, framework("capsule_predictions", weight, u)))
    lost = np.asarray(weight.sum(axis=1)[None].transpose(0, 1, 3, 2) * u[..., None])
    yield instead(agree("the equation gives the sum over j of w, times u", lost, given))


@claim(
    seed="001",
    text="That einsum prints the shape (50, 1152, 8, 16).",
    expected="confirmed",
    why="b, i, l and k have these sizes; what was wanted has b, i, j and k: (50, 1152, 10, 16)",
)
def capsules_shape(framework: Framework) -> Iterator[Check]:
    """One of the 50 examples: the first letter passes through."""
    weight, u = np.zeros((1152, 10, 16, 8)), np.zeros((1, 1152, 8))
    given = framework("einsum", weight, u, equation="ijkl,bil->bilk", dtype="float32")
    right = framework("einsum", weight, u, equation="ijkl,bil->bijk", dtype="float32")
    yield check("shape of an example", (1152, 8, 16), given.shape[1:])
    yield instead(check("shape that was wanted", (1152, 10, 16), right.shape[1:]))


@claim(
    seed="001",
    text="ws * expand_dims(us, -1) are the products of 900 matrices with 900 vectors.",
    expected="refuted",
    why="nothing is summed: row r of a matrix is multiplied by number r of the vector, so rows are scaled",
)
def products_by_broadcasting(framework: Framework) -> Iterator[Check]:
    """The document's sizes."""
    matrices, vectors = normal(900, 20, 20), normal(900, 20)
    column = framework("expand_dims", vectors, axis=-1)
    scaled = framework("merge_mul", matrices, framework("tile", column, multiples=(1, 1, 20)))
    product = framework("batched_matvec", matrices, vectors)
    yield check("shape", product.shape, scaled.shape)
    yield agree("summed over the last axis", product, framework("reduce_sum", scaled, axes=(-1,)))
    transposed = framework("batched_matvec", np.swapaxes(matrices, 1, 2), vectors)
    yield instead(agree("summed over the rows: the transposed matrices' products", transposed, scaled.sum(axis=1)))


_CONV2D: dict[str, tuple[str, dict[str, Any]]] = {
    "tensorflow": ("tensorflow.nn:conv2d", {"strides": (1, 1, 1, 1), "padding": "VALID"}),
    "keras": ("keras.ops:conv", {"padding": "valid"}),
    "torch": ("torch.nn.functional:conv2d", {}),
    "theano": ("theano.tensor.nnet:conv2d", {}),
}
"""Each framework's own convolution."""


@claim(
    seed="001",
    text="tf.nn.conv2d convolves a feature map of 128 channels with a k x k x 128 filter made from the same image.",
    expected="refuted",
    why="a filter of conv2d has four axes; with each channel its own filter it is a depthwise convolution",
)
def dynamic_filter_by_conv2d(framework: Framework) -> Iterator[Check]:
    """The call as it is written, and as a depthwise convolution."""
    if framework.name not in _CONV2D:
        return
    path, settings = _CONV2D[framework.name]
    last = framework.name in ("tensorflow", "keras")
    image, filters = (normal(1, 9, 8, 128), normal(5, 5, 128)) if last else (normal(1, 128, 9, 8), normal(128, 5, 5))
    failed = framework.fails(lambda: framework.call(path, image, filters, **settings))
    yield check("the call raises an error", False, failed)  # noqa: FBT003
    x, kernel = normal(2, 128, 9, 8), normal(128, 5, 5)
    depthwise = framework("depthwise_conv2d", x, kernel[:, None])[:, :, 0]
    windows = np.lib.stride_tricks.sliding_window_view(x, (5, 5), axis=(2, 3))
    yield instead(agree("each channel with its own filter", np.einsum("ncijpq,cpq->ncij", windows, kernel), depthwise))


@claim(
    seed="001",
    text="The two-layer network's hand-written gradients are right, though that of w2 is made with h_relu.",
    expected="confirmed",
    why="w2 multiplies h_relu, so its gradient is h_relu times what comes back; relu itself is used once",
)
def hand_written_gradients(framework: Framework) -> Iterator[Check]:
    """The document's formulas on its sizes, beside the framework's own vector-Jacobian products."""
    x, y = normal(64, 1000), normal(64, 10)
    w1, w2 = normal(1000, 100), normal(100, 10)
    h = framework("matmul", x, w1)
    active = framework("relu", h)
    predicted = framework("matmul", active, w2)
    back = framework.gradients("mse", np.array(1.0), predicted, y, reduction="sum")["x"]
    last = framework.gradients("matmul", back, active, w2)
    first = framework.gradients("matmul", framework.gradients("relu", last["x"], h)["x"], x, w1)
    own_h = x @ w1
    own_relu = np.maximum(own_h, 0)
    grad_y = 2.0 * (own_relu @ w2 - y)
    grad_h = np.where(own_h < 0, 0, grad_y @ w2.T)
    yield agree("gradient of w2", own_relu.T @ grad_y, last["y"])
    yield agree("gradient of w1", x.T @ grad_h, first["y"])


def _shape(framework: Framework, padding: str) -> tuple[int, ...]:
    """Rows, columns and channels of the first convolution."""
    y = framework("conv2d", normal(1, 3, 64, 64), normal(8, 3, 4, 4), padding=padding)
    return y.shape[2], y.shape[3], y.shape[1]


@claim(
    seed="001",
    text="A 4 x 4 kernel with stride 1 and SAME gives 64 x 64 x 8.",
    expected="confirmed",
    why="SAME pads by three in all, what the kernel has more than one pixel",
)
def same_shape(framework: Framework) -> Iterator[Check]:
    """The document's image and filters."""
    yield check("rows, columns and channels", (64, 64, 8), _shape(framework, "same_upper"))


@claim(
    seed="001",
    text="A 4 x 4 kernel with stride 1 and VALID gives 61 x 61 x 8.",
    expected="confirmed",
    why="64 - 4 + 1 = 61 places for the kernel",
)
def valid_shape(framework: Framework) -> Iterator[Check]:
    """The document's image and filters."""
    yield check("rows, columns and channels", (61, 61, 8), _shape(framework, "valid"))


def _seen(framework: Framework, padding: str, place: int) -> list[int]:
    """The pixels, counted from 1, of a row of 64 that change the output at a place: those with a gradient."""
    size = 64 if padding == "same_upper" else 61
    cotangent = np.zeros((1, 1, 1, size))
    cotangent[..., place] = 1.0
    x, kernel = np.ones((1, 1, 1, 64)), np.ones((1, 1, 1, 4))
    gradient = framework.gradients("conv2d", cotangent, x, kernel, padding=padding)["x"]
    return [int(pixel) + 1 for pixel in np.flatnonzero(gradient)]


@claim(
    seed="001",
    text="With VALID the first neuron sees pixels 1 to 4, the second 2 to 5, the last 61 to 64.",
    expected="confirmed",
    why="the kernel begins at the first pixel and moves by one",
)
def valid_neurons(framework: Framework) -> Iterator[Check]:
    """Pixels with a gradient."""
    for place, pixels in ((0, [1, 2, 3, 4]), (1, [2, 3, 4, 5]), (60, [61, 62, 63, 64])):
        yield check(f"output {place + 1}", pixels, _seen(framework, "valid", place))


@claim(
    seed="001",
    text="With SAME the first neuron sees a zero and pixels 1 to 3, the second pixels 1 to 4.",
    expected="confirmed",
    why="of three padded pixels TensorFlow puts one before the image",
)
def same_first_neurons(framework: Framework) -> Iterator[Check]:
    """Pixels with a gradient."""
    for place, pixels in ((0, [1, 2, 3]), (1, [1, 2, 3, 4])):
        yield check(f"output {place + 1}", pixels, _seen(framework, "same_upper", place))


@claim(
    seed="001",
    text="With SAME the last neuron sees pixels 62, 63, 64 and one zero.",
    expected="refuted",
    why="TensorFlow pads one pixel before and two after, so the last kernel covers pixels 63 and 64 and two zeros",
)
def same_last_neuron(framework: Framework) -> Iterator[Check]:
    """Pixels with a gradient."""
    yield check("output 64", [62, 63, 64], _seen(framework, "same_upper", 63))
    yield instead(check("output 64", [63, 64], _seen(framework, "same_upper", 63)))
    yield instead(check("output 63", [62, 63, 64], _seen(framework, "same_upper", 62)))


@claim(
    seed="001",
    text="A loop with pad 1, stride 1 and a 4 x 4 kernel shows how TensorFlow's SAME convolution works inside.",
    expected="refuted",
    why="one pixel on each side gives 63 x 63; SAME is one before and two after",
)
def conv_forward_is_same(framework: Framework) -> Iterator[Check]:
    """Shapes, and the numbers of the padding that agrees."""
    x, weight, bias = normal(1, 3, 64, 64), normal(8, 3, 4, 4), normal(8)
    same = framework("conv2d", x, weight, bias, padding="same_upper")
    loop = framework("conv2d", x, weight, bias, padding=((1, 1), (1, 1)))
    yield check("rows and columns of SAME and of the loop", same.shape[2:], loop.shape[2:])
    uneven = framework("conv2d", x, weight, bias, padding=((1, 2), (1, 2)))
    yield instead(agree("padded by (1, 2)", same, uneven))


def _convnet(framework: Framework, x: Array, first: Array, second: Array, dense: Array) -> list[Array]:
    """The course's network, layer by layer."""
    found = [framework("conv2d", x, first, padding="same_upper")]
    found.append(
        framework("max_pool2d", framework("relu", found[-1]), window=(8, 8), stride=(8, 8), padding="same_upper")
    )
    found.append(framework("conv2d", found[-1], second, padding="same_upper"))
    found.append(
        framework("max_pool2d", framework("relu", found[-1]), window=(4, 4), stride=(4, 4), padding="same_upper")
    )
    found.append(framework("flatten", found[-1], channels="last"))
    found.append(framework("dense", found[-1], dense))
    return found


_SHAPES = ((8, 64, 64), (8, 8, 8), (16, 8, 8), (16, 2, 2), (64,), (6,))


@claim(
    seed="001",
    text="Two convolutions with relu and pooling by 8 and 4, all SAME, and a dense layer take 64 x 64 x 3 to 6.",
    expected="confirmed",
    why="64 / 8 / 4 = 2, and 2 x 2 x 16 = 64 numbers go into the dense layer; values are the reference's",
    replaced={
        "tf.contrib.layers.flatten": "keras.layers.Flatten",
        "tf.contrib.layers.fully_connected": "keras.layers.Dense",
        "tf.get_variable, tf.Session, tf.placeholder": "tf.Variable and eager calls",
        "tf.contrib.layers.xavier_initializer": "keras.initializers.GlorotUniform",
    },
)
def course_convnet(framework: Framework) -> Iterator[Check]:
    """Shapes and values after each layer; values beside the references'."""
    arrays = normal(1, 3, 64, 64), 0.2 * normal(8, 3, 4, 4), 0.3 * normal(16, 8, 2, 2), 0.1 * normal(6, 64)
    layers, references = _convnet(framework, *arrays), _convnet(framework.reference, *arrays)
    names = "first convolution", "first pooling", "second convolution", "second pooling", "flatten", "dense layer"
    for name, shape, layer in zip(names, _SHAPES, layers, strict=True):
        yield check(f"shape after the {name}", shape, layer.shape[1:])
    for name, layer, reference in zip(names, layers, references, strict=True):
        yield agree(f"values after the {name}", reference, layer)


@claim(
    seed="001",
    text="Reshaping (30000, 10) to (300, 100, 10) makes the first sequence the steps 0 to 299.",
    expected="refuted",
    why="a reshape cuts the array in its order: the first of 300 pieces is as long as the second number, 100 steps",
)
def reshaped_sequences(framework: Framework) -> Iterator[Check]:
    """Each step's number in all of its channels."""
    steps = np.repeat(np.arange(30000.0)[:, None, None], 10, axis=1)
    y = framework("reshape", steps, shape=(300, 100, 10))
    yield check("first and last step of the first sequence", (0, 299), (y[0].min(), y[0].max()))
    yield check("first and last step of the second sequence", (300, 599), (y[1].min(), y[1].max()))
    yield instead(check("they are", [[0, 99], [100, 199]], [[piece.min(), piece.max()] for piece in y[:2]]))


@claim(
    seed="001",
    text="That reshape makes 300 separate sequences of 100 steps.",
    expected="confirmed",
    why="the first two numbers of the new shape say so, and no step occurs twice",
)
def reshaped_shape(framework: Framework) -> Iterator[Check]:
    """The shape, and how many steps there are."""
    y = framework("reshape", np.repeat(np.arange(30000.0)[:, None, None], 10, axis=1), shape=(300, 100, 10))
    yield check("sequences and steps", (300, 100), y.shape[:2])
    yield check("different steps", 30000, len(np.unique(y)))


@claim(
    seed="001",
    text="A loop that moves start and end on by one makes windows of 300 steps, each one step later than the last.",
    expected="confirmed",
    why="window k is steps k to k + 299, and there are T - 299 of them: 29,701 for 30,000 steps",
)
def sliding_window_loop(framework: Framework) -> Iterator[Check]:
    """A tenth of the sequence, and a channel, by the loop and by the operation."""
    sequence, slices, start = np.arange(3000.0), [], 0
    while start + 300 <= len(sequence):
        slices.append(sequence[start : start + 300])
        start += 1
    windows = framework("sliding_windows", sequence[None], size=300)[0]
    yield check("windows of 3000 steps", len(slices), len(windows))
    yield check("all their numbers", np.stack(slices), windows)


def _length(framework: Framework, padding: str) -> int:
    return int(framework("conv1d", normal(1, 10, 100), normal(20, 10, 3), padding=padding).shape[2])


@claim(
    seed="001",
    text="A convolution along time with padding='same' keeps the 100 steps.",
    expected="confirmed",
    why="as much is padded as the kernel has more than one step",
)
def conv1d_same_keeps_steps(framework: Framework) -> Iterator[Check]:
    """The document's layer: 10 channels, 20 filters of 3 steps."""
    yield check("steps", 100, _length(framework, "same_upper"))


@claim(
    seed="001",
    text="Without it, the length is reduced by an amount that depends on the kernel.",
    expected="confirmed",
    why="a kernel of 3 steps has two places fewer",
)
def conv1d_valid_shortens(framework: Framework) -> Iterator[Check]:
    """The same layer."""
    yield check("steps", 100 - (3 - 1), _length(framework, "valid"))
