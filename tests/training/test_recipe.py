"""What a recipe says, as data: first parameters, masks, learning rates, and the network in learning and in tests."""

from dataclasses import replace

import numpy as np
import pytest

from equivalence.errors import DeclarationError
from equivalence.graph import Step


def test_first_parameters_follow_from_the_seed_alone(nin):
    sizes = nin.all_sizes(6, (1, 8, 8), 10)
    first, again, other = nin.start(sizes, 1), nin.start(nin.all_sizes(2, (1, 8, 8), 10), 1), nin.start(sizes, 2)
    assert list(first) == list(nin.network.parameters)
    for name, array in first.items():
        np.testing.assert_array_equal(array, again[name])
        assert array.dtype == np.float64
        assert np.array_equal(array, other[name]) == name.startswith("bias")
    assert first["weight1_1"].shape == (4, 1, 3, 3)
    assert first["weight3_3"].shape[0] == 10


def test_weights_have_the_variance_that_a_relu_keeps(nin):
    wide = replace(nin, sizes=nin.sizes | {"a": 60, "b": 70})
    first = wide.start(wide.all_sizes(6, (1, 8, 8), 10), 0)["weight1_2"]
    assert first.shape == (70, 60, 1, 1)
    assert first.mean() == pytest.approx(0, abs=0.01)
    assert first.var() == pytest.approx(2 / 60, rel=0.1)


def test_biases_begin_at_0_or_where_the_recipe_says(nin):
    first = nin.start(nin.all_sizes(6, (1, 8, 8), 10), 0)
    assert set(nin.biases) == {"bias3_3"}
    assert np.unique(first["bias3_3"]).tolist() == [nin.biases["bias3_3"]]
    assert not any(array.any() for name, array in first.items() if name.startswith("bias") and name not in nin.biases)


def test_the_sizes_follow_from_the_images_and_the_classes(nin):
    sizes = nin.all_sizes(5, (3, 32, 28), 100)
    assert [sizes[letter] for letter in "nchwk"] == [5, 3, 32, 28, 100]
    assert [sizes[letter] for letter in "yzlm"] == [16, 14, 8, 7]


def test_masks_drop_the_part_that_the_recipe_says(nin):
    sizes = nin.all_sizes(200, (1, 8, 8), 10)
    kept, again, next_step = nin.kept(sizes, 0, 3), nin.kept(sizes, 0, 3), nin.kept(sizes, 0, 4)
    assert kept["mask1"].shape == (200, 6, 4, 4)
    assert kept["mask2"].shape == (200, 9, 2, 2)
    for name, mask in kept.items():
        np.testing.assert_array_equal(mask, again[name])
        assert not np.array_equal(mask, next_step[name])
        assert mask.mean() == pytest.approx(1 - nin.dropped, abs=0.02)
        assert nin.everything(sizes)[name].shape == mask.shape
        assert nin.everything(sizes)[name].all()


def test_dropout_scales_by_what_it_drops_and_does_nothing_in_a_test(nin, runner):
    sizes = nin.all_sizes(6, (1, 8, 8), 10)
    rng = np.random.default_rng(0)
    given = {"x": rng.random((6, 1, 8, 8)), "labels": np.arange(6), **nin.start(sizes, 0)}
    learning = runner.run(nin.learning(), {**given, **nin.everything(sizes)}, "numpy").trace
    nothing = {name: ~mask for name, mask in nin.everything(sizes).items()}
    telling = runner.run(nin.telling(), {**given, **nothing}, "numpy").trace
    for trace, factor in ((learning, 1 / (1 - nin.dropped)), (telling, 1.0)):
        dropped, pooled = trace["dropout1"].outputs["output"], trace["pool1"].outputs["output"]
        np.testing.assert_allclose(dropped, factor * pooled, rtol=1e-14)
        assert pooled.any()


def test_the_other_steps_stay_as_they_are(nin):
    for changed in (nin.learning(), nin.telling()):
        differing = [
            node.name
            for node, mine in zip(nin.network.steps, changed.steps, strict=True)
            if isinstance(node, Step) and node.parameters != mine.parameters
        ]
        assert differing == ["dropout1", "dropout2"]


def test_the_rate_falls_to_0_along_half_a_cosine(nin):
    rates = [nin.falling(step, 100) for step in range(101)]
    assert rates[0] == nin.rate
    assert rates[50] == pytest.approx(nin.rate / 2)
    assert rates[100] == pytest.approx(0)
    assert all(np.diff(rates) < 0)


@pytest.mark.parametrize(
    "wrong",
    [{"images": "pictures"}, {"scores": "logits"}, {"biases": {"bias9": 1.0}}],
    ids=lambda wrong: next(iter(wrong)),
)
def test_a_recipe_that_does_not_fit_its_network_is_refused(nin, wrong):
    with pytest.raises(DeclarationError, match="of recipe nin"):
        replace(nin, **wrong)


def test_a_network_without_training_is_refused(nin):
    with pytest.raises(DeclarationError, match="expected a training"):
        replace(nin, network=replace(nin.network, training=None))
