"""Recorded porting faults of losses: clipping, smoothing, what a mean divides by, and the blank of CTC."""

from equivalence import Integers, Layer, Lengths, Port, Real


def torch_binary_cross_entropy(x, target):
    import torch.nn.functional as F

    return F.binary_cross_entropy(x, target)


def tf_clipped_binary_cross_entropy(x, target):
    import tensorflow as tf

    epsilon = 1e-7
    p = tf.clip_by_value(x, epsilon, 1.0 - epsilon)
    losses = target * tf.math.log(p + epsilon) + (1.0 - target) * tf.math.log(1.0 - p + epsilon)
    return -tf.reduce_mean(losses)


PROBABILITIES = {"x": Real("n k", low=0.0, high=1.0), "target": Real("n k", low=0.0, high=1.0, gradient=False)}

bce_clipping = Port(
    name="loss-bce-clipping",
    original=Layer("torch", torch_binary_cross_entropy, inputs=PROBABILITIES, output=""),
    ported=Layer("tensorflow", tf_clipped_binary_cross_entropy, inputs=PROBABILITIES, output=""),
    operation="binary_cross_entropy",
    parameters={"epsilon": 0.0, "least_log": -100.0},
)


def torch_smoothed(x, target):
    import torch.nn.functional as F

    return F.cross_entropy(x, target, label_smoothing=0.1)


def tf_smoothed_over_the_others(x, target):
    import tensorflow as tf

    smoothing = 0.1
    classes = x.shape[-1]
    hot = tf.one_hot(target, classes, dtype=x.dtype)
    confidence = 1.0 - smoothing
    soft = tf.where(hot > 0, confidence * tf.ones_like(x), smoothing / (classes - 1) * tf.ones_like(x))
    return -tf.reduce_mean(tf.reduce_sum(soft * tf.nn.log_softmax(x), axis=-1))


CLASSES = {"x": "n c", "target": Integers("n", below="c")}

# No operation: the catalogue smooths a target that is a distribution, not a class.
label_smoothing_k_minus_1 = Port(
    name="loss-label-smoothing-k-minus-1",
    original=Layer("torch", torch_smoothed, inputs=CLASSES, output=""),
    ported=Layer("tensorflow", tf_smoothed_over_the_others, inputs=CLASSES, output=""),
)


def tf_smoothed_sigmoid(x, target):
    import tensorflow as tf

    smoothing = 0.1
    entities = x.shape[-1]
    hot = tf.one_hot(target, entities, dtype=x.dtype)
    soft = (1.0 - smoothing) * hot + smoothing / entities
    return tf.reduce_mean(tf.nn.sigmoid_cross_entropy_with_logits(labels=soft, logits=x))


def torch_smoothed_without_the_factor(x, target):
    import torch
    import torch.nn.functional as F

    smoothing = 0.1
    e2_multi = F.one_hot(target, x.size(1)).to(x.dtype)
    e2_multi = ((1.0 - smoothing) * e2_multi) + (1.0 / e2_multi.size(1))
    return torch.nn.BCEWithLogitsLoss()(x, e2_multi)


# No operation: the catalogue has no smoothing before a sigmoid, as ConvE does it.
label_smoothing_missing_factor = Port(
    name="loss-label-smoothing-missing-factor",
    original=Layer("tensorflow", tf_smoothed_sigmoid, inputs=CLASSES, output=""),
    ported=Layer("torch", torch_smoothed_without_the_factor, inputs=CLASSES, output=""),
)


def torch_token_loss(x, target):
    import torch.nn.functional as F

    return F.cross_entropy(x, target)


def tf_token_loss_by_row(x, target):
    import tensorflow as tf

    losses = tf.nn.sparse_softmax_cross_entropy_with_logits(labels=target, logits=x)
    return tf.reduce_sum(losses) / tf.cast(tf.shape(target)[1], x.dtype)


mean_divides_by_row_length = Port(
    name="loss-mean-divides-by-row-length",
    original=Layer("torch", torch_token_loss, inputs={"x": "n c t", "target": Integers("n t", below="c")}, output=""),
    ported=Layer(
        "tensorflow", tf_token_loss_by_row, inputs={"x": "n t c", "target": Integers("n t", below="c")}, output=""
    ),
    operation="sparse_categorical_cross_entropy_with_logits",
)


def torch_smooth_l1(x, target):
    import torch.nn.functional as F

    return F.smooth_l1_loss(x, target, beta=1 / 9)


def keras_huber(x, target):
    import keras

    return keras.ops.mean(keras.losses.huber(target, x, delta=1 / 9))


BOXES = {"x": "n k", "target": "n k"}

smooth_l1_beta = Port(
    name="loss-smooth-l1-beta",
    original=Layer("torch", torch_smooth_l1, inputs=BOXES, output=""),
    ported=Layer("keras", keras_huber, inputs=BOXES, output=""),
    operation="smooth_l1",
    parameters={"beta": 1 / 9},
)


def tf_divergence(x, target):
    import tensorflow as tf

    return tf.reduce_mean(tf.reduce_sum(target * (tf.math.log(target) - x), axis=-1))


def torch_divergence(x, target):
    import torch

    return torch.nn.KLDivLoss(reduction="mean")(x, target)


LOGARITHMS = {"x": Real("n k", low=-5.0, high=-0.01), "target": Real("n k", low=0.01, high=0.99)}

kl_mean_vs_batchmean = Port(
    name="loss-kl-mean-vs-batchmean",
    original=Layer("tensorflow", tf_divergence, inputs=LOGARITHMS, output=""),
    ported=Layer("torch", torch_divergence, inputs=LOGARITHMS, output=""),
    operation="kl_divergence",
    parameters={"reduction": "batchmean"},
)


def torch_ctc(x, target, lengths):
    """The last class is the blank, as in TensorFlow."""
    import torch
    import torch.nn.functional as F

    steps = torch.full((x.shape[0],), x.shape[1])
    logarithms = F.log_softmax(x, dim=-1).transpose(0, 1)
    return F.ctc_loss(logarithms, target, steps, lengths, blank=x.shape[2] - 1, reduction="none")


def torch_ctc_by_default(x, target, lengths):
    import torch
    import torch.nn.functional as F

    steps = torch.full((x.shape[0],), x.shape[1])
    return F.ctc_loss(F.log_softmax(x, dim=-1).transpose(0, 1), target, steps, lengths, reduction="none")


TRANSCRIBED = {"x": "n t k", "target": Integers("n u", low=0, below="k-1"), "lengths": Lengths("n", of="u")}

# PyTorch on both sides: tf.nn.ctc_loss does not compute in float64. No operation: the catalogue has no CTC.
ctc_blank_index = Port(
    name="ctc-blank-index",
    original=Layer("torch", torch_ctc, inputs=TRANSCRIBED, output="n"),
    ported=Layer("torch", torch_ctc_by_default, inputs=TRANSCRIBED, output="n"),
    sizes={"t": [12, 9], "k": [5, 8], "u": 4},
)
