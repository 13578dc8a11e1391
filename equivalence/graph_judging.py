"""Comparing what participants gave for a graph: every output, gradient and trained parameter, and step by step."""

from __future__ import annotations

import shlex
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from itertools import combinations
from typing import Any

from equivalence.binding import DTYPES
from equivalence.codes import TIES
from equivalence.comparison import Comparison, Verdict, jsonable
from equivalence.deviations import rows
from equivalence.engine import random_cotangents
from equivalence.graph import Constant, Graph, Node, Step
from equivalence.graph_running import GraphRunner, Performer
from equivalence.graph_sides import Place, Side, judge_sides, sides_of
from equivalence.judging import stands_alone
from equivalence.matrix import gradient_quantity
from equivalence.operation import Case
from equivalence.outcome import Outcome

FAMILY = "networks"


@dataclass(frozen=True)
class Difference:
    """How far apart two participants are after a step.

    Attributes:
        known_difference: the diagnosis code, where one of the two is known to share gradients among ties otherwise.
    """

    left: str
    right: str
    verdict: Verdict
    max_abs: float | None
    bound_ratio: float | None
    known_difference: str | None = None

    @property
    def expected(self) -> bool:
        """Whether this is what should have come out."""
        return self.verdict == "equal" or (self.verdict == "different" and self.known_difference is not None)


@dataclass(frozen=True)
class TraceRow:
    """One array of one step, and how far apart each two participants are in it.

    Attributes:
        phase: ``forward`` for an output, ``backward`` for the gradient of an argument.
        array: the name of the output or of the argument.
    """

    step: str
    operation: str
    phase: str
    array: str
    dtype: str
    pairs: tuple[Difference, ...]

    @property
    def text(self) -> str:
        """Which array it is, in words."""
        what = "output" if self.phase == "forward" else "gradient of"
        name = "" if (self.phase, self.array) == ("forward", "output") else f" {self.array}"
        return f"{self.step} ({self.operation}), {what}{name}"


@dataclass(frozen=True)
class Compared:
    """A graph's case, compared between all participants.

    Attributes:
        outcomes: of every output, gradient, loss and trained parameter.
        trace: of every step, in the order in which it was computed.
        losses: before each step of the training, by dtype and participant.
        missing: by adapter that takes no part, the operations that it has no binding for.
    """

    graph: Graph
    case: str
    seed: int
    participants: tuple[str, ...]
    outcomes: tuple[Outcome, ...]
    trace: tuple[TraceRow, ...]
    losses: Mapping[str, Mapping[str, Sequence[float]]] = field(default_factory=dict)
    missing: Mapping[str, Sequence[str]] = field(default_factory=dict)

    @property
    def name(self) -> str:
        """The graph and the case."""
        return f"{self.graph.name}-{self.case}"

    @property
    def expected(self) -> bool:
        """Whether everything came out as it should."""
        return bool(self.outcomes) and all(o.expected for o in self.outcomes) and not self.starts()

    def starts(self) -> dict[tuple[str, str, str], TraceRow]:
        """By left, right and dtype of each pair that differs, the first array in which it does."""
        found: dict[tuple[str, str, str], TraceRow] = {}
        for row in self.trace:
            for pair in row.pairs:
                if pair.verdict == "different" and not pair.expected:
                    found.setdefault((pair.left, pair.right, row.dtype), row)
        return found

    def to_json(self) -> dict[str, Any]:
        """As ``networks.schema.json`` has it."""
        starts = [
            {"left": left, "right": right, "dtype": dtype, "step": row.step, "phase": row.phase, "array": row.array}
            for (left, right, dtype), row in self.starts().items()
        ]
        found: dict[str, Any] = jsonable(
            {
                "name": self.graph.name,
                "title": self.graph.title,
                "source": self.graph.source,
                "steps": [_told(node) for node in self.graph.steps],
                "case": self.case,
                "seed": self.seed,
                "expected": self.expected,
                "participants": self.participants,
                "missing": self.missing,
                "losses": self.losses,
                "comparisons": [outcome.to_json() for outcome in self.outcomes],
                "trace": [{**vars(row), "pairs": [vars(pair) for pair in row.pairs]} for row in self.trace],
                "starts": starts,
            }
        )
        return found


