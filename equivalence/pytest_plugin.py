"""The pytest plugin: a fixture that is parametrized over the matrix.

A test that takes ``equivalence_comparison`` runs once for every comparison of the installed operations and adapters::

    def test_layers_agree(equivalence_comparison):
        equivalence_comparison.check()

``@pytest.mark.equivalence(operations=["conv2d"], frameworks=["torch", "tensorflow"])`` narrows one test, the options
``--equivalence-operation`` and so on a whole run. Ids read
``conv2d-valid-float32[tensorflow+torch]-gradient-weight``.

Ports are collected by :mod:`equivalence.pytest_ports`.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from equivalence.lookahead import Lookahead
    from equivalence.matrix import Cell, Plan
    from equivalence.outcome import Outcome
    from equivalence.registry import Participant
    from equivalence.session import Available

pytest_plugins = ("equivalence.pytest_ports",)

_FIXTURE = "equivalence_comparison"
_SELECTIONS = ("operations", "frameworks", "dtypes")
_here: pytest.StashKey[Available] = pytest.StashKey()


@dataclass(frozen=True)
class Parameter:
    """What one test compares."""

    cell: Cell
    left: Participant
    right: Participant
    quantity: str


class PlannedComparison:
    """One comparison of the matrix, computed when it is asked for."""

    def __init__(self, parameter: Parameter, ahead: Lookahead) -> None:
        self._parameter, self._ahead = parameter, ahead

    @property
    def outcome(self) -> Outcome:
        """The outcome; the error of a participant that gave nothing."""
        wanted = self._parameter
        names = wanted.left.name, wanted.right.name
        outcomes = self._ahead.outcomes(wanted.cell)
        compared = [o for o in outcomes if (o.left, o.right, o.quantity) == (*names, wanted.quantity)]
        return (compared or [o for o in outcomes if o.quantity == "call" and o.left in names])[0]

    def check(self) -> None:
        """Fail unless the two agree, or differ as a row of data says."""
        __tracebackhide__ = True
        outcome = self.outcome
        if not outcome.expected:
            pytest.fail(outcome.text(), pytrace=False)


def pytest_addoption(parser: pytest.Parser) -> None:
    """Add the options that narrow the matrix."""
    group = parser.getgroup("equivalence", "comparing layers across frameworks")
    for name in _SELECTIONS:
        singular = name.removesuffix("s")
        group.addoption(
            f"--equivalence-{singular}",
            action="append",
            default=[],
            dest=f"equivalence_{name}",
            metavar=singular.upper(),
            help=f"compare this {singular} only; may be repeated",
        )
    group.addoption("--equivalence-seed", type=int, default=0, metavar="SEED", help="seed of every random value")
    group.addoption("--equivalence-timeout", type=float, metavar="SECONDS", help="seconds a call may take")
    group.addoption(
        "--equivalence-annotations",
        action="store_true",
        help="print GitHub's annotations for ports that fail; on by itself in GitHub's workflows",
    )


def pytest_configure(config: pytest.Config) -> None:
    """Describe the marker, and refuse options that name what does not exist."""
    config.addinivalue_line(
        "markers",
        "equivalence(operations=, frameworks=, dtypes=): which part of the matrix equivalence_comparison runs over",
    )
    options = _options(config)
    if options:
        from equivalence.errors import EquivalenceError  # noqa: PLC0415 - a run without options pays nothing

        try:
            _plan(config, options)
        except EquivalenceError as error:
            raise pytest.UsageError(str(error)) from error


def _options(config: pytest.Config) -> dict[str, Sequence[str]]:
    return {name: found for name in _SELECTIONS if (found := config.getoption(f"equivalence_{name}"))}


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """Parametrize the fixture over the matrix."""
    if _FIXTURE not in metafunc.fixturenames:
        return
    from equivalence.errors import EquivalenceError, UsageError  # noqa: PLC0415 - a run without the fixture pays nothing

    try:
        selection = _selection(metafunc.definition.get_closest_marker("equivalence"), _options(metafunc.config))
        found = list(_plan(metafunc.config, selection).ids())
        if not found:
            # Pytest would skip a test without parameters, and the run would be green.
            raise UsageError(f"nothing to compare in {selection or 'the matrix'}", fix="It takes two frameworks.")
    except EquivalenceError as error:
        raise pytest.Collector.CollectError(f"{metafunc.definition.name}: {error}") from error
    parameters = [Parameter(cell, left, right, quantity) for cell, left, right, quantity, _ in found]
    metafunc.parametrize(_FIXTURE, parameters, ids=[name for *_, name in found], indirect=True, scope="function")


def _selection(marker: pytest.Mark | None, options: Mapping[str, Sequence[str]]) -> dict[str, Sequence[str]]:
    """What both the marker and the options select.

    Raises:
        UsageError: if the marker cannot be meant, or the two have nothing in common.
    """
    from equivalence.errors import UsageError  # noqa: PLC0415

    chosen: dict[str, Sequence[str]] = dict(options)
    if marker is None:
        return chosen
    unknown = [*map(repr, marker.args), *(name for name in marker.kwargs if name not in _SELECTIONS)]
    if unknown:
        raise UsageError("marker equivalence", expected=", ".join(_SELECTIONS), got=", ".join(unknown))
    for name, wanted in marker.kwargs.items():
        if isinstance(wanted, str) or not wanted:
            raise UsageError(f"{name} of the marker equivalence", expected="a list of names", got=repr(wanted))
        chosen[name] = [item for item in wanted if item in options.get(name, wanted)]
        if not chosen[name]:
            raise UsageError(
                f"{name}: the marker's {list(wanted)} and the option's {list(options[name])} have nothing in common"
            )
    return chosen


def _plan(config: pytest.Config, selection: Mapping[str, Sequence[str]]) -> Plan:
    from equivalence import registry, session  # noqa: PLC0415
    from equivalence.matrix import plan  # noqa: PLC0415

    config.stash[_here] = session.available(registry.load(), selection.get("frameworks", ()))
    return plan(config.stash[_here].registry, **selection)


def pytest_terminal_summary(terminalreporter: Any, config: pytest.Config) -> None:
    """Say who did not take part: a matrix without a framework must not look like one with it."""
    if _here in config.stash:
        for name, reason in config.stash[_here].absent.items():
            terminalreporter.write_line(f"equivalence: {name} did not take part: {reason}", red=True)


@pytest.fixture(scope="session")
def equivalence_lookahead(request: pytest.FixtureRequest) -> Iterator[Lookahead]:
    """The engine of the session, which evaluates the selected cells a little ahead of the tests."""
    from equivalence import session  # noqa: PLC0415
    from equivalence.lookahead import Lookahead, identity  # noqa: PLC0415
    from equivalence.matrix import plan  # noqa: PLC0415

    config = request.config
    registry = config.stash[_here].registry
    cells: dict[Any, Cell] = {}
    for item in request.session.items:
        parameter = getattr(item, "callspec", None) and item.callspec.params.get(_FIXTURE)  # type: ignore[attr-defined]
        if isinstance(parameter, Parameter):
            cells.setdefault(identity(parameter.cell), parameter.cell)
    # With pytest-xdist nobody knows which of the tests this process will be given next.
    ahead = {"ahead": 0} if hasattr(config, "workerinput") else {}
    options = {"seed": config.getoption("equivalence_seed"), "timeout": config.getoption("equivalence_timeout")}
    with (
        session.engine(registry, plan(registry), **options) as engine,
        Lookahead(engine, list(cells.values()), **ahead) as lookahead,
    ):
        yield lookahead


@pytest.fixture
def equivalence_comparison(request: pytest.FixtureRequest, equivalence_lookahead: Lookahead) -> PlannedComparison:
    """One comparison of the matrix; call its ``check()``."""
    return PlannedComparison(request.param, equivalence_lookahead)
