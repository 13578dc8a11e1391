"""Hypotheses from the catalogue: the original is an operation, the ported layer that operation with a fault."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING

from equivalence.diagnosis.advice import advice
from equivalence.diagnosis.fitting import Fit, fits, values_of
from equivalence.diagnosis.hypothesis import Arrays, Hypothesis
from equivalence.diagnosis.parameters import code_of

if TYPE_CHECKING:
    from equivalence.diagnosis.evidence import Evidence
    from equivalence.evidence import Fault
    from equivalence.operation import Operation
    from equivalence.sides import Inputs


_BY_FAMILY = {"contraction": "contraction.axes", "optimizer": "momentum.convention", "resize": "resize.filter"}
"""By family, what another of its operations differs in; else it is another function."""


def identify(evidence: Evidence, side: str) -> list[Fit]:
    """The operations that a layer is: the named one, else others of its family; without a name, all that fit."""
    named, every = evidence.operation, list(evidence.known.operations.values())
    found = [] if named is None else _fitting(evidence, [named], side)
    if found or named is None:
        return found or _fitting(evidence, every, side)
    return _fitting(evidence, [one for one in every if one.family == named.family and one is not named], side)


def _fitting(evidence: Evidence, operations: Iterable[Operation], side: str) -> list[Fit]:
    found = [
        evidence.remembered((operation.name, side), partial(fits, evidence, operation, side))
        for operation in operations
    ]
    return [fit for fit in found if fit is not None]


def hypotheses(evidence: Evidence) -> Iterator[Hypothesis]:
    """Faults and other parameters of the operations that the original is."""
    for fit in identify(evidence, "original"):
        yield from _faults(evidence, fit)
        yield from _parameters(evidence, fit)


def farther(evidence: Evidence) -> Iterator[Hypothesis]:
    """Operations that the ported layer is, and faults at other parameters."""
    original = identify(evidence, "original")
    for fit in original:
        yield from _faults_elsewhere(evidence, fit)
    for fit in identify(evidence, "ported"):
        yield from (_other(evidence, one, fit) for one in original)
        yield from _reversed(evidence, fit)


def gradients(evidence: Evidence) -> Iterator[Hypothesis]:
    """Faults of the gradients of the operations that the original is."""
    for fit in identify(evidence, "original"):
        yield from (_gradient_fault(evidence, fit, fault) for fault in fit.operation.faults if fault.gradient)


def _faults(evidence: Evidence, fit: Fit) -> Iterator[Hypothesis]:
    for fault in fit.operation.faults:
        if not fault.equivalent and not fault.gradient:
            yield _fault(evidence, fit, fault)


def _fault(evidence: Evidence, fit: Fit, fault: Fault) -> Hypothesis:
    return Hypothesis(
        code=fault.code,
        message=f"The ported layer is {fit.operation.name} with a known fault: {_words(fault.name)}.",
        fix=advice(fault.code, evidence.framework),
        prior=0.95 if fault.of else 0.93,
        base=partial(fit.evaluated, fault.change),
    )


def _faults_elsewhere(evidence: Evidence, fit: Fit) -> Iterator[Hypothesis]:
    """Faults with the parameters of the operation's cases: a fault, and parameters that are not the original's."""
    cases = [fit.operation.settings(case) for case in fit.operation.cases]
    for settings in {repr(found): found for found in [fit.operation.defaults, *cases]}.values():
        names = [name for name, value in fit.settings.items() if settings[name] != value]
        if names:
            other = _parameter(evidence, fit, fit.at(settings), *names)
            for fault in _faults(evidence, fit.at(settings)):
                yield replace(
                    fault,
                    message=f"{fault.message} And: {other.message}",
                    fix=f"{fault.fix} Then: {other.fix}",
                    prior=fault.prior - 0.05,
                )


def _gradient_fault(evidence: Evidence, fit: Fit, fault: Fault) -> Hypothesis:
    def gradient(inputs: Inputs, cotangents: Arrays, original: Arrays) -> Arrays | None:
        del original
        return fit.gradients(fault.change, inputs, cotangents)

    return Hypothesis(
        code=fault.code,
        message=f"The gradient of the ported layer is that of {fit.operation.name} with a known fault: "
        f"{_words(fault.name)}.",
        fix=advice(fault.code, evidence.framework)
        or f"Let the framework differentiate {fit.operation.name}, or mend its gradient.",
        prior=0.95,
        gradient=gradient,
        quantity="gradient",
    )


def _parameters(evidence: Evidence, fit: Fit) -> Iterator[Hypothesis]:
    rank = max(array.ndim for array in evidence.complete[0].inputs.arrays.values())
    for name, own in fit.settings.items():
        for value in values_of(fit.operation, name, rank):
            if value != own:
                yield _parameter(evidence, fit, fit.at({**fit.settings, name: value}), name)


def _parameter(evidence: Evidence, original: Fit, ported: Fit, *names: str) -> Hypothesis:
    """Other values of parameters; the code is that of a choice rather than a number, if both differ."""
    first, *_ = sorted(names, key=lambda name: (isinstance(original.settings[name], float), name == "padding"))
    said = ", ".join(
        f"{name} is {_said(original.settings[name])} in the original, {_said(ported.settings[name])} in the port"
        for name in names
    )
    return Hypothesis(
        code=_code(evidence, original, ported, first),
        message=f"As {original.operation.name}: {said}.",
        fix=" ".join(_mended(evidence, original, ported, name) for name in names),
        prior=0.97 - 0.01 * len(names),
        base=ported.predict,
        common=True,
    )


def _mended(evidence: Evidence, original: Fit, ported: Fit, name: str) -> str:
    """The parameter as the original has it; padding by what to do, because each framework calls it otherwise."""
    own = f"{_own(evidence, original, name)}={_said(original.settings[name])}"
    if name != "padding":
        return own
    told = advice(_code(evidence, original, ported, name), evidence.framework)
    return f"{told} The original's padding is {_said(original.settings[name])} in the catalogue's words."


def _code(evidence: Evidence, original: Fit, ported: Fit, name: str) -> str:
    """The code of a parameter; padding whose outputs have the original's sizes lies on another side."""
    code = code_of(original.operation.name, name, original.settings[name], ported.settings[name])
    alike = all(
        item.ported.outputs[name].shape == array.shape
        for item in evidence.telling
        for name, array in item.original.outputs.items()
    )
    return "padding.side" if code == "padding.amount" and alike and _ends_alike(original, ported) else code


