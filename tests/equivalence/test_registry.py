"""Finding what installed packages declare, and refusing what cannot be meant."""

import dataclasses
import itertools
import subprocess
import sys
import textwrap
import time
from importlib.metadata import EntryPoint
from pathlib import Path

import pytest

from equivalence import registry
from equivalence.errors import DeclarationError, UsageError

FRAMEWORKS = ("tensorflow", "keras", "torch", "theano", "jax")
REFERENCE = {"reference": "equivalence_reference"}
TORCH = {"torch": "equivalence_adapters.torch:adapter"}
NUMBERS = itertools.count()

OPERATION = """
from equivalence.operation import case, operation

@operation(
    inputs={"x": "n c", "weight": "g c"},
    output="n g",
    parameters={"scale": [1.0]},
    cases=[case("plain", {"n": 2, "c": 3, "h": 4})],
    sizes={"g": "2*h"},
    blocks={"g": "a b"},
)
def mixed(x, weight, *, scale=1.0):
    return scale * x @ weight.T
"""
ADAPTER = """
from equivalence.binding import Adapter

adapter = Adapter("{name}", "A framework", "{package}.driver:Driver", "{package}", ("numpy",))
"""
BINDING = """
from equivalence.binding import Flip, binding

def call(*arguments, **parameters):
    raise AssertionError("bindings are not called where they are read")

mixed = binding(call, docs="here"{data})
"""


@pytest.fixture
def package(tmp_path, monkeypatch):
    """Write a package of these modules and return its name, one that no package had before."""
    monkeypatch.syspath_prepend(str(tmp_path))

    def write(**modules):
        name = f"package_{next(NUMBERS)}"
        (tmp_path / name).mkdir()
        for module, text in {"__init__": "", **modules}.items():
            path = tmp_path / name / f"{module}.py"
            path.write_text(textwrap.dedent(text).replace("{package}", name))
        return name

    return write


def points(group, **values):
    return [EntryPoint(name, value, group) for name, value in values.items()]


def collect(operations=(), adapters=(), bindings=()):
    return registry.collect(
        points(registry.OPERATIONS, **dict(operations)),
        points(registry.ADAPTERS, **dict(adapters)),
        points(registry.BINDINGS, **dict(bindings)),
    )


def read_binding(package, data):
    """The registry of a package with an operation, an adapter and a binding with this data."""
    name = package(
        operations=OPERATION,
        adapter=ADAPTER.replace("{name}", "own"),
        bound=BINDING.replace("{data}", data),
        driver="raise ImportError('the framework is imported in workers only')",
    )
    return collect({"own": f"{name}.operations"}, {"own": f"{name}.adapter:adapter"})


def test_everything_that_is_installed_is_found():
    known = registry.load()
    assert next(iter(known.adapters)) == "numpy"
    assert {"numpy", "tensorflow", "theano", "torch"} <= set(known.adapters)
    assert {"nin", "conv2d", "relu"} <= set(known.operations)
    assert known.operation("conv2d").family == "convolution"
    assert known.adapter("torch").title == "PyTorch"
    assert registry.load() is known


def test_a_package_is_found_without_importing_its_driver(package):
    known = read_binding(package, ', x="c n", weight="(g c)"')
    assert list(known.operations) == ["mixed"]
    [found] = known.bindings["own", "mixed"]
    assert (found.operation, found.attribute) == ("mixed", "mixed")
    assert found.module.endswith(".bound")
    assert [p.name for p in known.participants(known.operation("mixed"))] == ["own"]


def test_an_adapter_without_bindings_performs_every_operation_and_variants_have_names(package):
    name = package(
        operations=OPERATION,
        bound=BINDING.replace("{data}", "") + '\nother = binding(call, docs="", operation="mixed", variant="other")',
        adapter=ADAPTER.replace("{name}", "own"),
    )
    known = collect(
        {"own": f"{name}.operations"},
        {"numpy": "equivalence_adapters.numpy:adapter", "own": f"{name}.adapter:adapter"},
    )
    found = known.participants(known.operation("mixed"))
    assert [(p.name, p.binding and p.binding.variant) for p in found] == [
        ("numpy", None),
        ("own", None),
        ("own/other", "other"),
    ]


