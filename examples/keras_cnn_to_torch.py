"""A small image classifier, ported from Keras to PyTorch with its weights: whole models, checked layer by layer.

Keras flattens height, width, channels; PyTorch flattens channels, height, width. So the dense layer's weights have to
be brought into PyTorch's order, though they fit as they are. Batch normalization's epsilon is 0.001 in Keras and
0.00001 in PyTorch.

- ``cnn`` reorders the weights and sets the epsilon: equal.
- ``cnn_weights_as_they_are`` leaves the dense layer's weights in Keras's order: different, ``layout.flatten-order``.
- ``cnn_with_defaults`` leaves PyTorch's epsilon: different, ``epsilon.value``.

Run: equivalence check examples/keras_cnn_to_torch.py   (exit status 1: different)
"""

from equivalence import Model, ModelPort


def trained():
    """What the original has learned, by layer, as Keras stores it."""
    import numpy as np

    rng = np.random.default_rng(0)
    return {
        "conv": [rng.normal(size=(3, 3, 3, 4)), rng.normal(size=4)],
        "norm": [rng.uniform(0.5, 2, 4), rng.normal(size=4), rng.normal(size=4), rng.uniform(0.001, 0.01, 4)],
        "dense": [rng.normal(size=(36, 5)), rng.normal(size=5)],
    }


def keras_cnn():
    """The original."""
    import keras

    model = keras.Sequential(
        [
            keras.Input((8, 8, 3)),
            keras.layers.Conv2D(4, 3, activation="relu", name="conv"),
            keras.layers.BatchNormalization(name="norm"),
            keras.layers.MaxPooling2D(name="pool"),
            keras.layers.Flatten(name="flatten"),
            keras.layers.Dense(5, name="dense"),
        ]
    )
    for name, weights in trained().items():
        model.get_layer(name).set_weights(weights)
    return model


def torch_cnn(eps=1e-3, *, reorder=True):
    """The port."""
    import torch
    from torch import nn

    model = nn.Sequential(
        nn.Conv2d(3, 4, 3), nn.ReLU(), nn.BatchNorm2d(4, eps=eps), nn.MaxPool2d(2), nn.Flatten(), nn.Linear(36, 5)
    )
    weights = trained()
    kernel, bias = weights["conv"]
    dense, shift = weights["dense"]
    if reorder:
        dense = dense.reshape(3, 3, 4, 5).transpose(2, 0, 1, 3).reshape(36, 5)
    names = {"weight": 0, "bias": 1, "running_mean": 2, "running_var": 3}
    state = {
        "0.weight": kernel.transpose(3, 2, 0, 1),
        "0.bias": bias,
        **{f"2.{name}": weights["norm"][k] for name, k in names.items()},
        "5.weight": dense.T,
        "5.bias": shift,
    }
    model.load_state_dict({name: torch.tensor(array) for name, array in state.items()}, strict=False)
    return model


def torch_cnn_weights_as_they_are():
    """The port with the dense layer's weights in Keras's order."""
    return torch_cnn(reorder=False)


def torch_cnn_with_defaults():
    """The port with PyTorch's epsilon."""
    return torch_cnn(eps=1e-5)


def port(ported):
    """The port with this model on PyTorch's side. Layers that hold parameters are paired in their order."""
    return ModelPort(
        original=Model("keras", keras_cnn, inputs={"x": "n h w c"}),
        ported=Model("torch", ported, inputs={"x": "n c h w"}),
        sizes={"h": 8, "w": 8, "c": 3},
    )


cnn = port(torch_cnn)
cnn_weights_as_they_are = port(torch_cnn_weights_as_they_are)
cnn_with_defaults = port(torch_cnn_with_defaults)
