"""Moving the parameters of a layer from one framework's conventions to another's.

The way is that of the matrix: from the one framework's layout to the operation's canonical axes, and from there to the
other's, by the data of the bindings that ``equivalence run`` compares by. What a layer stores otherwise than a call
takes it is data too, see :mod:`equivalence.stored`. There is no code for any framework or layer here.

Nothing is guessed: a missing array, one too many, a size that does not fit, or an argument that the other layer has no
place for is an error, and nothing is written.
"""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from equivalence import registry
from equivalence.binding import Adapter, Binding
from equivalence.errors import EquivalenceError, UsageError
from equivalence.inputs import Array
from equivalence.operation import Operation
from equivalence.packing import Packing
from equivalence.registry import Registry
from equivalence.stored import Form, binding_of, forms

_UNSAID = "default "
_IRRELEVANT = {"default initialisation"}


@dataclass(frozen=True)
class End:
    """One end of a conversion.

    Args:
        framework: as ``equivalence list`` names it.
        variant: of its binding, such as ``unflipped``.
        names: the name of an array in the file, by the layer's own name or by the operation's argument.
        prefix: before the layer's own names in the file: ``"lstm."``.
    """

    framework: str
    variant: str | None = None
    names: Mapping[str, str] = field(default_factory=dict)
    prefix: str = ""


@dataclass(frozen=True)
class Converted:
    """What a conversion made.

    Attributes:
        arrays: by the target's names, and the others that were kept.
        source: the layer whose arrays were read.
        target: the layer whose arrays these are.
        read: the name in the file of each array that was read, by the layer's own name.
        written: the same of each array that was made.
        absent: optional arrays of the source's layer that were not there.
        reminders: defaults of the two frameworks that differ, and that no array says.
    """

    arrays: Mapping[str, Array]
    source: str
    target: str
    read: Mapping[str, str]
    written: Mapping[str, str]
    absent: Sequence[str]
    reminders: Sequence[str]


@dataclass(frozen=True)
class _Side:
    end: End
    adapter: Adapter
    binding: Binding | None
    forms: Sequence[Form]


def convert(
    arrays: Mapping[str, Array],
    operation: str,
    source: End | str,
    target: End | str,
    *,
    parameters: Mapping[str, Any] | None = None,
    sizes: Mapping[str, int] | None = None,
    keep_others: bool = False,
    known: Registry | None = None,
) -> Converted:
    """The parameters of a layer in another framework's conventions.

    Args:
        arrays: by name, as the source's layer stores them.
        operation: what the layer computes, as ``equivalence list`` names it.
        source: the framework the arrays come from.
        target: the framework they are for.
        parameters: of the operation, where its defaults are not the layer's: ``{"reset_after": False}``.
        sizes: of axes, by letter, that the shapes do not say: ``{"m": 4}`` for the heads of a packed projection.
        keep_others: whether arrays that are none of the layer's go into the result as they are.
        known: what is declared; what is installed, if not given.

    Raises:
        UsageError: for a name that there is not, an array that is missing or too many, or an argument that the target's
            layer has no place for.
        ShapeError: if an array does not have the axes it should.
    """
    known = known or registry.load()
    declared = known.operation(operation)
    settings = _settings(declared, parameters or {})
    _check_sizes(declared, sizes or {})
    ends = [_side(known, declared, end if isinstance(end, End) else End(end), settings) for end in (source, target)]
    for side in ends:
        _ask(side, parameters or {})
    form, read, absent = _chosen(ends[0], declared, arrays)
    packing = Packing(declared, form, ends[0].binding, settings)
    canonical = packing.unpack({own: arrays[name] for own, name in read.items()}, sizes or {})
    made, packed = _packed(ends[1], declared, settings, canonical)
    written = {own: _name(ends[1].end, made, own) for own in packed}
    others = _others(arrays, {*read.values(), *(ends[0].end.prefix + name for name in form.without)}, keep=keep_others)
    result = {**others, **{written[own]: array for own, array in packed.items()}}
    if len(result) < len(packed) + len(others):
        names = ", ".join(sorted([*written.values(), *others]))
        raise UsageError("names in the result", expected="another for each array", got=names)
    return Converted(result, form.layer, made.layer, read, written, absent, _reminders(ends[0], ends[1]))


