"""Models of other kinds: lists of functions, connections that pass around layers, words, wrong declarations."""

import numpy as np

from equivalence import Integers, Model, ModelPort

RNG = np.random.default_rng(2)
FIRST, SECOND, TABLE, LAST = (RNG.normal(size=shape) for shape in ((5, 5), (5, 5), (7, 5), (5, 3)))


def affine(matrix, shift=0.0):
    return lambda x: x @ matrix.astype(x.dtype) + np.asarray(shift, x.dtype)


def relu(x):
    return np.maximum(x, 0)


def listed(*layers):
    return Model("numpy", list(layers), inputs={"x": "n c"})


FIVE = {"c": 5}
PLAIN = listed(("first", affine(FIRST)), ("relu", relu), ("second", affine(SECOND)), ("tanh", np.tanh))
functions = ModelPort(PLAIN, listed(*PLAIN.function), sizes=FIVE)
functions_shifted = ModelPort(
    PLAIN,
    listed(("first", affine(FIRST)), ("relu", relu), ("second", affine(SECOND, 0.25)), ("tanh", np.tanh)),
    sizes=FIVE,
)
function_missing = ModelPort(PLAIN, listed(*PLAIN.function[:1], *PLAIN.function[2:]), sizes=FIVE)


def torch_plain():
    import torch
    from torch import nn

    def linear(matrix):
        layer = nn.Linear(5, 5, bias=False)
        layer.weight.data = torch.tensor(matrix.T)
        return layer

    return [("a", linear(FIRST)), ("b", torch.relu), ("c", linear(SECOND)), ("d", nn.Tanh())]


listed_in_torch = ModelPort(PLAIN, Model("torch", torch_plain, inputs={"x": "n c"}), sizes=FIVE)


def keras_plain():
    import keras
    from keras import ops

    def dense(matrix):
        layer = keras.layers.Dense(5, use_bias=False)
        layer.build((None, 5))
        layer.set_weights([matrix])
        return layer

    return [("first", dense(FIRST)), ("relu", ops.relu), ("second", dense(SECOND)), ("tanh", ops.tanh)]


listed_in_keras = ModelPort(PLAIN, Model("keras", keras_plain, inputs={"x": "n c"}), sizes=FIVE)


def theano_plain():
    import theano.tensor as tt

    def product(matrix):
        return lambda x: tt.dot(x, matrix.astype(x.dtype))

    return [("first", product(FIRST)), ("relu", tt.nnet.relu), ("second", product(SECOND)), ("tanh", tt.tanh)]


listed_in_theano = ModelPort(PLAIN, Model("theano", theano_plain, inputs={"x": "n c"}), sizes=FIVE)


def torch_residual(scale=1.0):
    import torch
    from torch import nn

    class Residual(nn.Module):
        def __init__(self):
            super().__init__()
            self.first, self.second, self.last = (nn.Linear(5, k, bias=False) for k in (5, 5, 3))
            for layer, matrix in ((self.first, FIRST), (self.second, SECOND), (self.last, LAST)):
                layer.weight.data = torch.tensor(matrix.T, dtype=torch.float32)

        def forward(self, x):
            around = torch.tanh(self.first(x))
            return self.last(around + scale * self.second(around))

    return Residual()


def torch_residual_scaled():
    return torch_residual(0.5)


def keras_residual():
    import keras

    x = keras.Input((5,))
    around = keras.layers.Dense(5, activation="tanh", use_bias=False, name="first")(x)
    second = keras.layers.Dense(5, use_bias=False, name="second")(around)
    last = keras.layers.Dense(3, use_bias=False, name="last")(keras.layers.Add(name="sum")([around, second]))
    model = keras.Model(x, last)
    for name, matrix in (("first", FIRST), ("second", SECOND), ("last", LAST)):
        model.get_layer(name).set_weights([matrix])
    return model


RESIDUAL = Model("keras", keras_residual, inputs={"x": "n c"})
residual = ModelPort(RESIDUAL, Model("torch", torch_residual, inputs={"x": "n c"}), sizes=FIVE)
residual_scaled = ModelPort(RESIDUAL, Model("torch", torch_residual_scaled, inputs={"x": "n c"}), sizes=FIVE)
residual_cut_wrongly = ModelPort(
    RESIDUAL,
    Model("torch", torch_residual, inputs={"x": "n c"}),
    layers=[("second", "second"), ("last", "last")],
    sizes=FIVE,
)


def keras_words():
    import keras

    model = keras.Sequential([keras.layers.Embedding(7, 5, name="table"), keras.layers.Dense(3, name="last")])
    model.build((None, 4))
    model.get_layer("table").set_weights([TABLE])
    model.get_layer("last").set_weights([LAST, np.array([0.5, 1.0, -2.0])])
    return model


def torch_words(shift=(0.5, 1.0, -2.0)):
    import torch
    from torch import nn

    table, last = nn.Embedding(7, 5), nn.Linear(5, 3)
    table.weight.data, last.weight.data, last.bias.data = map(torch.tensor, (TABLE, LAST.T.copy(), np.array(shift)))
    return nn.Sequential(table, last)


def torch_words_without_bias():
    return torch_words((0.0, 0.0, 0.0))


WORDS = {"words": Integers("n t", below=7)}
words = ModelPort(Model("keras", keras_words, inputs=WORDS), Model("torch", torch_words, inputs=WORDS), sizes={"t": 4})
words_without_bias = ModelPort(
    Model("keras", keras_words, inputs=WORDS), Model("torch", torch_words_without_bias, inputs=WORDS), sizes={"t": 4}
)


def torch_one():
    return torch_words()[1:]


layer_missing = ModelPort(
    Model("torch", torch_words, inputs=WORDS), Model("torch", torch_one, inputs=WORDS), sizes={"t": 4}
)
no_such_layer = ModelPort(PLAIN, listed(*PLAIN.function), layers=[("first", "frist")], sizes=FIVE)
wrong_order = ModelPort(PLAIN, listed(*PLAIN.function), layers=[("relu", "relu"), ("first", "first")], sizes=FIVE)
both_raise = ModelPort(PLAIN, listed(*PLAIN.function), sizes={"c": 4})
no_layers = ModelPort(Model("numpy", relu, inputs={"x": "n c"}), PLAIN, sizes=FIVE)
