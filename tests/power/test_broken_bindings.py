"""Breaking any one binding turns the matrix red in the cells it must, and in no others."""

import dataclasses
from collections.abc import Mapping

import pytest

from equivalence import registry
from equivalence.binding import Flip
from equivalence.engine import Engine, packages
from equivalence.matrix import plan
from equivalence.pool import Pool


@pytest.fixture(scope="module")
def pool():
    with Pool(packages(registry.load())) as opened:
        yield opened


def change(adapter, operation, variant=None, **fields):
    known = registry.load()
    [found] = [b for b in known.bindings[adapter, operation] if b.variant == variant]
    return dataclasses.replace(found, **{name: new(getattr(found, name)) for name, new in fields.items()})


def red(pool, adapter, changed, dtype="float64"):
    """The cases that a changed binding turns red, after checking that every pair without it stays green."""
    known = registry.load().with_binding(adapter, changed)
    planned = plan(known, operations=[changed.operation], dtypes=[dtype])
    broken = adapter if changed.variant is None else f"{adapter}/{changed.variant}"
    found = set()
    for outcomes in Engine(known, pool, planned.rows).run(planned):
        assert outcomes
        for outcome in outcomes:
            if broken in (outcome.left, outcome.right):
                found |= set() if outcome.expected else {outcome.case}
            else:
                assert outcome.expected, outcome.text()
    return found


def cases(operation, wanted):
    declared = registry.load().operations[operation]
    return {c.id for c in declared.cases if wanted(declared.case_sizes(c), declared.settings(c))}


def larger_kernel(sizes, _):
    return sizes["p"] * sizes["q"] > 1


def test_a_dropped_flip_is_red_wherever_the_kernel_has_more_than_one_pixel(pool):
    changed = change("theano", "conv2d", flip=lambda _: {})
    expected = cases("conv2d", lambda sizes, p: larger_kernel(sizes, p) and not p["flip_kernel"])
    assert expected
    assert red(pool, "theano", changed) == expected


def test_a_flip_too_many_is_red_wherever_the_kernel_has_more_than_one_pixel(pool):
    changed = change("torch", "conv2d", flip=lambda _: {"weight": Flip("p q")})
    expected = cases("conv2d", lambda sizes, p: larger_kernel(sizes, p) and not p["flip_kernel"])
    assert red(pool, "torch", changed) == expected


def test_a_kernel_flipped_along_one_axis_only_is_red(pool):
    changed = change("tensorflow", "conv2d", flip=lambda _: {"weight": Flip("p")})
    expected = cases("conv2d", lambda sizes, p: sizes["p"] > 1 and not p["flip_kernel"])
    expected |= cases("conv2d", lambda sizes, p: sizes["q"] > 1 and p["flip_kernel"])
    assert red(pool, "tensorflow", changed) == expected


def swapped(letters):
    one, other = letters
    return str.maketrans({one: other, other: one})


@pytest.mark.parametrize("operation", ["conv2d", "max_pool2d"])
def test_height_and_width_swapped_in_the_input_is_red_nearly_everywhere(pool, operation):
    turn = lambda layouts: {**layouts, "x": layouts["x"].translate(swapped("hw"))}  # noqa: E731
    found = red(pool, "tensorflow", change("tensorflow", operation, layouts=turn))
    declared = registry.load().operations[operation]
    # A transposed image is seen wherever it is not one pixel high or wide; equal sizes must not hide it.
    assert found >= cases(operation, lambda sizes, _: sizes["h"] > 1 and sizes["w"] > 1)
    assert any(case.id in found and len(set(case.sizes.values())) < len(case.sizes) for case in declared.cases)


def test_height_and_width_swapped_in_the_output_is_red(pool):
    turn = lambda layouts: {**layouts, "output": layouts["output"].translate(swapped("ij"))}  # noqa: E731
    found = red(pool, "tensorflow", change("tensorflow", "conv2d", layouts=turn))
    assert "valid-equal_sizes" in found or any("equal" in case for case in found)


def test_same_for_explicit_padding_is_red_where_padding_is_explicit(pool):
    def same(recode):
        native = recode["padding"]

        def padding(context):
            said = native[context.parameters["padding"]] if isinstance(native, Mapping) else native(context)
            return "SAME" if not isinstance(context.parameters["padding"], str) else said

        return {**recode, "padding": padding}

    found = red(pool, "tensorflow", change("tensorflow", "conv2d", recode=same))
    explicit = cases("conv2d", lambda _, p: not isinstance(p["padding"], str))
    assert found
    assert found <= explicit
    assert (
        cases("conv2d", lambda _, p: not isinstance(p["padding"], str) and p["padding"][0][0] != p["padding"][0][1])
        <= found
    )


@pytest.mark.parametrize("operation", ["nin", "dense"])
@pytest.mark.parametrize("adapter", ["tensorflow", "theano"])
def test_weights_that_are_not_transposed_are_red_where_input_and_units_both_are_more_than_one(pool, adapter, operation):
    forget = lambda layouts: {**layouts, "weight": "o c"}  # noqa: E731
    found = red(pool, adapter, change(adapter, operation, layouts=forget))
    # With unequal sizes the framework refuses; with equal sizes only the numbers tell.
    assert found == cases(operation, lambda sizes, _: sizes["c"] > 1 or sizes["o"] > 1)
    assert any(
        len({sizes["c"], sizes["o"]}) == 1
        for sizes in map(registry.load().operations[operation].case_sizes, registry.load().operations[operation].cases)
    )


def test_input_and_output_channels_swapped_in_a_transposed_convolution_is_red(pool):
    turn = lambda layouts: {**layouts, "weight": layouts["weight"].translate(swapped("co"))}  # noqa: E731
    changed = change("tensorflow", "conv_transpose2d", layouts=turn)
    expected = cases("conv_transpose2d", lambda sizes, _: sizes["c"] > 1 or sizes["o"] > 1)
    assert red(pool, "tensorflow", changed) == expected


def test_a_channel_last_input_left_channel_first_is_red(pool):
    changed = change("tensorflow", "global_avg_pool", layouts=lambda _: {})
    expected = cases("global_avg_pool", lambda sizes, _: len({sizes["c"], *sizes["..."]}) > 0 and sizes["c"] > 1)
    assert red(pool, "tensorflow", changed) >= expected


def test_stride_and_dilation_exchanged_is_red(pool):
    swap = lambda rename: {**rename, "stride": "dilation", "dilation": "stride"}  # noqa: E731
    changed = change("torch", "conv2d", rename=swap)
    expected = cases("conv2d", lambda _, p: tuple(p["stride"]) != tuple(p["dilation"]))
    assert expected <= red(pool, "torch", changed)
