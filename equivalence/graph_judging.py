"""Comparing what participants gave for a graph: every output, gradient and trained parameter, and step by step."""

from __future__ import annotations

import shlex
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field, replace
from itertools import combinations
from typing import Any

from equivalence.binding import DTYPES
from equivalence.codes import TIES
from equivalence.comparison import TOLERANCES, Comparison, Verdict, compare, jsonable
from equivalence.deviations import rows
from equivalence.engine import random_cotangents
from equivalence.errors import EquivalenceError
from equivalence.graph import Constant, Graph, Node, Step
from equivalence.graph_running import Arrays, GraphRunner, Performer
from equivalence.graph_walking import Trained, Walked
from equivalence.inputs import Array
from equivalence.judging import stands_alone
from equivalence.matrix import gradient_quantity
from equivalence.operation import Case
from equivalence.outcome import Outcome
from equivalence.rounding import Bound
from equivalence.verdict import Evidence, decide

FAMILY = "networks"


@dataclass(frozen=True)
class Side:
    """What one participant gave, by quantity, with the rounding bounds of what it computed; or why it gave nothing.

    Attributes:
        library: whose arithmetic it computes with: two of one library have one vote.
        reference: whether it computes in float64 whatever the dtype.
    """

    name: str
    values: Mapping[str, Array]
    bounds: Mapping[str, Bound]
    library: str = ""
    reference: bool = False
    error: EquivalenceError | None = None


def judge_sides(
    sides: tuple[Side, Side],
    quantity: str,
    dtype: str,
    beside: tuple[Side, Side] | None = None,
    truth: Array | None = None,
) -> Comparison:
    """Compare a quantity between two sides, with their bounds and what both give in float64 as evidence.

    Args:
        sides: the two, which may be different expressions with bounds of their own.
        quantity: what is compared; it may have another name in each only if both have it by this one.
        dtype: what both computed in.
        beside: the same two in float64, where ``dtype`` is another.
        truth: the reference's result, where there is one.
    """
    left, right = (side.values[quantity] for side in sides)
    if left.shape != right.shape:
        return Comparison(verdict="different", reason=f"shape {left.shape} on one side, {right.shape} on the other")
    bounds = [s.bounds[quantity] for s in sides if quantity in s.bounds and (dtype == "float64" or not s.reference)]
    if not bounds:
        return compare(left, right, TOLERANCES[dtype])
    exact = None if beside is None else judge_sides(beside, quantity, "float64")
    evidence = Evidence(bounds, exact, truth, (sides[0].name, sides[1].name))
    return decide(left, right, dtype, TOLERANCES[dtype], evidence)


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


def sides_of(
    runner: GraphRunner, graph: Graph, who: Sequence[Performer], dtype: str, given: tuple[Arrays, Arrays]
) -> list[Side]:
    """What each participant gives, all at the same time, with the bounds of the graph.

    Args:
        runner: runs it.
        graph: the graph.
        who: the participants.
        dtype: what they compute in.
        given: inputs and parameters, and the cotangents.
    """
    # The worst case over several steps of training is so large that any bug would fit into it: allclose judges them.
    bounds = _quantities(runner.walk_bounds(graph, *given, dtype))

    def one(performer: Performer) -> Side:
        library = performer.adapter.library or performer.name
        try:
            values = _quantities(runner.run(graph, given[0], performer, dtype, given[1]))
            if graph.training:
                values |= _trained(runner.train(graph, given[0], performer, dtype))
        except EquivalenceError as error:
            return Side(performer.name, {}, {}, library, performer.reference, error)
        return Side(performer.name, values, bounds, library, performer.reference)

    with ThreadPoolExecutor(max(1, len(who)), "graphs") as threads:
        return list(threads.map(one, who))


def _measure(
    runner: GraphRunner, graph: Graph, case: Case, who: Sequence[Performer], dtype: str, seed: int
) -> list[Side]:
    arrays = graph.draw(case, seed)
    reference = runner.run(graph, arrays, runner.registry.reference.name, dtype).outputs
    cotangents = random_cotangents(reference, dtype, seed, graph.name, case.id)
    return sides_of(runner, graph, who, dtype, (arrays, cotangents))


def _quantities(walked: Walked) -> dict[str, Any]:
    """Everything a walk gave by quantity: outputs and gradients, and those of the steps in a name with a colon."""
    found = {f"forward-{name}": array for name, array in walked.outputs.items()}
    found |= {gradient_quantity(name): array for name, array in walked.gradients.items()}
    for name, traced in walked.trace.items():
        for phase, arrays in (("forward", traced.outputs), ("backward", traced.gradients)):
            found |= {str(_Place(name, phase, own)): array for own, array in arrays.items()}
    return found


def _trained(trained: Trained) -> dict[str, Any]:
    losses = {f"loss-{count}": loss for count, loss in enumerate(trained.losses, 1)}
    return losses | {f"trained-{name}": array for name, array in trained.parameters[-1].items()}


@dataclass(frozen=True)
class _Place:
    """Where in a trace an array stands; its text is the name of a quantity."""

    step: str
    phase: str
    array: str

    def __str__(self) -> str:
        return f"{self.step}:{self.phase}:{self.array}"


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

    def difference(self, pair: tuple[Side, Side], place: _Place) -> Difference:
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

    def _ties(self, side: Side, place: _Place) -> str | None:
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
            start = str(_Place(node.name, phase, ""))
            for array in (name.removeprefix(start) for name in known if name.startswith(start)):
                found = tuple(judged.difference(pair, _Place(node.name, phase, array)) for pair in pairs)
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
