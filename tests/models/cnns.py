"""Small convolutional networks, ported in right and wrong ways."""

import numpy as np

from equivalence import Model, ModelPort


def weights():
    rng = np.random.default_rng(1)
    return {
        "kernel": rng.normal(size=(3, 3, 3, 4)),
        "bias": rng.normal(size=4),
        "gamma": rng.uniform(0.5, 2, 4),
        "beta": rng.normal(size=4),
        "mean": rng.normal(size=4),
        "variance": rng.uniform(0.001, 0.01, 4),
        "dense": rng.normal(size=(36, 5)),
        "shift": rng.normal(size=5),
    }


def keras_cnn():
    import keras

    w = weights()
    model = keras.Sequential(
        [
            keras.layers.Conv2D(4, 3, activation="relu", name="conv"),
            keras.layers.BatchNormalization(name="norm"),
            keras.layers.MaxPooling2D(name="pool"),
            keras.layers.Flatten(name="flatten"),
            keras.layers.Dense(5, name="dense"),
        ]
    )
    model.build((None, 8, 8, 3))
    model.get_layer("conv").set_weights([w["kernel"], w["bias"]])
    model.get_layer("norm").set_weights([w["gamma"], w["beta"], w["mean"], w["variance"]])
    model.get_layer("dense").set_weights([w["dense"], w["shift"]])
    return model


def torch_layers(*, kernel=(3, 2, 0, 1), step=1, eps=1e-3, reorder=True, pool=None):
    import torch
    from torch import nn

    w = weights()
    dense = w["dense"]
    if reorder:
        dense = dense.reshape(3, 3, 4, 5).transpose(2, 0, 1, 3).reshape(36, 5)
    conv, norm, linear = nn.Conv2d(3, 4, 3), nn.BatchNorm2d(4, eps=eps), nn.Linear(36, 5)
    arrays = {
        conv.weight: w["kernel"].transpose(kernel)[..., ::step, ::step].copy(),
        conv.bias: w["bias"],
        norm.weight: w["gamma"],
        norm.bias: w["beta"],
        norm.running_mean: w["mean"],
        norm.running_var: w["variance"],
        linear.weight: dense.T,
        linear.bias: w["shift"],
    }
    with torch.no_grad():
        for tensor, array in arrays.items():
            tensor.copy_(torch.tensor(array))
    return [conv, nn.ReLU(), norm, pool or nn.MaxPool2d(2), nn.Flatten(), linear]


def torch_cnn(**changes):
    from torch import nn

    return nn.Sequential(*torch_layers(**changes))


def torch_right():
    return torch_cnn()


def torch_kernel_transposed():
    return torch_cnn(kernel=(3, 2, 1, 0))


def torch_kernel_flipped():
    return torch_cnn(step=-1)


def torch_flattened_as_it_is():
    return torch_cnn(reorder=False)


def torch_epsilon():
    return torch_cnn(eps=1e-5)


def torch_average():
    from torch import nn

    return torch_cnn(pool=nn.AvgPool2d(2))


def torch_written():
    """A module of its own, whose forward flattens between its children."""
    import torch
    from torch import nn

    class Written(nn.Module):
        def __init__(self, reorder):
            super().__init__()
            layers = torch_layers(reorder=reorder)
            self.features, self.head = nn.Sequential(*layers[:4]), layers[5]

        def forward(self, images):
            return self.head(torch.flatten(self.features(images), 1))

    return Written(reorder=True), Written(reorder=False)


def torch_written_right():
    return torch_written()[0]


def torch_written_wrong():
    return torch_written()[1]


def torch_too_large():
    from torch import nn

    layers = torch_layers()
    layers[3] = nn.MaxPool2d(2, padding=1)
    return nn.Sequential(*layers)


def keras_mean():
    import keras

    w = weights()
    layers = keras.layers
    model = keras.Sequential(
        [
            keras.Input((8, 8, 3)),
            layers.Conv2D(4, 3, strides=2, padding="same", name="conv"),
            layers.GlobalAveragePooling2D(name="mean"),
            layers.Dense(5, name="dense"),
        ]
    )
    model.get_layer("conv").set_weights([w["kernel"], w["bias"]])
    model.get_layer("dense").set_weights([w["dense"][:4], w["shift"]])
    return model


def torch_mean():
    import torch
    from torch import nn

    conv, *_ = torch_layers()
    conv.stride, linear = (2, 2), nn.Linear(4, 5)
    linear.weight.data, linear.bias.data = (torch.tensor(weights()[name]) for name in ("dense", "shift"))
    linear.weight.data = linear.weight.data[:4].T.contiguous()
    linear.float()
    return nn.Sequential(nn.ZeroPad2d((0, 1, 0, 1)), conv, nn.ReLU6(), nn.AdaptiveAvgPool2d(1), nn.Flatten(), linear)


def torch_mean_right():
    from torch import nn

    model = torch_mean()
    model[2] = nn.Identity()
    return model


SIZES = {"h": 8, "w": 8, "c": 3}
KERAS = Model("keras", keras_cnn, inputs={"x": "n h w c"})


def to_torch(ported, **options):
    return ModelPort(KERAS, Model("torch", ported, inputs={"x": "n c h w"}), sizes=SIZES, **options)


MEAN = Model("keras", keras_mean, inputs={"x": "n h w c"})
mean = ModelPort(MEAN, Model("torch", torch_mean_right, inputs={"x": "n c h w"}), sizes=SIZES)
mean_clipped = ModelPort(MEAN, Model("torch", torch_mean, inputs={"x": "n c h w"}), sizes=SIZES)
LAYERS = [("conv", "1"), ("norm", "2"), ("pool", "3"), ("flatten", "4"), ("dense", "5")]

right = to_torch(torch_right)
kernel_transposed = to_torch(torch_kernel_transposed)
kernel_flipped = to_torch(torch_kernel_flipped)
flattened_as_it_is = to_torch(torch_flattened_as_it_is)
epsilon = to_torch(torch_epsilon)
average = to_torch(torch_average)
too_large = to_torch(torch_too_large)
written_right = to_torch(torch_written_right)
written_wrong = to_torch(torch_written_wrong)
right_layer_by_layer = to_torch(torch_right, layers=LAYERS, axes={"norm": ("n a b k", "n k a b")})
flattened_layer_by_layer = to_torch(torch_flattened_as_it_is, layers=LAYERS)
two_torch_models = ModelPort(
    Model("torch", torch_right, inputs={"x": "n c h w"}),
    Model("torch", torch_written_right, inputs={"images": "n c h w"}),
    sizes=SIZES,
)
two_torch_models_wrong = ModelPort(
    Model("torch", torch_epsilon, inputs={"x": "n c h w"}),
    Model("torch", torch_written_right, inputs={"images": "n c h w"}),
    sizes=SIZES,
)
