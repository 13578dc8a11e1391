"""Checking a port: run the original and the ported layer on the same inputs and say whether they are one function."""

from __future__ import annotations

import shlex
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

from equivalence import portfile, registry, ties
from equivalence.answer import PortOutcome, Probe, worst
from equivalence.binding import DTYPES
from equivalence.comparison import TOLERANCES
from equivalence.diagnosis import diagnose
from equivalence.diagnosis.evidence import Evidence
from equivalence.engine import launch, packages
from equivalence.errors import EquivalenceError
from equivalence.given import ONLY_GIVEN, given_inputs
from equivalence.inputs import Array
from equivalence.model import ModelPort
from equivalence.observation import distance
from equivalence.operation_side import Bound, bind
from equivalence.pool import CALL_LIMIT, Pool, Request
from equivalence.port import Port
from equivalence.prober import Prober
from equivalence.probes import Plan, Setting, plan
from equivalence.registry import Registry
from equivalence.shrinking import smallest
from equivalence.sides import SIDES, Sides

_SAME = 1e-8

Progress = Callable[[str], None]


def check(
    port: Port | ModelPort, *, seed: int = 0, dtypes: Sequence[str] = DTYPES, timeout: float | None = None
) -> PortOutcome:
    """Say whether a ported layer, or a ported model, is the same function as its original.

    Args:
        port: the two layers, or models.
        seed: of all random values.
        dtypes: what to compare in; ``float16`` and ``bfloat16`` only if they are named.
        timeout: seconds a call of a layer may take.

    Raises:
        PortError: if the declaration cannot be used.
        UsageError: for a dtype that one of the frameworks does not compute in.
        StackError: if a layer's stack does not exist.
    """
    known = registry.load()
    with Pool(packages(known), limit=timeout or CALL_LIMIT) as pool:
        return Checker(known, pool, seed, dtypes).check(port)


def assert_equivalent(port: Port | ModelPort, **options: Any) -> None:
    """Raise :class:`AssertionError` with the answer's text unless the layers are equal; options as in :func:`check`."""
    __tracebackhide__ = True
    outcome = check(port, **options)
    if outcome.verdict != "equal":
        raise AssertionError(outcome.text())


