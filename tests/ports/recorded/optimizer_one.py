"""Recorded porting faults of optimizers: epsilon inside a root, and the factor of weight decay."""

from equivalence import Layer, Port, Real

GIVEN = {
    "w": Real("i j", gradient=False),
    "g": Real("k i j", gradient=False),
    "rate": Real("k", low=0.01, high=0.1, gradient=False),
}


def tf_rmsprop(w, g, rate):
    """ApplyRMSProp with the settings of Inception, without momentum."""
    import tensorflow as tf

    decay, epsilon = 0.9, 1.0
    square = tf.zeros_like(w)
    for k in range(g.shape[0]):
        square += (tf.square(g[k]) - square) * (1 - decay)
        w -= rate[k] * g[k] * tf.math.rsqrt(square + epsilon)
    return w, square, tf.zeros_like(w), tf.zeros_like(w)


def torch_rmsprop(w, g, rate):
    import torch

    parameter = torch.nn.Parameter(w.clone())
    optimizer = torch.optim.RMSprop([parameter], lr=0.1, alpha=0.9, eps=1.0)
    for gradient, lr in zip(g, rate, strict=True):
        optimizer.param_groups[0]["lr"] = lr.item()
        parameter.grad = gradient.clone()
        optimizer.step()
    square = optimizer.state[parameter]["square_avg"]
    return parameter.detach(), square, torch.zeros_like(w), torch.zeros_like(w)


SLOTS = {"new_w": "i j", "square": "i j", "mean": "i j", "velocity": "i j"}

rmsprop = Port(
    original=Layer("tensorflow", tf_rmsprop, inputs=GIVEN, outputs=SLOTS),
    ported=Layer("torch", torch_rmsprop, inputs=GIVEN, outputs=SLOTS),
    operation="rmsprop",
    parameters={"decay": 0.9, "epsilon": 1.0, "epsilon_in": "inside"},
    name="rmsprop-eps-inside-sqrt",
)


def tf_l2_regularized(w, g, rate):
    """kernel_regularizer=l2(5e-4) adds 5e-4 * sum(w ** 2) to the loss."""
    import tensorflow as tf

    l2, momentum = 5e-4, 0.9
    velocity = tf.zeros_like(w)
    for k in range(g.shape[0]):
        with tf.GradientTape() as tape:
            tape.watch(w)
            penalty = l2 * tf.reduce_sum(tf.square(w))
        velocity = momentum * velocity + g[k] + tape.gradient(penalty, w)
        w -= rate[k] * velocity
    return w, velocity


def torch_weight_decay(w, g, rate):
    import torch

    parameter = torch.nn.Parameter(w.clone())
    optimizer = torch.optim.SGD([parameter], lr=0.1, momentum=0.9, weight_decay=5e-4)
    for gradient, lr in zip(g, rate, strict=True):
        optimizer.param_groups[0]["lr"] = lr.item()
        parameter.grad = gradient.clone()
        optimizer.step()
    return parameter.detach(), optimizer.state[parameter]["momentum_buffer"]


weight_decay = Port(
    original=Layer("tensorflow", tf_l2_regularized, inputs=GIVEN, outputs={"new_w": "i j", "velocity": "i j"}),
    ported=Layer("torch", torch_weight_decay, inputs=GIVEN, outputs={"new_w": "i j", "velocity": "i j"}),
    operation="sgd",
    parameters={"momentum": 0.9, "weight_decay": 1e-3},
    name="l2-factor-two",
)
