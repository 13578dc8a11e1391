"""Declaring bindings and adapters."""

from pathlib import Path

import pytest

from equivalence import registry
from equivalence.binding import DTYPES, Adapter, Flip, binding, resource


def call(x):
    return x


def test_a_binding_is_its_data():
    made = binding(
        call,
        docs="https://example.org",
        rename={"stride": "strides", "groups": None},
        recode={"padding": {"valid": "VALID"}},
        flip={"weight": "p q", "x": Flip("n", {"flip_kernel": True})},
        blocks={"g": "i g f o"},
        only={"padding": ["valid"]},
        dtypes=["float32"],
        operation="conv2d",
        variant="fast",
        x="n h w c",
        output="n i j o",
    )
    assert made.call is call
    assert made.layouts == {"x": "n h w c", "output": "n i j o"}
    assert made.rename == {"stride": "strides", "groups": None}
    assert made.recode == {"padding": {"valid": "VALID"}}
    assert made.flip == {"weight": Flip("p q"), "x": Flip("n", {"flip_kernel": True})}
    assert made.blocks == {"g": "i g f o"}
    assert made.only == {"padding": ["valid"]}
    assert made.dtypes == ("float32",)
    assert (made.docs, made.operation, made.variant) == ("https://example.org", "conv2d", "fast")


def test_a_binding_without_data_is_canonical():
    made = binding(call, docs="here")
    assert not any([made.layouts, made.rename, made.recode, made.flip, made.blocks, made.only])
    assert made.dtypes == DTYPES == ("float32", "float64")
    assert (made.operation, made.variant) == (None, None)


def test_a_binding_must_name_its_documentation():
    with pytest.raises(TypeError, match="docs"):
        binding(call)


def test_every_declared_binding_names_a_page_of_its_documentation():
    for (adapter, operation), found in registry.load().bindings.items():
        for item in found:
            assert item.docs.startswith("https://"), f"{adapter} {operation}"


def test_a_resource_lies_beside_the_bindings():
    known = registry.load()
    assert resource(known.adapter("theano"), "constraints.txt").is_file()
    missing = resource(known.adapter("torch"), "deviations.toml")
    assert not missing.exists()
    assert missing.parent == Path(__import__("equivalence_adapters.torch").torch.__file__).parent
    assert resource(known.adapter("numpy"), "deviations.toml") is None


def test_bindings_in_a_single_module_have_no_folder_for_resources():
    assert resource(Adapter("own", "", "own:Driver", "equivalence.binding", ()), "deviations.toml") is None
