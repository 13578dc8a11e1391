"""Recorded porting faults before and after a network: means, scales, labels and bytes."""

from equivalence import Integers, Layer, Port, Real

BGR_MEAN = Real("c", low=103.0, high=124.0)


def tf_caffe_image(x, mean):
    import tensorflow as tf

    return tf.cast(x[..., ::-1], mean.dtype) - mean


def torch_mean_before_the_swap(x, mean):
    return (x - mean[:, None, None])[:, [2, 1, 0]]


preprocess_mean_order = Port(
    name="preprocess-mean-order",
    original=Layer(
        "tensorflow",
        tf_caffe_image,
        inputs={"x": Integers("n h w c", below=256), "mean": BGR_MEAN},
        output="n h w c",
    ),
    ported=Layer(
        "torch",
        torch_mean_before_the_swap,
        inputs={"x": Integers("n c h w", below=256), "mean": BGR_MEAN},
        output="n c h w",
    ),
    operation="normalize_image",
    sizes={"c": 3},
    parameters={"reverse": True},
)


def tf_subtract_mean(x, mean):
    return x - mean


def torch_subtract_mean_in_place(x, mean):
    x -= mean[:, None, None]
    return x


preprocess_mutates_input = Port(
    name="preprocess-mutates-input",
    original=Layer(
        "tensorflow",
        tf_subtract_mean,
        inputs={"x": Real("n h w c", low=0.0, high=255.0, gradient=False), "mean": BGR_MEAN},
        output="n h w c",
    ),
    ported=Layer(
        "torch",
        torch_subtract_mean_in_place,
        inputs={"x": Real("n c h w", low=0.0, high=255.0, gradient=False), "mean": BGR_MEAN},
        output="n c h w",
    ),
    operation="normalize_image",
    sizes={"c": 3},
)


def tf_to_bytes(x, mean):
    return x[..., ::-1] * 255.0 - mean


def torch_to_bytes(x, mean):
    return x[:, [2, 1, 0]].mul(256.0) - mean.view(3, 1, 1)


preprocess_scale_255_256 = Port(
    name="preprocess-scale-255-256",
    original=Layer(
        "tensorflow",
        tf_to_bytes,
        inputs={"x": Real("n h w c", low=0.0, high=1.0), "mean": BGR_MEAN},
        output="n h w c",
    ),
    ported=Layer(
        "torch",
        torch_to_bytes,
        inputs={"x": Real("n c h w", low=0.0, high=1.0), "mean": BGR_MEAN},
        output="n c h w",
    ),
    operation="normalize_image",
    sizes={"c": 3},
    parameters={"scale": 255.0, "reverse": True},
)


def np_image_of(x):
    import numpy as np

    return np.rint(np.clip(x * 255.0, 0, 255)).astype(np.uint8)


def torch_image_of(x):
    import torch

    return (x * 255.0).clamp(0, 255).to(torch.uint8)


# No operation: the catalogue's cast truncates, and the original rounds.
cast_truncates = Port(
    name="cast-truncates-instead-of-rounding",
    original=Layer("numpy", np_image_of, inputs={"x": Real("n h w c", low=0.0, high=1.0)}, output="n h w c"),
    ported=Layer("torch", torch_image_of, inputs={"x": Real("n c h w", low=0.0, high=1.0)}, output="n c h w"),
)


def tf_one_hot(indices):
    import tensorflow as tf

    return tf.one_hot(indices, 5)


def np_rows_of_eye(indices):
    import numpy as np

    return np.eye(5, dtype=np.float32)[indices]


LABELS = {"indices": Integers("n t", low=-1, below=5)}

one_hot_out_of_range = Port(
    name="one-hot-out-of-range",
    original=Layer("tensorflow", tf_one_hot, inputs=LABELS, output="n t k"),
    ported=Layer("numpy", np_rows_of_eye, inputs=LABELS, output="n t k"),
    operation="one_hot",
    parameters={"depth": 5},
)
