"""Recorded porting faults of a network's start and end: image channels, fans of an initializer, and the loss."""

from equivalence import Integers, Layer, Port, Real


def keras_preprocess(x, mean):
    """Keras's preprocess_input in the mode of Caffe: blue first."""
    import tensorflow as tf

    return tf.cast(x[..., ::-1], mean.dtype) - mean


def torch_red_first(x, mean):
    return x.to(mean.dtype) - mean[:, None, None]


MEAN = Real("c", low=100.0, high=130.0)

bgr = Port(
    original=Layer(
        "tensorflow", keras_preprocess, inputs={"x": Integers("n h w c", below=256), "mean": MEAN}, output="n h w c"
    ),
    ported=Layer(
        "torch", torch_red_first, inputs={"x": Integers("n c h w", below=256), "mean": MEAN}, output="n c h w"
    ),
    operation="normalize_image",
    sizes={"c": 3},
    parameters={"reverse": True},
    name="preprocess-bgr-rgb",
)


def torch_xavier(noise):
    """torch.nn.init.xavier_normal_ behind its drawing of standard normal numbers."""
    import math

    from torch.nn import init

    fan_in, fan_out = init._calculate_fan_in_and_fan_out(noise)
    return noise * math.sqrt(2.0 / (fan_in + fan_out))


def tf_fans_of_another_layout(noise):
    import numpy as np

    receptive_field = np.prod(noise.shape[2:])
    fan_in, fan_out = noise.shape[1] * receptive_field, noise.shape[0] * receptive_field
    return noise * float(np.sqrt(2.0 / (fan_in + fan_out)))


# No operation: the catalogue has no initializers.
fans = Port(
    original=Layer("torch", torch_xavier, inputs={"noise": "o c p q"}, output="o c p q"),
    ported=Layer("tensorflow", tf_fans_of_another_layout, inputs={"noise": "p q c o"}, output="p q c o"),
    name="init-fan-wrong-axes",
)


def tf_cross_entropy(x, target):
    import tensorflow as tf

    return tf.reduce_mean(tf.nn.sparse_softmax_cross_entropy_with_logits(labels=target, logits=x))


def torch_softmax_before_the_loss(x, target):
    from torch.nn import functional

    probabilities = functional.softmax(x, dim=-1)
    return functional.cross_entropy(probabilities, target)


LOGITS = {"x": "n c", "target": Integers("n", below="c")}

# No operation: a result without axes cannot be bound to the "...'" of the catalogue's losses.
double_softmax = Port(
    original=Layer("tensorflow", tf_cross_entropy, inputs=LOGITS, output=""),
    ported=Layer("torch", torch_softmax_before_the_loss, inputs=LOGITS, output=""),
    name="loss-double-softmax",
)
