"""Ports of objects: modules, layers and models that hold their parameters."""

from equivalence import Integers, Layer, Port, Positive, Real


def torch_linear():
    import torch

    return torch.nn.Linear(5, 3)


def torch_linear_for(sizes):
    import torch

    return torch.nn.Linear(sizes["c"], sizes["o"])


def keras_dense():
    import keras

    return keras.layers.Dense(3)


def np_dense(x, weight, bias):
    return x @ weight.T + bias


AFFINE = {"weight": "o c", "bias": "o"}
LINEAR = Layer("torch", torch_linear, inputs={"x": "n c"}, output="n o", parameters=AFFINE)
DENSE = Layer("keras", keras_dense, inputs={"x": "n c"}, output="n o", parameters={"kernel": "c o", "bias": "o"})
FIXED = {"c": 5, "o": 3}

linear = Port(LINEAR, DENSE, match={"weight": "kernel"}, sizes=FIXED)
linear_reversed = Port(DENSE, LINEAR, match={"kernel": "weight"}, sizes=FIXED)
linear_as_function = Port(
    LINEAR, Layer("numpy", np_dense, inputs={"x": "n c", **AFFINE}, output="n o"), sizes=FIXED, name="linear of arrays"
)
linear_of_any_size = Port(
    Layer("torch", torch_linear_for, inputs={"x": "n c"}, output="n o", parameters=AFFINE),
    Layer("numpy", np_dense, inputs={"x": "n c", **AFFINE}, output="n o"),
)
linear_in_another_file = Port(
    Layer("torch", "object_layers.py:MODULE", inputs={"x": "n c"}, output="n o", parameters=AFFINE),
    Layer("keras", "object_layers.py:make_dense", inputs={"x": "n c"}, output="n o", parameters=DENSE.parameters),
    match={"weight": "kernel"},
    sizes=FIXED,
)


def torch_conv(sizes):
    import torch

    return torch.nn.Sequential(torch.nn.Conv2d(sizes["c"], sizes["o"], 3, stride=2), torch.nn.ReLU())


def keras_conv(sizes):
    import keras

    return keras.Sequential([keras.layers.Conv2D(sizes["o"], 3, strides=2, name="filters"), keras.layers.ReLU()])


conv = Port(
    Layer(
        "torch",
        torch_conv,
        inputs={"x": "n c h w"},
        output="n o i j",
        parameters={"0.weight": "o c p q", "0.bias": "o"},
    ),
    Layer(
        "keras",
        keras_conv,
        inputs={"x": "n h w c"},
        output="n i j o",
        parameters={"filters/kernel": "p q c o", "bias": "o"},
    ),
    match={"0.weight": "filters/kernel", "0.bias": "bias"},
    sizes={"p": 3, "q": 3, "h": 7, "w": 8},
)


def torch_norm():
    import torch

    return torch.nn.BatchNorm2d(3, momentum=0.2, eps=1e-3)


def keras_norm():
    import keras

    return keras.layers.BatchNormalization(momentum=0.8, epsilon=1e-3)


def np_norm(x, weight, bias, running_mean, running_var):
    import numpy as np

    bias, mean, scale = (v[:, None, None] for v in (bias, running_mean, weight / np.sqrt(running_var + 1e-3)))
    return (x - mean) * scale + bias


def np_train(x, weight, bias, running_mean, running_var):
    mean, var = x.mean(axis=(0, 2, 3)), x.var(axis=(0, 2, 3))
    y = np_norm(x, weight, bias, mean, var)
    return y, 0.8 * running_mean + 0.2 * mean, 0.8 * running_var + 0.2 * var


STATISTICS = {"running_mean": "c", "running_var": Positive("c")}
NORM = {"weight": "c", "bias": "c", **STATISTICS}
KERAS_NORM = {"gamma": "c", "beta": "c", "moving_mean": "c", "moving_variance": Positive("c")}
RENAMED = {"weight": "gamma", "bias": "beta", "running_mean": "moving_mean", "running_var": "moving_variance"}
STATE = {"y": "n c h w", "running_mean": "c", "running_var": "c"}
KERAS_STATE = {"y": "n h w c", "moving_mean": "c", "moving_variance": "c"}

