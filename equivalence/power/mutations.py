"""Every single word of a binding's data, changed: what a porter gets wrong by one letter."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from itertools import combinations, pairwise, permutations
from typing import Any

import numpy as np

from equivalence import axes as _axes
from equivalence.binding import Binding, Context, Flip, Recode
from equivalence.engine import request_for
from equivalence.inputs import Array
from equivalence.matrix import Cell
from equivalence.operation import Case, Operation

Change = Callable[[Array], Array]

_ANY = object()
"""In place of a value: whichever."""


@dataclass(frozen=True)
class Mutation:
    """One changed word of a binding.

    Attributes:
        kind: ``flip``, ``swap``, ``blocks``, ``rename``, ``parameter`` or ``gradient``.
        name: unique among the binding's mutations: ``swap-x-h+w``.
        binding: the changed binding; of a gradient mutation, the binding as it was.
        argument: whose returned gradient is changed, if any.
        change: how.
    """

    kind: str
    name: str
    binding: Binding
    argument: str = ""
    change: Change | None = None


def mutations(operation: Operation, binding: Binding) -> list[Mutation]:
    """All mutations of a binding, each with a name of its own."""
    makers = (_flips, _swaps, _blocks, _renames, _parameters, _gradients)
    found = [mutation for maker in makers for mutation in maker(operation, binding)]
    return list({mutation.name: mutation for mutation in found}.values())


def native_parameters(operation: Operation, binding: Binding, case: Case) -> dict[str, Any]:
    """What a binding hands to its call beside the arrays."""
    return dict(request_for(Cell(operation, case, "float64", ()), binding, {}, {}).parameters)


def _axes_of(operation: Operation, name: str) -> list[str]:
    return _axes.names(operation.outputs[name] if name in operation.outputs else operation.inputs[name].axes)


def _flips(operation: Operation, binding: Binding) -> Iterator[Mutation]:
    """Toggle every axis, and every pair where there is no flip; drop a flip, or its condition, or turn that round."""
    for name in (*operation.inputs, *operation.outputs):
        axes, declared = _axes_of(operation, name), binding.flip.get(name)
        changed: dict[str, Flip | None] = {}
        if declared is not None:
            changed["dropped"] = None
            if declared.when:
                changed["always"] = Flip(declared.axes)
                changed["inverted"] = Flip(declared.axes, {key: not value for key, value in declared.when.items()})
        flipped = declared.axes.split() if declared else []
        for axis in axes:
            left = [other for other in axes if (other in flipped) != (other == axis)]
            changed[axis] = Flip(" ".join(left), declared.when if declared else {}) if left else None
        for pair in combinations(axes, 2) if declared is None else ():
            changed["+".join(pair)] = Flip(" ".join(pair))
        for what, flip in changed.items():
            kept = {key: value for key, value in binding.flip.items() if key != name}
            flips = kept if flip is None else {**kept, name: flip}
            yield Mutation("flip", f"flip-{name}-{what}", replace(binding, flip=flips))


def _swaps(operation: Operation, binding: Binding) -> Iterator[Mutation]:
    """Exchange every pair of axes in every layout."""
    for name in (*operation.inputs, *operation.outputs):
        axes = _axes_of(operation, name)
        native = binding.layouts.get(name, " ".join(axes))
        for one, other in combinations(axes, 2):
            swapped = _exchange(native, one, other)
            yield Mutation(
                "swap", f"swap-{name}-{one}+{other}", replace(binding, layouts={**binding.layouts, name: swapped})
            )


def _exchange(layout: str, one: str, other: str) -> str:
    return re.sub(r"\.\.\.|[a-z]'*", lambda found: {one: other, other: one}.get(found[0], found[0]), layout)


def _blocks(operation: Operation, binding: Binding) -> Iterator[Mutation]:
    """Exchange every two neighbouring blocks on a packed axis."""
    for letter, canonical in operation.blocks.items():
        order = binding.blocks.get(letter, canonical).split()
        for index, (one, other) in enumerate(pairwise(order)):
            changed = [*order[:index], other, one, *order[index + 2 :]]
            name = f"blocks-{letter}-{one}+{other}"
            yield Mutation("blocks", name, replace(binding, blocks={**binding.blocks, letter: " ".join(changed)}))


def _renames(operation: Operation, binding: Binding) -> Iterator[Mutation]:
    """Drop every renaming, and exchange the keywords of every two parameters."""
    for name in binding.rename:
        kept = {key: value for key, value in binding.rename.items() if key != name}
        yield Mutation("rename", f"rename-{name}-dropped", replace(binding, rename=kept))
    keywords = {name: binding.rename.get(name, name) for name in operation.defaults}
    passed = {name: keyword for name, keyword in keywords.items() if keyword is not None}
    for one, other in combinations(passed, 2):
        # Where both keywords are recoded, neither takes the value that the renaming sends it.
        if {passed[one], passed[other]} <= set(binding.recode):
            continue
        changed = {**binding.rename, one: passed[other], other: passed[one]}
        yield Mutation("rename", f"rename-{one}+{other}", replace(binding, rename=changed))


def _parameters(operation: Operation, binding: Binding) -> Iterator[Mutation]:
    """Hand on, for each declared value of a parameter, another one; and the default whatever was asked."""
    for name, values in operation.parameters.items():
        if not _reads(operation, binding, name):
            continue
        if len(values) > 1:
            yield Mutation("parameter", f"parameter-{name}-default", _told(binding, name, operation.defaults[name]))
        for given, told in permutations(values, 2):
            if given not in binding.only.get(name, values):
                continue
            changed = _told(binding, name, told, given)
            yield Mutation("parameter", f"parameter-{name}-{_plain(given)}-as-{_plain(told)}", changed)


def _same(value: Any, other: Any) -> bool:
    return type(value) is type(other) and bool(value == other)


def _plain(value: Any) -> str:
    return str(value).replace(" ", "")


class _Recording(Mapping[str, Any]):
    """Parameters that remember which of them were looked at."""

    def __init__(self, values: Mapping[str, Any]) -> None:
        self.values_by_name, self.read = values, set[str]()

    def __getitem__(self, name: str) -> Any:
        self.read.add(name)
        return self.values_by_name[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self.values_by_name)

    def __len__(self) -> int:
        return len(self.values_by_name)


def _reads(operation: Operation, binding: Binding, name: str) -> bool:
    """Whether a parameter reaches the call: by its own keyword, or because a recoding looks at it."""
    keyword = binding.rename.get(name, name)
    if keyword is not None and (keyword not in binding.recode or isinstance(binding.recode[keyword], Mapping)):
        return True
    for case in operation.cases:
        seen = _Recording(operation.settings(case))
        for recode in binding.recode.values():
            if not isinstance(recode, Mapping):
                recode(Context(seen, operation.case_sizes(case)))
        if name in seen.read:
            return True
    return False


def _told(binding: Binding, name: str, told: Any, given: Any = _ANY) -> Binding:
    """A binding that is told a value of a parameter in place of a given one, wherever it looks, but for its flips."""

    def value(context: Context) -> Any:
        was = context.parameters[name]
        return told if given is _ANY or _same(was, given) else was

    def seen(context: Context) -> Context:
        return Context({**context.parameters, name: value(context)}, context.sizes)

    def wrap(keyword: str, recode: Recode) -> Recode:
        if isinstance(recode, Mapping):
            return lambda context: recode[seen(context).parameters[keyword]]
        return lambda context: recode(seen(context))

    recodes = {keyword: wrap(keyword, recode) for keyword, recode in binding.recode.items()}
    own = binding.rename.get(name, name)
    if own is not None and own not in recodes:
        recodes[own] = value
    return replace(binding, recode=recodes)


def _gradients(operation: Operation, binding: Binding) -> Iterator[Mutation]:
    """Scale every returned gradient by one over the size of its trailing axes, and drop it."""
    for name, kind in operation.inputs.items():
        if kind.differentiable:
            yield Mutation("gradient", f"gradient-{name}-scaled", binding, name, _averaged)
            yield Mutation("gradient", f"gradient-{name}-dropped", binding, name, np.zeros_like)


def _averaged(gradient: Array) -> Array:
    """Divide by the pixels of images, else by the size of all axes but the first, else by that of the only axis."""
    trailing = next((rest for rest in (gradient.shape[2:], gradient.shape[1:], gradient.shape) if rest), ())
    return np.asarray(gradient / np.asarray(np.prod(trailing), gradient.dtype))
