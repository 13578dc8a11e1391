"""Recorded porting faults of resizing: antialiasing, which ratio, the cubic's coefficient, where the corners are."""

from equivalence import Layer, Port, Real

NCHW = {"x": "n c h w"}


def torch_thumbnail(x):
    import torch.nn.functional as F

    return F.interpolate(x, size=(4, 4), mode="bilinear", align_corners=False, antialias=True)


def torch_thumbnail_without_antialias(x):
    import torch.nn.functional as F

    return F.interpolate(x, size=(4, 4), mode="bilinear", align_corners=False)


# PyTorch on both sides: tf.image.resize gives float32 whatever it gets.
antialias_on_downsample = Port(
    name="resize-antialias-on-downsample",
    original=Layer("torch", torch_thumbnail, inputs=NCHW, output="n c i j"),
    ported=Layer("torch", torch_thumbnail_without_antialias, inputs=NCHW, output="n c i j"),
    operation="resize_bilinear",
    parameters={"size": (4, 4), "antialias": True},
)


def torch_upsample(x):
    import torch

    return torch.nn.Upsample(scale_factor=1.5, mode="bilinear", align_corners=False)(x)


def tf_upsample_by_sizes(x):
    import math

    import numpy as np
    import tensorflow as tf

    def weights(size, scale):
        resized = math.floor(size * scale)
        centres = np.clip((np.arange(resized) + 0.5) * size / resized - 0.5, 0, size - 1)
        distances = np.abs(centres[:, None] - np.arange(size)[None])
        return tf.constant(np.maximum(0.0, 1.0 - distances), x.dtype)

    _, h, w, _ = x.shape
    return tf.einsum("ih,nhwc,jw->nijc", weights(h, 1.5), x, weights(w, 1.5))


scale_factor_vs_size_ratio = Port(
    name="resize-scale-factor-vs-size-ratio",
    original=Layer("torch", torch_upsample, inputs=NCHW, output="n c i j"),
    ported=Layer("tensorflow", tf_upsample_by_sizes, inputs={"x": "n h w c"}, output="n i j c"),
    operation="resize_bilinear",
    parameters={"scale": (1.5, 1.5)},
)


def torch_bicubic(x):
    import torch.nn.functional as F

    return F.interpolate(x, scale_factor=2, mode="bicubic", align_corners=False)


def tf_bicubic(x):
    import numpy as np
    import tensorflow as tf

    def cubic(d, a=-0.5):
        d = np.abs(d)
        near = (a + 2) * d**3 - (a + 3) * d**2 + 1
        far = a * d**3 - 5 * a * d**2 + 8 * a * d - 4 * a
        return np.where(d <= 1, near, np.where(d < 2, far, 0.0))

    def weights(size):
        centres = (np.arange(2 * size) + 0.5) / 2 - 0.5
        result = np.zeros((2 * size, size))
        for tap in range(-1, 3):
            places = np.floor(centres).astype(int) + tap
            np.add.at(result, (np.arange(2 * size), np.clip(places, 0, size - 1)), cubic(centres - places))
        return tf.constant(result, x.dtype)

    _, h, w, _ = x.shape
    return tf.einsum("ih,nhwc,jw->nijc", weights(h), x, weights(w))


bicubic_coefficient = Port(
    name="resize-bicubic-coefficient",
    original=Layer("torch", torch_bicubic, inputs=NCHW, output="n c i j"),
    ported=Layer("tensorflow", tf_bicubic, inputs={"x": "n h w c"}, output="n i j c"),
    operation="resize_bicubic",
    parameters={"scale": (2.0, 2.0)},
)


def torch_sample_by_centres(x, grid):
    import torch.nn.functional as F

    return F.grid_sample(x, grid, align_corners=True)


def torch_sample_by_default(x, grid):
    import torch.nn.functional as F

    return F.grid_sample(x, grid)


SAMPLED = {"x": "n c h w", "grid": Real("n i j v", low=-1.2, high=1.2)}

grid_sample_align_corners = Port(
    name="grid-sample-align-corners",
    original=Layer("torch", torch_sample_by_centres, inputs=SAMPLED, output="n c i j"),
    ported=Layer("torch", torch_sample_by_default, inputs=SAMPLED, output="n c i j"),
    operation="grid_sample",
    sizes={"v": 2},
    parameters={"align_corners": True},
)
