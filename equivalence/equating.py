"""Comparing the expressions of an equivalence: left against right in every framework, and across all of them."""

from __future__ import annotations

import shlex
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import combinations
from typing import Any

import numpy as np

from equivalence.binding import DTYPES
from equivalence.comparison import Comparison, jsonable
from equivalence.engine import random_cotangents
from equivalence.errors import EquivalenceError
from equivalence.expressions import Arrays, Equivalence
from equivalence.graph_running import GraphRunner
from equivalence.graph_sides import Side, judge_sides, sides_of
from equivalence.judging import cast, stands_alone
from equivalence.operation import Case
from equivalence.outcome import Outcome

FAMILY = "equivalences"


@dataclass(frozen=True)
class Equated:
    """An equivalence's case: every quantity, between any two expressions in any two frameworks.

    Attributes:
        participants: names of frameworks that performed at least two expressions.
        outcomes: ``left`` and ``right`` are ``framework/expression``.
        missing: by expression and framework, the operations that keep it from taking part.
    """

    name: str
    case: str
    participants: tuple[str, ...]
    outcomes: tuple[Outcome, ...]
    missing: Mapping[str, Mapping[str, Sequence[str]]]

    @property
    def expected(self) -> bool:
        """Whether all agree, and there is a framework in which expressions were compared with each other."""
        return bool(self.inside) and all(outcome.expected for outcome in self.outcomes)

    @property
    def inside(self) -> list[Outcome]:
        """The comparisons of two expressions in one framework."""
        return [item for item in self.outcomes if item.right and framework(item.left) == framework(item.right)]

    def to_json(self) -> dict[str, Any]:
        """One case in what ``equivalence equivalences --json`` writes."""
        found: dict[str, Any] = jsonable(
            {
                "name": self.name,
                "case": self.case,
                "expected": self.expected,
                "participants": self.participants,
                "missing": self.missing,
                "comparisons": [outcome.to_json() for outcome in self.outcomes],
            }
        )
        return found


def framework(side: str) -> str:
    """Whose ``framework/expression`` it is."""
    return side.partition("/")[0]


def equate(
    runner: GraphRunner,
    equivalence: Equivalence,
    case: Case,
    *,
    dtypes: Sequence[str] = (),
    frameworks: Sequence[str] = (),
    seed: int = 0,
) -> Equated:
    """Run every expression in every framework, and compare every two; empty selections mean everything.

    Args:
        runner: runs graphs.
        equivalence: what is compared.
        case: one of its cases.
        dtypes: ``float32``, ``float64``.
        frameworks: names of adapters.
        seed: of all random values.
    """
    wanted = tuple(dict.fromkeys(dtypes or DTYPES))
    measured = {dtype: _sides(runner, equivalence, case, dtype, (frameworks, seed)) for dtype in {"float64", *wanted}}
    outcomes = [
        outcome
        for dtype in wanted
        for outcome in _outcomes(equivalence, case, dtype, (measured[dtype], measured["float64"]), seed)
    ]
    twice = [framework(side.name) for side in measured["float64"]]
    names = tuple(name for name in dict.fromkeys(twice) if twice.count(name) > 1)
    missing = {name: runner.missing(equivalence.graph(name)) for name in equivalence.expressions}
    return Equated(
        equivalence.name, case.id, names, tuple(outcomes), {name: found for name, found in missing.items() if found}
    )


def _sides(
    runner: GraphRunner, equivalence: Equivalence, case: Case, dtype: str, chosen: tuple[Sequence[str], int]
) -> list[Side]:
    frameworks, seed = chosen
    arrays, cotangents = _drawn(runner, equivalence, case, dtype, seed)
    found = []
    for name in equivalence.expressions:
        graph = equivalence.graph(name)
        who = [performer for performer in runner.performers(graph) if not frameworks or performer.name in frameworks]
        try:
            given = _given(runner, equivalence, name, (arrays, cotangents))
            sides = sides_of(runner, graph, who, dtype, given)
        except EquivalenceError as error:
            # Not even the reference performs it.
            sides = [Side(p.name, {}, {}, p.adapter.library or p.name, p.reference, error) for p in who]
        for side in sides:
            own = equivalence.quantities(name, list(side.values))
            values = {quantity: side.values[key] for quantity, key in own.items() if key in side.values}
            bounds = {quantity: side.bounds[key] for quantity, key in own.items() if key in side.bounds}
            found.append(replace(side, name=f"{side.name}/{name}", values=values, bounds=bounds))
    return found