norm = Port(
    Layer("torch", torch_norm, inputs={"x": "n c h w"}, output="n c h w", parameters=NORM),
    Layer("keras", keras_norm, inputs={"x": "n h w c"}, output="n h w c", parameters=KERAS_NORM),
    match=RENAMED,
    sizes={"c": 3},
)
norm_as_function = Port(
    norm.original, Layer("numpy", np_norm, inputs={"x": "n c h w", **NORM}, output="n c h w"), sizes={"c": 3}
)
norm_trained = Port(
    Layer("numpy", np_train, inputs={"x": "n c h w", **NORM}, outputs=STATE),
    Layer("keras", keras_norm, inputs={"x": "n h w c"}, outputs=KERAS_STATE, parameters=KERAS_NORM, training=True),
    match=RENAMED,
    sizes={"c": 3},
)
# PyTorch's running variance is the unbiased one, so these two differ in that output alone.
norm_trained_by_torch = Port(
    norm_trained.original,
    Layer("torch", torch_norm, inputs={"x": "n c h w"}, outputs=STATE, parameters=NORM, training=True),
    sizes={"c": 3},
)


norm_undrawn = Port(
    Layer("torch", torch_norm, inputs={"x": "n c h w"}, output="n c h w"),
    Layer("keras", keras_norm, inputs={"x": "n h w c"}, output="n h w c"),
    sizes={"c": 3},
)


norm_undrawn_trained = Port(
    Layer("torch", torch_norm, inputs={"x": "n c h w"}, outputs=STATE, training=True),
    Layer("keras", keras_norm, inputs={"x": "n h w c"}, outputs=KERAS_STATE, training=True),
    match={name: RENAMED[name] for name in STATISTICS},
    sizes={"c": 3},
)


def torch_trained():
    import torch

    module = torch.nn.Linear(2, 2)
    module.load_state_dict({"weight": torch.tensor([[1.0, 2.0], [3.0, 5.0]]), "bias": torch.tensor([0.5, -0.25])})
    return module


def keras_trained():
    import keras
    import numpy as np

    layer = keras.layers.Dense(2)
    layer.build((None, 2))
    layer.set_weights([np.array([[1.0, 3.0], [2.0, 5.0]]), np.array([0.5, -0.25])])
    return layer


trained = Port(
    Layer("torch", torch_trained, inputs={"x": "n c"}, output="n o"),
    Layer("keras", keras_trained, inputs={"x": "n c"}, output="n o"),
    sizes={"c": 2},
)


def torch_lstm(sizes):
    import torch

    return torch.nn.LSTM(sizes["c"], sizes["u"], batch_first=True)


def np_lstm(x, w_x, w_h, b_x, b_h):
    import numpy as np

    h = c = np.zeros((x.shape[0], w_h.shape[1]), x.dtype)
    steps = []
    for k in range(x.shape[1]):
        i, f, g, o = np.split(x[:, k] @ w_x.T + b_x + h @ w_h.T + b_h, 4, axis=1)
        i, f, o = (1 / (1 + np.exp(-gate)) for gate in (i, f, o))
        c = f * c + i * np.tanh(g)
        h = o * np.tanh(c)
        steps.append(h)
    return np.stack(steps, axis=1), h[None], c[None]


LSTM = {"w_x": "g c", "w_h": "g u", "b_x": "g", "b_h": "g"}
LSTM_OUTPUTS = {"y": "n t u", "h": "l n u", "c": "l n u"}
TORCH_LSTM = {
    "w_x": "weight_ih_l0",
    "w_h": "weight_hh_l0",
    "b_x": "bias_ih_l0",
    "b_h": "bias_hh_l0",
}
lstm = Port(
    Layer("numpy", np_lstm, inputs={"x": "n t c", **LSTM}, outputs=LSTM_OUTPUTS),
    Layer(
        "torch",
        torch_lstm,
        inputs={"x": "n t c"},
        outputs=LSTM_OUTPUTS,
        parameters={TORCH_LSTM[name]: axes for name, axes in LSTM.items()},
    ),
    match=TORCH_LSTM,
    sizes={"g": "4*u"},
)


def keras_model():
    import keras

    return keras.Sequential(
        [
            keras.layers.Dense(4, activation="tanh", name="first"),
            keras.layers.Dropout(0.5),
            keras.layers.Dense(3, name="last"),
        ]
    )


