"""Wrong ports whose smallest failing input is known."""

from equivalence import Integers, Layer, Lengths, Mask, Port, Positive, Real

CONV = {"x": "n c h w", "weight": "o c p q"}
DENSE = {"x": "n c", "weight": "c o"}
ROW = {"x": "n c"}


def elementwise(original, ported, framework="torch"):
    return Port(
        original=Layer(framework, original, inputs=ROW, output="n c"),
        ported=Layer("torch", ported, inputs=ROW, output="n c"),
    )


def torch_conv(x, weight):
    import torch

    return torch.nn.functional.conv2d(x, weight)


def torch_flipped(x, weight):
    return torch_conv(x, weight.flip(2, 3))


def tf_conv(x, weight):
    import tensorflow as tf

    return tf.nn.conv2d(x, weight, 1, "VALID")


kernel = Port(
    original=Layer("torch", torch_conv, inputs=CONV, output="n o i j"),
    ported=Layer("torch", torch_flipped, inputs=CONV, output="n o i j"),
)
kernel_in_tensorflow = Port(
    original=Layer("torch", torch_flipped, inputs=CONV, output="n o i j"),
    ported=Layer("tensorflow", tf_conv, inputs={"x": "n h w c", "weight": "p q c o"}, output="n i j o"),
)
kernel_of_fixed_size = Port(
    original=kernel.original, ported=kernel.ported, sizes={"p": 3, "q": [5, 4], "h": "p + 2", "n": 2}
)


def np_leaky(x):
    import numpy as np

    return np.where(x > 0, x, 0.01 * x)


def torch_leaky(x):
    import torch

    return torch.nn.functional.leaky_relu(x, 0.2)


slope = elementwise(np_leaky, torch_leaky, "numpy")


def np_norm(x):
    return (x - x.mean(-1, keepdims=True)) / (x.var(-1, keepdims=True) + 1e-5) ** 0.5


def torch_norm(x):
    import torch

    return torch.nn.functional.layer_norm(x, x.shape[-1:], eps=1e-3)


epsilon = elementwise(np_norm, torch_norm, "numpy")


def torch_attend(x, mask):
    return x.masked_fill(~mask, -1e9).softmax(-1)


def torch_attend_inverted(x, mask):
    return torch_attend(x, ~mask)


MASKED = {"x": "n t", "mask": Mask("n t")}
polarity = Port(
    original=Layer("torch", torch_attend, inputs=MASKED, output="n t"),
    ported=Layer("torch", torch_attend_inverted, inputs=MASKED, output="n t"),
)

gradient = Port(
    original=Layer("torch", lambda x, weight: (x @ weight).relu(), inputs=DENSE, output="n o"),
    ported=Layer("torch", lambda x, weight: (x.detach() @ weight).relu(), inputs=DENSE, output="n o"),
)


def torch_variance(x):
    return x.var(dim=1, unbiased=False)


def torch_variance_in_one_pass(x):
    return (x * x).mean(dim=1) - x.mean(dim=1) ** 2


precision = Port(
    original=Layer("torch", torch_variance, inputs=ROW, output="n"),
    ported=Layer("torch", torch_variance_in_one_pass, inputs=ROW, output="n"),
)


def torch_fussy(x):
    if x.shape[0] > 1 and x.shape[1] > 2:
        raise ValueError("not for these sizes")
    return x.relu()


raises = elementwise(lambda x: x.relu(), torch_fussy)


def torch_written_into(x):
    y = 2 * x
    x.zero_()
    return y


mutates = elementwise(lambda x: 2 * x, torch_written_into)

# A factor of two; and at zero, where no ordinary value lies, the sides differ for another reason.
corner = elementwise(lambda x: 2.0 * (x > 0), lambda x: 1.0 * (x >= 0))

rare = elementwise(lambda x: x.tanh(), lambda x: x.tanh() + 1.0 * (x > 20))


def torch_dies(x):
    import os

    if x.shape[1] == 1:
        os._exit(7)
    return 2 * x


def torch_slow(x):
    import time

    time.sleep(0.05)
    return 2 * x


dies = elementwise(lambda x: x, torch_dies)
slow = elementwise(lambda x: x, torch_slow)


def torch_pooled(table, tokens, mask, lengths, variance, rate, factor=1.0):
    import torch

    keep = mask & (torch.arange(tokens.shape[1])[None] < lengths[:, None])
    return factor * (table[tokens] * keep[..., None]).sum(dim=1) / variance + rate


def torch_pooled_wrong(**arguments):
    return torch_pooled(**arguments, factor=1.5)


KINDS = {
    "table": "v d",
    "tokens": Integers("n t", low=1, below="v"),
    "mask": Mask("n t"),
    "lengths": Lengths("n", of="t", low=2),
    "variance": Positive("d"),
    "rate": Real("d", low=0.25, high=0.75),
}
kinds = Port(
    original=Layer("torch", torch_pooled, inputs=KINDS, output="n d"),
    ported=Layer("torch", torch_pooled_wrong, inputs=KINDS, output="n d"),
)


def averaged(every):
    """A module that keeps the mean of each batch; of every batch, or only of the first two."""

    def make():
        import torch

        class Averaged(torch.nn.Module):
            def __init__(self):
                super().__init__()
                self.register_buffer("kept", torch.zeros((), dtype=torch.float64))
                self.register_buffer("calls", torch.zeros((), dtype=torch.int64))

            def forward(self, x):
                self.calls = self.calls + 1
                if every or self.calls <= 2:
                    self.kept = self.kept / 2 + x.detach().double().mean() / 2
                return x

        return Averaged()

    return make


STATE = {"inputs": ROW, "outputs": {"y": "n c", "kept": ""}, "training": True}
state = Port(
    original=Layer("torch", averaged(every=True), **STATE), ported=Layer("torch", averaged(every=False), **STATE)
)

right = Port(
    original=Layer("numpy", lambda x: 2 * x, inputs=ROW, output="n c"),
    ported=Layer("numpy", lambda x: x + x, inputs=ROW, output="n c"),
)
reversed_rows = Port(
    original=Layer("numpy", lambda x: x, inputs=ROW, output="n c"),
    ported=Layer("numpy", lambda x: x[:, ::-1], inputs=ROW, output="n c"),
)
