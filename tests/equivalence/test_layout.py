"""Layouts: whatever is moved to a framework comes back."""

from itertools import permutations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from equivalence import axes
from equivalence.errors import DeclarationError
from equivalence.layout import Layout, block_order

NAMES = ["n", "c", "h", "u", "u'", "u''", "..."]


@st.composite
def layouts(draw):
    """A layout with permuted, packed, added, flipped and blocked axes, and an array for it."""
    names = draw(st.lists(st.sampled_from(NAMES), unique=True, max_size=5))
    sizes = {name: draw(st.integers(1, 4)) for name in ["n", "c", "h", "u"]}
    sizes["..."] = tuple(draw(st.lists(st.integers(1, 3), max_size=3)))
    single = [name for name in names if name != "..."]
    blocks = {}
    for name in draw(st.lists(st.sampled_from(["n", "c", "h"]), unique=True)):
        if name in names:
            blocks[name] = tuple(draw(st.permutations(range(sizes[name]))))
            sizes[name] *= draw(st.integers(1, 2))
    flip = draw(st.lists(st.sampled_from(single), unique=True)) if single else []
    native = draw(st.permutations(names))
    start = draw(st.integers(0, len(native)))
    stop = draw(st.integers(start, len(native)))
    if start < stop and "..." not in native[start:stop]:
        native = [*native[:start], f"({' '.join(native[start:stop])})", *native[stop:]]
    for _ in range(draw(st.integers(0, 2))):
        place = draw(st.integers(0, len(native)))
        native = [*native[:place], "1", *native[place:]]
    canonical = " ".join(names)
    shape = axes.shape(canonical, sizes)
    array = np.arange(np.prod(shape, dtype=int), dtype=float).reshape(shape)
    return Layout(canonical, " ".join(native), " ".join(flip), blocks), array, sizes


@given(layouts())
def test_whatever_goes_to_a_framework_comes_back(drawn):
    layout, array, sizes = drawn
    native = layout.to_native(array)
    assert native.flags.c_contiguous
    assert sorted(native.ravel()) == sorted(array.ravel())
    back = layout.to_canonical(native, sizes)
    assert back.shape == array.shape
    assert np.array_equal(back, array)


@given(layouts())
def test_a_layout_says_which_axis_goes_where(drawn):
    """Against indexing by name, without einops."""
    layout, array, _ = drawn
    order = axes.names(layout.canonical)
    expected = array
    variadic = array.ndim - len(order) + 1
    places = {}
    for name in order:
        first = len([place for group in places.values() for place in group])
        places[name] = list(range(first, first + (variadic if name == "..." else 1)))
    for letter, blocks in layout.blocks.items():
        length = array.shape[places[letter][0]] // len(blocks)
        indices = [block * length + offset for block in blocks for offset in range(length)]
        expected = np.take(expected, indices, places[letter][0])
    for name in layout.flip.split():
        expected = np.flip(expected, places[name][0])
    native = layout.native.replace("(", "( ").replace(")", " )").split()
    expected = expected.transpose([place for token in native for place in places.get(token, [])])
    sizes, shape, packing = iter(expected.shape), [], None
    for token in native:
        if token == "(":
            packing = 1
        elif token == ")":
            shape.append(packing)
            packing = None
        elif token == "1":
            shape.append(1)
        else:
            for _ in places[token]:
                size = next(sizes)
                if packing is None:
                    shape.append(size)
                else:
                    packing *= size
    assert np.array_equal(layout.to_native(array), expected.reshape(shape))


def test_channels_last_is_a_permutation():
    array = np.arange(24).reshape(1, 2, 3, 4)
    assert np.array_equal(Layout("n c h w", "n h w c").to_native(array), array.transpose(0, 2, 3, 1))


def test_packed_axes_and_axes_of_size_one_are_made():
    array = np.arange(6).reshape(2, 3)
    assert Layout("c m", "(c m) 1").to_native(array).tolist() == [[k] for k in range(6)]
    assert Layout("c m", "(m c)").to_native(array).tolist() == [0, 3, 1, 4, 2, 5]
    back = Layout("c m", "(m c) 1").to_canonical(np.arange(6).reshape(6, 1), {"c": 2, "m": 3})
    assert back.tolist() == [[0, 2, 4], [1, 3, 5]]


def test_sizes_of_other_axes_do_no_harm():
    layout = Layout("n u'", "(n u')")
    assert layout.to_canonical(np.arange(6), {"n": 2, "u": 3, "c": 7, "...": (1, 2)}).shape == (2, 3)


def test_axes_behind_an_ellipsis_are_flipped_and_blocked_where_they_stand():
    array = np.arange(2 * 3 * 4 * 6).reshape(2, 3, 4, 6)
    assert np.array_equal(Layout("n ... c", "n ... c", flip="c").to_native(array), array[..., ::-1])
    swapped = Layout("n ... c", "n ... c", blocks={"c": (1, 0)}).to_native(array)
    assert np.array_equal(swapped, np.concatenate([array[..., 3:], array[..., :3]], -1))


def test_an_ellipsis_is_flipped_along_all_its_axes():
    array = np.arange(2 * 3 * 4).reshape(2, 3, 4)
    assert np.array_equal(Layout("n ...", "n ...", flip="...").to_native(array), array[:, ::-1, ::-1])


def test_a_scalar_stays_a_scalar_or_gets_axes_of_size_one():
    assert Layout("", "").to_native(np.array(3.0)).shape == ()
    assert Layout("", "1").to_native(np.array(3.0)).shape == (1,)
    assert Layout("", "1").to_canonical(np.array([3.0])).shape == ()


def test_the_order_of_blocks_says_where_each_native_block_stands():
    assert block_order("i f g o", "i g f o") == (0, 2, 1, 3)
    assert block_order("a b c", "c a b") == (2, 0, 1)
    array = np.array([10, 11, 20, 21, 30, 31])
    moved = Layout("g", "g", blocks={"g": block_order("a b c", "c a b")}).to_native(array)
    assert moved.tolist() == [30, 31, 10, 11, 20, 21]


@given(st.permutations("abcde"), st.permutations("abcde"))
def test_the_order_of_blocks_leads_from_one_order_to_the_other(canonical, native):
    order = block_order(" ".join(canonical), " ".join(native))
    assert [canonical[k] for k in order] == native


@pytest.mark.parametrize("native", ["i f g", "i f g g", "i f g o o", "i f g x", ""])
def test_other_blocks_are_refused(native):
    with pytest.raises(DeclarationError, match="an order of 'i f g o'"):
        block_order("i f g o", native)


def test_all_orders_of_four_gates_are_told_apart():
    array = np.arange(8)
    made = {
        tuple(Layout("g", "g", blocks={"g": block_order("i f g o", " ".join(order))}).to_native(array))
        for order in permutations("ifgo")
    }
    assert len(made) == 24
