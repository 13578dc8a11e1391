"""Network in network on small images, as NumPy trains it in a minute or two."""

from __future__ import annotations

from equivalence.recipe import Recipe
from equivalence_reference.networks.convolutional import nin_network

nin = Recipe(
    name="nin",
    network=nin_network,
    sizes={"p": 3, "q": 3, "u": 1, "v": 1}
    | {"a": 24, "b": 20, "d": 16}
    | {"e": 32, "f": 32, "g": 24}
    | {"i": 32, "j": 32},
    epochs=25,
    batch=32,
    rate=0.03,
    descent={"momentum": 0.9, "nesterov": True, "weight_decay": 5e-4},
    dropped=0.1,
    # The last relu cuts off a class whose maps are all negative, and no gradient brings it back.
    biases={"bias3_3": 3.0},
)
