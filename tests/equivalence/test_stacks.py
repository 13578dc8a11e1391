"""Stacks: where they are looked up, which are whole, and making and removing real ones."""

import os
import signal
import subprocess
import sys
import textwrap
import time
import zipfile
from pathlib import Path

import pytest

from equivalence import stack_lookup, stacks
from equivalence.errors import StackError


@pytest.fixture(autouse=True)
def place(tmp_path, monkeypatch):
    """A project's folder as the current one, with a cache and a variable of its own."""
    monkeypatch.setattr("platformdirs.user_cache_path", {"layer-equivalence": tmp_path / "cache"}.__getitem__)
    monkeypatch.delenv("EQUIVALENCE_STACKS", raising=False)
    project = tmp_path / "project"
    project.mkdir()
    monkeypatch.chdir(project)
    return project


def environment(folder, *, marker=True):
    """What looks like an environment: an interpreter that is a link to this one."""
    python = folder / "bin" / "python"
    python.parent.mkdir(parents=True)
    python.symlink_to(sys.executable)
    if marker:
        (folder / "equivalence-stack.json").write_text('{"name": "old"}')
    return folder


def configure(project, **paths):
    lines = [f'{name} = "{path}"' for name, path in paths.items()]
    (project / "pyproject.toml").write_text("\n".join(["[tool.equivalence.stacks]", *lines]))


def recipe(folder, text=""):
    path = folder / "recipe.txt"
    path.write_text(textwrap.dedent(text))
    return path


def package(folder):
    """A distribution without dependencies, which pip installs without an index and without building anything."""
    wheel, info = folder / "tiny_stack_package-1.0-py3-none-any.whl", "tiny_stack_package-1.0.dist-info"
    with zipfile.ZipFile(wheel, "w") as content:
        content.writestr("tiny_stack_package.py", "answer = 42")
        content.writestr(f"{info}/METADATA", "Metadata-Version: 2.1\nName: tiny-stack-package\nVersion: 1.0\n")
        content.writestr(f"{info}/WHEEL", "Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: py3-none-any\n")
        content.writestr(f"{info}/RECORD", "")
    return wheel


def nothing_but(folder, *names):
    return sorted(path.name for path in folder.iterdir()) == sorted(names)


# Looking up.


def test_main_is_the_running_interpreter():
    assert stacks.find("main").python == Path(sys.executable)
    assert stacks.find("main").state == "ready"


def test_main_may_be_configured(place):
    configure(place, main="env")
    environment(place / "env")
    assert stacks.find("main").python == place / "env" / "bin" / "python"


def test_the_nearest_pyproject_comes_before_the_variable_and_that_before_the_cache(place, tmp_path, monkeypatch):
    for name in ("one", "two", "three"):
        environment(tmp_path / "cache" / "stacks" / name)
    for name in ("one", "two"):
        environment(tmp_path / "listed" / name, marker=False)
    environment(place / "mine" / "one", marker=False)
    monkeypatch.setenv("EQUIVALENCE_STACKS", str(tmp_path / "listed"))
    configure(place, one="mine/one")
    assert stacks.find("one").python == place / "mine" / "one" / "bin" / "python"
    assert stacks.find("two").python == tmp_path / "listed" / "two" / "bin" / "python"
    assert stacks.find("three").python == tmp_path / "cache" / "stacks" / "three" / "bin" / "python"
    assert [stack.name for stack in stacks.list_stacks()] == ["main", "one", "three", "two"]
    assert stacks.list_stacks()[1] == stacks.find("one")


def test_a_path_in_pyproject_is_relative_to_it_and_found_from_below(place, monkeypatch):
    configure(place, one="envs/one")
    environment(place / "envs" / "one", marker=False)
    below = place / "src" / "package"
    below.mkdir(parents=True)
    monkeypatch.chdir(below)
    assert stacks.find("one").python == place / "envs" / "one" / "bin" / "python"


def test_only_the_nearest_pyproject_counts(place, monkeypatch):
    configure(place, one="one")
    environment(place / "one")
    inner = place / "inner"
    inner.mkdir()
    (inner / "pyproject.toml").write_text("")
    monkeypatch.chdir(inner)
    with pytest.raises(StackError, match="stack 'one'"):
        stacks.find("one")