def test_bindings_for_anothers_adapter_are_found(package):
    name = package(operations=OPERATION, extra=BINDING.replace("{data}", ""))
    known = collect(REFERENCE | {"own": f"{name}.operations"}, TORCH, {"torch": f"{name}.extra"})
    assert [p.name for p in known.participants(known.operation("mixed"))] == ["torch"]
    assert [p.name for p in known.participants(known.operation("relu"))] == ["torch"]


def test_two_operations_of_one_name_are_refused_and_both_are_named(package):
    one, other = package(operations=OPERATION), package(operations=OPERATION)
    with pytest.raises(DeclarationError) as raised:
        collect({"one": f"{one}.operations", "other": f"{other}.operations"})
    assert str(raised.value) == (
        f"operation 'mixed': expected a name no other has, got two declarations, {one}.operations:mixed and "
        f"{other}.operations:mixed. Rename one of the two."
    )


def test_an_operation_that_another_module_imports_is_one_operation(package):
    one = package(operations=OPERATION)
    other = package(operations=f"from {one}.operations import mixed\nagain = mixed\n")
    known = collect({"one": f"{one}.operations", "other": f"{other}.operations", "package": one})
    assert list(known.operations) == ["mixed"]


def test_two_adapters_of_one_name_are_refused(package):
    one, other = (package(adapter=ADAPTER.replace("{name}", "own")) for _ in range(2))
    with pytest.raises(DeclarationError, match=rf"adapter 'own': .*{one}.driver:Driver and {other}.driver:Driver"):
        registry.collect(
            [],
            [EntryPoint("own", f"{name}.adapter:adapter", registry.ADAPTERS) for name in (one, other)],
            [],
        )


def test_an_entry_point_that_is_listed_twice_counts_once():
    twice = [EntryPoint("reference", "equivalence_reference", registry.OPERATIONS)] * 2
    adapters = points(registry.ADAPTERS, numpy="equivalence_adapters.numpy:adapter")
    assert set(registry.collect(twice, adapters * 2, []).operations) >= {"relu"}


@pytest.mark.parametrize("variant", ["", ', variant="fast"'])
def test_two_bindings_of_one_variant_are_refused(package, variant):
    second = f'\nagain = binding(call, docs="", operation="mixed"{variant})'
    with pytest.raises(DeclarationError, match=r"bound.again: expected one binding of mixed .*got a second"):
        read_binding(package, f"{variant}){second}\n#")


def test_an_adapter_must_have_its_entry_points_name(package):
    name = package(adapter=ADAPTER.replace("{name}", "own"))
    with pytest.raises(DeclarationError, match="entry point another = "):
        collect(adapters={"another": f"{name}.adapter:adapter"})
    with pytest.raises(DeclarationError, match="expected its Adapter"):
        collect(adapters={"own": f"{name}.adapter"})


def test_operations_must_be_a_module(package):
    name = package(operations=OPERATION)
    with pytest.raises(DeclarationError, match="expected a module or package"):
        collect({"own": f"{name}.operations:mixed"})


def test_bindings_for_an_adapter_that_does_not_exist_are_refused_with_a_suggestion(package):
    name = package(bound="")
    with pytest.raises(UsageError, match=rf"framework \(bindings of {name}.bound\) is called 'torhc'. Did you mean to"):
        collect(REFERENCE, TORCH, {"torhc": f"{name}.bound"})


@pytest.mark.parametrize(
    ("data", "message"),
    [
        (', operation="mixde"', r"no operation \(binding .*bound.mixed\) is called 'mixde'. Did you mean mixed"),
        (', wieght="c g"', r"no argument of mixed \(binding .*\) is called 'wieght'. Did you mean weight"),
        (', flip={"ouput": "n"}', "no argument of mixed .* is called 'ouput'. Did you mean output"),
        (', rename={"wieght": "w"}', "no argument or parameter of mixed .* 'wieght'. Did you mean weight"),
        (', rename={"output": "y"}', "no argument or parameter of mixed .* 'output'"),
        (', recode={"scael": {1.0: 2.0}}', "no parameter of mixed .* 'scael'. Did you mean scale"),
        (', only={"scael": [1.0]}', "no parameter of mixed .* 'scael'. Did you mean scale"),
        (', flip={"x": Flip("n", {"scael": 1.0})}', "no parameter of mixed .* 'scael'. Did you mean scale"),
        (', flip={"x": "h"}', r"no axis of x \(flip of binding .*\) is called 'h'. Known: c, n"),
        (', blocks={"h": "b a"}', "no axis of blocks of mixed .* is called 'h'. Known: g"),
    ],
)
def test_a_misspelt_name_in_a_binding_is_refused_with_a_suggestion(package, data, message):
    with pytest.raises(UsageError, match=message):
        read_binding(package, data)


