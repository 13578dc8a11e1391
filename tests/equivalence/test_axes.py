"""Axes strings, shapes and sizes."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from equivalence import axes
from equivalence.axes import Axis
from equivalence.errors import AxesError, ShapeError

LETTERS = "abcdefghijklmnopqrstuvwxyz"


def test_an_axes_string_is_read_letter_by_letter():
    assert axes.parse("n c/groups h' ...") == (Axis("n"), Axis("c", "groups"), Axis("h'"), Axis("..."))
    assert axes.names("n c/groups h' ...") == ["n", "c", "h'", "..."]
    assert axes.letters("u u' ...") == {"u", "..."}
    assert axes.parse("") == ()


@pytest.mark.parametrize("bad", ["nc", "N", "n 1", "n (c", "n c)", "c/", "c/2", "'u", "n,c", "....", "/groups"])
def test_what_is_no_axis_is_refused_with_the_token(bad):
    with pytest.raises(AxesError, match="one small letter per axis") as raised:
        axes.parse(bad)
    assert repr(bad.split()[-1]) in str(raised.value)


@pytest.mark.parametrize("bad", ["n n", "u' u'", "... n ...", "c c/groups"])
def test_an_axis_named_twice_is_refused(bad):
    with pytest.raises(AxesError, match=r"each axis once.*Write the second of two equal axes as u'"):
        axes.parse(bad)


def test_a_shape_follows_from_the_sizes():
    sizes = {"o": 6, "c": 8, "p": 3, "...": (4, 5)}
    assert axes.shape("o c/groups p ...", sizes, {"groups": 2}) == (6, 4, 3, 4, 5)
    assert axes.shape("o c/groups", sizes) == (6, 8)
    assert axes.shape("p p'", sizes) == (3, 3)
    assert axes.shape("... p", {**sizes, "...": ()}) == (3,)
    assert axes.shape("", {}) == ()


def test_a_letter_without_a_size_and_a_division_with_a_remainder_are_refused():
    with pytest.raises(AxesError, match="expected a size for 'h'"):
        axes.shape("n h", {"n": 2})
    with pytest.raises(AxesError, match="axis c of 'o c/groups': expected a size divisible by groups=3, got 8"):
        axes.shape("o c/groups", {"o": 6, "c": 8}, {"groups": 3})


@given(st.lists(st.sampled_from(LETTERS), unique=True, max_size=5), st.data())
def test_measuring_a_shape_gives_back_its_sizes(letters, data):
    place = data.draw(st.integers(0, len(letters)))
    sizes = {letter: data.draw(st.integers(0, 9)) for letter in letters}
    sizes["..."] = tuple(data.draw(st.lists(st.integers(0, 9), max_size=3)))
    declared = " ".join([*letters[:place], "...", *letters[place:]])
    found = {}
    axes.measure(declared, axes.shape(declared, sizes), found)
    assert found == sizes


@pytest.mark.parametrize("found", [(2,), (2, 3, 4), ()])
def test_another_number_of_axes_is_refused(found):
    with pytest.raises(ShapeError, match=r"image: expected 2 axes, 'n c', got"):
        axes.measure("n c", found, {}, what="image")


def test_an_ellipsis_takes_no_axes_too_and_never_less_than_none():
    sizes = {}
    axes.measure("n ... c", (2, 3), sizes)
    assert sizes == {"n": 2, "...": (), "c": 3}
    with pytest.raises(ShapeError, match=r"3 axes, 'n \.\.\. c', got 1"):
        axes.measure("n ... c", (2,), {})


def test_the_same_letter_has_the_same_size_everywhere():
    with pytest.raises(ShapeError, match=r"size 3 on axis c of 'o c', got 4"):
        axes.measure("o c", (2, 4), {"c": 3})
    with pytest.raises(ShapeError, match=r"size 3 on axis u' of \"u u'\", got 4"):
        axes.measure("u u'", (3, 4), {})
    with pytest.raises(ShapeError, match=r"size \(5, 6\) on axis \.\.\."):
        axes.measure("n ...", (2, 6, 5), {"...": (5, 6)})


def test_a_divided_axis_does_not_say_its_letters_size():
    sizes = {"c": 8}
    axes.measure("o c/groups", (6, 4), sizes)
    assert sizes == {"c": 8, "o": 6}


@pytest.mark.parametrize(
    ("expression", "expected"),
    [("4*h", 20), ("h + m", 8), ("(h-1) * m", 12), ("h/2", 2), ("h//2", 2), ("7", 7), (9, 9), ("2*(h+m)-1", 15)],
)
def test_a_size_expression_is_arithmetic(expression, expected):
    assert axes.evaluate(expression, {"h": 5, "m": 3}) == expected


@pytest.mark.parametrize(
    "bad",
    [
        "h.bit_length()",
        "h.real",
        "__import__('os')",
        "max(h, 2)",
        "h[0]",
        "h ** 2",
        "h if h else 1",
        "[h]",
        "1.5 * h",
        "'a' * h",
        "k",
        "h < 2",
        "-h",
        "lambda: h",
    ],
)
def test_anything_but_arithmetic_is_refused(bad):
    with pytest.raises(AxesError, match=r"whole numbers, \+ - \* / and the names \['h'\]"):
        axes.evaluate(bad, {"h": 5})


@pytest.mark.parametrize("bad", ["4*", "", "h h", "a\0", "import os", "h = 2"])
def test_what_is_no_expression_is_refused(bad):
    with pytest.raises(AxesError, match=r"arithmetic such as '4\*m'"):
        axes.evaluate(bad, {"h": 5})


@pytest.mark.parametrize("bad", ["h/0", "h // (h - 5)"])
def test_a_division_by_zero_is_refused(bad):
    with pytest.raises(AxesError, match="a division by other than zero"):
        axes.evaluate(bad, {"h": 5})
