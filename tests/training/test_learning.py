"""Trainings: several frameworks follow the same losses, and the digits are learned."""

import math
from dataclasses import replace

import numpy as np
import pytest

from equivalence import datasets
from equivalence.errors import EquivalenceError, UsageError
from equivalence.operation import generator
from equivalence.training.history import FOLLOWED, FOLLOWS
from equivalence.training.learning import Training

ALL = ["numpy", "torch", "tensorflow"]


def trained(training):
    for _ in training.run():
        pass
    return training.history


def test_all_frameworks_follow_the_same_losses(nin, few_digits, runner):
    training = Training(runner, nin, few_digits, frameworks=ALL, epochs=5)
    history = trained(training)
    assert [course.name for course in history.courses] == ALL
    assert all(len(course.losses) == FOLLOWED for course in history.courses)
    assert [(item.left, item.right, item.steps) for item in history.following] == [
        ("numpy", name, FOLLOWED) for name in ALL[1:]
    ]
    assert max(item.largest for item in history.following) <= FOLLOWS == 1e-9
    assert history.exit_status == 0
    first = training.learners[0]
    for other in training.learners[1:]:
        for name, array in first.parameters.items():
            np.testing.assert_allclose(other.parameters[name], array, rtol=1e-9, atol=1e-11)
    # The three did not all take their numbers from one place: their roundings differ.
    assert all(other.velocity.tobytes() != first.velocity.tobytes() for other in training.learners[1:])
    assert np.abs(first.parameters["weight3_3"] - nin.start(training._sizes(6), 0)["weight3_3"]).max() > 1e-3


def test_one_that_is_wrong_in_the_sixth_digit_does_not_follow(nin, few_digits, runner):
    training = Training(runner, nin, few_digits, frameworks=["numpy", "torch"], epochs=2)
    for number, _ in enumerate(training.run()):
        if number == 2:
            parameters = training.learners[1].parameters
            parameters["weight1_1"] = parameters["weight1_1"] * (1 + 1e-6)
    (item,) = training.history.following
    assert not item.follows
    assert FOLLOWS < item.largest < 1e-4
    assert training.history.exit_status == 1


def test_the_steps_are_those_of_the_network_with_all_gradients_at_once(nin, few_digits, runner):
    """Every step starts anew from the last velocity; the graph's own training keeps all gradients."""
    training = Training(runner, nin, few_digits, frameworks=["numpy"], epochs=2, seed=4)
    mine = trained(training)
    orders = [generator(4, "nin", "order", str(epoch)).permutation(27) for epoch in range(2)]
    chosen = [order[start : start + 6] for order in orders for start in range(0, 24, 6)]
    batches = [training._batch(rows, step) for step, rows in enumerate(chosen)]
    rates = tuple(nin.falling(step, 8) for step in range(8))
    graph = nin.learning()
    whole = replace(graph, training=replace(graph.training, rates=rates, parameters=nin.descent))
    start = nin.start(training._sizes(6), 4)
    theirs = runner.train(whole, {**batches[0], **start}, "numpy", batches=batches)
    np.testing.assert_allclose(mine.courses[0].losses, np.ravel(theirs.losses), rtol=1e-12)
    for name, array in training.learners[0].parameters.items():
        np.testing.assert_allclose(array, theirs.parameters[-1][name], rtol=1e-11, atol=1e-13)


def test_the_steps_are_those_of_an_optimizer_written_out(nin, few_digits, runner):
    """Nesterov's momentum and weight decay by hand, along gradients by differences."""
    training = Training(runner, nin, few_digits, frameworks=["numpy"], epochs=1)
    learner, velocity = training.learners[0], 0.0
    name, place = "weight3_3", (2, 1, 0, 0)
    momentum, decay = nin.descent["momentum"], nin.descent["weight_decay"]
    for step in range(2):
        batch = training._batch(np.arange(6), step)
        before = learner.parameters[name][place]
        gradient = slope(runner, nin, batch, learner.parameters, (name, place)) + decay * before
        velocity = momentum * velocity + gradient
        training._learn(learner, batch, 0.05)
        expected = before - 0.05 * (gradient + momentum * velocity)
        assert learner.parameters[name][place] == pytest.approx(expected, rel=1e-7)