def torch_model():
    from torch import nn

    return nn.Sequential(nn.Linear(5, 4), nn.Tanh(), nn.Dropout(0.5), nn.Linear(4, 3))


model = Port(
    Layer(
        "torch",
        torch_model,
        inputs={"x": "n c"},
        output="n o",
        parameters={"0.weight": "k c", "0.bias": "k", "3.weight": "o k", "3.bias": "o"},
    ),
    Layer(
        "tensorflow",
        keras_model,
        inputs={"x": "n c"},
        output="n o",
        parameters={"first/kernel": "c k", "first/bias": "k", "last/kernel": "k o", "last/bias": "o"},
    ),
    match={"0.weight": "first/kernel", "0.bias": "first/bias", "3.weight": "last/kernel", "3.bias": "last/bias"},
    sizes={"c": 5, "k": 4, "o": 3},
)
random = Port(
    Layer("torch", torch_model, inputs={"x": "n c"}, output="n o", training=True),
    Layer("keras", keras_model, inputs={"x": "n c"}, output="n o", training=True),
    sizes={"c": 5},
)


def torch_embedding():
    import torch

    return torch.nn.Embedding(6, 4)


def keras_embedding():
    import keras

    return keras.layers.Embedding(6, 4)


TOKENS = {"tokens": Integers("n t", below="v")}
embedding = Port(
    Layer("torch", torch_embedding, inputs=TOKENS, output="n t d", parameters={"weight": "v d"}),
    Layer("keras", keras_embedding, inputs=TOKENS, output="n t d", parameters={"embeddings": "v d"}),
    match={"weight": "embeddings"},
    sizes={"v": 6, "d": 4},
)


def torch_attention():
    import torch

    return torch.nn.MultiheadAttention(4, 1, batch_first=True)


def np_attention(query, key, value, in_proj_weight, in_proj_bias, projection, shift):
    import numpy as np

    pairs = zip(np.split(in_proj_weight, 3), np.split(in_proj_bias, 3), strict=True)
    q, k, v = (array @ w.T + b for array, (w, b) in zip((query, key, value), pairs, strict=True))
    scores = np.exp(q @ k.transpose(0, 2, 1) / 2)
    weights = scores / scores.sum(axis=-1, keepdims=True)
    return weights @ v @ projection.T + shift, weights


ATTENDED = {"value": "n s e", "query": "n t e", "key": "n s e"}
PROJECTED = {"in_proj_weight": "f e", "in_proj_bias": "f", "out_proj.weight": "u e", "out_proj.bias": "u"}
ATTENTION = {"projection": "out_proj.weight", "shift": "out_proj.bias"}
attention = Port(
    Layer(
        "numpy",
        np_attention,
        inputs={
            **ATTENDED,
            **dict(zip(("in_proj_weight", "in_proj_bias", *ATTENTION), PROJECTED.values(), strict=True)),
        },
        outputs={"y": "n t u", "weights": "n t s"},
    ),
    Layer(
        "torch",
        torch_attention,
        inputs=ATTENDED,
        outputs={"y": "n t u", "weights": "n t s"},
        parameters=PROJECTED,
    ),
    match=ATTENTION,
    sizes={"e": 4, "u": 4, "f": 12},
)


def keras_difference():
    import keras

    left, right = keras.Input((3,), name="left"), keras.Input((3,), name="right")
    return keras.Model([left, right], keras.layers.Subtract()([left, right]))


def torch_difference(left, right):
    return left - right


# Not in the order of the model's inputs: they go by name.
DIFFERENCE = {"inputs": {"right": "n c", "left": "n c"}, "output": "n c"}
difference = Port(
    Layer("torch", torch_difference, **DIFFERENCE), Layer("keras", keras_difference, **DIFFERENCE), sizes={"c": 3}
)


def torch_tied():
    import torch

    first, second = torch.nn.Linear(4, 4, bias=False), torch.nn.Linear(4, 4, bias=False)
    second.weight = first.weight
    return torch.nn.Sequential(first, torch.nn.Tanh(), second)


def np_tied(x, weight):
    import numpy as np

    return np.tanh(x @ weight.T) @ weight.T


