"""Recorded porting faults of resizing: where an output's pixel lies on the image."""

from equivalence import Layer, Port

FIRST = {"x": "n c h w"}
LAST = {"x": "n h w c"}


def torch_aligned(x):
    from torch.nn import functional

    return functional.interpolate(x, size=(9, 9), mode="bilinear", align_corners=True)


def torch_half_pixel(x):
    """PyTorch changed its default."""
    from torch.nn import functional

    return functional.interpolate(x, size=(9, 9), mode="bilinear")


align_corners = Port(
    original=Layer("torch", torch_aligned, inputs=FIRST, output="n c i j"),
    ported=Layer("torch", torch_half_pixel, inputs=FIRST, output="n c i j"),
    operation="resize_bilinear",
    parameters={"size": (9, 9), "coordinates": "align_corners"},
    name="resize-align-corners",
)


def _tf_legacy(x, axis, size):
    import tensorflow as tf

    last = x.shape[axis] - 1
    source = tf.range(size, dtype=x.dtype) * (x.shape[axis] / size)
    below = tf.cast(tf.floor(source), tf.int32)
    part = tf.reshape(source - tf.floor(source), [size if k == axis else 1 for k in range(4)])
    first = tf.gather(x, tf.minimum(below, last), axis=axis)
    second = tf.gather(x, tf.minimum(below + 1, last), axis=axis)
    return first + (second - first) * part


def tf_asymmetric(x):
    """tf.image.resize_bilinear of TensorFlow 1 in the precision of the image; the kernel itself returns float32."""
    return _tf_legacy(_tf_legacy(x, 1, 10), 2, 10)


def torch_upsampled(x):
    from torch.nn import functional

    return functional.interpolate(x, size=(10, 10), mode="bilinear", align_corners=False)


asymmetric = Port(
    original=Layer("tensorflow", tf_asymmetric, inputs=LAST, output="n i j c"),
    ported=Layer("torch", torch_upsampled, inputs=FIRST, output="n c i j"),
    operation="resize_bilinear",
    parameters={"size": (10, 10), "coordinates": "asymmetric"},
    name="resize-asymmetric-vs-half-pixel",
)


def torch_nearest(x):
    from torch.nn import functional

    return functional.interpolate(x, size=(5, 5), mode="nearest")


def tf_nearest(x):
    import tensorflow as tf

    return tf.image.resize(x, [5, 5], method="nearest")


nearest = Port(
    original=Layer("torch", torch_nearest, inputs=FIRST, output="n c i j"),
    ported=Layer("tensorflow", tf_nearest, inputs=LAST, output="n i j c"),
    operation="resize_nearest",
    parameters={"size": (5, 5), "coordinates": "asymmetric", "rounding": "floor"},
    name="resize-nearest-rounding",
)
