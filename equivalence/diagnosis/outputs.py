"""Hypotheses about what becomes of the outputs: factors, activations, another order, the numbers of other steps."""

from __future__ import annotations

from collections.abc import Iterator

from equivalence.diagnosis import borders, functions, orders, ratios, sequences
from equivalence.diagnosis.evidence import Evidence
from equivalence.diagnosis.hypothesis import Hypothesis
from equivalence.diagnosis.spots import View


def hypotheses(evidence: Evidence) -> Iterator[Hypothesis]:
    """Functions of the original's outputs, ratios to them, orders of their numbers; steps, slices and borders."""
    view = View(evidence)
    yield from functions.hypotheses(view)
    yield from ratios.hypotheses(view)
    yield from orders.hypotheses(view)
    yield from sequences.hypotheses(view)
    yield from borders.hypotheses(view)
