"""A package of somebody else: an operation, a framework and bindings, found without touching a file of ours."""

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

HERE = Path(__file__).parent
COMMAND = Path(sys.executable).with_name("equivalence")
OPERATION = "scale_and_shift"


def install(source, target):
    """Build and install for real, offline: hatchling is here, dependencies are."""
    options = ["--quiet", "--no-deps", "--no-build-isolation", "--no-index", "--disable-pip-version-check"]
    command = [sys.executable, "-m", "pip", "install", *options, "--target", str(target), str(source)]
    subprocess.run(command, check=True, capture_output=True, text=True)
    return target


@pytest.fixture(scope="module")
def installed(tmp_path_factory):
    return install(HERE / "acme", tmp_path_factory.mktemp("installed"))


@pytest.fixture
def changed(installed, tmp_path):
    """A copy of the installed package in which a text is another."""

    def change(file, old, new):
        target = tmp_path / "changed"
        # Compiled files would stand for a changed text of the same length that was written in the same second.
        shutil.copytree(installed, target, ignore=shutil.ignore_patterns("__pycache__"))
        path = target / "acme_layers" / file
        text = path.read_text()
        assert text.count(old) == 1
        path.write_text(text.replace(old, new))
        return target

    return change


@pytest.fixture
def equivalence(tmp_path, monkeypatch):
    """The command line in another folder, with these folders on the path."""
    work = tmp_path / "work"
    work.mkdir()
    monkeypatch.chdir(work)

    def run(*arguments, path):
        environment = {
            **os.environ,
            "PYTHONPATH": os.pathsep.join(map(str, path if isinstance(path, list) else [path])),
            "XDG_CACHE_HOME": str(tmp_path / "cache"),
            "COLUMNS": "300",
        }
        environment.pop("EQUIVALENCE_STACKS", None)
        return subprocess.run(
            [str(COMMAND), *arguments], env=environment, capture_output=True, text=True, check=False, timeout=300
        )

    return run


def run_of(equivalence, path, *arguments):
    """The exit status and the comparisons of a run."""
    done = equivalence("run", *arguments, "--json", "run.jsonl", path=path)
    assert done.returncode in (0, 1, 2), done.stderr
    header, *comparisons, end = [json.loads(line) for line in Path("run.jsonl").read_text().splitlines()]
    assert end == {"kind": "end", "complete": True, "comparisons": len(comparisons)}
    return done.returncode, header, comparisons


def red(comparisons):
    return [c for c in comparisons if c["verdict"] != "equal" and c["known_difference"] is None]


def test_the_package_is_not_there_unless_it_is_installed(equivalence):
    done = equivalence("run", "-o", OPERATION, path=[])
    assert done.returncode == 64
    assert "no operation is called 'scale_and_shift'" in done.stderr


def test_operation_and_framework_are_listed(equivalence, installed):
    done = equivalence("list", path=installed)
    assert done.returncode == 0
    lines = {line.split("│")[1].strip(): line for line in done.stdout.splitlines() if line.count("│") > 3}
    assert "conditioning" in [line.strip() for line in done.stdout.splitlines()]
    assert "torch, acme" in lines[OPERATION]
    assert "acme" in lines["relu"]
    assert "acme" not in lines["conv2d"]


def test_the_operation_is_shown_with_everyones_conventions(equivalence, installed):
    done = equivalence("show", OPERATION, path=installed)
    assert done.returncode == 0
    assert "Scale and shift each feature as the condition says" in done.stdout
    assert "weight: c g" in done.stdout
    assert "https://example.org/acme/layers" in done.stdout


def test_the_operation_is_compared_in_every_framework_that_has_it(equivalence, installed):
    status, header, comparisons = run_of(equivalence, installed, "-o", OPERATION)
    assert status == 0
    assert header["versions"]["acme"]["acme-layers"] == "0.1.0"
    assert {(c["left"], c["right"]) for c in comparisons} == {("numpy", "torch"), ("numpy", "acme"), ("torch", "acme")}
    assert {c["quantity"] for c in comparisons} == {
        "forward",
        "gradient-x",
        "gradient-condition",
        "gradient-weight",
        "gradient-bias",
    }
    assert {c["verdict"] for c in comparisons} == {"equal"}
    assert len(comparisons) == (3 * 5 + 4) * 2 * 3