def _settings(operation: Operation, parameters: Mapping[str, Any]) -> dict[str, Any]:
    for name in parameters:
        if name not in operation.defaults:
            raise registry.suggest(f"parameter of {operation.name}", name, operation.defaults)
    return {**operation.defaults, **parameters}


def _check_sizes(operation: Operation, sizes: Mapping[str, int]) -> None:
    letters = {letter for kind in operation.inputs.values() for letter in kind.axes if letter.isalpha()}
    for letter in sizes:
        if letter not in letters:
            raise registry.suggest(f"axis of {operation.name}", letter, letters)


def _side(known: Registry, operation: Operation, end: End, settings: Mapping[str, Any]) -> _Side:
    """What is known of one end.

    Raises:
        UsageError: if nothing says how the framework stores the operation's parameters, or a row says why it cannot be.
    """
    adapter = known.adapter(end.framework)
    declared = forms(known, adapter, operation)
    fit = [form for form in declared if not form.variants or (end.variant or "") in form.variants]
    fit = [form for form in fit if all(settings[name] == value for name, value in form.when.items())]
    if not any(form.arrays for form in fit):
        raise _unknown(known, operation, end, declared, fit)
    usable = [form for form in fit if form.arrays]
    return _Side(end, adapter, binding_of(known, adapter, operation, end.variant), usable)


def _unknown(
    known: Registry, operation: Operation, end: End, declared: Sequence[Form], fit: Sequence[Form]
) -> UsageError:
    what = f"{end.framework}'s parameters of {operation.name} cannot be converted"
    for form in fit:
        return UsageError(f"{what}: {form.layer}: {form.refused}")
    if declared:
        conditions = "; ".join(f"{form.layer}, with {form.when or form.variants}" for form in declared)
        return UsageError(what, expected=conditions, got="other parameters or another variant")
    others = [
        name for name, adapter in known.adapters.items() if any(f.arrays for f in forms(known, adapter, operation))
    ]
    if not others:
        return UsageError(f"{what}: it has none that are learned")
    reason = "no row of its stored.toml says how a layer of it stores them"
    return UsageError(f"{what}: {reason}", fix=f"Such rows have {', '.join(others)}.")


def _ask(side: _Side, given: Mapping[str, Any]) -> None:
    """Some arrays mean something only with a parameter whose default would be a guess."""
    for name in sorted({name for form in side.forms for name in form.asks}):
        if name not in given:
            said = side.binding.conventions if side.binding else {}
            about = next((f"{what}: {words}" for what, words in said.items() if name.replace("_", " ") in what), "")
            raise UsageError(
                f"{side.forms[0].layer} needs to know {name}" + (f" ({about})" if about else ""),
                fix=f"Give the layer's own: --parameter {name}=NUMBER.",
            )


def _chosen(side: _Side, operation: Operation, arrays: Mapping[str, Array]) -> tuple[Form, dict[str, str], list[str]]:
    """The form whose arrays are there, their names in the file, and the optional arrays that are not there."""
    _check_names(side)
    best: tuple[int, Form, dict[str, str]] | None = None
    for form in side.forms:
        named = {own: _name(side.end, form, own) for own in form.arrays if _nameable(side.end, form)}
        there = {own: name for own, name in named.items() if name in arrays}
        if named and _required(form, operation) <= set(there) and (best is None or len(there) > best[0]):
            best = len(there), form, there
    if best is None:
        raise _missing(side, operation, arrays)
    _, form, there = best
    absent = [own for own in form.arrays if own not in there]
    for own in absent:
        if own in side.end.names or _argument(form, own) in side.end.names:
            raise _no_array(_name(side.end, form, own), own, form.layer, arrays)
    return form, there, absent