class Checker:
    """Checks ports on a pool of workers."""

    def __init__(self, known: Registry, pool: Pool, seed: int = 0, dtypes: Sequence[str] = DTYPES) -> None:
        self.known, self.pool, self.seed, self.dtypes = known, pool, seed, tuple(dtypes or DTYPES)

    def check(
        self,
        port: Port | ModelPort,
        name: str | None = None,
        progress: Progress = lambda _: None,
        given: Mapping[str, Array] | None = None,
    ) -> PortOutcome:
        """Run every probe, explain what differs, and put the answer together.

        Args:
            port: the two layers, or models.
            name: the port's, if it is known.
            progress: is told what is being tried.
            given: arrays by the original's names and in its layout; then these are the only probe.

        Raises:
            PortError: if the declaration cannot be used.
            UsageError: for a dtype that one of the frameworks does not compute in, or arrays that do not fit.
            StackError: if a layer's stack does not exist.
        """
        if isinstance(port, ModelPort):
            from equivalence.models import ModelChecker  # noqa: PLC0415 - it checks layers with this

            return ModelChecker(self.known, self.pool, self.seed, self.dtypes).check(port, name, progress, given)
        name = name or port.name or portfile.variable(port)
        operation = self.known.operation(port.operation) if port.operation else None
        bound = bind(port, operation) if operation else None
        sides = Sides(port, self.known, self.pool, self.dtypes, self.seed)
        planned = Plan((), (ONLY_GIVEN,)) if given else plan(port, operation)
        prober = Prober(sides, self.dtypes)
        probes, remarks = [], []
        for inputs in given_inputs(port, given) if given else map(sides.inputs, _effects_first(planned)):
            progress(f"{name}: {inputs.setting.name}")
            probes += prober.probe(inputs.setting, inputs)
            if prober.lost:
                break
            if bound is not None:
                remarks.append(self._remark(port, bound, prober))
        remark = next((remark for remark in remarks if remark), "")
        order = {setting.name: place for place, setting in enumerate(planned.settings)}
        probes.sort(key=lambda probe: order.get(probe.kind, 0))
        strategies = {item.name: item.inputs.setting.data for item in prober.observed}
        probes = ties.excused(probes, strategies, ties.known(self.known, sides.frameworks))
        said = _answered(port, name, probes, self.seed, self.dtypes)
        if said["verdict"] == "different":
            progress(f"{name}: diagnosing")
            evidence = Evidence(
                sides,
                self.known,
                operation,
                prober.observed,
                coarse=prober.coarse,
                lower=prober.lower,
                effects=prober.effects,
            )
            try:
                said["diagnoses"] = diagnose(evidence, probes)
                progress(f"{name}: looking for a small example")
                said["smallest"] = smallest(evidence, probes)
            except Exception as error:  # noqa: BLE001 - a verdict is not lost over its explanation
                prober.warnings.append(f"the diagnosis failed, please report it: {type(error).__name__}: {error}")
        return PortOutcome(
            **said, remark=remark, warnings=[*prober.warnings, *_skipped(probes)], left_out=planned.left_out
        )

    def _remark(self, port: Port, bound: Bound, prober: Prober) -> str:
        """Whether each side is the named operation, on the last probe."""
        item = prober.observed[-1]
        if not item.complete or item.inputs.setting.data:
            return ""
        operation = bound.operation
        request = Request(
            {"object": operation.origin},
            bound.to_operation(port, item.inputs.arrays),
            list(operation.outputs),
            parameters=bound.settings({**port.parameters, **item.inputs.setting.parameters}),
        )
        try:
            outputs = bound.from_operation(
                port, self.pool.submit(launch(self.known.reference), request).result().outputs
            )
        except EquivalenceError as error:
            return f"The operation {operation.name} could not be computed on these inputs: {error}"
        tolerance = TOLERANCES["float32"] if prober.coarse else _SAME
        apart = [side for side in SIDES if distance(getattr(item, side).outputs, outputs) > tolerance]
        if not apart:
            return ""
        who = "Neither layer is" if len(apart) == len(SIDES) else f"The {apart[0]} layer is not"
        return f"{who} the operation {operation.name}."


def _effects_first(planned: Plan) -> list[Setting]:
    """A layer that draws random numbers decides nothing, and that has to be known before anything is judged."""
    return sorted(planned.settings, key=lambda setting: not setting.effects)


def _skipped(probes: Sequence[Probe]) -> list[str]:
    """What was left out because a row of data says it differs."""
    return list(dict.fromkeys(f"{probe.kind}: {probe.reason}" for probe in probes if probe.verdict == "skipped"))


def _answered(port: Port, name: str, probes: Sequence[Probe], seed: int, dtypes: Sequence[str]) -> dict[str, Any]:
    """The port's verdict, the probe that tells it, and the command that repeats the check."""
    # A probe on which both layers raise lies outside what they can do: it is shown, and counts only if none is left.
    counted = [probe for probe in probes if probe.verdict != "undecided" or probe.forward] or list(probes)
    verdict = worst([probe.verdict for probe in counted])
    telling = next(probe for probe in counted if probe.verdict == verdict)
    compared = [*telling.forward.values(), *telling.gradients.values()]
    reason = telling.reason or next(item.reason for item in compared if item.verdict == verdict)
    return {
        "name": name,
        "verdict": verdict,
        "forward": telling.forward,
        "gradients": telling.gradients,
        "probes": list(probes),
        "reason": f"{reason} (probe: {telling.name})",
        "reproduce": reproduce(port, name, seed, dtypes),
    }


def reproduce(port: Port | ModelPort, name: str, seed: int, dtypes: Sequence[str]) -> str:
    """The command that checks a port again."""
    file = Path(port.where[0])
    shown = file.relative_to(Path.cwd()) if file.is_relative_to(Path.cwd()) else file
    words = ["equivalence", "check", str(shown), "--only", name, *(["--seed", str(seed)] if seed else [])]
    words += [word for dtype in dtypes if tuple(dtypes) != DTYPES for word in ("--dtype", dtype)]
    return shlex.join(words)