def test_an_interpreter_may_be_named_and_its_link_is_not_followed(place):
    python = environment(place / "env", marker=False) / "bin" / "python"
    configure(place, one="env/bin/python")
    assert stacks.find("one").python == python
    assert stacks.find("one").folder is None


def test_the_variable_takes_names_and_folders_of_stacks(tmp_path, monkeypatch):
    environment(tmp_path / "all" / "one", marker=False)
    environment(tmp_path / "single", marker=False)
    (tmp_path / "all" / "no environment").mkdir()
    (tmp_path / "all" / "empty").mkdir()
    monkeypatch.setenv("EQUIVALENCE_STACKS", os.pathsep.join([f"two={tmp_path / 'single'}", str(tmp_path / "all")]))
    assert stacks.find("one").source == "EQUIVALENCE_STACKS"
    assert stacks.find("two").folder == tmp_path / "single"
    assert [stack.name for stack in stacks.list_stacks()] == ["main", "one", "two"]


def test_a_stack_nobody_names_says_how_to_make_it():
    with pytest.raises(StackError, match="equivalence stacks create theano"):
        stacks.find("theano")


def test_a_configured_place_that_is_not_there_is_an_error_even_if_the_cache_has_one(place, tmp_path):
    environment(tmp_path / "cache" / "stacks" / "one")
    configure(place, one="mistyped")
    with pytest.raises(StackError, match=r"interpreter at .*mistyped"):
        stacks.find("one")


@pytest.mark.parametrize("name", ["../one", "", ".hidden", "a/b", "a b"])
def test_a_name_that_is_no_folders_name_is_refused(name):
    with pytest.raises(StackError, match="name of a stack"):
        stacks.find(name)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("[tool.equivalence.stacks]\none = 3", r"one': 3"),
        ("[tool.equivalence]\nstacks = 'env'", "expected lines such as"),
        ("[tool.equivalence", "cannot be read"),
    ],
)
def test_a_wrong_pyproject_is_an_error_that_names_it(place, text, said):
    (place / "pyproject.toml").write_text(text)
    with pytest.raises(StackError, match=said) as caught:
        stacks.find("one")
    assert str(place / "pyproject.toml") in str(caught.value)


# The marker.


def test_in_the_cache_an_environment_without_a_marker_is_incomplete(tmp_path):
    environment(tmp_path / "cache" / "stacks" / "one", marker=False)
    assert stack_lookup.look_up("one").state == "incomplete"
    with pytest.raises(StackError, match="making was stopped"):
        stacks.find("one")


def test_a_hand_made_environment_needs_no_marker(place):
    configure(place, one="env")
    environment(place / "env", marker=False)
    assert stacks.find("one").state == "ready"


def test_a_configured_environment_whose_making_was_stopped_is_incomplete(place):
    configure(place, one="env")
    (environment(place / "env", marker=False) / "equivalence-stack.begun").write_text("0")
    with pytest.raises(StackError, match="making was stopped"):
        stacks.find("one")


@pytest.mark.parametrize("content", ["", "[]", "{", "null"])
def test_a_damaged_marker_is_none(tmp_path, content):
    folder = environment(tmp_path / "cache" / "stacks" / "one", marker=False)
    (folder / "equivalence-stack.json").write_text(content)
    assert stack_lookup.look_up("one").state == "incomplete"


# Removing.


def test_what_carries_the_marker_is_removed_wherever_it_is(place, tmp_path):
    configure(place, one="env")
    environment(place / "env")
    environment(tmp_path / "cache" / "stacks" / "two")
    assert stacks.remove("one") == place / "env"
    assert stacks.remove("two") == tmp_path / "cache" / "stacks" / "two"
    assert nothing_but(place, "pyproject.toml")
    assert nothing_but(tmp_path / "cache" / "stacks")


def test_a_hand_made_environment_is_not_removed(place):
    configure(place, one="env")
    environment(place / "env", marker=False)
    with pytest.raises(StackError, match="delete the folder yourself"):
        stacks.remove("one")
    assert stacks.find("one").state == "ready"


