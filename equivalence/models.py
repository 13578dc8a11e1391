"""Checking whole models: both side by side, one layer after the other, and the first layer that differs by itself."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace

from equivalence import portfile
from equivalence.answer import Probe, worst
from equivalence.binding import DTYPES
from equivalence.checking import Checker, reproduce
from equivalence.errors import PortError, WorkerError
from equivalence.given import given_inputs
from equivalence.model import ModelPort
from equivalence.modelling.anatomy import Anatomy
from equivalence.modelling.causes import Cause, cause
from equivalence.modelling.stretches import Stretch, Whole, at
from equivalence.modelling.telling import LayerRow, ModelOutcome, gravest
from equivalence.modelling.walking import Arrays, Progress, Walk, Walker
from equivalence.pool import Pool
from equivalence.port import Port
from equivalence.probes import plan
from equivalence.registry import Registry
from equivalence.sides import SIDES, Inputs, exact

BATCHES = 2
"""How many batches of random inputs go through both models."""


class ModelChecker:
    """Checks ports of whole models on a pool of workers; holds the activations of one layer at a time."""

    def __init__(self, known: Registry, pool: Pool, seed: int = 0, dtypes: Sequence[str] = DTYPES) -> None:
        self._known, self._pool, self._seed, self._dtypes = known, pool, seed, tuple(dtypes or DTYPES)
        self._walker = Walker(known, pool, seed, self._dtypes)

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
        stretches = self._walker.joined(whole, anatomy, anatomy.stretches(), first)
        walk = Walk()
        ended: list[Probe] = []
        for batch in range(1 if given else BATCHES):
            for inputs in batches(batch):
                ended += self._walker.through(
                    whole, stretches, inputs, batch, walk, lambda words: progress(f"{name}: {words}")
                )
        return self._answer(whole, anatomy, stretches, walk, ended, progress)

    def _batches(self, planned: Port, given: Arrays | None) -> Callable[[int], Sequence[Inputs]]:
        if given is not None:
            return lambda _: list(given_inputs(planned, given))
        setting = replace(plan(planned).settings[0], effects=False)
        sides = self._walker.sides(planned)
        return lambda batch: [sides.inputs(setting, self._seed + batch)]

    def _anatomy(self, whole: Whole, inputs: Inputs) -> Anatomy:
        port = whole.port
        try:
            told = self._walker.sides(whole.as_port((whole.batch, whole.batch))).anatomy(inputs)
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
            tuple(told[side]["layers"] for side in SIDES),
            tuple(told[side]["chain"] for side in SIDES),
            raised,
        )

    def _answer(
        self,
        whole: Whole,
        anatomy: Anatomy,
        stretches: Sequence[Stretch],
        walk: Walk,
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
            left_out=_left_out(whole),
            layers=rows,
            first=first,
        )

    def _cause(self, whole: Whole, anatomy: Anatomy, walk: Walk, progress: Progress) -> Cause:
        assert walk.failing is not None
        stretch, port, given = walk.failing
        checker = Checker(self._known, self._pool, self._seed, self._dtypes)
        return cause(checker, whole, anatomy.anchor(stretch), port, exact(given), progress)


def _reason(first: LayerRow | None, rows: Sequence[LayerRow], telling: Probe) -> str:
    if first is not None:
        return f"the first layers that differ: {first.title}: {first.alone.reason}"
    if telling.verdict == "equal":
        pairs = "the pair of layers" if len(rows) == 1 else f"the {len(rows)} pairs of layers"
        return f"{pairs}, and the models end to end, are equal"
    compared = [*telling.forward.values(), *telling.gradients.values()]
    return telling.reason or next((item.reason for item in compared if item.verdict == telling.verdict), "")


def _left_out(whole: Whole) -> list[str]:
    sizes = ", ".join(f"{letter}={size}" for letter, size in whole.sizes.items())
    numpy = "numpy" in (whole.port.original.framework, whole.port.ported.framework)
    return [
        f"The models are tried at one choice of sizes, {sizes}, on {BATCHES} batches of ordinary values.",
        *(["Gradients are not compared, which a NumPy model has as differences only."] if numpy else []),
        "Training mode is not tried.",
    ]
