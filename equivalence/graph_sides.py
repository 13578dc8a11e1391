"""What each participant gives for a graph, by quantity, and comparing a quantity between two of them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any

from equivalence.comparison import TOLERANCES, Comparison, compare
from equivalence.errors import EquivalenceError
from equivalence.graph import Graph
from equivalence.graph_running import Arrays, GraphRunner, Performer
from equivalence.graph_walking import Trained, Walked
from equivalence.inputs import Array
from equivalence.matrix import gradient_quantity
from equivalence.rounding import Bound
from equivalence.verdict import Evidence, decide


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
class Place:
    """Where in a trace an array stands; its text is the name of a quantity."""

    step: str
    phase: str
    array: str

    def __str__(self) -> str:
        return f"{self.step}:{self.phase}:{self.array}"


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


def _quantities(walked: Walked) -> dict[str, Any]:
    """Everything a walk gave by quantity: outputs and gradients, and those of the steps in a name with a colon."""
    found = {f"forward-{name}": array for name, array in walked.outputs.items()}
    found |= {gradient_quantity(name): array for name, array in walked.gradients.items()}
    for name, traced in walked.trace.items():
        for phase, arrays in (("forward", traced.outputs), ("backward", traced.gradients)):
            found |= {str(Place(name, phase, own)): array for own, array in arrays.items()}
    return found


def _trained(trained: Trained) -> dict[str, Any]:
    losses = {f"loss-{count}": loss for count, loss in enumerate(trained.losses, 1)}
    return losses | {f"trained-{name}": array for name, array in trained.parameters[-1].items()}