def compare_graph(
    runner: GraphRunner,
    graph: Graph,
    case: Case,
    *,
    dtypes: Sequence[str] = (),
    frameworks: Sequence[str] = (),
    seed: int = 0,
) -> Compared:
    """Run a graph in every participant and compare every two; empty selections mean everything.

    Args:
        runner: runs it.
        graph: the graph.
        case: one of its cases.
        dtypes: ``float32``, ``float64``.
        frameworks: names of participants.
        seed: of all random values.
    """
    who = [p for p in runner.performers(graph) if not frameworks or p.name in frameworks]
    wanted = tuple(dict.fromkeys(dtypes or DTYPES))
    measured = {dtype: _measure(runner, graph, case, who, dtype, seed) for dtype in {"float64", *wanted}}
    outcomes, trace = list[Outcome](), list[TraceRow]()
    for dtype in wanted:
        judged = _Judged(measured[dtype], measured["float64"], dtype, {p.name: p for p in who})
        outcomes += _outcomes(graph, case, judged, seed)
        trace += _absorbed(graph, list(_trace(graph, judged)))
    return Compared(
        graph,
        case.id,
        seed,
        tuple(performer.name for performer in who),
        tuple(outcomes),
        tuple(trace),
        {dtype: {side.name: _losses(side) for side in measured[dtype] if side.error is None} for dtype in wanted},
        {name: m for name, m in runner.missing(graph).items() if not frameworks or name in frameworks},
    )


def _losses(side: Side) -> list[float]:
    return [float(loss) for quantity, loss in side.values.items() if quantity.startswith("loss-")]


def _told(node: Node) -> dict[str, Any]:
    parameters = {name: str(value) for name, value in vars(node).get("parameters", {}).items()}
    return {"name": node.name, "operation": operation_of(node), "takes": node.references, "parameters": parameters}


def operation_of(node: Node) -> str:
    """The operation of a node; what the suite itself does has the name of its class."""
    return node.operation if isinstance(node, Step) else type(node).__name__.lower()


def _measure(
    runner: GraphRunner, graph: Graph, case: Case, who: Sequence[Performer], dtype: str, seed: int
) -> list[Side]:
    arrays = graph.draw(case, seed)
    reference = runner.run(graph, arrays, runner.registry.reference.name, dtype).outputs
    cotangents = random_cotangents(reference, dtype, seed, graph.name, case.id)
    return sides_of(runner, graph, who, dtype, (arrays, cotangents))


@dataclass(frozen=True)
class _Judged:
    """Sides in one dtype, beside what they give in float64."""

    sides: Sequence[Side]
    wide: Sequence[Side]
    dtype: str
    performers: Mapping[str, Performer]

    def pairs(self) -> Iterator[tuple[Side, Side]]:
        yield from combinations([side for side in self.sides if side.error is None], 2)

    def judge(self, pair: tuple[Side, Side], quantity: str) -> Comparison:
        wide = {side.name: side for side in self.wide if side.error is None}
        beside = (wide[pair[0].name], wide[pair[1].name]) if all(side.name in wide for side in pair) else None
        truth = next((side.values[quantity] for side in self.sides if side.reference and side.error is None), None)
        if self.dtype == "float64":
            beside = truth = None
        return judge_sides(pair, quantity, self.dtype, beside, truth)

    def difference(self, pair: tuple[Side, Side], place: Place) -> Difference:
        """What a trace says about two participants at one place."""
        compared = self.judge(pair, str(place))
        told = [code for side in pair if compared.verdict == "different" and (code := self._ties(side, place))]
        return Difference(
            pair[0].name,
            pair[1].name,
            compared.verdict,
            compared.max_abs,
            compared.bound_ratio,
            told[0] if len(told) == 1 else None,
        )

    def _ties(self, side: Side, place: Place) -> str | None:
        """The code of the row that says that a side treats ties in its own way here.

        Behind a relu, whole windows of a maximum are 0. Who shares the gradient among them and who gives it to one
        makes no difference to the network, because the relu lets none of it pass.
        """
        who = self.performers[side.name].steps.get(place.step)
        if who is None or who.binding is None or place.phase != "backward":
            return None
        wanted = (TIES, who.binding.operation, gradient_quantity(place.array))
        found = (row for row in rows(who.adapter) if row.kind == "difference")
        return next((row.code for row in found if (row.code, row.operation, row.quantity) == wanted), None)


