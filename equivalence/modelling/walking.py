"""Walking through two models side by side, one stretch after the other, with the activations of one layer in hand."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from equivalence import axes as _axes
from equivalence.answer import Probe, worst
from equivalence.errors import PortError
from equivalence.inputs import Array
from equivalence.modelling.anatomy import Anatomy
from equivalence.modelling.stretches import Stretch, Whole
from equivalence.modelling.telling import Measured, of_comparisons, of_probes
from equivalence.observation import distance
from equivalence.operation import OUTPUT
from equivalence.pool import Pool
from equivalence.port import Port
from equivalence.port_judging import Precise, judge
from equivalence.prober import EVIDENCE, Prober
from equivalence.probes import Setting
from equivalence.registry import Registry
from equivalence.sides import SIDES, Inputs, Sides, exact

Arrays = Mapping[str, Array]
Progress = Callable[[str], None]

_DIFFERENTIATED = 100_000
"""Up to so many numbers that a layer takes, its gradient is compared."""

_SAME = 1e-6
_COARSELY = 1e-3
_X = "x"


@dataclass
class Walk:
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


class Walker:
    """Runs stretches of two models on a pool of workers."""

    def __init__(self, known: Registry, pool: Pool, seed: int, dtypes: Sequence[str]) -> None:
        self._known, self._pool, self._seed, self._dtypes = known, pool, seed, tuple(dtypes)

    def sides(self, port: Port) -> Sides:
        """Both layers of a stretch, ready to be run."""
        return Sides(port, self._known, self._pool, self._dtypes, self._seed)

    def joined(self, whole: Whole, anatomy: Anatomy, stretches: list[Stretch], inputs: Inputs) -> list[Stretch]:
        """Stretches joined where a model's data passes around the layer between them."""
        for side in (0, 1):
            if not anatomy.chain[side] and not anatomy.raised[side]:
                stretches = self._joined_on(SIDES[side], whole, stretches, inputs)
        return stretches

    def _joined_on(self, side: str, whole: Whole, stretches: Sequence[Stretch], inputs: Inputs) -> list[Stretch]:
        found: list[Stretch] = []
        for stretch in stretches:
            joined = stretch
            while joined.before is not None and not self._follows(side, whole, joined, inputs):
                if whole.port.layers is not None:
                    raise PortError(
                        whole.port.say(f"layers, {joined.before.layers[SIDES.index(side)]}"),
                        expected=f"a layer of the {side} model through which all its data passes",
                        got=f"one that other data passes around, to {joined.title}",
                        fix="Leave the pair out.",
                    )
                joined = found.pop().with_next(joined)
            found.append(joined)
        return found

    def _follows(self, side: str, whole: Whole, stretch: Stretch, inputs: Inputs) -> bool:
        """Whether what a side gives behind a stretch follows from what it gives before it, and from nothing else."""
        assert stretch.before is not None
        given, true = (
            self._output(
                side, whole.stretch(Stretch(None, cut, ((), ())), inputs.arrays), inputs.arrays, inputs.setting
            )
            for cut in (stretch.before, stretch.after)
        )
        if given is None or true is None:
            return True
        step = self._output(side, whole.stretch(stretch, {_X: given}), {_X: given}, inputs.setting)
        return step is not None and distance({_X: step}, {_X: true}) <= _COARSELY

    def _output(self, side: str, port: Port, given: Arrays, setting: Setting) -> Array | None:
        """What one side gives for this, in float64; none if it raises."""
        run = self.sides(port).run(Inputs(_named(setting, port, given), given), sides=[side])[side]
        return None if run.error or run.misfit else run.outputs[OUTPUT]

    def through(
        self, whole: Whole, stretches: list[Stretch], inputs: Inputs, batch: int, walk: Walk, say: Progress
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
        prober = Prober(self.sides(port), self._dtypes)
        return prober, prober.probe(named, Inputs(named, exact(given)))

    def _agrees(self, port: Port, given: Arrays, setting: Setting, batch: int) -> bool:
        return worst([probe.verdict for probe in self._fed(port.name or "", port, given, setting, batch)[1]]) == "equal"

    def _note(
        self, walk: Walk, stretch: Stretch, port: Port, given: Arrays, prober: Prober, probes: Sequence[Probe]
    ) -> None:
        found = of_probes(probes)
        walk.alone.setdefault(stretch.names, []).append(found)
        walk.probes += probes
        walk.coarse |= prober.coarse
        walk.warnings += _constant(stretch, prober.warnings)
        if found.verdict == "different" and walk.failing is None:
            walk.failing = stretch, port, given

    def _advanced(
        self, port: Port, chain: Mapping[tuple[str, str], Arrays | str], setting: Setting
    ) -> dict[tuple[str, str], Arrays | str]:
        """The activations behind a stretch, each side's from its own."""
        sides, found = self.sides(port), dict[tuple[str, str], Arrays | str]()
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
        prober = Prober(self.sides(port), self._dtypes)
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


def _constant(stretch: Stretch, warnings: Sequence[str]) -> list[str]:
    """One sentence on the parameters of a stretch that hold a single value."""
    own = tuple(f"model.{name}." for names in stretch.names for name in names)
    # A module whose forward is its own is called as a whole, and tells of all it holds.
    names = [
        text.partition(" of the ")[0] for text in warnings if not text.startswith("model.") or text.startswith(own)
    ]
    listed = ", ".join(dict.fromkeys(name.removeprefix("model.") for name in names))
    return [f"{stretch.title}: {listed} hold a single value: equality is not proved for others"] if listed else []


def _named(setting: Setting, port: Port, given: Arrays) -> Setting:
    """A setting at the sizes of what a stretch is given."""
    sizes: dict[str, Any] = {}
    for name, array in given.items():
        for axis, size in zip(_axes.names(port.arguments[name].axes), array.shape, strict=True):
            sizes[axis.rstrip("'")] = size
    return replace(setting, sizes=sizes)
