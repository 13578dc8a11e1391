"""Recorded porting faults of training: initial state, where the rate and the decay go, clipping, initializers."""

from equivalence import Layer, Port, Real

STEPS = {
    "w": Real("i o", gradient=False),
    "g": Real("k i o", gradient=False),
    "rate": Real("k", low=0.05, high=0.5, gradient=False),
}


def tf_momentum(w, g, rate):
    import tensorflow as tf

    momentum = 0.9
    velocity = tf.zeros_like(w)
    for gradient, lr in zip(tf.unstack(g), tf.unstack(rate), strict=True):
        velocity = momentum * velocity - lr * gradient
        w = w + velocity
    return w


def torch_momentum(w, g, rate):
    import torch

    parameter = torch.nn.Parameter(w.clone())
    optimizer = torch.optim.SGD([parameter], lr=0.1, momentum=0.9)
    for gradient, lr in zip(g, rate.tolist(), strict=True):
        optimizer.param_groups[0]["lr"] = lr
        parameter.grad = gradient.clone()
        optimizer.step()
    return parameter.detach()


sgd_momentum_lr_inside = Port(
    name="sgd-momentum-lr-inside",
    original=Layer("tensorflow", tf_momentum, inputs=STEPS, outputs={"new_w": "i o"}),
    ported=Layer("torch", torch_momentum, inputs=STEPS, outputs={"new_w": "i o"}),
    operation="sgd",
    parameters={"momentum": 0.9, "rate_inside": True},
)


def torch_adamw(w, g, rate):
    import torch

    parameter = torch.nn.Parameter(w.clone())
    optimizer = torch.optim.AdamW([parameter], lr=1e-3, weight_decay=0.01)
    for gradient, lr in zip(g, rate.tolist(), strict=True):
        optimizer.param_groups[0]["lr"] = lr
        parameter.grad = gradient.clone()
        optimizer.step()
    return parameter.detach()


def tf_adamw(w, g, rate):
    """As TensorFlow Addons' DecoupledWeightDecayExtension."""
    import tensorflow as tf

    beta_1, beta_2, epsilon, weight_decay = 0.9, 0.999, 1e-8, 0.01
    m, v = tf.zeros_like(w), tf.zeros_like(w)
    for step, (gradient, lr) in enumerate(zip(tf.unstack(g), tf.unstack(rate), strict=True), start=1):
        w = w - weight_decay * w
        m = beta_1 * m + (1 - beta_1) * gradient
        v = beta_2 * v + (1 - beta_2) * gradient**2
        w = w - lr * (m / (1 - beta_1**step)) / (tf.sqrt(v / (1 - beta_2**step)) + epsilon)
    return w


decoupled_decay_times_lr = Port(
    name="decoupled-decay-times-lr",
    original=Layer("torch", torch_adamw, inputs=STEPS, outputs={"new_w": "i o"}),
    ported=Layer("tensorflow", tf_adamw, inputs=STEPS, outputs={"new_w": "i o"}),
    operation="adamw",
    parameters={"weight_decay": 0.01},
)


def tf_adagrad(w, g, rate):
    import tensorflow as tf

    variable = tf.Variable(w)
    accumulator = tf.Variable(tf.fill(w.shape, tf.constant(0.1, w.dtype)))
    for gradient, lr in zip(tf.unstack(g), tf.unstack(rate), strict=True):
        tf.raw_ops.ResourceApplyAdagradV2(
            var=variable.handle,
            accum=accumulator.handle,
            lr=lr,
            epsilon=tf.constant(1e-7, w.dtype),
            grad=gradient,
        )
    return variable.value(), accumulator.value()


def torch_adagrad(w, g, rate):
    import torch

    parameter = torch.nn.Parameter(w.clone())
    optimizer = torch.optim.Adagrad([parameter], eps=1e-7)
    for gradient, lr in zip(g, rate.tolist(), strict=True):
        optimizer.param_groups[0]["lr"] = lr
        parameter.grad = gradient.clone()
        optimizer.step()
    return parameter.detach(), optimizer.state[parameter]["sum"]


adagrad_initial_accumulator = Port(
    name="adagrad-initial-accumulator",
    original=Layer("tensorflow", tf_adagrad, inputs=STEPS, outputs={"new_w": "i o", "total": "i o"}),
    ported=Layer("torch", torch_adagrad, inputs=STEPS, outputs={"new_w": "i o", "total": "i o"}),
    operation="adagrad",
    parameters={"initial": 0.1, "epsilon": 1e-7},
)


