"""Builds the distribution, installs it where the sources are out of the way, and runs it there.

Run it with the main environment's interpreter: ``make wheel``. Everything is written to a temporary folder. The first
thing that is not as it should be ends it with a message and exit status 1.
"""

import json
import os
import subprocess
import sys
import sysconfig
import tarfile
import tempfile
import zipfile
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path

from equivalence.stack_lookup import VARIABLE, look_up

ROOT = Path(__file__).parents[2]

PACKAGES = {
    "equivalence": ROOT / "equivalence",
    "equivalence_adapters": ROOT / "adapters" / "equivalence_adapters",
    "equivalence_reference": ROOT / "reference" / "equivalence_reference",
}

DATA = (
    *(f"{package}/py.typed" for package in PACKAGES),
    *(f"equivalence/pages/{name}.md.jinja" for name in ("index", "operation")),
    "equivalence/report/template.html",
    *(f"equivalence/report/{name}.html" for name in ("base", "claims", "macros", "ports", "power")),
    "equivalence/report/style.css",
    "equivalence/report/script.js",
    *(f"equivalence/schemas/{name}.schema.json" for name in ("check", "claims", "networks", "power", "run")),
    *(
        f"equivalence_adapters/{name}/deviations/{family}.toml"
        for name in ("tensorflow", "theano", "torch")
        for family in ("activation", "convolution", "pooling")
    ),
    *(f"equivalence_adapters/{name}/stored.toml" for name in ("keras", "tensorflow", "theano", "torch")),
    "equivalence_adapters/theano/constraints.txt",
    "equivalence_adapters/theano/probe.py",
)
"""What the suite reads at run time and no import would miss."""

IN_SOURCES = (
    *("Makefile", "pyproject.toml", "README.md", "CHANGELOG.md", "CONTRIBUTING.md", "LICENSE"),
    *("stacks/main.txt", "tests/test_matrix.py", "examples/nin_port.py", "docs/architecture.md", "docs/hooks.py"),
)
"""What whoever has only the source distribution needs in order to build, test and read."""

OPERATIONS = ("nin", "conv2d")

LOOK = """
import importlib, json, pkgutil, sys
from equivalence import engine, registry
known = registry.load()
json.dump({"path": sys.path, "packages": engine.packages(known),
           "files": {name: importlib.import_module(name).__file__ for name in sys.argv[1:]}}, sys.stdout)
"""

IMPORT_ALL = """
import importlib, pkgutil, sys
from equivalence import registry
adapters = registry.load().adapters.values()
elsewhere = {adapter.driver.partition(":")[0] for adapter in adapters if adapter.stack != "main"}
names = [name for top in sys.argv[1:] for name in [top, *(
    module.name for module in pkgutil.walk_packages(importlib.import_module(top).__path__, top + "."))]]
for name in names:
    if name not in elsewhere:
        importlib.import_module(name)
print(len(names) - len(elsewhere & set(names)))
"""


def main():
    with tempfile.TemporaryDirectory(prefix="distribution-") as name:
        folder = Path(name)
        wheel, sources = build(ROOT, folder / "dist", "--wheel", "--sdist")
        check_wheel(wheel)
        check_sources(sources, wheel, folder)
        python = install(wheel, folder / "environment")
        elsewhere = folder / "empty"
        elsewhere.mkdir()
        check_origin(python, elsewhere)
        check_imports(python, elsewhere)
        check_commands(python.with_name("equivalence"), elsewhere, version=wheel.name.split("-")[1])
    say("the distribution is good")


def say(message):
    print(message, flush=True)


def require(fine, message):
    if not fine:
        sys.exit(f"FAILED: {message}")


def run(command: Sequence[object], folder: Path, environment: Mapping[str, str] = os.environ) -> str:
    """What a command prints; fails with all it said if it does."""
    words = [str(word) for word in command]
    done = subprocess.run(words, cwd=folder, env=environment, capture_output=True, text=True, check=False)
    shown = " ".join(word if "\n" not in word else "..." for word in words)
    require(done.returncode == 0, f"status {done.returncode} of {shown}\n{done.stdout}{done.stderr}")
    return done.stdout


def build(source: Path, folder: Path, *kinds: str) -> list[Path]:
    """The wheel, and the source distribution where both are asked for, each built from ``source``."""
    run([sys.executable, "-m", "build", "--no-isolation", "--outdir", folder, *kinds, source], source)
    built = sorted(folder.iterdir(), key=lambda path: path.suffix != ".whl")
    require(len(built) == len(kinds), f"expected one file for each of {kinds}, got {[path.name for path in built]}")
    say(f"built {' and '.join(path.name for path in built)}")
    return built


def check_wheel(wheel: Path) -> None:
    files = files_of(wheel)
    stem = "-".join(wheel.name.split("-")[:2])
    expected = {*PACKAGES, f"{stem}.dist-info"}
    tops = {name.partition("/")[0] for name in files}
    require(tops == expected, f"top-level names: expected {sorted(expected)}, got {sorted(tops)}")
    say(f"the wheel's only top-level names are {', '.join(sorted(tops))}")
    lacking = [name for name in DATA if name not in files]
    require(not lacking, f"the wheel lacks {lacking}")
    say(f"the {len(DATA)} data files are in it")
    packed = {name for name in files if not name.startswith(stem)}
    theirs = {
        f"{top}/{path.relative_to(folder).as_posix()}" for top, folder in PACKAGES.items() for path in own(folder)
    }
    require(packed == theirs, f"the wheel and the sources differ in {sorted(packed ^ theirs)}")
    say(f"its {len(packed)} files are those of the three packages' folders, and no others")