@pytest.mark.parametrize("name", ["main", "unheard"])
def test_what_is_no_environment_of_ours_cannot_be_removed(name):
    with pytest.raises(StackError, match="can be removed"):
        stacks.remove(name)


# Making.


def test_a_stack_is_made_in_the_cache_used_kept_made_anew_and_removed(tmp_path):
    wheel = package(tmp_path)
    made_from = recipe(tmp_path, f"# probe: probe.py\n{wheel}\n")
    (tmp_path / "probe.py").write_text("import tiny_stack_package; print('probed', tiny_stack_package.answer)")
    said = []

    made = stacks.create("tiny", made_from, said.append)
    assert made == stacks.find("tiny")
    assert made.folder == tmp_path / "cache" / "stacks" / "tiny"
    assert "probed 42" in said
    done = subprocess.run(
        [made.python, "-c", "import tiny_stack_package as t; print(t.answer)"], capture_output=True, check=True
    )
    assert done.stdout.split() == [b"42"]
    marker = stack_lookup.read_marker(made.folder)
    assert marker["versions"]["tiny-stack-package"] == "1.0"
    assert marker["python"].startswith("3.")
    assert "T" in marker["created"]
    assert not (made.folder / "equivalence-stack.begun").exists()

    (made.folder / "witness").touch()
    said.clear()
    assert stacks.create("tiny", made_from, said.append) == made
    assert (made.folder / "witness").exists()
    assert any("there already and works" in line for line in said)
    assert not any("changed" in line for line in said)

    made_from.write_text(made_from.read_text() + "# renewed\n")
    stacks.create("tiny", made_from, said.append)
    assert (made.folder / "witness").exists()
    assert any("recipe has changed" in line for line in said)

    stacks.create("tiny", made_from, said.append, force=True)
    assert not (made.folder / "witness").exists()
    assert stacks.find("tiny") == made

    stacks.remove("tiny")
    assert nothing_but(tmp_path / "cache" / "stacks")


def test_a_stack_is_made_where_pyproject_names_it_over_a_half_made_one(place, tmp_path):
    configure(place, tiny="envs/tiny")
    half = environment(place / "envs" / "tiny", marker=False)
    dead = subprocess.Popen([sys.executable, "-c", ""])
    dead.wait()
    (half / "equivalence-stack.begun").write_text(str(dead.pid))
    said = []
    made = stacks.create("tiny", recipe(tmp_path), said.append)
    assert made.folder == half
    assert any("half-made" in line for line in said)
    assert stacks.find("tiny").state == "ready"
    assert nothing_but(place / "envs", "tiny")
    assert not (tmp_path / "cache" / "stacks").exists()


def test_one_that_another_process_is_making_is_left_to_it(tmp_path):
    half = tmp_path / "cache" / "stacks" / "tiny"
    half.mkdir(parents=True)
    (half / "equivalence-stack.begun").write_text(str(os.getppid()))
    with pytest.raises(StackError, match=f"process {os.getppid()}"):
        stacks.create("tiny", recipe(tmp_path), lambda _: None)
    assert nothing_but(half, "equivalence-stack.begun")


@pytest.mark.parametrize(
    ("text", "probe", "said"),
    [
        ("no-such-package-of-layer-equivalence @ file:///nowhere.whl\n", "", "could not install the packages"),
        ("# probe: probe.py\n", "import sys; sys.exit('out of order')", "out of order"),
    ],
    ids=["install", "probe"],
)
def test_a_failure_says_what_failed_and_leaves_nothing_behind(tmp_path, text, probe, said):
    (tmp_path / "probe.py").write_text(probe)
    with pytest.raises(StackError, match=said):
        stacks.create("tiny", recipe(tmp_path, text), lambda _: None)
    assert nothing_but(tmp_path / "cache" / "stacks")
    with pytest.raises(StackError, match="stacks create tiny"):
        stacks.find("tiny")


