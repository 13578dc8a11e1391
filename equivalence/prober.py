"""Running both layers of a port on a probe, in every dtype, and judging what comes out."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from typing import Any

import numpy as np

from equivalence.answer import Probe, worst
from equivalence.comparison import FINITE_DIFFERENCES, TOLERANCES, Comparison, Verdict, largest
from equivalence.engine import random_cotangents
from equivalence.inputs import Array
from equivalence.nudging import ignores_digits, moved
from equivalence.observation import Observation, distance
from equivalence.port_judging import Precise, judge
from equivalence.probes import Setting
from equivalence.sides import SIDES, Inputs, Run, Sides

Arrays = Mapping[str, Array]

EVIDENCE = ("float64", "float32")
"""Dtypes that decide whether a difference is rounding, whether they were asked for or not."""

_NOT_ITS_FAULT = {"DeclarationError", "PortError"}
"""Exceptions that say the declaration is wrong, not the layer."""

_LOW = 1e-2
_COARSE = ("keras",)
"""Frameworks whose layers compute in float32 by default, whatever they are given."""


class Prober:
    """Runs probes and keeps what was observed.

    Attributes:
        observed: both layers in float64, or in the widest dtype there is, probe by probe.
        warnings: what weakens the answer.
        effects: what each side does beside returning outputs, if that differs.
        coarse: whether a side computes in float32 when asked for float64, as its framework does by default.
        lower: whether the ported layer computes in less than float64 although it was asked for it.
        lost: whether a worker died or did not answer; there is no use in asking it again.
    """

    def __init__(self, sides: Sides, dtypes: Sequence[str]) -> None:
        self.sides, self.dtypes = sides, tuple(dtypes)
        self.observed: list[Observation] = []
        self.warnings: list[str] = []
        self.effects: dict[str, Mapping[str, Any]] = {}
        self.coarse = False
        self.lost = False
        self.lower = False
        wanted = {*EVIDENCE, *dtypes} if set(EVIDENCE) & set(dtypes) else {*dtypes, "float64"}
        self._size = 0.0
        self._ordinary: dict[tuple[str, str], float] = {}
        self._movements: dict[tuple[str, str], Mapping[str, Mapping[str, float]]] = {}
        self._computed = [dtype for dtype in (*EVIDENCE, "bfloat16", "float16") if dtype in wanted]

    def probe(self, setting: Setting, given: Inputs | None = None) -> list[Probe]:
        """Run one probe, on drawn inputs or on those given: the verdict in each dtype that was asked for."""
        inputs = given or self.sides.inputs(setting)
        runs: dict[str, Mapping[str, Run]] = {}
        for dtype in self._computed:
            runs[dtype] = self.sides.run(inputs, dtype)
            if _lost(runs[dtype]):
                self.lost = True
                return [self._probe(setting, dtype, runs[dtype], {}, {})]
        wide = runs["float64"]
        self._look(wide)
        cotangents = inputs.cotangents or self._cotangents(wide["original"], setting)
        forward = self._judged({n: n for n in wide["original"].outputs}, runs, inputs, "outputs", {})
        gradients: dict[str, dict[str, Comparison]] = {dtype: {} for dtype in self._computed}
        if cotangents and self._differentiable(setting) and self._may_differentiate(runs, forward):
            differentiated = {dtype: self.sides.run(inputs, dtype, cotangents) for dtype in self._computed}
            if self._has_gradient(differentiated):
                runs = _with_gradients(runs, differentiated)
                if not _failed(runs["float64"]):
                    gradients = self._judged(self._names(runs["float64"]), runs, inputs, "gradients", cotangents)
        self.observed.append(Observation(inputs, **runs["float64"], cotangents=cotangents))
        return [
            self._probe(setting, dtype, runs[dtype], forward.get(dtype, {}), gradients.get(dtype, {}))
            for dtype in self.dtypes
        ]

    def _look(self, runs: Mapping[str, Run]) -> None:
        """Take down side effects, and whether float64 was really computed in."""
        for side, run in runs.items():
            dtypes = run.effects.get("dtypes", {}).values()
            narrow = any(dtype in ("float32", "float16", "bfloat16") for dtype in dtypes)
            self.coarse |= narrow and self.sides.frameworks[side] in _COARSE
            for name in run.effects.get("degenerate", ()):
                warning = (
                    f"{name} of the {side} layer holds a single value: equality is not proved for others; list it "
                    f"in parameters= to draw it anew"
                )
                self.warnings += [warning] if warning not in self.warnings else []
            seen = {kind: list(run.effects.get(kind, ())) for kind in ("mutated", "unrepeatable")}
            if any(seen.values()):
                self.effects[side] = seen

    def _cotangents(self, run: Run, setting: Setting) -> Mapping[str, Array]:
        state = run.effects.get("state", ())
        outputs = {name: array for name, array in run.outputs.items() if name not in state}
        drawn = random_cotangents(outputs, "float32", self.sides.seed, setting.name)
        return {name: array.astype(np.float64) for name, array in drawn.items()}

    def _differentiable(self, setting: Setting) -> bool:
        """Finite differences say something only where a function is smooth and its numbers are ordinary."""
        return setting.gradient and not (setting.data and "numpy" in self.sides.frameworks.values())

    def _may_differentiate(self, runs: Mapping[str, Mapping[str, Run]], forward: Mapping[str, Any]) -> bool:
        judged = [compared.verdict for found in forward.values() for compared in found.values()]
        return not any(_failed(pair) for pair in runs.values()) and "different" not in judged and bool(judged)

    def _has_gradient(self, runs: Mapping[str, Mapping[str, Run]]) -> bool:
        """Whether the original can be differentiated; if it cannot, there is nothing to be held to."""
        error = next((pair["original"].error for pair in runs.values() if pair["original"].error), None)
        if error is None:
            return True
        warning = f"the original layer cannot be differentiated here, so no gradient was compared: {error}"
        self.warnings += [warning] if warning not in self.warnings else []
        return False

    def _names(self, runs: Mapping[str, Run]) -> dict[str, str]:
        state = {name for run in runs.values() for name in run.effects.get("state", ())}
        kinds = self.sides.port.arguments
        return {name: name for name, kind in kinds.items() if kind.differentiable and name not in state}

    def _judged(
        self, names: Mapping[str, str], runs: Mapping[str, Mapping[str, Run]], inputs: Inputs, kind: str, given: Arrays
    ) -> dict[str, dict[str, Comparison]]:
        """By dtype and name, the verdicts on outputs or gradients."""
        found: dict[str, dict[str, Comparison]] = {dtype: {} for dtype in runs}
        usable = {dtype: pair for dtype, pair in runs.items() if not _failed(pair)}
        for name in names:
            pairs = {
                dtype: tuple(getattr(pair[side], kind)[name] for side in SIDES)
                for dtype, pair in usable.items()
                if all(name in getattr(pair[side], kind) for side in SIDES)
            }
            if not pairs:
                continue
            precise = self._precise(kind, name, pairs, inputs, given)
            if self._computes_lower(kind, pairs, inputs):
                self.lower, precise = True, replace(precise, lower=True)
            judged = judge(name, pairs, precise)
            for dtype, compared in judged.items():
                found[dtype][name] = compared
        return found

    def _computes_lower(self, kind: str, pairs: Mapping[str, Any], inputs: Inputs) -> bool:
        """Whether a small difference in float64 is that of a lower precision."""
        if kind != "outputs" or self.coarse or inputs.setting.data or "float64" not in pairs:
            return False
        apart = distance(*({"": side} for side in pairs["float64"]))
        return TOLERANCES["float64"] < apart <= _LOW and ignores_digits(self.sides, inputs)

    def _precise(self, kind: str, name: str, pairs: Mapping[str, Any], inputs: Inputs, given: Arrays) -> Precise:
        """What is known of the arithmetic behind a quantity; ordinary probes come first and tell how large it is."""
        size = max((largest(array) for array in inputs.arrays.values()), default=0.0)
        if not inputs.setting.data and "float64" in pairs:
            self._ordinary[kind, name] = max(self._ordinary.get((kind, name), 0.0), largest(pairs["float64"][0]))
            self._size = max(self._size, size)
        # The terms of a gradient are products of two arguments, both of which may be larger here.
        growth = max(1.0, size / self._size) ** 2 if kind == "gradients" and self._size else 1.0
        numpy = kind == "gradients" and "numpy" in self.sides.frameworks.values()
        return Precise(
            FINITE_DIFFERENCES if numpy else 0.0,
            coarse=self.coarse,
            ordinary=growth * self._ordinary.get((kind, name), 0.0),
            moved=lambda: {dtype: found.get(name, 0.0) for dtype, found in self._moved(inputs, given, kind).items()},
        )

    def _moved(self, inputs: Inputs, given: Arrays, kind: str) -> Mapping[str, Mapping[str, float]]:
        key = inputs.setting.name, kind
        if key not in self._movements:
            self._movements[key] = moved(self.sides, inputs, given, kind)
        return self._movements[key]

    def _probe(
        self,
        setting: Setting,
        dtype: str,
        runs: Mapping[str, Run],
        forward: Mapping[str, Comparison],
        gradients: Mapping[str, Comparison],
    ) -> Probe:
        said: dict[str, Any] = {"name": f"{setting.name}, {dtype}", "dtype": dtype, "sizes": setting.sizes}
        if any(run.error for run in runs.values()):
            verdict, reason, log = _raised(runs)
            return Probe(verdict=verdict, reason=reason, log=log, **said)
        if misfit := next((run.misfit for run in runs.values() if run.misfit), ""):
            return Probe(verdict="different", reason=misfit, forward=forward, **said)
        verdict = worst([item.verdict for item in (*forward.values(), *gradients.values())])
        reason = ""
        if again := self.effects.get("original", {}).get("unrepeatable"):
            verdict, reason = "undecided", f"the original returns other {_listed(again)} when called again"
        elif setting.effects and verdict == "equal":
            verdict, reason = self._effects()
        return Probe(verdict=verdict, reason=reason, forward=forward, gradients=gradients, **said)

    def _effects(self) -> tuple[Verdict, str]:
        """The verdict on what the layers do beside returning outputs."""
        original, ported = (self.effects.get(side, {"mutated": [], "unrepeatable": []}) for side in SIDES)
        if ported["unrepeatable"]:
            return "different", f"the ported layer returns other {_listed(ported['unrepeatable'])} when called again"
        if alone := set(ported["mutated"]) - set(original["mutated"]):
            return "different", f"the ported layer changes its argument {_listed(sorted(alone))}"
        return "equal", ""


def _lost(runs: Mapping[str, Run]) -> bool:
    return any(run.error is not None and run.error.kind != "raised" for run in runs.values())


def _failed(runs: Mapping[str, Run]) -> bool:
    return any(run.error or run.misfit for run in runs.values())


def _with_gradients(
    runs: Mapping[str, Mapping[str, Run]], differentiated: Mapping[str, Mapping[str, Run]]
) -> dict[str, Mapping[str, Run]]:
    """The second runs, which have gradients, with what only the first were asked for."""
    return {
        dtype: {
            side: Run(run.outputs, run.gradients, {**runs[dtype][side].effects, **run.effects}, run.misfit, run.error)
            for side, run in pair.items()
        }
        for dtype, pair in differentiated.items()
    }


def _raised(runs: Mapping[str, Run]) -> tuple[Verdict, str, str]:
    """The verdict on a probe on which a side, or both, gave nothing."""
    raised = {side: run.error for side, run in runs.items() if run.error}
    side, error = next(iter(raised.items()))
    for name, other in raised.items():
        if other.kind != "raised" or other.raised["type"] in _NOT_ITS_FAULT:
            return "error", f"the {name} layer: {other}", other.log
    if len(raised) == len(SIDES):
        return "undecided", f"both layers raise here: {error}", error.log
    line = f" at {error.raised['line']}" if error.raised["line"] else ""
    reason = f"only the {side} layer raises{line}: {error.raised['type']}: {error.raised['message']}"
    return "different", reason, error.log


def _listed(names: Iterable[str]) -> str:
    return ", ".join(names)
