"""The documents say what the code does: modules, paths, imports, links, commands, options, code."""

import ast
import importlib.util
import json
import pkgutil
import re
import subprocess
import sys
import textwrap
import tomllib
from pathlib import Path

import click
import pytest

from equivalence.cli import cli
from equivalence.codes import CODES
from equivalence.comparison import FINITE_DIFFERENCES, TOLERANCES

ROOT = Path(__file__).parents[2]
DOCUMENTS = [
    *(ROOT / name for name in ("README.md", "CHANGELOG.md", "CONTRIBUTING.md", "reports/README.md")),
    *sorted((ROOT / "docs").glob("*.md")),
]
PACKAGES = ("equivalence", "equivalence_reference", "equivalence_adapters")
ARCHITECTURE = (ROOT / "docs" / "architecture.md").read_text()
README = (ROOT / "README.md").read_text()
PORTS = (ROOT / "docs" / "checking-a-port.md").read_text()

every_document = pytest.mark.parametrize("document", DOCUMENTS, ids=[str(p.relative_to(ROOT)) for p in DOCUMENTS])


def modules():
    """Name and file of every module of the three packages, none of them imported."""
    found = {}
    for top in PACKAGES:
        spec = importlib.util.find_spec(top)
        found[top] = Path(spec.origin)
        for path in sorted(Path(spec.origin).parent.rglob("*.py")):
            parts = path.relative_to(found[top].parent).with_suffix("").parts
            found[".".join([top, *(part for part in parts if part != "__init__")])] = path
    return found


MODULES = modules()
PARENTS = {name.rpartition(".")[0] for name in MODULES} | {n for n, path in MODULES.items() if path.stem == "__init__"}


def groups():
    """The number of each engine module's group, as the architecture's headings say."""
    found = {}
    for section in re.split(r"^### ", ARCHITECTURE, flags=re.MULTILINE)[1:]:
        number = re.match(r"(\d)\. ", section)
        if number:
            rows = re.findall(r"^\| (`equivalence.*?) \|", section, flags=re.MULTILINE)
            found |= dict.fromkeys(re.findall(r"`([\w.]+)`", " ".join(rows)), int(number[1]))
    return found


GROUPS = groups()


def imported(path):
    """The modules of ours that a file imports, wherever in the file."""
    found = set()
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.ImportFrom):
            inner = {f"{node.module}.{alias.name}" for alias in node.names} & set(MODULES)
            found |= inner or {node.module}
        elif isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
    return found


def code_blocks(text, language):
    pattern = rf"^ *```{language}\n(.*?)^ *```"
    return [textwrap.dedent(block) for block in re.findall(pattern, text, flags=re.DOTALL | re.MULTILINE)]


def prose(text):
    """The text without blocks of code."""
    return re.sub(r"^ *```.*?^ *```", "", text, flags=re.DOTALL | re.MULTILINE)


def test_the_modules_are_found():
    walked = {info.name for info in pkgutil.walk_packages([str(MODULES["equivalence"].parent)], "equivalence.")}
    assert walked < set(MODULES)
    assert {"equivalence.worker.serve", "equivalence_reference.linear", "equivalence_adapters.torch"} < set(MODULES)


FAMILIES = re.findall(r"^\| `(\w+)` \|", ARCHITECTURE.partition("| family |")[2].partition("###")[0], re.MULTILINE)


def spelt_out(name):
    """The modules that a row of the architecture stands for."""
    stem, _, last = name.rpartition(".")
    if last != "<family>":
        return [name]
    packages = (
        [stem] if stem in MODULES else [m for m in MODULES if re.fullmatch(stem.replace("<framework>", r"\w+"), m)]
    )
    return [f"{package}.{family}" for package in packages for family in FAMILIES if f"{package}.{family}" in MODULES]


def test_architecture_names_every_module_and_no_other():
    rows = re.findall(r"^\| (`equivalence[\w.<>]*`.*?) \|", ARCHITECTURE, flags=re.MULTILINE)
    named = re.findall(r"`([\w.<>]+)`", " ".join(rows))
    assert sorted(module for name in named for module in spelt_out(name)) == sorted(MODULES)


def test_architecture_names_every_family_and_no_other():
    own = [m.removeprefix("equivalence_reference.") for m in MODULES if m.startswith("equivalence_reference.")]
    packages = {name for name in own if f"equivalence_reference.{name}" in PARENTS}
    assert sorted(FAMILIES) == sorted(n for n in own if "." not in n and not n.startswith("_") and n not in packages)


def test_every_path_in_architecture_exists():
    paths = {word for word in re.findall(r"`([^`\s]+)`", prose(ARCHITECTURE)) if "/" in word}
    assert len(paths) > 20
    stack = "theano=/path/to/environment"
    assert stack in paths
    assert not {path for path in paths - {stack} if not (ROOT / path).exists()}


def test_contributing_names_real_folders():
    text = (ROOT / "CONTRIBUTING.md").read_text()
    for path in re.findall(r"^\| `([^`\s]+)` \|", text, flags=re.MULTILINE):
        pattern = re.sub(r"<\w+>", "*", path)
        assert list(ROOT.glob(pattern)), path


def test_imports_go_one_way_between_the_groups():
    assert set(GROUPS) == {name for name in MODULES if name.partition(".")[0] == "equivalence"}
    wrong = [
        f"{name} (group {group}) imports {other} (group {GROUPS[other]})"
        for name, group in GROUPS.items()
        for other in imported(MODULES[name])
        if GROUPS.get(other, 0) > group
    ]
    assert not wrong


