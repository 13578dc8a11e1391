"""Finding operations, adapters and bindings through entry points, ours and a third party's alike."""

from __future__ import annotations

import difflib
import importlib
import pkgutil
from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from functools import lru_cache
from importlib.metadata import EntryPoint, entry_points
from types import ModuleType
from typing import TypeVar

from equivalence.axes import names
from equivalence.binding import Adapter, Binding
from equivalence.errors import DeclarationError, UsageError
from equivalence.graph import Graph
from equivalence.operation import Operation

OPERATIONS = "equivalence.operations"
ADAPTERS = "equivalence.adapters"
BINDINGS = "equivalence.bindings"
NETWORKS = "equivalence.networks"
EQUIVALENCES = "equivalence.equivalences"

Declared = TypeVar("Declared")


@dataclass(frozen=True)
class Participant:
    """One side of the matrix for one operation: an adapter's binding. The reference has no binding."""

    name: str
    adapter: Adapter
    binding: Binding | None = None


@dataclass(frozen=True)
class Registry:
    """Everything declared: operations and adapters by name, bindings by adapter and operation."""

    operations: Mapping[str, Operation]
    adapters: Mapping[str, Adapter]
    bindings: Mapping[tuple[str, str], tuple[Binding, ...]]

    @property
    def reference(self) -> Adapter:
        """The adapter that performs the references: the one without bindings."""
        return next(adapter for adapter in self.adapters.values() if not adapter.bindings)

    def participants(self, operation: Operation) -> list[Participant]:
        """Who performs an operation: the reference first, then each adapter's bindings."""
        found = []
        for adapter in self.adapters.values():
            if not adapter.bindings:
                found.append(Participant(adapter.name, adapter))
            for item in self.bindings.get((adapter.name, operation.name), ()):
                name = adapter.name if item.variant is None else f"{adapter.name}/{item.variant}"
                found.append(Participant(name, adapter, item))
        return found

    def operation(self, name: str) -> Operation:
        """The operation of that name, else an error that suggests one."""
        return look_up("operation", name, self.operations)

    def adapter(self, name: str) -> Adapter:
        """The adapter of that name, else an error that suggests one."""
        return look_up("framework", name, self.adapters)

    def with_binding(self, adapter: str, changed: Binding) -> Registry:
        """A registry with a changed binding in place of the adapter's of the same operation and variant."""
        key = adapter, str(changed.operation)
        bindings = tuple(changed if item.variant == changed.variant else item for item in self.bindings[key])
        return replace(self, bindings={**self.bindings, key: bindings})


def suggest(what: str, name: str, known: Iterable[str]) -> UsageError:
    """An error for a name that does not exist, with the nearest that do."""
    known = sorted(known)
    close = difflib.get_close_matches(name, known, n=3, cutoff=0.5)
    fix = f"Did you mean {' or '.join(close)}?" if close else f"Known: {', '.join(known)}."
    return UsageError(f"no {what} is called {name!r}", fix=fix)


def look_up(what: str, name: str, known: Mapping[str, Declared]) -> Declared:
    """What has that name, else an error that suggests one."""
    if name not in known:
        raise suggest(what, name, known)
    return known[name]


@lru_cache(maxsize=1)
def load() -> Registry:
    """Read the entry points of the installed distributions."""
    return collect(entry_points(group=OPERATIONS), entry_points(group=ADAPTERS), entry_points(group=BINDINGS))


def collect(
    operations: Iterable[EntryPoint], adapters: Iterable[EntryPoint], bindings: Iterable[EntryPoint]
) -> Registry:
    """Read these entry points.

    Raises:
        DeclarationError: if two operations, or two adapters, or two bindings of one variant, share a name.
    """
    found_operations: dict[str, Operation] = {}
    for point in _ordered(operations):
        for _, _, operation in _instances(_module(point), Operation):
            # A module that imports another's operation declares nothing.
            if found_operations.get(operation.name) is not operation:
                _add(found_operations, "operation", operation.name, operation, "origin")
    found_adapters: dict[str, Adapter] = {}
    drivers: set[str] = set()
    packages: list[tuple[str, ModuleType]] = [(point.name, _module(point)) for point in _ordered(bindings)]
    for point in _ordered(adapters):
        adapter = point.load()
        if not isinstance(adapter, Adapter) or adapter.name != point.name:
            raise DeclarationError(f"entry point {point.name} = {point.value}", expected="its Adapter", got=adapter)
        _add(found_adapters, "adapter", adapter.name, adapter, "driver")
        drivers.add(adapter.driver.partition(":")[0])
        if adapter.bindings:
            packages.append((adapter.name, importlib.import_module(adapter.bindings)))
    for name, module in packages:
        if name not in found_adapters:
            raise suggest(f"framework (bindings of {module.__name__})", name, found_adapters)
    # The reference comes first in every list.
    found_adapters = dict(sorted(found_adapters.items(), key=lambda item: bool(item[1].bindings)))
    return Registry(found_operations, found_adapters, _bindings(packages, found_operations, drivers))


