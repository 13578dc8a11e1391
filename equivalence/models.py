"""Checking whole models: both side by side, one layer after the other, and the first layer that differs by itself."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from equivalence import axes as _axes
from equivalence import portfile
from equivalence.answer import Probe, worst
from equivalence.binding import DTYPES
from equivalence.checking import Checker, reproduce
from equivalence.errors import PortError, WorkerError
from equivalence.given import given_inputs
from equivalence.inputs import Array
from equivalence.model import ModelPort
from equivalence.modelling.anatomy import Anatomy
from equivalence.modelling.causes import Cause, cause
from equivalence.modelling.stretches import Stretch, Whole, at
from equivalence.modelling.telling import LayerRow, Measured, ModelOutcome, gravest, of_comparisons, of_probes
from equivalence.observation import distance
from equivalence.operation import OUTPUT
from equivalence.pool import Pool
from equivalence.port import Port
from equivalence.port_judging import Precise, judge
from equivalence.prober import EVIDENCE, Prober
from equivalence.probes import Setting, plan
from equivalence.registry import Registry
from equivalence.sides import SIDES, Inputs, Sides, exact

BATCHES = 2
"""How many batches of random inputs go through both models."""

_DIFFERENTIATED = 100_000
"""Up to so many numbers that a layer takes, its gradient is compared."""

_SAME = 1e-6
_COARSELY = 1e-3
_X = "x"

Arrays = Mapping[str, Array]
Progress = Callable[[str], None]


@dataclass
class _Walk:
    """What came out so far.

    Attributes:
        alone: by stretch, where both sides were given the original's activations.
        ends: by stretch, of both models up to there.
        failing: the first stretch that differs, as a port, and what it was given.
    """

    alone: dict[tuple[Sequence[str], ...], list[Measured]] = field(default_factory=dict)
    ends: dict[tuple[Sequence[str], ...], list[Measured]] = field(default_factory=dict)
    probes: list[Probe] = field(default_factory=list)
    warnings: list[str] = field(default_factory=list)
    failing: tuple[Stretch, Port, Arrays] | None = None
    coarse: bool = False


class ModelChecker:
    """Checks ports of whole models on a pool of workers; holds the activations of one layer at a time."""

    def __init__(self, known: Registry, pool: Pool, seed: int = 0, dtypes: Sequence[str] = DTYPES) -> None:
        self._known, self._pool, self._seed, self._dtypes = known, pool, seed, tuple(dtypes or DTYPES)

    def check(
        self,
        port: ModelPort,
        name: str | None = None,
        progress: Progress = lambda _: None,
        given: Arrays | None = None,
    ) -> ModelOutcome:
        """Walk through both models, explain the first layers that differ, and put the answer together.

        Args:
            port: the two models.
            name: the port's, if it is known.
            progress: is told what is being tried.
            given: inputs by the original's names and in its layout, in place of random ones.

        Raises:
            PortError: if the declaration cannot be used, or its layers do not correspond.
            UsageError: for a dtype that one of the frameworks does not compute in, or arrays that do not fit.
            StackError: if a model's stack does not exist.
        """
        name = name or port.name or portfile.variable(port)
        progress(f"{name}: taking the models apart")
        unsized = Whole(port, name)
        planned = unsized.as_port((unsized.batch, unsized.batch))
        batches = self._batches(planned, given)
        first = next(iter(batches(0)))
        names = tuple([pair[side] for pair in port.layers or ()] for side in range(len(SIDES)))
        whole = at(unsized, first.setting.sizes, names)  # type: ignore[arg-type]
        anatomy = self._anatomy(whole, first)
        stretches = self._joined(whole, anatomy, anatomy.stretches(), first)
        walk = _Walk()
        ended: list[Probe] = []
        for batch in range(1 if given else BATCHES):
            for inputs in batches(batch):
                ended += self._through(
                    whole, stretches, inputs, batch, walk, lambda words: progress(f"{name}: {words}")
                )
        return self._answer(whole, anatomy, stretches, walk, ended, progress)

    def _batches(self, planned: Port, given: Arrays | None) -> Callable[[int], Sequence[Inputs]]:
        if given is not None:
            return lambda _: list(given_inputs(planned, given))
        setting = replace(plan(planned).settings[0], effects=False)
        sides = self._sides(planned)
        return lambda batch: [sides.inputs(setting, self._seed + batch)]

    def _sides(self, port: Port) -> Sides:
        return Sides(port, self._known, self._pool, self._dtypes, self._seed)

    def _anatomy(self, whole: Whole, inputs: Inputs) -> Anatomy:
        port = whole.port
        try:
            told = self._sides(whole.as_port((whole.batch, whole.batch))).anatomy(inputs)
        except WorkerError as error:
            raise PortError(port.say("the models"), fix=str(error)) from error
        raised = tuple(told[side]["raised"] for side in SIDES)
        if all(raised):
            raise PortError(
                port.say("the models"),
                expected=f"models that take inputs of these sizes, {dict(inputs.setting.sizes)}",
                got=f"{raised[0]} (the original), {raised[1]} (the ported model)",
                fix="Give the sizes of the inputs: ModelPort(sizes={...}).",
            )
        return Anatomy(
            port,
            tuple(told[side]["layers"] for side in SIDES),  # type: ignore[arg-type]
            tuple(told[side]["chain"] for side in SIDES),  # type: ignore[arg-type]
            raised,  # type: ignore[arg-type]
        )

    def _joined(self, whole: Whole, anatomy: Anatomy, stretches: list[Stretch], inputs: Inputs) -> list[Stretch]:
        """Stretches joined where a model's data passes around the layer between them."""
        for side in (0, 1):
            if not anatomy.chain[side] and not anatomy.raised[side]:
                stretches = self._joined_on(SIDES[side], whole, stretches, inputs)
        return stretches

    def _joined_on(self, side: str, whole: Whole, stretches: list[Stretch], inputs: Inputs) -> list[Stretch]:
        found: list[Stretch] = []
        given: Arrays = inputs.arrays
        for stretch in stretches:
            upto = Stretch(None, stretch.after, stretch.names)
            true = self._output(side, whole.stretch(upto, inputs.arrays), inputs.arrays, inputs.setting)
            step = self._output(side, whole.stretch(stretch, given), given, inputs.setting) if found else true
            if found and true is not None and (step is None or distance({_X: step}, {_X: true}) > _COARSELY):
                if whole.port.layers is not None:
                    around = stretch.before.layers[SIDES.index(side)] if stretch.before else ""
                    raise PortError(
                        whole.port.say(f"layers, {around}"),
                        expected=f"a layer of the {side} model through which all its data passes",
                        got=f"one that other data passes around, to {stretch.title}",
                        fix="Leave the pair out.",
                    )
                joined = found.pop().with_next(stretch)
                found.append(joined)
            else:
                found.append(stretch)
            if true is not None:
                given = {_X: true}
        return found

    def _output(self, side: str, port: Port, given: Arrays, setting: Setting) -> Array | None:
        """What one side gives for this, in float64; none if it raises."""
        run = self._sides(port).run(Inputs(_named(setting, port, given), given), sides=[side])[side]
        return None if run.error or run.misfit else run.outputs[OUTPUT]

    def _through(
        self, whole: Whole, stretches: list[Stretch], inputs: Inputs, batch: int, walk: _Walk, say: Progress
    ) -> list[Probe]:
        """Send one batch through both models; what came out at their ends."""
        chain: dict[tuple[str, str], Arrays | str] = {
            (side, dtype): inputs.arrays for side in SIDES for dtype in EVIDENCE
        }
        place = 0
        while place < len(stretches):
            given = chain["original", "float64"]
            if isinstance(given, str):
                break
            stretch = stretches[place]
            say(f"{stretch.title}, batch {batch + 1}")
            port = whole.stretch(stretch, given)
            prober, probes = self._fed(stretch.title, port, given, inputs.setting, batch)
            if worst([probe.verdict for probe in probes]) != "equal" and place + 1 < len(stretches):
                joined = stretch.with_next(stretches[place + 1])
                if self._agrees(whole.stretch(joined, given), given, inputs.setting, batch):
                    # What they hand over is arranged in another way, and both take it as it is: no difference.
                    stretches[place : place + 2] = [joined]
                    continue
            self._note(walk, stretch, port, given, prober, probes)
            del prober, given
            chain = self._advanced(port, chain, inputs.setting)
            walk.ends.setdefault(stretch.names, []).append(self._ends(chain, coarse=walk.coarse))
            place += 1
        return self._whole(whole, stretches, inputs, batch, chain)

    def _fed(self, title: str, port: Port, given: Arrays, setting: Setting, batch: int) -> tuple[Prober, list[Probe]]:
        """Both layers on the original's activations."""
        named = replace(
            _named(setting, port, given),
            name=f"{title}, batch {batch + 1}",
            gradient="numpy" not in (port.original.framework, port.ported.framework)
            and sum(array.size for array in given.values()) <= _DIFFERENTIATED,
            effects=batch == 0,
        )
        prober = Prober(self._sides(port), self._dtypes)
        return prober, prober.probe(named, Inputs(named, exact(given)))

    def _agrees(self, port: Port, given: Arrays, setting: Setting, batch: int) -> bool:
        return worst([probe.verdict for probe in self._fed(port.name or "", port, given, setting, batch)[1]]) == "equal"

    def _note(
        self, walk: _Walk, stretch: Stretch, port: Port, given: Arrays, prober: Prober, probes: Sequence[Probe]
    ) -> None:
        found = of_probes(probes)
        walk.alone.setdefault(stretch.names, []).append(found)
        walk.probes += probes
        walk.coarse |= prober.coarse
        walk.warnings += [f"{stretch.title}: {warning.partition('; list it')[0]}" for warning in prober.warnings]
        if found.verdict == "different" and walk.failing is None:
            walk.failing = stretch, port, given

    def _advanced(
        self, port: Port, chain: Mapping[tuple[str, str], Arrays | str], setting: Setting
    ) -> dict[tuple[str, str], Arrays | str]:
        """The activations behind a stretch, each side's from its own."""
        sides, found = self._sides(port), dict[tuple[str, str], Arrays | str]()
        for (side, dtype), given in chain.items():
            if isinstance(given, str):
                found[side, dtype] = given
                continue
            run = sides.run(Inputs(_named(setting, port, given), given), dtype, sides=[side])[side]
            failed = f"the {side} model: {run.error}" if run.error else run.misfit
            found[side, dtype] = failed or {_X: run.outputs[OUTPUT]}
        return found

    def _ends(self, chain: Mapping[tuple[str, str], Arrays | str], *, coarse: bool) -> Measured:
        """How the two models compare at one place."""
        failed = next((given for given in chain.values() if isinstance(given, str)), None)
        if failed is not None:
            return Measured(verdict="different", error=None, reason=failed)
        pairs = {dtype: tuple(chain[side, dtype][_X] for side in SIDES) for dtype in EVIDENCE}  # type: ignore[index]
        judged = judge("the output", pairs, Precise(coarse=coarse))  # type: ignore[arg-type]
        return of_comparisons(
            [found for dtype, found in judged.items() if dtype in self._dtypes] or [judged["float64"]]
        )

    def _whole(
        self,
        whole: Whole,
        stretches: Sequence[Stretch],
        inputs: Inputs,
        batch: int,
        chain: Mapping[tuple[str, str], Arrays | str],
    ) -> list[Probe]:
        """Both models as they are, from their inputs to their outputs."""
        port = whole.as_port(stretches[-1].after.axes)
        setting = replace(inputs.setting, name=f"end to end, batch {batch + 1}", effects=False)
        numpy = "numpy" in (port.original.framework, port.ported.framework)
        prober = Prober(self._sides(port), self._dtypes)
        probes = prober.probe(replace(setting, gradient=not numpy), Inputs(setting, inputs.arrays))
        for item in prober.observed[-1:] if prober.observed else ():
            for side in SIDES:
                run, steps = getattr(item, side), chain[side, "float64"]
                if run.error or isinstance(steps, str):
                    continue
                apart = distance({_X: run.outputs[OUTPUT]}, steps)
                if apart > (_COARSELY if prober.coarse else _SAME):
                    raise PortError(
                        whole.port.say(f"the {side} model"),
                        expected="a model that is its layers, one after the other",
                        got=f"one whose output is {apart:.2g} away from that",
                        fix="Give a list of named layers, or pair layers through which all data passes.",
                    )
        return probes

    def _answer(
        self,
        whole: Whole,
        anatomy: Anatomy,
        stretches: Sequence[Stretch],
        walk: _Walk,
        ended: Sequence[Probe],
        progress: Progress,
    ) -> ModelOutcome:
        rows = [
            LayerRow(
                original=stretch.names[0],
                ported=stretch.names[1],
                alone=gravest(walk.alone[stretch.names]),
                end_to_end=gravest(walk.ends[stretch.names]),
            )
            for stretch in stretches
            if stretch.names in walk.alone
        ]
        verdict = worst([*(row.alone.verdict for row in rows), *(probe.verdict for probe in ended)])
        first = next((row for row in rows if row.alone.verdict == verdict != "equal"), None)
        telling = next((probe for probe in ended if probe.verdict == verdict), ended[0])
        found = self._cause(whole, anatomy, walk, progress) if verdict == "different" and walk.failing else None
        return ModelOutcome(
            name=whole.name,
            verdict=verdict,
            forward=telling.forward,
            gradients=telling.gradients,
            probes=[*walk.probes, *ended],
            reason=_reason(first, rows, telling),
            reproduce=reproduce(whole.port, whole.name, self._seed, self._dtypes),
            remark=found.remark if found else "",
            diagnoses=found.diagnoses if found else (),
            warnings=list(dict.fromkeys(walk.warnings)),
            left_out=_left_out(whole, stretches),
            layers=rows,
            first=first,
        )

    def _cause(self, whole: Whole, anatomy: Anatomy, walk: _Walk, progress: Progress) -> Cause:
        assert walk.failing is not None
        stretch, port, given = walk.failing
        checker = Checker(self._known, self._pool, self._seed, self._dtypes)
        return cause(checker, whole, anatomy.anchor(stretch), port, exact(given), progress)


def _named(setting: Setting, port: Port, given: Arrays) -> Setting:
    """A setting at the sizes of what a stretch is given."""
    sizes: dict[str, Any] = {}
    for name, array in given.items():
        for axis, size in zip(_axes.names(port.arguments[name].axes), array.shape, strict=True):
            sizes[axis.rstrip("'")] = size
    return replace(setting, sizes=sizes)


def _reason(first: LayerRow | None, rows: Sequence[LayerRow], telling: Probe) -> str:
    if first is not None:
        return f"the first layers that differ: {first.title}: {first.alone.reason}"
    if telling.verdict == "equal":
        pairs = "the pair of layers" if len(rows) == 1 else f"the {len(rows)} pairs of layers"
        return f"{pairs}, and the models end to end, are equal"
    compared = [*telling.forward.values(), *telling.gradients.values()]
    return telling.reason or next((item.reason for item in compared if item.verdict == telling.verdict), "")


def _left_out(whole: Whole, stretches: Sequence[Stretch]) -> list[str]:
    sizes = ", ".join(f"{letter}={size}" for letter, size in whole.sizes.items())
    return [
        f"The models are tried at one choice of sizes, {sizes}, on {BATCHES} batches of ordinary values.",
        "Training mode is not tried.",
    ]