def _outcomes(graph: Graph, case: Case, judged: _Judged, seed: int) -> Iterator[Outcome]:
    def outcome(
        names: Sequence[str], quantity: str, found: Comparison, alone: str | None = None, log: str = ""
    ) -> Outcome:
        words = ["equivalence", "networks", graph.name, "--case", case.id, "--dtype", judged.dtype]
        words += [word for name in names if name for word in ("-f", name)]
        return Outcome(
            operation=graph.name,
            family=FAMILY,
            case=case.id,
            left=names[0],
            right=names[1],
            dtype=judged.dtype,
            quantity=quantity,
            comparison=found,
            stands_alone=alone,
            log=log,
            reproduce=shlex.join([*words, *(["--seed", str(seed)] if seed else [])]),
        )

    for side in judged.sides:
        if side.error is not None:
            compared = Comparison(verdict="error", reason=str(side.error))
            yield outcome((side.name, ""), "call", compared, log=str(getattr(side.error, "log", "")))
    pairs = list(judged.pairs())
    libraries = {side.name: side.library for side in judged.sides}
    for quantity in (name for name in (pairs[0][0].values if pairs else ()) if ":" not in name):
        found = {(a.name, b.name): judged.judge((a, b), quantity) for a, b in pairs}
        alone = stands_alone({names: compared.verdict for names, compared in found.items()}, libraries)
        for names, compared in found.items():
            yield outcome(names, quantity, compared, alone)


def _trace(graph: Graph, judged: _Judged) -> Iterator[TraceRow]:
    """Rows of the steps forwards, then backwards; numbers that the graph itself gives are none."""
    pairs = list(judged.pairs())
    known = list(pairs[0][0].values) if pairs else []
    nodes = [node for node in graph.steps if not isinstance(node, Constant)]
    for phase, order in (("forward", nodes), ("backward", nodes[::-1])):
        for node in order:
            start = str(Place(node.name, phase, ""))
            for array in (name.removeprefix(start) for name in known if name.startswith(start)):
                found = tuple(judged.difference(pair, Place(node.name, phase, array)) for pair in pairs)
                yield TraceRow(node.name, operation_of(node), phase, array, judged.dtype, found)


def _absorbed(graph: Graph, trace: Sequence[TraceRow]) -> Iterator[TraceRow]:
    """The rows; ties excuse a gradient only where the step that gave the argument lets none of the difference pass."""
    makers = {
        (step.name, argument): reference.partition(".")[0]
        for step in graph.operations
        for argument, reference in step.arguments.items()
    }
    # A pair's steps in which some gradient differs; those that have none, such as a constant, let nothing pass either.
    passing = {
        (row.step, pair.left, pair.right)
        for row in trace
        for pair in row.pairs
        if row.phase == "backward" and pair.verdict != "equal"
    }
    inner = {node.name for node in graph.steps}
    for row in trace:
        maker = makers.get((row.step, row.array), "") if row.phase == "backward" else ""
        kept = [
            pair
            if maker in inner and (maker, pair.left, pair.right) not in passing
            else replace(pair, known_difference=None)
            for pair in row.pairs
        ]
        yield replace(row, pairs=tuple(kept))