def slope(runner, recipe, batch, parameters, where):
    name, place = where
    losses = []
    for change in (1e-6, -1e-6):
        moved = {key: array.copy() for key, array in parameters.items()}
        moved[name][place] += change
        losses.append(float(runner.run(recipe.learning(), {**batch, **moved}, "numpy").outputs["loss"]))
    return (losses[0] - losses[1]) / 2e-6


def test_the_same_seed_gives_the_same_numbers_and_another_seed_others(nin, few_digits, runner):
    one, again, other = (
        trained(Training(runner, nin, few_digits, frameworks=["numpy"], epochs=2, seed=seed)) for seed in (0, 0, 1)
    )
    assert one.courses == again.courses
    assert not set(one.courses[0].losses) & set(other.courses[0].losses)


def test_each_image_is_seen_once_in_an_epoch(nin, few_digits, runner):
    training = Training(runner, nin, few_digits, frameworks=["numpy"], epochs=1)
    seen = []
    learn = training._learn
    training._learn = lambda learner, batch, rate: (seen.append(batch["x"]), learn(learner, batch, rate))
    trained(training)
    rows = np.concatenate(seen).reshape(24, -1)
    assert len(np.unique(rows, axis=0)) == 24
    known = {row.tobytes() for row in few_digits.train.pixels.astype(np.float64).reshape(27, -1)}
    assert all(row.tobytes() in known for row in rows)


def test_accuracy_is_counted_on_all_test_images(nin, few_digits, runner):
    training = Training(runner, nin, few_digits, frameworks=["numpy"], epochs=1)
    epoch = trained(training).courses[0].epochs[-1]
    test = few_digits.test
    sizes = training._sizes(len(test))
    arrays = {"x": test.pixels.astype(float), "labels": test.labels, **nin.everything(sizes)}
    outputs = runner.run(nin.telling(), {**arrays, **training.learners[0].parameters}, "numpy").outputs
    right = [row.argmax() == label for row, label in zip(outputs["probabilities"], test.labels, strict=True)]
    assert len(test) > 256  # more than are looked at together
    assert epoch.test_accuracy == sum(right) / len(test)
    assert epoch.test_loss == pytest.approx(float(outputs["loss"]), rel=1e-12)
    assert training.test()["numpy"].test_accuracy == epoch.test_accuracy


def test_a_loss_that_is_no_number_ends_the_training(nin, few_digits, runner):
    start = nin.start(nin.all_sizes(6, (1, 8, 8), 10), 0)
    start["weight1_1"][0, 0, 0, 0] = math.nan
    training = Training(runner, nin, few_digits, frameworks=["numpy"], epochs=1, parameters=start)
    with pytest.raises(EquivalenceError, match="the loss of numpy in step 1: expected a finite number, got nan"):
        trained(training)


def test_fewer_images_than_a_batch_are_refused(nin, few_digits, runner):
    with pytest.raises(UsageError, match="at least a batch of 28"):
        Training(runner, replace(nin, batch=28), few_digits, frameworks=["numpy"], epochs=1)


@pytest.mark.slow
@pytest.mark.parametrize("seed", [0, 1])
def test_the_reference_learns_the_digits(seed, runner):
    from equivalence import registry
    from equivalence.recipe import Recipe

    recipe = registry.find("equivalence.recipes", Recipe)["nin"]
    dataset = datasets.load("digits", seed=seed)
    history = trained(Training(runner, recipe, dataset, frameworks=["numpy"], epochs=recipe.epochs, seed=seed))
    assert history.complete
    assert history.courses[0].epochs[-1].test_accuracy >= 0.97