def test_our_operation_is_compared_in_the_new_framework(equivalence, installed):
    status, _, comparisons = run_of(equivalence, installed, "-o", "relu", "-f", "acme", "-f", "numpy")
    assert status == 0
    assert {(c["left"], c["right"]) for c in comparisons} == {("numpy", "acme")}
    known = [(c["case"], c["quantity"], c["verdict"]) for c in comparisons if c["known_difference"]]
    assert known == [("zeros", "gradient-x", "different")] * 2
    assert len([c for c in comparisons if c["verdict"] == "equal"]) == len(comparisons) - 2 >= 20


def test_a_known_difference_is_red_without_its_row(equivalence, changed):
    path = changed("acme/deviations.toml", 'cases = ["zeros"]', 'cases = ["large"]')
    status, _, comparisons = run_of(equivalence, path, "-o", "relu", "-f", "acme", "-f", "numpy")
    assert status == 1
    assert {(c["case"], c["verdict"]) for c in red(comparisons)} == {("zeros", "different"), ("large", "error")}


@pytest.mark.parametrize(
    ("framework", "file", "right", "wrong"),
    [
        ("acme", "acme/layers.py", "gate scale shift", "gate shift scale"),
        # The inverse order: what a mix-up of the two directions would give.
        ("acme", "acme/layers.py", "gate scale shift", "shift gate scale"),
        ("torch", "torch/conditioning.py", "shift gate scale", "gate scale shift"),
        ("torch", "torch/conditioning.py", "shift gate scale", "scale shift gate"),
    ],
)
def test_a_wrong_order_of_blocks_is_different(equivalence, changed, framework, file, right, wrong):
    path = changed(file, f'"g": "{right}"', f'"g": "{wrong}"')
    status, _, comparisons = run_of(equivalence, path, "-o", OPERATION, "--dtype", "float64")
    assert status == 1
    assert {c["case"] for c in red(comparisons)} == {"distinct_sizes", "equal_sizes", "gain", "without_bias"}
    assert {c["verdict"] for c in red(comparisons)} == {"different"}
    assert all(framework in (c["left"], c["right"]) for c in red(comparisons))


def test_a_misspelt_block_is_an_error_of_its_binding(equivalence, changed):
    path = changed("acme/layers.py", '"g": "gate scale shift"', '"g": "gate scale shfit"')
    status, _, comparisons = run_of(equivalence, path, "-o", OPERATION, "--dtype", "float64")
    assert status == 2
    assert {(c["left"], c["right"], c["verdict"]) for c in red(comparisons)} == {("acme", "", "error")}
    assert "an order of 'scale shift gate', got 'gate scale shfit'" in red(comparisons)[0]["reason"]


def test_a_misspelt_operation_is_refused_with_a_suggestion(equivalence, changed):
    path = changed("torch/conditioning.py", "\nscale_and_shift = ", "\nscale_and_shfit = ")
    done = equivalence("list", path=path)
    assert done.returncode == 64
    assert "(binding acme_layers.torch.conditioning.scale_and_shfit)" in done.stderr
    assert "Did you mean scale_and_shift" in done.stderr


def test_a_second_package_with_an_operation_of_that_name_is_refused(equivalence, installed, tmp_path):
    source = tmp_path / "rival"
    (source / "rival_layers").mkdir(parents=True)
    operations = HERE / "acme" / "acme_layers" / "operations" / "conditioning.py"
    shutil.copy(operations, source / "rival_layers" / "__init__.py")
    (source / "pyproject.toml").write_text(
        """
        [build-system]
        requires = ["hatchling"]
        build-backend = "hatchling.build"

        [project]
        name = "rival-layers"
        version = "1"

        [project.entry-points."equivalence.operations"]
        rival = "rival_layers"
        """
    )
    rival = install(source, tmp_path / "rival_installed")
    assert equivalence("show", OPERATION, path=rival).returncode == 0
    done = equivalence("run", "-o", OPERATION, path=[installed, rival])
    assert done.returncode not in (0, 1)
    assert "operation 'scale_and_shift': expected a name no other has, got two declarations" in done.stderr
    assert "acme_layers.operations.conditioning:scale_and_shift" in done.stderr
    assert "rival_layers:scale_and_shift" in done.stderr
    assert "Traceback" not in done.stderr


def test_the_pytest_plugin_finds_the_package(equivalence, installed):
    Path("test_layers.py").write_text("def test_layers(equivalence_comparison):\n    equivalence_comparison.check()\n")
    environment = {**os.environ, "PYTHONPATH": str(installed)}
    arguments = ["--equivalence-operation", OPERATION, "-k", "equal_sizes and float64", "-q"]
    command = [sys.executable, "-m", "pytest", "-p", "no:cacheprovider", *arguments]
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout
    assert "15 passed" in done.stdout