def _required(form: Form, operation: Operation) -> set[str]:
    return {own for own, stored in form.arrays.items() if not set(stored.arguments) <= operation.optional}


def _missing(side: _Side, operation: Operation, arrays: Mapping[str, Array]) -> UsageError:
    lost = [
        (form, [own for own in sorted(_required(form, operation)) if _name(side.end, form, own) not in arrays])
        for form in side.forms
    ]
    form, (own, *_) = min(lost, key=lambda item: len(item[1]))
    return _no_array(_name(side.end, form, own), own, form.layer, arrays)


def _no_array(name: str, own: str, layer: str, arrays: Mapping[str, Array]) -> UsageError:
    longer = [key for key in arrays if key.endswith(own)] if name.endswith(own) else []
    close = difflib.get_close_matches(name, arrays, n=1, cutoff=0.5)
    if longer:
        fix = f"Did you mean {longer[0]}? Give --prefix {longer[0].removesuffix(own)}."
    else:
        fix = f"Did you mean {close[0]}? " if close else ""
        fix += f"Say which array it is: --name {own}={close[0] if close else 'NAME'}."
    holds = ", ".join(f"{key} {array.shape}" for key, array in arrays.items())
    return UsageError(f"no array is {name!r}, {own} of {layer}", expected=name, got=holds or "no arrays", fix=fix)


def _argument(form: Form, own: str) -> str | None:
    """The argument by which an array may be called too: the one that no other array holds."""
    holders = {name for name, stored in form.arrays.items() if set(stored.arguments) & set(form.arrays[own].arguments)}
    stored = form.arrays[own]
    return stored.arguments[0] if holders == {own} and stored.join == "of" else None


def _name(end: End, form: Form, own: str) -> str:
    if own in end.names:
        return end.names[own]
    argument = _argument(form, own)
    if argument is not None and argument in end.names and argument not in form.arrays:
        return end.names[argument]
    return end.prefix + own


def _nameable(end: End, form: Form) -> bool:
    """Whether every name that was given is one of this form's."""
    return set(end.names) <= {*form.arrays, *(_argument(form, own) or own for own in form.arrays)}


def _check_names(side: _Side) -> None:
    if any(_nameable(side.end, form) for form in side.forms):
        return
    form = side.forms[0]
    names = [*form.arrays, *filter(None, (_argument(form, own) for own in form.arrays))]
    for name in side.end.names:
        if name not in names:
            raise registry.suggest(f"array of {form.layer}", name, set(names))


def _packed(
    side: _Side, operation: Operation, settings: Mapping[str, Any], canonical: Mapping[str, Array]
) -> tuple[Form, dict[str, Array]]:
    """The first form that can hold it."""
    _check_names(side)
    refusals: list[EquivalenceError] = []
    for form in side.forms:
        try:
            if _nameable(side.end, form):
                return form, Packing(operation, form, side.binding, settings).pack(canonical)
        except EquivalenceError as error:
            refusals.append(error)
    raise refusals[0]


def _others(arrays: Mapping[str, Array], taken: Iterable[str], *, keep: bool) -> dict[str, Array]:
    others = {name: array for name, array in arrays.items() if name not in set(taken)}
    if others and not keep:
        raise UsageError(
            "arrays that are none of the layer's",
            expected="no others",
            got=", ".join(others),
            fix="Say which array is which with --name, or copy the others with --keep-others.",
        )
    return others


def _reminders(source: _Side, target: _Side) -> list[str]:
    """Of layers that have a binding of their own; those of a library speak of its functions."""
    if source.binding is None or target.binding is None:
        return []
    if not all(side.binding and side.binding.module.startswith(side.adapter.bindings) for side in (source, target)):
        return []
    one, other = source.binding.conventions, target.binding.conventions
    return [
        f"{what}: {words} in {source.end.framework}, {other[what]} in {target.end.framework}"
        for what, words in one.items()
        if what.startswith(_UNSAID) and what not in _IRRELEVANT and what in other and other[what] != words
    ]