tied = Port(
    Layer("torch", torch_tied, inputs={"x": "n u"}, output="n u", parameters={"2.weight": "u u'"}),
    Layer("numpy", np_tied, inputs={"x": "n u", "weight": "u u'"}, output="n u"),
    match={"2.weight": "weight"},
    sizes={"u": 4},
)


def torch_two(sizes):
    import torch

    class Two(torch.nn.Module):
        def __init__(self):
            super().__init__()
            self.scale = torch.nn.Parameter(torch.ones(sizes["c"]))
            self.register_buffer("steps", torch.zeros(()))

        def forward(self, y, x, *, shift=0.0):
            self.steps = self.steps + 1.0
            return {"sum": (x + y) * self.scale + shift, "difference": (x - y) * self.scale}

    return Two()


def keras_two(sizes):
    import keras

    class Two(keras.layers.Layer):
        def __init__(self, **keywords):
            super().__init__(**keywords)
            self.scale = self.add_weight(shape=(sizes["c"],), initializer="ones", name="scale")
            self.steps = self.add_weight(shape=(), initializer="zeros", trainable=False, name="steps")

        def call(self, y, x, shift=0.0):
            self.steps.assign_add(1.0)
            return (x + y) * self.scale + shift, (x - y) * self.scale

    return Two()


TWO = {
    "inputs": {"x": "n c", "y": "n c"},
    "outputs": {"sum": "n c", "difference": "n c", "steps": ""},
    "parameters": {"scale": "c", "steps": Real("", gradient=False)},
}
two_inputs_and_outputs = Port(
    Layer("torch", torch_two, **TWO), Layer("keras", keras_two, **TWO), parameters={"shift": 0.5}
)


def torch_writes(x, weight):
    x *= weight
    return x.sum(dim=1)


def np_writes(x, weight):
    x *= weight
    return x.sum(axis=1)


WRITING = {"inputs": {"x": "n c", "weight": "c"}, "output": "n"}
writes = Port(Layer("torch", torch_writes, **WRITING), Layer("numpy", np_writes, **WRITING))


def torch_narrow(x):
    return x.float() + 1.0


def keras_narrow():
    import keras
    from keras import ops

    class Narrow(keras.layers.Layer):
        def __init__(self, required):
            super().__init__(dtype="float32")

        def call(self, x):
            return ops.add(x, 1.0)

    return Narrow(object())


narrow = Port(
    Layer("torch", torch_narrow, inputs={"x": "n c"}, output="n c"),
    Layer("keras", keras_narrow, inputs={"x": "n c"}, output="n c"),
)


def tf_made_within(x):
    import keras

    return keras.layers.Dense(3, kernel_initializer="ones")(x)


made_within = Port(
    Layer("torch", lambda x: x.sum(dim=1, keepdim=True), inputs={"x": "n c"}, output="n o"),
    Layer("tensorflow", tf_made_within, inputs={"x": "n c"}, output="n o"),
)


def torch_identity(x):
    return x


def wrong(**changes):
    layer = Layer(
        **{"framework": "torch", "function": torch_linear, "inputs": {"x": "n c"}, "output": "n o", **changes}
    )
    letters = {letter for kind in layer.kinds.values() for letter in kind.axes.split()}
    return Port(layer, layer, sizes={letter: size for letter, size in FIXED.items() if letter in letters})


def torch_batch_norm():
    import torch

    return torch.nn.BatchNorm1d(3)


unknown_parameter = wrong(parameters={"wieght": "o c", "bias": "o"})
unknown_variable = wrong(framework="keras", function=keras_dense, parameters={"kernal": "c o"})
ambiguous_variable = wrong(framework="keras", function=keras_model, parameters={"kernel": "c o"})
wrong_shape = wrong(parameters={"weight": "c o", "bias": "o"})
wrong_shape_in_keras = wrong(framework="keras", function=keras_dense, parameters={"kernel": "o c", "bias": "o"})
unknown_output = wrong(
    function=torch_batch_norm, inputs={"x": "n o"}, output=None, outputs={"y": "n o", "runing_mean": "o"}
)
parameter_of_a_function = wrong(function=torch_identity, parameters={"weight": "o c", "bias": "o"})
training_of_a_function = wrong(function=torch_identity, training=True)
makes_no_layer = wrong(function=lambda: 3)