def _given(
    runner: GraphRunner, equivalence: Equivalence, name: str, drawn: tuple[Arrays, Arrays]
) -> tuple[Arrays, Arrays]:
    """Arrays and cotangents of an expression."""
    arrays, cotangents = equivalence.given(name, *drawn)
    one = equivalence.expressions[name]
    if one.derivative:
        return arrays, {one.derivative: np.ones(())}
    if any(other.derivative for other in equivalence.expressions.values()):
        # Gradients stand for outputs, whose own gradients no framework's vector-Jacobian product gives.
        return arrays, {}
    outputs = runner.run(equivalence.graph(name), arrays, runner.registry.reference.name).outputs
    # Another shape is a difference in itself, and such outputs have no gradients along these cotangents.
    fits = all(np.shape(outputs[output]) == cotangent.shape for output, cotangent in cotangents.items())
    return arrays, cotangents if fits else {}


def _drawn(runner: GraphRunner, equivalence: Equivalence, case: Case, dtype: str, seed: int) -> tuple[Arrays, Arrays]:
    """Inputs, parameters and cotangents, the same for every expression."""
    graph = equivalence.graph(equivalence.first)
    arrays = {name: cast(array, dtype) for name, array in graph.draw(case, seed).items()}
    outputs = runner.run(graph, arrays, runner.registry.reference.name, dtype).outputs
    return arrays, random_cotangents(outputs, dtype, seed, graph.name, case.id)


def _outcomes(
    equivalence: Equivalence, case: Case, dtype: str, sides: tuple[Sequence[Side], Sequence[Side]], seed: int
) -> Iterator[Outcome]:
    here, wide = sides

    def outcome(
        names: tuple[str, str], quantity: str, found: Comparison, alone: str | None = None, log: str = ""
    ) -> Outcome:
        words = ["equivalence", "equivalences", equivalence.name, "--case", case.id, "--dtype", dtype]
        words += [word for name in dict.fromkeys(map(framework, names)) if name for word in ("-f", name)]
        return Outcome(
            operation=equivalence.name,
            family=FAMILY,
            case=case.id,
            left=names[0],
            right=names[1],
            dtype=dtype,
            quantity=quantity,
            comparison=found,
            stands_alone=alone,
            log=log,
            reproduce=shlex.join([*words, *(["--seed", str(seed)] if seed else [])]),
        )

    for side in here:
        if side.error is not None:
            compared = Comparison(verdict="error", reason=str(side.error))
            yield outcome((side.name, ""), "call", compared, log=str(getattr(side.error, "log", "")))
    working = [side for side in here if side.error is None]
    libraries = {framework(side.name): side.library for side in here}
    quantities = dict.fromkeys(quantity for side in working for quantity in side.values)
    for quantity in quantities:
        found = {
            (left.name, right.name): _judged((left, right), quantity, dtype, (working, wide))
            for left, right in combinations(working, 2)
        }
        alone = stands_alone({names: compared.verdict for names, compared in found.items()}, libraries)
        for names, compared in found.items():
            yield outcome(names, quantity, compared, alone)


def _judged(
    pair: tuple[Side, Side], quantity: str, dtype: str, sides: tuple[Sequence[Side], Sequence[Side]]
) -> Comparison:
    here, wide = sides
    if any(quantity not in side.values for side in pair):
        return Comparison(verdict="error", reason=f"one side has no {quantity}, because its shapes are others")
    exact = {side.name: side for side in wide if side.error is None}
    beside = (exact[pair[0].name], exact[pair[1].name]) if all(side.name in exact for side in pair) else None
    truth = next((side.values[quantity] for side in here if side.reference), None)
    if dtype == "float64":
        beside = truth = None
    return judge_sides(pair, quantity, dtype, beside, truth)
