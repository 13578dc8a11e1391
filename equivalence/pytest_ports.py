"""The part of the pytest plugin that collects port files: each port is a test.

``pytest ports/`` checks every port that a Python file in a folder ``ports`` declares, or in a file named as the setting
``equivalence_ports`` says, or in a file that is given by its path. A file of tests stays one: its tests may call
``assert_equivalent``. Skips and expected failures are given to ports as to other tests: ``pytestmark`` in the port
file, or markers added in ``conftest.py``.
"""

from __future__ import annotations

import re
from collections.abc import Generator, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from equivalence.answer import PortOutcome
    from equivalence.checking import Checker
    from equivalence.model import ModelPort
    from equivalence.pool import Pool
    from equivalence.port import Port

_PATTERNS = ("*_port.py", "*_ports.py", "ports.py", "port_*.py", "ports/")
_FIELD = "equivalence_annotation"
_checker: pytest.StashKey[Checker] = pytest.StashKey()
_pool: pytest.StashKey[Pool] = pytest.StashKey()


def pytest_addoption(parser: pytest.Parser) -> None:
    """Add what ports need."""
    parser.addini(
        "equivalence_ports",
        "names of files whose ports are tests: patterns, or a folder's name with a slash at its end",
        type="args",
        default=list(_PATTERNS),
    )


def pytest_configure(config: pytest.Config) -> None:
    """Describe the marker."""
    config.addinivalue_line("markers", "equivalence_port: every port that is checked as a test has it")


@pytest.hookimpl(wrapper=True)
def pytest_collect_file(file_path: Path, parent: pytest.Collector) -> Generator[None, list[Any], list[Any]]:
    """Collect a port file, and only once."""
    found = yield
    if not _asked_for(file_path, parent) or not _declares(text := _text(file_path)):
        return found
    # A file that is given by its path is also collected as a file of tests, which most port files are not.
    tests = re.search(r"^\s*(async\s+)?(def|class)\s+test", text, re.MULTILINE | re.IGNORECASE)
    others = found if tests else [node for node in found if not isinstance(node, pytest.Module)]
    return [*others, PortFile.from_parent(parent, path=file_path)]


def _asked_for(path: Path, parent: pytest.Collector) -> bool:
    config = parent.config
    if path.suffix != ".py" or path.name in ("conftest.py", "__init__.py"):
        return False
    if any(path.match(pattern) for pattern in config.getini("python_files")):
        return False
    return parent.session.isinitpath(path) or any(
        _fits(path, config.rootpath, pattern) for pattern in config.getini("equivalence_ports")
    )


def _fits(path: Path, root: Path, pattern: str) -> bool:
    if not pattern.endswith("/"):
        return path.match(pattern)
    above = path.relative_to(root).parts[:-1] if path.is_relative_to(root) else ()
    return pattern.removesuffix("/") in (path.parent.name, *above)


def _text(path: Path) -> str:
    return path.read_text(encoding="utf-8", errors="replace")


def _declares(text: str) -> bool:
    """Whether a file may declare a port, without importing it."""
    return "Port(" in text and re.search(r"^\s*(from|import)\s+equivalence\b", text, re.MULTILINE) is not None


class PortFile(pytest.File):
    """A Python file that may declare ports."""

    def collect(self) -> Iterator[PortItem]:
        """Import the file: an item for each of its ports, in order.

        Raises:
            CollectError: if it cannot be imported, or two ports share a name.
        """
        from equivalence import portfile  # noqa: PLC0415 - a run without ports pays nothing
        from equivalence.errors import EquivalenceError  # noqa: PLC0415
        from equivalence.model import ModelPort  # noqa: PLC0415
        from equivalence.port import Port  # noqa: PLC0415

        try:
            module = portfile.load_file(self.path.resolve())
            declared = any(isinstance(value, (Port, ModelPort)) for value in vars(module).values())
            ports = portfile.declared(self.path) if declared else {}
        except EquivalenceError as error:
            raise self.CollectError(str(error)) from error
        marks = getattr(module, "pytestmark", [])
        for mark in marks if isinstance(marks, (list, tuple)) else [marks]:
            self.add_marker(mark)
        for name, port in ports.items():
            yield PortItem.from_parent(self, name=name, port=port)


class PortItem(pytest.Item):
    """The check of one port."""

    def __init__(self, *, port: Port | ModelPort, **inherited: Any) -> None:
        super().__init__(**inherited)
        self.port = port
        self.outcome: PortOutcome | None = None
        self.add_marker("equivalence_port")

    def runtest(self) -> None:
        """Check the port; fail with the answer's text unless the two layers are equal."""
        from equivalence.errors import EquivalenceError  # noqa: PLC0415 - a run without ports pays nothing

        try:
            self.outcome = _shared(self.config).check(self.port, self.name)
            wrong = "" if self.outcome.verdict == "equal" else self.outcome.text()
        except EquivalenceError as error:
            wrong = f"{self.name}: {error}"
        if wrong:
            pytest.fail(wrong, pytrace=False)

    def reportinfo(self) -> tuple[Path, int | None, str]:
        """Where the port is declared."""
        file, line = self.port.where
        return self.path, line - 1 if Path(file) == self.path.resolve() else None, self.name


def _shared(config: pytest.Config) -> Checker:
    """The checker of the session, on one pool of workers."""
    if _checker not in config.stash:
        from equivalence import registry  # noqa: PLC0415 - a run without ports pays nothing
        from equivalence.binding import DTYPES  # noqa: PLC0415
        from equivalence.checking import Checker  # noqa: PLC0415
        from equivalence.engine import packages  # noqa: PLC0415
        from equivalence.pool import CALL_LIMIT, Pool  # noqa: PLC0415

        known = registry.load()
        limit = config.getoption("equivalence_timeout") or CALL_LIMIT
        dtypes = config.getoption("equivalence_dtypes") or DTYPES
        config.stash[_pool] = Pool(packages(known), limit=limit)
        config.stash[_checker] = Checker(known, config.stash[_pool], config.getoption("equivalence_seed"), dtypes)
    return config.stash[_checker]


def pytest_sessionfinish(session: pytest.Session, exitstatus: int) -> None:
    """Stop the workers; in the middle of a call if the session is interrupted."""
    stash = session.config.stash
    if _pool in stash:
        stash[_pool].close(kill=exitstatus == pytest.ExitCode.INTERRUPTED)
        del stash[_pool], stash[_checker]


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item: pytest.Item) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """Put the annotation on the report of a port that fails: a report travels between processes."""
    report = yield
    if isinstance(item, PortItem) and report.failed:
        from equivalence.report.annotations import annotation, title  # noqa: PLC0415

        heading = f"{item.name}: error" if item.outcome is None else title(item.outcome)
        setattr(report, _FIELD, annotation(item.port.where, heading, report.longreprtext))
    return report


def pytest_terminal_summary(terminalreporter: Any, config: pytest.Config) -> None:
    """Print the annotations of the ports that failed."""
    failed = [report for status in ("failed", "error") for report in terminalreporter.stats.get(status, ())]
    reports = [report for report in failed if hasattr(report, _FIELD)]
    if not reports:
        return
    from equivalence.report.annotations import wanted  # noqa: PLC0415

    if wanted(config.getoption("equivalence_annotations")):
        for report in reports:
            terminalreporter.write_line(getattr(report, _FIELD))