def tf_rmsprop(w, g, rate):
    import tensorflow as tf

    variable, mean_square = tf.Variable(w), tf.Variable(tf.ones_like(w))
    moment = tf.Variable(tf.zeros_like(w))
    rho, momentum, epsilon = (tf.constant(number, w.dtype) for number in (0.9, 0.9, 1e-3))
    for gradient, lr in zip(tf.unstack(g), tf.unstack(rate), strict=True):
        tf.raw_ops.ResourceApplyRMSProp(
            var=variable.handle,
            ms=mean_square.handle,
            mom=moment.handle,
            lr=lr,
            rho=rho,
            momentum=momentum,
            epsilon=epsilon,
            grad=gradient,
        )
    return variable.value(), mean_square.value()


def torch_rmsprop(w, g, rate):
    import torch

    alpha, momentum, eps = 0.9, 0.9, 1e-3
    square_avg, buffer = torch.zeros_like(w), torch.zeros_like(w)
    for gradient, lr in zip(g, rate, strict=True):
        square_avg = square_avg + (1 - alpha) * (gradient.pow(2) - square_avg)
        buffer = momentum * buffer + lr * gradient / (square_avg + eps).sqrt()
        w = w - buffer
    return w, square_avg


rmsprop_accumulator_init = Port(
    name="rmsprop-accumulator-init",
    original=Layer("tensorflow", tf_rmsprop, inputs=STEPS, outputs={"new_w": "i o", "square": "i o"}),
    ported=Layer("torch", torch_rmsprop, inputs=STEPS, outputs={"new_w": "i o", "square": "i o"}),
    operation="rmsprop",
    parameters={
        "decay": 0.9,
        "epsilon": 1e-3,
        "epsilon_in": "inside",
        "momentum": 0.9,
        "rate_inside": True,
        "initial": 1.0,
    },
)


def tf_clip_by_norm(kernel, bias):
    import tensorflow as tf

    return tf.clip_by_norm(kernel, 1.0), tf.clip_by_norm(bias, 1.0)


def torch_clip_by_global_norm(kernel, bias):
    import torch

    max_norm = 1.0
    total = torch.linalg.vector_norm(torch.stack([torch.linalg.vector_norm(g) for g in (kernel, bias)]))
    coefficient = torch.clamp(max_norm / total, max=1.0)
    return kernel * coefficient, bias * coefficient


GRADIENTS = {"kernel": "i o", "bias": "o"}
CLIPPED = {"clipped_kernel": "i o", "clipped_bias": "o"}

# No operation: the catalogue does not clip gradients.
clipnorm_local_vs_global = Port(
    name="clipnorm-local-vs-global",
    original=Layer("tensorflow", tf_clip_by_norm, inputs=GRADIENTS, outputs=CLIPPED),
    ported=Layer("torch", torch_clip_by_global_norm, inputs=GRADIENTS, outputs=CLIPPED),
)


def tf_he_normal(uniform):
    """The quantiles of a normal distribution cut off at two of its deviations, as VarianceScaling scales them."""
    import math

    import tensorflow as tf

    stddev = math.sqrt(2.0 / uniform.shape[0]) / 0.87962566103423978
    lower, upper = (0.5 * (1 + math.erf(z / math.sqrt(2))) for z in (-2.0, 2.0))
    return stddev * tf.math.ndtri(lower + uniform * (upper - lower))


def torch_he_normal(uniform):
    """As torch.nn.init.trunc_normal_, with its uniform numbers given."""
    import math

    import torch

    std = math.sqrt(2.0 / uniform.shape[0])
    lower, upper = (0.5 * (1 + math.erf(z / math.sqrt(2))) for z in (-2.0, 2.0))
    return std * math.sqrt(2.0) * torch.erfinv(2 * (lower + uniform * (upper - lower)) - 1)


UNIFORM = {"uniform": Real("i o", low=0.0, high=1.0, gradient=False)}

# No operation: the catalogue has no initializers; what is drawn is given here.
truncated_normal_std = Port(
    name="truncated-normal-std",
    original=Layer("tensorflow", tf_he_normal, inputs=UNIFORM, output="i o"),
    ported=Layer("torch", torch_he_normal, inputs=UNIFORM, output="i o"),
)
