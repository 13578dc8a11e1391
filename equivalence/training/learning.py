"""The loop: every framework takes the same step on the same batch, each with its own layers and its own optimizer."""

from __future__ import annotations

import math
import time
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import partial

import numpy as np

from equivalence.datasets.labelled import Dataset, Images
from equivalence.errors import EquivalenceError, UsageError
from equivalence.graph import Graph, Step
from equivalence.graph_running import GraphRunner, Performer
from equivalence.inputs import Array, Real
from equivalence.operation import case, generator
from equivalence.recipe import Recipe
from equivalence.training.history import Course, Epoch, History

_TESTED = 256
"""Test images that are looked at together."""


@dataclass
class Learner:
    """One framework with its own parameters."""

    learning: Performer
    descending: Performer
    parameters: dict[str, Array]
    velocity: Array
    losses: list[float] = field(default_factory=list)
    epochs: list[Epoch] = field(default_factory=list)

    @property
    def name(self) -> str:
        """The framework's."""
        return self.learning.name

    @property
    def course(self) -> Course:
        """What it gave so far."""
        return Course(self.name, list(self.losses), list(self.epochs))


class Training:
    """A training of several frameworks at once, in float64.

    Args:
        runner: of graphs.
        recipe: the network, and how it is trained.
        dataset: images to learn from and to be tested on.
        frameworks: names, the first of which the others must follow.
        epochs: how often each image is seen.
        seed: of the first parameters, the order of the images and the masks.
        parameters: to begin with, in place of those that the recipe draws.

    Raises:
        UsageError: for a framework that does not perform the network, or fewer images than a batch.
    """

    def __init__(
        self,
        runner: GraphRunner,
        recipe: Recipe,
        dataset: Dataset,
        *,
        frameworks: Sequence[str],
        epochs: int,
        seed: int = 0,
        parameters: Mapping[str, Array] | None = None,
    ) -> None:
        self.runner, self.recipe, self.dataset, self.seed, self.planned = runner, recipe, dataset, seed, epochs
        self.steps = len(dataset.train) // recipe.batch
        if not self.steps:
            got = f"{len(dataset.train)} of {dataset.name}"
            raise UsageError("images to learn from", expected=f"at least a batch of {recipe.batch}", got=got)
        self._learning, self._telling, self._descending = recipe.learning(), recipe.telling(), descent(recipe)
        sizes = self._sizes(recipe.batch)
        start = dict(parameters) if parameters is not None else recipe.start(sizes, seed)
        total = sum(array.size for array in start.values())
        self.learners = [
            Learner(
                runner.performer(self._learning, name),
                runner.performer(self._descending, name),
                dict(start),
                np.zeros(total),
            )
            for name in dict.fromkeys(frameworks)
        ]
        self._seconds = 0.0

    @property
    def history(self) -> History:
        """What was learned so far."""
        shortest = min(len(learner.losses) for learner in self.learners)
        courses = [learner.course for learner in self.learners]
        return History(
            recipe=self.recipe.name,
            dataset=self.dataset.name,
            seed=self.seed,
            batch=self.recipe.batch,
            steps=self.steps,
            planned=self.planned,
            # Where it was interrupted, some have taken a step more than others.
            courses=[Course(course.name, course.losses[:shortest], course.epochs) for course in courses],
            seconds=self._seconds,
            complete=all(len(course.epochs) == self.planned for course in courses),
        )

    def run(self) -> Iterator[Mapping[str, float]]:
        """Train; after each step, the losses by framework.

        Raises:
            StepError: if a step of a framework gives no result.
            EquivalenceError: if a loss is no number any more.
        """
        with self._at_once() as threads:
            for epoch in range(self.planned):
                order = generator(self.seed, self.recipe.name, "order", str(epoch)).permutation(len(self.dataset.train))
                for index in range(self.steps):
                    step = epoch * self.steps + index
                    batch = self._batch(order[index * self.recipe.batch :][: self.recipe.batch], step)
                    rate = self.recipe.falling(step, self.planned * self.steps)
                    list(threads.map(partial(self._learn, batch=batch, rate=rate), self.learners))
                    yield {learner.name: learner.losses[-1] for learner in self.learners}
                list(threads.map(self._tell, self.learners))

    def test(self) -> dict[str, Epoch]:
        """Loss and accuracy on the test images now, by framework."""
        with self._at_once() as threads:
            names = [learner.name for learner in self.learners]
            return dict(zip(names, threads.map(self._tested, self.learners), strict=True))

    @contextmanager
    def _at_once(self) -> Iterator[ThreadPoolExecutor]:
        """A thread for each learner, most of which wait for their workers."""
        begun = time.monotonic()
        with ThreadPoolExecutor(len(self.learners)) as threads:
            try:
                yield threads
            finally:
                self._seconds += time.monotonic() - begun

    def _sizes(self, batch: int) -> dict[str, int]:
        shape = self.dataset.train.pixels.shape[1:]
        return self.recipe.all_sizes(batch, shape, len(self.dataset.classes))

    def _given(self, images: Images, chosen: Array | slice) -> dict[str, Array]:
        pixels, labels = images.pixels[chosen].astype(np.float64), images.labels[chosen]
        return {self.recipe.images: pixels, self.recipe.labels: labels}

    def _batch(self, chosen: Array, step: int) -> dict[str, Array]:
        return self._given(self.dataset.train, chosen) | self.recipe.kept(self._sizes(len(chosen)), self.seed, step)

    def _learn(self, learner: Learner, batch: Mapping[str, Array], rate: float) -> None:
        one = {self.recipe.loss: np.ones(())}
        walked = self.runner.run(self._learning, {**batch, **learner.parameters}, learner.learning, "float64", one)
        loss = float(walked.outputs[self.recipe.loss])
        if not math.isfinite(loss):
            what = f"the loss of {learner.name} in step {len(learner.losses) + 1}"
            raise EquivalenceError(what, expected="a finite number", got=loss)
        self._descend(learner, walked.gradients, rate)
        learner.losses.append(loss)

    def _descend(self, learner: Learner, gradients: Mapping[str, Array], rate: float) -> None:
        """One step of ``sgd``, which starts without a velocity: a step before it, of rate 0, gives it the last one."""
        decay = self.recipe.descent.get("weight_decay", 0.0)
        flat = _flat(learner.parameters)
        steps = np.stack([learner.velocity - decay * flat, _flat({n: gradients[n] for n in learner.parameters})])
        arrays = {"w": flat, "g": steps, "rate": np.array([0.0, rate])}
        moved = self.runner.run(self._descending, arrays, learner.descending, "float64").outputs
        learner.velocity = moved["velocity"]
        learner.parameters = _unflat(moved["new_w"], learner.parameters)

    def _tell(self, learner: Learner) -> None:
        mean = float(np.mean(learner.losses[-self.steps :]))
        tested = self._tested(learner)
        learner.epochs.append(Epoch(mean, tested.test_loss, tested.test_accuracy))

    def _tested(self, learner: Learner) -> Epoch:
        test, right, loss = self.dataset.test, 0, 0.0
        for start in range(0, len(test), _TESTED):
            given = self._given(test, slice(start, start + _TESTED))
            labels = given[self.recipe.labels]
            arrays = {**given, **self.recipe.everything(self._sizes(len(labels))), **learner.parameters}
            outputs = self.runner.run(self._telling, arrays, learner.learning, "float64").outputs
            right += int(np.sum(outputs[self.recipe.scores].argmax(axis=1) == labels))
            loss += float(outputs[self.recipe.loss]) * len(labels)
        return Epoch(math.nan, loss / len(test), right / len(test))


def descent(recipe: Recipe) -> Graph:
    """The operation ``sgd`` as a graph of its own, over all parameters as one vector."""
    inputs = {"w": Real("s", gradient=False), "g": Real("k s", gradient=False), "rate": Real("k", gradient=False)}
    return Graph(
        name=f"{recipe.name}_descent",
        inputs=inputs,
        steps=[Step("sgd", "sgd", {name: name for name in inputs}, **recipe.descent)],
        outputs={"new_w": "sgd.new_w", "velocity": "sgd.velocity"},
        cases=[case("two_steps", {"s": 5, "k": 2})],
    )


def _flat(arrays: Mapping[str, Array]) -> Array:
    return np.concatenate([array.reshape(-1) for array in arrays.values()])


def _unflat(vector: Array, like: Mapping[str, Array]) -> dict[str, Array]:
    ends = np.cumsum([array.size for array in like.values()])[:-1]
    pieces = np.split(vector, ends)
    return {name: piece.reshape(array.shape) for (name, array), piece in zip(like.items(), pieces, strict=True)}