def test_the_engine_imports_neither_references_nor_adapters():
    theirs = {other for name in GROUPS for other in imported(MODULES[name])}
    assert not {other for other in theirs if other.startswith(PACKAGES[1:])}


@pytest.mark.parametrize("package", PACKAGES[1:])
def test_references_and_adapters_import_declarations_only(package):
    theirs = {other for name, path in MODULES.items() if name.startswith(package) for other in imported(path)}
    engine = {other for other in theirs if other.partition(".")[0] == "equivalence"}
    assert engine
    assert {GROUPS[other] for other in engine} == {1}
    assert not {other for other in theirs if other.startswith(PACKAGES[1:]) and not other.startswith(package)}


def test_what_runs_in_every_stack_needs_the_standard_library_and_numpy_only():
    needed = {top for name, group in GROUPS.items() if group <= 2 for top in tops(imported(MODULES[name]))}
    assert needed - sys.stdlib_module_names == {"equivalence", "numpy"}


def tops(names):
    return {name.partition(".")[0] for name in names}


def slug(heading):
    """The anchor that GitHub and mkdocs give a heading."""
    return re.sub(r"[^\w\- ]", "", heading.lower()).strip().replace(" ", "-")


@every_document
def test_relative_links_resolve(document):
    for target in re.findall(r"\]\(([^)]+)\)", prose(document.read_text())):
        if target.startswith(("http://", "https://")):
            continue
        name, _, anchor = target.partition("#")
        path = (document.parent / name).resolve() if name else document
        assert path.exists(), target
        if anchor:
            headings = re.findall(r"^#+ (.+)$", prose(path.read_text()), flags=re.MULTILINE)
            assert anchor in map(slug, headings), target


@every_document
def test_code_blocks_parse(document):
    text = document.read_text()
    for block in code_blocks(text, "python"):
        ast.parse(block)
    for block in code_blocks(text, "toml"):
        tomllib.loads(block)
    for block in code_blocks(text, "json"):
        for line in block.splitlines():
            json.loads(line)


def test_there_are_code_blocks():
    assert len(code_blocks(README, "python")) >= 2
    assert len(code_blocks((ROOT / "docs" / "declarations.md").read_text(), "python")) >= 4


def leaves(command, words):
    """Every command with its words; groups are there for what is in them, but for the outermost."""
    if isinstance(command, click.Group):
        for name, inner in command.commands.items():
            yield from leaves(inner, f"{words} {name}")
    else:
        yield words, command


def table():
    """Arguments and options by command, as the README has them."""
    section = README.partition("\n## Command line\n")[2].partition("\n## ")[0]
    rows = re.findall(r"^\| `(equivalence[^`]*)` \|[^|]*\|([^|]*)\|$", section, flags=re.MULTILINE)
    return {command: options(cell) for command, cell in rows}


def options(cell):
    return sorted(re.findall(r"(?<![\w-])-{1,2}[A-Za-z][\w-]*", cell))


def known():
    """The same, as click knows them."""
    found = {}
    for words, command in leaves(cli, "equivalence"):
        context = click.Context(command)
        arguments = [p.make_metavar(context) for p in command.params if isinstance(p, click.Argument)]
        declared = [name for p in command.params if isinstance(p, click.Option) for name in p.opts]
        found[" ".join([words, *arguments])] = sorted(declared)
    own = [name for p in cli.params for name in p.opts]
    return found | {"equivalence": sorted([*own, *cli.context_settings["help_option_names"]])}


def test_the_command_line_table_lists_the_commands_and_options_there_are():
    assert table() == known()


def test_the_pytest_options_are_those_there_are():
    command = [sys.executable, "-m", "pytest", "--help"]
    said = subprocess.run(command, capture_output=True, text=True, check=True, cwd=ROOT).stdout
    pattern = r"--equivalence-\w+"
    assert set(re.findall(pattern, README)) == set(re.findall(pattern, said)) != set()


def test_the_readme_has_the_table_of_tolerances():
    rows = re.findall(r"^\| (b?float\d+) \| (\S+) \| (\S+) times .*at most (\S+) \|$", README, flags=re.MULTILINE)
    assert {dtype: set(map(float, values)) for dtype, *values in rows} == {k: {v} for k, v in TOLERANCES.items()}
    assert f"the tolerance for float64 gradients is {FINITE_DIFFERENCES:.0e}".replace("e-0", "e-") in README


def test_checking_a_port_has_every_code_with_its_meaning():
    rows = re.findall(r"^\| `([\w.-]+)` \| (.+) \|$", section(PORTS, "Codes"), flags=re.MULTILINE)
    assert dict(rows) == dict(CODES)
    assert len(rows) == len(CODES)


@pytest.mark.parametrize("part", ["port", "comparison", "diagnosis", "model"])
def test_checking_a_port_has_every_field_of_the_answer(part):
    known = json.loads((ROOT / "equivalence" / "schemas" / "check.schema.json").read_text())["$defs"][part]
    named = set(re.findall(r"`(\w+)`", section(PORTS, "JSON")))
    assert set(known["properties"]) <= named


def section(text, heading):
    return text.partition(f"\n## {heading}\n")[2].partition("\n## ")[0]
