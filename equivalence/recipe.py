"""Declaring how a network is trained to tell what images show, as data: the same for everyone who performs it."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np

from equivalence import axes as _axes
from equivalence.errors import DeclarationError
from equivalence.graph import Graph, Step
from equivalence.inputs import Array, Integers, Mask
from equivalence.operation import case, generator


@dataclass(frozen=True, kw_only=True)
class Recipe:
    """How a network is trained.

    Args:
        name: unique among recipes.
        network: a graph with a training. Its inputs are the images, the labels, and masks of dropout.
        sizes: the sizes of the network that the data set leaves open.
        epochs: how often it sees each image.
        batch: images a step.
        rate: the learning rate of the first step. It falls to 0 along half a cosine.
        descent: parameters of the operation ``sgd``.
        dropout: the operation that takes a mask, with the parameters ``rate`` and ``training``.
        dropped: the part that it drops while the network learns; nothing is dropped in a test.
        biases: where a bias begins, by its name; others begin at 0.
        images: the network's input of images.
        labels: that of labels.
        scores: the output whose largest element is the answer.

    Raises:
        DeclarationError: if the network has no training, or no such input or output.
    """

    name: str
    network: Graph
    sizes: Mapping[str, int]
    epochs: int
    batch: int
    rate: float
    descent: Mapping[str, Any]
    dropout: str = "dropout_with_mask"
    dropped: float = 0.0
    biases: Mapping[str, float] = field(default_factory=dict)
    images: str = "x"
    labels: str = "labels"
    scores: str = "probabilities"

    def __post_init__(self) -> None:
        graph = self.network
        wanted = {self.images, self.labels, *self.masks}
        if graph.training is None or set(graph.inputs) != wanted or self.scores not in graph.outputs:
            expected = f"a training, the inputs {sorted(wanted)} and the output {self.scores}"
            raise DeclarationError(f"network {graph.name} of recipe {self.name}", expected=expected, got=graph.inputs)
        if unknown := set(self.biases) - set(graph.parameters):
            raise DeclarationError(f"biases of recipe {self.name}", expected=list(graph.parameters), got=unknown)

    @property
    def loss(self) -> str:
        """The output that becomes small."""
        assert self.network.training is not None
        return self.network.training.loss

    @property
    def masks(self) -> list[str]:
        """The inputs that are masks."""
        return [name for name, kind in self.network.inputs.items() if isinstance(kind, Mask)]

    def learning(self) -> Graph:
        """The network as it learns."""
        return self._with(rate=self.dropped)

    def telling(self) -> Graph:
        """The network as it is tested: nothing is dropped."""
        return self._with(training=False)

    def _with(self, **parameters: Any) -> Graph:
        steps = [
            Step(node.name, node.operation, node.arguments, **{**node.parameters, **parameters})
            if isinstance(node, Step) and node.operation == self.dropout
            else node
            for node in self.network.steps
        ]
        return replace(self.network, steps=steps)

    def all_sizes(self, batch: int, pixels: tuple[int, ...], classes: int) -> dict[str, Any]:
        """Every size of the network for a batch of images.

        Args:
            batch: how many images.
            pixels: the shape of one.
            classes: how many a label can be.

        Raises:
            DeclarationError: if the network's labels do not say how many classes there are.
        """
        labels = self.network.arguments[self.labels]
        if not isinstance(labels, Integers) or not isinstance(labels.below, str):
            raise DeclarationError(f"labels of {self.network.name}", expected='Integers("n", below="k")', got=labels)
        sizes: dict[str, Any] = {**self.sizes, labels.below: classes}
        _axes.measure(self.network.arguments[self.images].axes, (batch, *pixels), sizes, what="images")
        return self.network.case_sizes(case("training", sizes))

    def start(self, sizes: Mapping[str, Any], seed: int) -> dict[str, Array]:
        """First parameters, the same for the same seed.

        Weights are normal with the variance 2 / n, where n numbers are added up for one output, which keeps the
        variance through a relu.

        Source: He, Zhang, Ren and Sun, Delving deep into rectifiers (2015), equation 10.
        """
        return {name: self._first(name, _axes.shape(kind.axes, sizes), seed) for name, kind in self._parameters}

    @property
    def _parameters(self) -> list[tuple[str, Any]]:
        return [(name, self.network.arguments[name]) for name in self.network.parameters]

    def _first(self, name: str, shape: tuple[int, ...], seed: int) -> Array:
        if len(shape) == 1:
            return np.full(shape, self.biases.get(name, 0.0))
        normal = generator(seed, self.name, "start", name).standard_normal(shape)
        return np.asarray(normal * math.sqrt(2 / math.prod(shape[1:])))

    def kept(self, sizes: Mapping[str, Any], seed: int, step: int) -> dict[str, Array]:
        """What dropout keeps in one step, the same for the same seed."""
        return {
            name: generator(seed, self.name, name, str(step)).random(self._mask(name, sizes)) >= self.dropped
            for name in self.masks
        }

    def everything(self, sizes: Mapping[str, Any]) -> dict[str, Array]:
        """Masks that drop nothing."""
        return {name: np.ones(self._mask(name, sizes), np.bool_) for name in self.masks}

    def _mask(self, name: str, sizes: Mapping[str, Any]) -> tuple[int, ...]:
        return _axes.shape(self.network.arguments[name].axes, sizes)

    def falling(self, step: int, steps: int) -> float:
        """The learning rate of a step."""
        return self.rate * (1 + math.cos(math.pi * step / steps)) / 2
