"""Objects in a file that only their own stack needs to be able to import."""

import torch

MODULE = torch.nn.Linear(5, 3)


def make_dense():
    import keras

    return keras.layers.Dense(3)