@pytest.mark.parametrize("native", ["c", "n c h", "n n c", "n d", ""])
def test_a_layout_of_other_axes_is_refused(package, native):
    with pytest.raises(DeclarationError, match=rf"layout of x .*: expected an order of 'n c', got '{native}'"):
        read_binding(package, f', x="{native}"')


@pytest.mark.parametrize(
    "data",
    [
        ', recode={"native": lambda context: 1}, rename={"scale": None, "weight": "w"}',
        ', x="1 c n", output="(g n)", flip={"x": "c", "weight": Flip("g", {"scale": 1.0})}, blocks={"g": "b a"}',
        ', only={"scale": [1.0]}, recode={"scale": {1.0: "one"}}',
    ],
)
def test_what_can_be_meant_is_read(package, data):
    assert ("own", "mixed") in read_binding(package, data).bindings


@pytest.mark.parametrize(
    ("look_up", "message"),
    [
        (lambda known: known.operation("conv2"), r"no operation is called 'conv2'. Did you mean conv2d"),
        (lambda known: known.adapter("tensorfow"), "no framework is called 'tensorfow'. Did you mean tensorflow"),
        (lambda known: known.adapter("xxxx"), "no framework is called 'xxxx'. Known: keras, numpy, "),
    ],
)
def test_a_name_that_does_not_exist_has_suggestions(look_up, message):
    with pytest.raises(UsageError, match=message):
        look_up(registry.load())


def test_a_changed_binding_takes_the_place_of_its_variant_alone():
    known = registry.load()
    [old] = known.bindings["torch", "relu"]
    changed = known.with_binding("torch", dataclasses.replace(old, docs="changed"))
    assert changed.bindings["torch", "relu"][0].docs == "changed"
    assert known.bindings["torch", "relu"] == (old,)
    slow = dataclasses.replace(old, variant="slow")
    two = dataclasses.replace(known, bindings={("torch", "relu"): (old, slow)})
    found = two.with_binding("torch", dataclasses.replace(slow, docs="changed")).bindings["torch", "relu"]
    assert [(item.variant, item.docs) for item in found] == [(None, old.docs), ("slow", "changed")]
    others = {key: value for key, value in known.bindings.items() if key != ("torch", "relu")}
    assert {key: value for key, value in changed.bindings.items() if key != ("torch", "relu")} == others


def imported_by(script):
    """The top-level packages that a script of its own interpreter has imported."""
    script += "\nprint(*sorted({name.partition('.')[0] for name in sys.modules}))"
    done = subprocess.run([sys.executable, "-c", f"import sys\n{script}"], capture_output=True, text=True, check=True)
    return set(done.stdout.splitlines()[-1].split())


def test_reading_every_declaration_imports_no_framework():
    found = imported_by("from equivalence import registry\nassert registry.load().bindings")
    assert "numpy" in found
    assert found.isdisjoint(FRAMEWORKS)


def test_importing_the_package_imports_nothing_else():
    assert imported_by("import equivalence").isdisjoint({*FRAMEWORKS, "numpy", "click", "rich", "einops", "jinja2"})


HELP = "import equivalence.cli\nsys.argv[1:] = ['--help']\ntry:\n    equivalence.cli.main()\nexcept SystemExit: pass"


def test_help_imports_no_framework_and_no_numpy():
    found = imported_by(HELP)
    assert "click" in found
    assert found.isdisjoint({*FRAMEWORKS, "numpy", "rich", "einops", "jinja2"})


COMMAND = Path(sys.executable).with_name("equivalence")


@pytest.mark.parametrize(
    "command", [[sys.executable, "-c", "import equivalence"], [str(COMMAND), "--help"]], ids=["import", "help"]
)
def test_starting_takes_less_than_a_third_of_a_second(command):
    def seconds():
        started = time.perf_counter()
        subprocess.run(command, capture_output=True, check=True)
        return time.perf_counter() - started

    assert min(seconds() for _ in range(5)) < 0.3