def own(folder: Path) -> Iterable[Path]:
    """The files of a package's folder, without what Python leaves there."""
    return (path for path in folder.rglob("*") if path.is_file() and "__pycache__" not in path.parts)


def files_of(wheel: Path) -> set[str]:
    with zipfile.ZipFile(wheel) as archive:
        return {name for name in archive.namelist() if not name.endswith("/")}


def check_sources(sources: Path, wheel: Path, folder: Path) -> None:
    with tarfile.open(sources) as archive:
        archive.extractall(folder / "unpacked", filter="data")
    [unpacked] = (folder / "unpacked").iterdir()
    lacking = [name for name in IN_SOURCES if not (unpacked / name).is_file()]
    require(not lacking, f"the source distribution lacks {lacking}")
    [again] = build(unpacked, folder / "again", "--wheel")
    differing = sorted(files_of(again) ^ files_of(wheel))
    require(not differing, f"the wheel built from the source distribution differs in {differing}")
    say("the wheel built from the source distribution holds the same files")


def install(wheel: Path, folder: Path) -> Path:
    """The interpreter of a new environment with the wheel, and with the packages of this one behind it.

    A folder that a .pth file names is searched, but its own .pth files are not read: so the frameworks are there, and
    the editable installation of the checkout is not.
    """
    run([sys.executable, "-m", "venv", folder], folder.parent, clean())
    python = folder / "bin" / "python"
    pip = [python, "-m", "pip", "install", "--quiet", "--disable-pip-version-check", "--no-index", "--no-deps"]
    run([*pip, wheel], folder.parent, clean())
    paths = sysconfig.get_paths()
    behind = dict.fromkeys([paths["purelib"], paths["platlib"]])
    [inside] = folder.glob("lib/python*/site-packages")
    (inside / "main_environment.pth").write_text("\n".join(behind) + "\n")
    say("installed the wheel into a new environment")
    return python


def clean(**variables: str) -> dict[str, str]:
    """The environment without what could lead an interpreter back to the checkout."""
    kept = {name: value for name, value in os.environ.items() if name not in {"PYTHONPATH", "PYTHONHOME", VARIABLE}}
    return {**kept, **variables}


def check_origin(python: Path, folder: Path) -> None:
    found = json.loads(run([python, "-c", LOOK, *PACKAGES], folder, clean()))
    environment = str(python.parents[1])
    for name, file in found["files"].items():
        require(file.startswith(environment), f"{name} was imported from {file}, expected from {environment}")
    for name, place in found["packages"].items():
        require(place.startswith(environment), f"workers would import {name} from {place}, expected {environment}")
    checkout = {str(folder.parent) for folder in PACKAGES.values()}
    require(not checkout & set(found["path"]), f"the checkout is on sys.path: {checkout & set(found['path'])}")
    say("the packages come from there, in workers too, and the checkout is not on its path")


def check_imports(python: Path, folder: Path) -> None:
    count = run([python, "-c", IMPORT_ALL, *PACKAGES], folder, clean()).split()[-1]
    say(f"all {count} modules can be imported")


def check_commands(command: Path, folder: Path, version: str) -> None:
    said = run([command, "--version"], folder, clean())
    require(version in said, f"equivalence --version said {said!r}, expected {version}")
    stack = look_up("theano")
    here = stack is not None and stack.state == "ready"
    if not here:
        say("no Theano stack: the installed Theano driver is not run")
    environment = clean(**({VARIABLE: f"theano={stack.folder or stack.python}"} if here else {}), COLUMNS="200")
    said = run([command, "list"], folder, environment)
    require(all(name in said for name in OPERATIONS), f"equivalence list said\n{said}")
    say("equivalence --version and equivalence list answer")
    chosen = [word for name in OPERATIONS for word in ("-o", name)]
    run([command, "run", *chosen, "--json", "out.jsonl"], folder, environment)
    check_run(folder / "out.jsonl", {"numpy", "tensorflow", "torch", *(["theano"] if here else [])})


def check_run(path: Path, expected: set[str]) -> None:
    _, *lines, end = map(json.loads, path.read_text().splitlines())
    require(end["complete"] and end["comparisons"] == len(lines), f"the run is not complete: {end}")
    for operation in OPERATIONS:
        mine = [line for line in lines if line["operation"] == operation and line["verdict"] == "equal"]
        sides = {line[side].partition("/")[0] for line in mine for side in ("left", "right")}
        require(sides == expected, f"{operation} was compared between {sorted(sides)}, expected {sorted(expected)}")
    say(
        f"equivalence run compared {' and '.join(OPERATIONS)} between {', '.join(sorted(expected))}: {len(lines)} lines"
    )


if __name__ == "__main__":
    main()
