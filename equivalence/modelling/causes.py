"""Why a stretch of two models differs: which of its parts does, and by what."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np

from equivalence import axes as _axes
from equivalence.answer import worst
from equivalence.checking import Checker
from equivalence.diagnosis import diagnose
from equivalence.diagnosis.evidence import Evidence
from equivalence.diagnosis.wording import transposed
from equivalence.explanation import Diagnosis
from equivalence.inputs import Array
from equivalence.modelling.anatomy import Anchor
from equivalence.modelling.renewal import Kept, renewed
from equivalence.modelling.stretches import Stretch, Whole
from equivalence.port import Port
from equivalence.prober import Prober
from equivalence.probes import plan
from equivalence.sides import Sides

_UNKNOWN = "unknown"

Progress = Callable[[str], None]


@dataclass(frozen=True)
class Cause:
    """What explains the difference of a stretch, and in which part of it that is."""

    diagnoses: Sequence[Diagnosis]
    remark: str = ""


def cause(
    checker: Checker,
    whole: Whole,
    anchor: Anchor | None,
    port: Port,
    given: Mapping[str, Array],
    progress: Progress,
) -> Cause:
    """Find the part of a stretch that differs, and explain that part; the stretch, if no part alone does.

    Args:
        checker: checks ports.
        whole: the models.
        anchor: the layers of the stretch that hold its parameters, if there is one on each side.
        port: the stretch.
        given: activations of the original on which it differs.
        progress: is told what is being tried.
    """
    found = _of_part(checker, whole, anchor, port, given, progress) if anchor is not None else None
    if found is not None and _explained(found.diagnoses):
        return found
    outcome = checker.check(port, port.name, progress)
    if outcome.verdict != "different":
        # It shows on the models' own activations alone.
        outcome = checker.check(port, port.name, progress, given)
    return Cause(outcome.diagnoses, found.remark if found else "")


def _explained(diagnoses: Sequence[Diagnosis]) -> bool:
    return bool(diagnoses) and diagnoses[0].code != _UNKNOWN


def _of_part(
    checker: Checker, whole: Whole, anchor: Anchor, port: Port, given: Mapping[str, Array], progress: Progress
) -> Cause | None:
    title, before, behind = anchor.alone.title, anchor.before, anchor.behind
    alone = whole.stretch(anchor.alone, _shaped(anchor.alone, whole))
    if not _alike(checker, alone):
        # With other layers around it on one side, what seems wrong with a layer may be made good by them.
        even = len(anchor.stretch.names[0]) == len(anchor.stretch.names[1])
        return _of_layer(checker, alone if even else port, anchor, progress)
    if before is not None and not _alike(checker, handed := whole.stretch(before, given)):
        start = "the models' inputs are" if before.before is None else f"what {_after(before)} give is"
        return Cause(
            [_flattened(found, before, port.ported.framework) for found in checker.check(handed).diagnoses],
            f"{title} alone are equal: what differs is how {start} arranged when it is handed over to them.",
        )
    if behind is not None and not _alike(checker, rest := whole.stretch(behind, _shaped(behind, whole))):
        return Cause(
            checker.check(rest, rest.name, progress).diagnoses,
            f"{title} alone are equal: what differs is what follows them, {behind.title}.",
        )
    return None


def _flattened(found: Diagnosis, stretch: Stretch, framework: str) -> Diagnosis:
    """A diagnosis of a hand-over; of the order of flattening, in words that name the layers."""
    if found.code != "layout.flatten-order" or stretch.before is None:
        return found
    axes = [_axes.names(axes) for axes in stretch.before.axes]
    order = [axes[1].index(axis) for axis in axes[0]]
    orders = [", ".join(names[1:]) for names in axes]
    (first, last), layer = stretch.before.layers, stretch.after.layers[1]
    return replace(
        found,
        message=f"The original flattens what {first} gives in the order {orders[0]}, the ported model what {last} "
        f"gives in the order {orders[1]}; the weights of {layer} belong to the original's order.",
        fix=f"{transposed(framework, 'x', order)} before it is flattened, or bring the weights of {layer} into the "
        f"order {orders[1]}",
    )


def _of_layer(checker: Checker, port: Port, anchor: Anchor, progress: Progress) -> Cause | None:
    """A stretch whose layers differ: as functions of their parameters, or in the parameters they hold."""
    new = renewed(port, checker.known, anchor)
    if new is None:
        return None
    progress(f"{port.name}: diagnosing")
    kept = Kept(new, anchor, checker.known, checker.pool, checker.dtypes, checker.seed)
    if kept.same:
        return Cause(checker.check(new, port.name, progress).diagnoses)
    same = f"{anchor.alone.title} are equal with the same weights: what differs is the weights they hold."
    return Cause(_diagnosed(checker, kept), same if _alike(checker, new) else "")


def _diagnosed(checker: Checker, sides: Sides) -> Sequence[Diagnosis]:
    prober = Prober(sides, checker.dtypes)
    probes = [probe for setting in plan(sides.port).settings for probe in prober.probe(setting)]
    evidence = Evidence(sides, checker.known, None, prober.observed, coarse=prober.coarse, effects=prober.effects)
    return diagnose(evidence, probes)


def _alike(checker: Checker, port: Port) -> bool:
    """Whether the two are equal on random inputs."""
    prober = Prober(Sides(port, checker.known, checker.pool, checker.dtypes, checker.seed), checker.dtypes)
    return worst([probe.verdict for probe in prober.probe(plan(port).settings[0])]) == "equal"


def _shaped(stretch: Stretch, whole: Whole) -> Mapping[str, Array]:
    """Something of the shape of what a stretch takes."""
    assert stretch.before is not None
    axes = _axes.names(stretch.before.axes[0])
    sizes = stretch.before.sizes or ()
    shape = [size if size >= 0 else int(whole.sizes.get(axis, 2)) for axis, size in zip(axes, sizes, strict=True)]
    return {"x": np.broadcast_to(0.0, shape)}


def _after(stretch: Stretch) -> str:
    return " / ".join(stretch.before.layers) if stretch.before else ""
