"""Composite layers, none of them an operation of the catalogue, whose ported layer has another constant or variant."""

import math

import numpy as np
from port_recorder import Recorder

from equivalence import Layer, Mask, Port, Positive

port = Recorder(__file__)

DENSE = {"x": "n c", "weight": "c o", "bias": "o"}


def dense(activation):
    return lambda x, weight, bias: activation(x @ weight + bias)


def leaky(slope):
    return lambda z: np.where(z > 0, z, slope * z)


def sigmoid(z):
    return 0.5 * (1 + np.tanh(0.5 * z))


def gelu(z):
    return 0.5 * z * (1 + np.vectorize(math.erf)(z / math.sqrt(2)))


def gelu_by_tanh(z):
    return 0.5 * z * (1 + np.tanh(math.sqrt(2 / math.pi) * (z + 0.044715 * z**3)))


slope = port(dense(leaky(0.01)), dense(leaky(0.2)), DENSE, "n o", "constant.value")
relu6 = port(dense(leaky(0)), dense(lambda z: np.clip(z, 0, 6)), DENSE, "n o", "function.variant")
threshold = port(dense(lambda z: np.clip(z, 0, 20)), dense(lambda z: np.clip(z, 0, 6)), DENSE, "n o", "constant.value")
curvature = port(dense(gelu), dense(gelu_by_tanh), DENSE, "n o", "function.variant")
sharpness = port(
    dense(lambda z: z * sigmoid(z)), dense(lambda z: z * sigmoid(1.702 * z)), DENSE, "n o", "function.variant"
)
hard = port(dense(sigmoid), dense(lambda z: np.clip(0.2 * z + 0.5, 0, 1)), DENSE, "n o", "function.variant")
residual_slope = port(
    lambda x, y: leaky(0.01)(x + y),
    lambda x, y: leaky(0.3)(x + y),
    {"x": "n c h", "y": "n c h"},
    "n c h",
    "constant.value",
)
unnamed = port(lambda x: np.sin(x) + x, lambda x: np.sin(1.7 * x) / 1.7 + x, {"x": "n c"}, "n c", "constant.value")


def block(activation):
    return lambda x, first, bias, second, last: activation(x @ first + bias) @ second + last


BLOCK = {"x": "n c", "first": "c h", "bias": "h", "second": "h o", "last": "o"}
hidden_slope = port(block(leaky(0.01)), block(leaky(0.2)), BLOCK, "n o")
hidden_limit = port(block(lambda z: np.clip(z, 0, 1e9)), block(lambda z: np.clip(z, 0, 6)), BLOCK, "n o")
hidden_curvature = port(block(gelu), block(gelu_by_tanh), BLOCK, "n o")


def normal(h, epsilon, axes=-1, *, outside=False):
    centred = h - h.mean(axes, keepdims=True)
    variance = (centred**2).mean(axes, keepdims=True)
    return centred / (np.sqrt(variance) + epsilon if outside else np.sqrt(variance + epsilon))


NORMAL = {**DENSE, "gamma": "o", "beta": "o"}


def dense_normal(epsilon):
    return lambda x, weight, bias, gamma, beta: gamma * normal(x @ weight + bias, epsilon) + beta


epsilon_after = port(dense_normal(1e-5), dense_normal(1e-3), NORMAL, "n o", "epsilon.value")
epsilon_before = port(
    lambda x, weight, bias: np.maximum(normal(x, 1e-5) @ weight + bias, 0),
    lambda x, weight, bias: np.maximum(normal(x, 1e-3) @ weight + bias, 0),
    DENSE,
    "n o",
    "epsilon.value",
)
epsilon_beside = port(
    lambda x, weight, bias: x + normal(x, 1e-5) @ weight + bias,
    lambda x, weight, bias: x + normal(x, 1e-3) @ weight + bias,
    {"x": "n c", "weight": "c c'", "bias": "c"},
    "n c",
    "epsilon.value",
)
epsilon_in_places = port(
    lambda x, weight: np.einsum("nchw,co->nohw", normal(x, 1e-5, (2, 3)), weight),
    lambda x, weight: np.einsum("nchw,co->nohw", normal(x, 1e-3, (2, 3)), weight),
    {"x": "n c h w", "weight": "c o"},
    "n o h w",
    "epsilon.value",
)
epsilon_outside = port(
    lambda x, weight, bias: normal(x, 1e-5) @ weight + bias,
    lambda x, weight, bias: normal(x, 1e-5, outside=True) @ weight + bias,
    DENSE,
    "n o",
    "epsilon.placement",
)
STORED = {"x": "n c", "weight": "c o", "mean": "o", "variance": Positive("o"), "gamma": "o"}


def stored(epsilon):
    return lambda x, weight, mean, variance, gamma: np.maximum(
        gamma * (x @ weight - mean) / np.sqrt(variance + epsilon), 0
    )


epsilon_stored = port(stored(1e-5), stored(1e-3), STORED, "n o", "epsilon.value")
clipped = port(
    lambda x, weight: np.tanh(0.01 * x @ weight),
    lambda x, weight: np.tanh(0.01 * np.clip(x, -3, 4) @ weight),
    {"x": "n c", "weight": "c o"},
    "n o",
    "constant.value",
)


def softmax(scores):
    raised = np.exp(scores - scores.max(-1, keepdims=True))
    return raised / raised.sum(-1, keepdims=True)


def attend(temperature=1.0, added=-np.inf):
    def layer(q, k, v, mask, weight):
        scores = np.einsum("ntd,nsd->nts", q, k) / temperature
        weights = softmax(scores + np.where(mask[:, None], 0.0, added))
        return np.tanh(weights @ v @ weight)

    return layer


ATTEND = {"q": "n t d", "k": "n s d", "v": "n s e", "mask": Mask("n s"), "weight": "e f"}
temperature = port(attend(), attend(0.625), ATTEND, "n t f", "scale.factor")


def tensorflow_block(epsilon):
    def block(x, kernel, bias):
        import tensorflow as tf

        h = tf.nn.conv2d(x, kernel, 1, "SAME") + bias
        mean, variance = tf.nn.moments(h, [1, 2], keepdims=True)
        return tf.nn.relu((h - mean) * tf.math.rsqrt(variance + epsilon))

    return block


def torch_block(x, weight, bias):
    from torch.nn import functional

    return functional.relu(functional.instance_norm(functional.conv2d(x, weight, bias, padding="same"), eps=1e-5))


across = Port(
    original=Layer("torch", torch_block, {"x": "n c h w", "weight": "o c p q", "bias": "o"}, output="n o h w"),
    ported=Layer(
        "tensorflow", tensorflow_block(1e-3), {"x": "n h w c", "kernel": "p q c o", "bias": "o"}, output="n h w o"
    ),
    match={"weight": "kernel"},
    sizes={"h": 4, "w": 5, "p": 3, "q": 3},
    where=(__file__, 0),
)
port.expected[id(across)] = "epsilon.value"


def torch_leaky(x, weight, bias):
    from torch.nn import functional

    return functional.leaky_relu(functional.linear(x, weight, bias), 0.01)


def tensorflow_leaky(x, kernel, bias):
    import tensorflow as tf

    return tf.nn.leaky_relu(x @ kernel + bias)


slope_across = Port(
    original=Layer("torch", torch_leaky, {"x": "n c", "weight": "o c", "bias": "o"}, output="n o"),
    ported=Layer("tensorflow", tensorflow_leaky, {"x": "n c", "kernel": "c o", "bias": "o"}, output="n o"),
    match={"weight": "kernel"},
    where=(__file__, 0),
)
port.expected[id(slope_across)] = "constant.value"
