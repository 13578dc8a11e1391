"""A framework is imported when it is used, and not before."""

import sys

import pytest

from equivalence.lazy import Lazy


@pytest.fixture
def framework(tmp_path, monkeypatch):
    """The name of a framework that can be imported once."""
    (tmp_path / "late_framework.py").write_text(
        "class nn:\n    rate = 0.5\n    @staticmethod\n    def twice(x, *, plus=0):\n        return 2 * x + plus\n"
    )
    monkeypatch.syspath_prepend(str(tmp_path))
    yield "late_framework"
    sys.modules.pop("late_framework", None)


def test_naming_a_function_imports_nothing(framework):
    function = Lazy(framework).nn.twice
    assert framework not in sys.modules
    assert repr(function) == "late_framework.nn.twice"
    assert repr(Lazy(framework)) == "late_framework"


def test_calling_imports_and_calls(framework):
    assert Lazy(framework).nn.twice(4, plus=1) == 9
    assert framework in sys.modules


def test_after_the_import_attributes_are_the_real_ones(framework):
    lazy = Lazy(framework)
    assert isinstance(lazy.nn.rate, Lazy)
    __import__(framework)
    assert lazy.nn.rate == 0.5
    with pytest.raises(AttributeError, match="nothing"):
        _ = lazy.nn.nothing


def test_special_attributes_are_not_looked_up(framework):
    with pytest.raises(AttributeError, match="__wrapped__"):
        _ = Lazy(framework).__wrapped__
    assert framework not in sys.modules


def test_a_framework_that_is_not_there_is_found_missing_when_it_is_called():
    function = Lazy("no_framework_of_this_name").nn.relu
    with pytest.raises(ModuleNotFoundError, match="no_framework_of_this_name"):
        function(1)
