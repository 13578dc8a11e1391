"""The pytest plugin: a fixture that is parametrized over the matrix.

A test that takes ``equivalence_comparison`` runs once for every comparison of the installed operations and adapters::

    def test_layers_agree(equivalence_comparison):
        equivalence_comparison.check()

``@pytest.mark.equivalence(operations=["conv2d"], frameworks=["torch", "tensorflow"])`` narrows one test, the options
``--equivalence-operation`` and so on a whole run. Ids read
``conv2d-valid-float32[tensorflow+torch]-gradient-weight``.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from equivalence.lookahead import Lookahead
    from equivalence.matrix import Cell, Plan
    from equivalence.outcome import Outcome
    from equivalence.registry import Participant
    from equivalence.session import Available

_FIXTURE = "equivalence_comparison"
_SELECTIONS = ("operations", "frameworks", "dtypes")
_here = pytest.StashKey["Available"]()


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


def pytest_configure(config: pytest.Config) -> None:
    """Describe the marker."""
    config.addinivalue_line(
        "markers",
        "equivalence(operations=, frameworks=, dtypes=): which part of the matrix equivalence_comparison runs over",
    )


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """Parametrize the fixture over the matrix."""
    if _FIXTURE not in metafunc.fixturenames:
        return
    parameters, names = [], []
    for cell, left, right, quantity, name in _plan(metafunc).ids():
        parameters.append(Parameter(cell, left, right, quantity))
        names.append(name)
    metafunc.parametrize(_FIXTURE, parameters, ids=names, indirect=True, scope="function")


def _plan(metafunc: pytest.Metafunc) -> Plan:
    from equivalence.errors import EquivalenceError  # noqa: PLC0415 - a run without the fixture pays nothing
    from equivalence.matrix import plan  # noqa: PLC0415

    marker = metafunc.definition.get_closest_marker("equivalence")
    chosen: dict[str, Sequence[str]] = dict(marker.kwargs) if marker else {}
    for name in _SELECTIONS:
        if option := metafunc.config.getoption(f"equivalence_{name}"):
            chosen[name] = [item for item in option if item in chosen.get(name, option)]
    try:
        return plan(_available(metafunc.config).registry, **chosen)
    except EquivalenceError as error:
        raise pytest.UsageError(str(error)) from error


def _available(config: pytest.Config) -> Available:
    from equivalence import registry, session  # noqa: PLC0415

    if _here not in config.stash:
        config.stash[_here] = session.available(registry.load(), config.getoption("equivalence_frameworks"))
    return config.stash[_here]


def pytest_terminal_summary(terminalreporter: Any, config: pytest.Config) -> None:
    """Say who did not take part: a matrix without a framework must not look like one with it."""
    if _here in config.stash:
        for name, reason in config.stash[_here].absent.items():
            terminalreporter.write_line(f"equivalence: {name} did not take part: {reason}", red=True)


@pytest.fixture(scope="session")
def equivalence_lookahead(request: pytest.FixtureRequest) -> Iterator[Lookahead]:
    """The engine of the session, which evaluates the selected cells a little ahead of the tests."""
    from equivalence import session  # noqa: PLC0415
    from equivalence.lookahead import Lookahead  # noqa: PLC0415
    from equivalence.matrix import plan  # noqa: PLC0415

    config = request.config
    registry = _available(config).registry
    cells: dict[Any, Cell] = {}
    for item in request.session.items:
        parameter = getattr(item, "callspec", None) and item.callspec.params.get(_FIXTURE)  # type: ignore[attr-defined]
        if isinstance(parameter, Parameter):
            cells.setdefault(parameter.cell.key, parameter.cell)
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