def _ends_alike(original: Fit, ported: Fit) -> bool:
    """Whether both pad as much in all, so far as sizes of outputs say: with a stride they say too little."""
    strides = (original.settings.get("stride", 1), ported.settings.get("stride", 1))
    return all(set(stride if isinstance(stride, tuple) else (stride,)) == {1} for stride in strides)


def _own(evidence: Evidence, fit: Fit, name: str) -> str:
    """A parameter's name in the ported framework, as its binding says it."""
    bindings = evidence.known.bindings.get((evidence.framework, fit.operation.name), ())
    return next((native for binding in bindings if (native := binding.rename.get(name))), name)


def _other(evidence: Evidence, original: Fit, ported: Fit) -> Hypothesis:
    """Both layers are known: other parameters of one operation, or another operation."""
    if original.operation is ported.operation and original.way != ported.way:
        return _other_way(evidence, original, ported)
    if original.operation is ported.operation:
        names = [name for name, value in original.settings.items() if ported.settings[name] != value]
        if names:
            return _parameter(evidence, original, ported, *names)
    one, two = original.operation.name, ported.operation.name
    return Hypothesis(
        code=_BY_FAMILY.get(original.operation.family, "function.variant"),
        message=f"The original is {one}, the ported layer {two}.",
        fix=f"Use {one} in place of {two}.",
        prior=0.85,
        base=ported.predict,
    )


def _other_way(evidence: Evidence, original: Fit, ported: Fit) -> Hypothesis:
    """One operation whose arguments, or their axes, stand for others: exchanged, or transposed."""
    one, two = original.way, ported.way
    own = evidence.port.own_name
    moved = [name for name, argument in one.arguments.items() if two.arguments[name] != argument]
    turned = [name for name, order in one.orders.items() if two.orders[name] != order and name not in moved]
    said = [f"{own('ported', name)} is taken for the operation's {two.arguments[name]}" for name in moved]
    said += [f"the axes of {own('ported', name)} are taken in another order" for name in turned]
    names = [name for name, value in original.settings.items() if ported.settings[name] != value]
    code = "parameter.swapped" if moved else "layout.transposed"
    fix = advice(code, evidence.framework)
    if names:
        other = _parameter(evidence, original, ported, *names)
        said, fix = [*said, other.message.rstrip(".")], f"{fix} Then: {other.fix}"
    return Hypothesis(
        code=code,
        message=f"As {original.operation.name}: {'; '.join(said)}.",
        fix=fix,
        prior=0.94,
        base=ported.predict,
    )


def _reversed(evidence: Evidence, fit: Fit) -> Iterator[Hypothesis]:
    """The ported layer is the operation, and the original is it with what counts as a fault here."""
    for fault in fit.operation.faults:
        if fault.gradient or fault.equivalent:
            continue
        change = partial(fit.evaluated, fault.change)
        if all(evidence.explains_original(change(item.inputs), item) for item in evidence.telling):
            yield Hypothesis(
                code=fault.code,
                message=f"The ported layer is {fit.operation.name}; the original is it with {_words(fault.name)}.",
                fix=advice(fault.code, evidence.framework),
                prior=0.94,
                base=fit.predict,
            )


def _words(name: str) -> str:
    return re.sub(r"(?<!\de)-", " ", name)


def _said(value: object) -> str:
    return f"{value:.6g}" if isinstance(value, float) else repr(value)