def find(group: str, kind: type[Declared]) -> dict[str, Declared]:
    """What the modules of an entry point group declare of a kind that has names, such as graphs, by name.

    Raises:
        DeclarationError: if two share a name.
    """
    found: dict[str, Declared] = {}
    homes: dict[str, str] = {}
    for point in _ordered(entry_points(group=group)):
        for module, _, declared in _instances(_module(point), kind):
            name = str(vars(declared)["name"])
            if found.get(name) is declared:
                continue
            if name in found:
                raise DeclarationError(
                    f"{kind.__name__.lower()} {name!r}",
                    expected="a name no other has",
                    got=f"two declarations, in {homes[name]} and {module}",
                    fix="Rename one of the two.",
                )
            found[name], homes[name] = declared, module
    return found


def graphs(known: Registry, group: str = NETWORKS) -> dict[str, Graph]:
    """The graphs of an entry point group by name, each checked against the operations there are.

    Raises:
        DeclarationError: if two share a name, or a step does not fit its operation.
    """
    found = find(group, Graph)
    for item in found.values():
        item.check(known.operations)
    return found


def _bindings(
    packages: Iterable[tuple[str, ModuleType]], operations: Mapping[str, Operation], drivers: Collection[str] = ()
) -> dict[tuple[str, str], tuple[Binding, ...]]:
    found: dict[tuple[str, str], tuple[Binding, ...]] = {}
    for adapter, package in packages:
        for module, attribute, declared in _instances(package, Binding, drivers):
            name = declared.operation or attribute
            where = f"{module}.{attribute}"
            if name not in operations:
                raise suggest(f"operation (binding {where})", name, operations)
            others = found.get((adapter, name), ())
            if any(other.variant == declared.variant for other in others):
                raise DeclarationError(
                    f"binding {where}",
                    expected=f"one binding of {name} without a variant",
                    got="a second",
                    fix="Name its variant.",
                )
            _check_names(operations[name], declared, where)
            _check_axes(operations[name], declared, where)
            found[adapter, name] = (*others, replace(declared, module=module, attribute=attribute, operation=name))
    return found


def _check_names(operation: Operation, declared: Binding, where: str) -> None:
    """A misspelt name in a binding's data would be data that says nothing."""
    parameters = set(operation.defaults)
    conditions = {name for flip in declared.flip.values() for name in flip.when}
    tables = {name for name, recode in declared.recode.items() if isinstance(recode, Mapping)}
    for what, given, known in (
        ("argument", {*declared.layouts, *declared.flip}, {*operation.inputs, *operation.outputs}),
        ("argument or parameter", set(declared.rename), {*operation.inputs, *parameters}),
        ("parameter", {*declared.only, *conditions, *tables}, parameters),
        ("axis of blocks", set(declared.blocks), set(operation.blocks)),
    ):
        for name in sorted(given - known):
            raise suggest(f"{what} of {operation.name} (binding {where})", name, known)


def _check_axes(operation: Operation, declared: Binding, where: str) -> None:
    for name, native in declared.layouts.items():
        canonical = sorted(_canonical(operation, name))
        given = native.replace("(", " ").replace(")", " ").split()
        if sorted(axis for axis in given if axis != "1") != canonical:
            expected = f"an order of {' '.join(_canonical(operation, name))!r}"
            raise DeclarationError(f"layout of {name} (binding {where})", expected=expected, got=repr(native))
    for name, flip in declared.flip.items():
        for axis in flip.axes.split():
            if axis not in _canonical(operation, name):
                raise suggest(f"axis of {name} (flip of binding {where})", axis, _canonical(operation, name))


def _canonical(operation: Operation, name: str) -> list[str]:
    return names(operation.inputs[name].axes if name in operation.inputs else operation.outputs[name])


def _add(known: dict[str, Declared], what: str, name: str, declared: Declared, home: str) -> None:
    if name in known:
        raise DeclarationError(
            f"{what} {name!r}",
            expected="a name no other has",
            got=f"two declarations, {getattr(known[name], home)} and {getattr(declared, home)}",
            fix="Rename one of the two.",
        )
    known[name] = declared


def _ordered(points: Iterable[EntryPoint]) -> list[EntryPoint]:
    """The suite's own first, in the order they are declared; an editable install may list them twice."""
    unique = {(point.name, point.value): point for point in points}
    return sorted(unique.values(), key=lambda point: not point.value.startswith("equivalence_"))


def _module(point: EntryPoint) -> ModuleType:
    module = point.load()
    if not isinstance(module, ModuleType):
        raise DeclarationError(f"entry point {point.name} = {point.value}", expected="a module or package", got=module)
    return module


def _instances(
    module: ModuleType, kind: type[Declared], drivers: Collection[str] = ()
) -> Iterator[tuple[str, str, Declared]]:
    """Module, attribute and object of each instance that a module, or a package's modules, declare.

    Drivers import their framework, which only a worker may do: their modules, and those whose names begin with a
    driver's, are not read.
    """
    modules = [module.__name__]
    if hasattr(module, "__path__"):
        modules += [info.name for info in pkgutil.walk_packages(module.__path__, f"{module.__name__}.")]
    seen: set[int] = set()
    for name in (name for name in modules if not name.startswith(tuple(drivers))):
        for attribute, value in vars(importlib.import_module(name)).items():
            if isinstance(value, kind) and id(value) not in seen:
                seen.add(id(value))
                yield name, attribute, value