def test_an_interruption_leaves_nothing_behind_and_stops_what_was_started(tmp_path):
    noted = tmp_path / "pid"
    (tmp_path / "probe.py").write_text(
        f"import os, time, pathlib; pathlib.Path({str(noted)!r}).write_text(str(os.getpid())); time.sleep(600)"
    )
    made_from = recipe(tmp_path, "# probe: probe.py\n")
    program = textwrap.dedent(f"""
        from pathlib import Path
        import platformdirs
        from equivalence import stacks
        platformdirs.user_cache_path = lambda _: Path({str(tmp_path / "cache")!r})
        stacks.create("tiny", Path({str(made_from)!r}))
    """)
    running = subprocess.Popen([sys.executable, "-c", program], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    started = time.monotonic()
    while not noted.exists() or not noted.read_text():
        assert running.poll() is None
        assert time.monotonic() - started < 120
        time.sleep(0.05)
    assert (tmp_path / "cache" / "stacks" / "tiny").exists()
    running.send_signal(signal.SIGINT)
    assert running.wait(60) != 0
    assert nothing_but(tmp_path / "cache" / "stacks")
    with pytest.raises(ProcessLookupError):
        os.kill(int(noted.read_text()), 0)


def test_another_python_that_is_nowhere_is_said(tmp_path):
    with pytest.raises(StackError, match=r"Install Python 3\.99"):
        stacks.create("tiny", recipe(tmp_path, "# python: 3.99\n"), lambda _: None)


def test_a_stand_in_for_a_python_that_is_not_installed_is_not_believed(tmp_path, monkeypatch):
    commands = tmp_path / "commands"
    commands.mkdir()
    stand_in = commands / "python3.99"
    stand_in.write_text("#!/bin/sh\necho no such version >&2\nexit 1\n")
    stand_in.chmod(0o755)
    monkeypatch.setenv("PATH", str(commands))
    with pytest.raises(StackError, match=r"Install Python 3\.99"):
        stacks.create("tiny", recipe(tmp_path, "# python: 3.99\n"), lambda _: None)


def test_a_command_that_is_needed_and_missing_is_said_before_anything_is_made(tmp_path, monkeypatch):
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(StackError, match=r"g\+\+ on the PATH"):
        stacks.create("tiny", recipe(tmp_path, "# needs: g++\n"), lambda _: None)
    assert not (tmp_path / "cache" / "stacks" / "tiny").exists()


def test_a_hand_made_environment_that_does_not_work_is_neither_mended_nor_replaced(place, tmp_path):
    configure(place, one="env")
    folder = environment(place / "env", marker=False)
    (tmp_path / "probe.py").write_text("raise SystemExit(1)")
    for force in (False, True):
        with pytest.raises(StackError, match="Mend it, move it away"):
            stacks.create("one", recipe(tmp_path, "# probe: probe.py\n"), lambda _: None, force=force)
    assert nothing_but(folder, "bin")


def test_a_hand_made_environment_that_works_is_kept_even_when_forced(place, tmp_path):
    configure(place, one="env")
    folder = environment(place / "env", marker=False)
    said = []
    for force in (False, True):
        stacks.create("one", recipe(tmp_path), said.append, force=force)
    assert sum("there already" in line for line in said) == 2
    assert nothing_but(folder, "bin")


def test_a_folder_of_something_else_is_not_overwritten(place, tmp_path):
    configure(place, one="letters")
    (place / "letters").mkdir()
    (place / "letters" / "love.txt").write_text("dear")
    with pytest.raises(StackError, match="none of these"):
        stacks.create("one", recipe(tmp_path), lambda _: None, force=True)
    assert (place / "letters" / "love.txt").read_text() == "dear"


def test_a_wrong_variable_is_not_papered_over(tmp_path, monkeypatch):
    monkeypatch.setenv("EQUIVALENCE_STACKS", f"one={tmp_path / 'nowhere'}")
    with pytest.raises(StackError, match="Correct the variable"):
        stacks.create("one", recipe(tmp_path), lambda _: None)


def test_a_missing_recipe_is_an_error(tmp_path):
    with pytest.raises(StackError, match="recipe"):
        stacks.create("one", tmp_path / "none.txt", lambda _: None)
