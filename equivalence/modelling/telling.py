"""The answer to the check of whole models: that of a port, with a row for each layer."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from equivalence.answer import PortOutcome, Probe, worst
from equivalence.comparison import Comparison, Verdict, jsonable


@dataclass(frozen=True, kw_only=True)
class Measured:
    """How two layers, or two models up to there, compare.

    Attributes:
        error: the largest difference; none where nothing could be compared.
    """

    verdict: Verdict
    error: float | None
    reason: str

    def to_json(self) -> dict[str, Any]:
        """Plain data."""
        return {"verdict": self.verdict, "error": jsonable(self.error), "reason": self.reason}

    def __str__(self) -> str:
        return f"{self.verdict} ({'-' if self.error is None else f'{self.error:.2g}'})"


@dataclass(frozen=True, kw_only=True)
class LayerRow:
    """Corresponding layers of two models.

    Attributes:
        original: the original's layers.
        ported: the ported model's.
        alone: how they compare where both are given the original's activations.
        end_to_end: how the models compare behind them, each on its own activations.
    """

    original: Sequence[str]
    ported: Sequence[str]
    alone: Measured
    end_to_end: Measured

    @property
    def title(self) -> str:
        """Both sides' layers in words."""
        return " / ".join(" + ".join(names) or "the rest" for names in (self.original, self.ported))

    def to_json(self) -> dict[str, Any]:
        """One entry of a model's ``layers``."""
        return {
            "original": list(self.original),
            "ported": list(self.ported),
            "with_original_activations": self.alone.to_json(),
            "end_to_end": self.end_to_end.to_json(),
        }


@dataclass(frozen=True, kw_only=True)
class ModelOutcome(PortOutcome):
    """Whether a ported model is the same function as its original, and which layer is the first that is not.

    It is the outcome of a port: ``forward`` compares the models' outputs, ``diagnoses`` are those of the first layers
    that differ.

    Attributes:
        layers: a row for each pair of layers, in order.
        first: the first pair that differs, if one does.
    """

    layers: Sequence[LayerRow] = ()
    first: LayerRow | None = None

    def to_json(self) -> dict[str, Any]:
        """One entry of ``models`` in the contract's JSON."""
        first = self.first
        return {
            **super().to_json(),
            "layers": [row.to_json() for row in self.layers],
            "first_difference": first and {"original": list(first.original), "ported": list(first.ported)},
        }

    def text(self) -> str:
        """Several lines for a person: those of a port, and the layers as a table."""
        first, *rest = super().text().split("\n")
        return "\n".join([first, *(f"  {line}" for line in self._table()), *rest])

    def _table(self) -> list[str]:
        head = ("layers (original / ported)", "with the original's activations", "end to end")
        lines = [head, *((row.title, str(row.alone), str(row.end_to_end)) for row in self.layers)]
        wide = [max(len(line[k]) for line in lines) for k in range(2)]
        return ["  ".join([line[0].ljust(wide[0]), line[1].ljust(wide[1]), line[2]]) for line in lines]


def of_probes(probes: Sequence[Probe]) -> Measured:
    """What came out of probes of one pair of layers."""
    verdict = worst([probe.verdict for probe in probes])
    telling = [probe for probe in probes if probe.verdict == verdict]
    compared = [item for probe in telling for item in (*probe.forward.values(), *probe.gradients.values())]
    reasons = [*(probe.reason for probe in telling), *(item.reason for item in compared if item.verdict == verdict)]
    return Measured(
        verdict=verdict,
        error=_largest([item for item in compared if item.verdict == verdict]),
        reason=next((reason for reason in reasons if reason), ""),
    )


def of_comparisons(found: Sequence[Comparison]) -> Measured:
    """What came out of comparisons of one place in both models."""
    verdict = worst([item.verdict for item in found])
    telling = [item for item in found if item.verdict == verdict]
    return Measured(verdict=verdict, error=_largest(telling), reason=next((item.reason for item in telling), ""))


def gravest(found: Sequence[Measured]) -> Measured:
    """The gravest of several, and of these the largest."""
    verdict = worst([item.verdict for item in found])
    return max((item for item in found if item.verdict == verdict), key=lambda item: item.error or 0.0)


def _largest(compared: Sequence[Comparison]) -> float | None:
    return max((item.max_abs for item in compared if item.max_abs is not None), default=None)
