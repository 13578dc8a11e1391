"""Declaring an operation: one decorator on its NumPy reference, from which everything else follows."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from equivalence import axes as _axes
from equivalence.axes import Sizes
from equivalence.errors import DeclarationError
from equivalence.evidence import Fault, Witness
from equivalence.inputs import STRATEGIES, Array, Input, as_input
from equivalence.propagation import propagated
from equivalence.rounding import Bounds, Instance, Precision, Rounding

OUTPUT = "output"
"""The name of an operation's only output."""

Arrays = Mapping[str, Array]
Reference = Callable[..., Any]


@dataclass(frozen=True)
class Case:
    """One operation with concrete parameters, sizes and kind of data: plain data. Made by :func:`case`."""

    id: str
    sizes: Sizes
    parameters: Mapping[str, Any] = field(default_factory=dict)
    without: tuple[str, ...] = ()
    data: str = "normal"
    stress: bool = False
    kink: bool = False


def case(
    id: str,  # noqa: A002
    sizes: Sizes,
    *,
    without: Sequence[str] = (),
    data: str = "normal",
    stress: bool = False,
    kink: bool = False,
    **parameters: Any,
) -> Case:
    """Declare a case.

    Args:
        id: readable, unique within the operation, words joined by ``_`` and properties by ``-``:
            ``same_upper-stride2-even_kernel``.
        sizes: the size of each letter; a tuple for ``"..."``.
        without: optional arguments that are left out.
        data: the data strategy for the real inputs, a key of :data:`equivalence.inputs.STRATEGIES`.
        stress: judged by the verdict alone, because ``allclose`` is not meant for its sums or its scale.
        kink: the values lie where there is no derivative, and the reference's gradient is a convention.
        parameters: values that differ from the reference's defaults.
    """
    return Case(id, dict(sizes), parameters, tuple(without), data, stress, kink)


@dataclass(eq=False)
class Operation:
    """A mathematical function with named arguments. Made by :func:`operation`; calling it calls its reference.

    Args:
        inputs: the arguments in order, each with its kind and axes.
        outputs: axes by name; one output is called ``output``.
        parameters: the values of each keyword-only parameter that the cases must reach.
        sizes: sizes that follow from others, as expressions: ``{"g": "4*h"}``.
        blocks: the canonical order of the blocks on a packed axis: ``{"g": "i f g o"}``.
        rounding: the a-priori bounds of outputs and gradients, see :mod:`equivalence.rounding`.
    """

    name: str
    family: str
    reference: Reference
    inputs: dict[str, Input]
    outputs: dict[str, str]
    parameters: dict[str, tuple[Any, ...]]
    defaults: dict[str, Any]
    optional: frozenset[str]
    cases: tuple[Case, ...]
    sizes: dict[str, str]
    blocks: dict[str, str]
    origin: str
    rounding: Rounding | None = None
    product: Reference | None = None
    witnesses: list[Witness] = field(default_factory=list)
    faults: list[Fault] = field(default_factory=list)

    def __call__(self, *arguments: Any, **parameters: Any) -> Any:
        """Compute the reference."""
        return self.reference(*arguments, **parameters)

    @property
    def __doc__(self) -> str | None:  # type: ignore[override]
        """The reference's docstring."""
        return inspect.getdoc(self.reference)

    def vjp(self, function: Reference) -> Reference:
        """Register the vector-Jacobian product.

        It takes the cotangent of the output (a dictionary by name if there are several), then the reference's
        arguments and parameters, and returns the gradient of each differentiable argument by name.
        """
        if self.product is not None:
            raise DeclarationError(f"{self.name}.vjp", expected="one vector-Jacobian product", got="a second one")
        self.product = function
        return function

    def witness(self, claim: str) -> Callable[[Reference], Reference]:
        """Register a slow, literal implementation with the reference's signature; the tests run both on every case."""

        def register(function: Reference) -> Reference:
            self.witnesses.append(Witness(claim, implementation=function))
            return function

        return register

    def values(self, source: str, expected: Any, **arguments: Any) -> None:
        """Register hand-computed values: arguments and parameters by name, and what must come out."""
        self.witnesses.append(Witness(source, values=arguments, expected=expected))

    def fault(
        self, name: str, *, code: str, of: Sequence[str] = (), gradient: bool = False, equivalent: str = ""
    ) -> Callable[[Reference], Reference]:
        """Register a changed version of the reference that the cases must tell from it, see :class:`Fault`."""

        def register(function: Reference) -> Reference:
            if any(known.name == name for known in self.faults):
                raise DeclarationError(f"fault {name!r} of {self.name}", expected="a name no other has", got="a second")
            self.faults.append(Fault(name, code, function, gradient, tuple(of), equivalent))
            return function

        return register

    def arguments(self, case: Case) -> dict[str, Input]:
        """The inputs that take part in a case."""
        return {name: kind for name, kind in self.inputs.items() if name not in case.without}

    def settings(self, case: Case) -> dict[str, Any]:
        """All parameters of a case, defaults included."""
        return {**self.defaults, **case.parameters}

    def case_sizes(self, case: Case) -> dict[str, Any]:
        """All sizes of a case, derived ones included."""
        sizes = dict(case.sizes)
        known = {**self.settings(case), **sizes}
        for letter, expression in self.sizes.items():
            sizes[letter] = known[letter] = _axes.evaluate(expression, known)
        return sizes

    def differentiable(self, case: Case) -> list[str]:
        """The inputs of a case whose gradients are compared."""
        return [name for name, kind in self.arguments(case).items() if kind.differentiable]

    def draw(self, case: Case, seed: int = 0) -> dict[str, Array]:
        """Canonical values for a case: float64, int64 or bool, the same for the same seed."""
        sizes, settings = self.case_sizes(case), self.settings(case)
        drawn = {}
        for name, kind in self.arguments(case).items():
            shape = _axes.shape(kind.axes, sizes, settings)
            drawn[name] = kind.draw(generator(seed, self.name, case.id, name), shape, sizes, case.data)
        return drawn

    def forward(self, arrays: Arrays, settings: Mapping[str, Any]) -> dict[str, Array]:
        """Outputs of the reference by name."""
        return named(self.outputs, self.reference(**arrays, **settings))

    def gradients(self, cotangents: Arrays, arrays: Arrays, settings: Mapping[str, Any]) -> dict[str, Array]:
        """Vector-Jacobian products of the reference by argument."""
        if self.product is None:
            raise DeclarationError(self.name, expected="a vector-Jacobian product", got="none", fix="Add one with .vjp")
        cotangent = cotangents[OUTPUT] if list(self.outputs) == [OUTPUT] else cotangents
        return dict(self.product(cotangent, **arrays, **settings))

    def bounds(self, arrays: Arrays, cotangents: Arrays, settings: Mapping[str, Any], precision: Precision) -> Bounds:
        """A-priori bounds of rounding for exact float64 arguments; none if no rounding is declared."""
        if self.rounding is None:
            return {}, {}
        return self.rounding(Instance(self, arrays, cotangents, settings), precision)


def generator(seed: int, *labels: str) -> np.random.Generator:
    """A random generator that depends on the seed and the labels alone, so that adding a case changes no other."""
    words = [int.from_bytes(label.encode(), "little") for label in labels]
    return np.random.default_rng([seed, *words])


def named(outputs: Mapping[str, str], value: Any) -> dict[str, Any]:
    """What a function returned, by output name: one value, a tuple in declared order, or a dictionary.

    Raises:
        DeclarationError: for a wrong number of outputs or wrong names.
    """
    items = value.values() if isinstance(value, dict) else value if isinstance(value, (tuple, list)) else [value]
    if any(item is None for item in items):
        raise DeclarationError("outputs", expected=f"a tensor for each of {', '.join(outputs)}", got=repr(value))
    if len(outputs) == 1 and not isinstance(value, (dict, tuple, list)):
        return dict.fromkeys(outputs, value)
    if isinstance(value, dict):
        if set(value) != set(outputs):
            raise DeclarationError("outputs", expected=sorted(outputs), got=sorted(value), fix="Return each by name.")
        return {name: value[name] for name in outputs}
    if not isinstance(value, (tuple, list)) or len(value) != len(outputs):
        got = f"{len(value)} values" if isinstance(value, (tuple, list)) else type(value).__name__
        raise DeclarationError("outputs", expected=f"{len(outputs)}: {', '.join(outputs)}", got=got)
    return dict(zip(outputs, value, strict=True))


def operation(
    *,
    inputs: Mapping[str, str | Input],
    cases: Sequence[Case],
    output: str | None = None,
    outputs: Mapping[str, str] | None = None,
    parameters: Mapping[str, Sequence[Any]] | None = None,
    sizes: Mapping[str, str] | None = None,
    blocks: Mapping[str, str] | None = None,
    rounding: Rounding | None = propagated,
) -> Callable[[Reference], Operation]:
    """Declare an operation on its reference.

    The name is the function's, the family its module's. Arguments with the default ``None`` are optional;
    keyword-only arguments are the parameters, and their defaults the operation's.

    Args:
        inputs: axes, or a kind of input, by argument.
        cases: see :func:`case`.
        output: the axes of the only output.
        outputs: the axes of several outputs by name.
        parameters: for each parameter, the values that the cases must reach.
        sizes: sizes that follow from others, as expressions.
        blocks: the canonical order of the blocks on a packed axis.
        rounding: how far rounding may take a correct computation; :func:`equivalence.rounding.selection` where nothing
            is computed, and ``None`` to be judged by ``allclose`` alone.
    """

    def declare(function: Reference) -> Operation:
        signature = inspect.signature(function).parameters.values()
        keywords = {p.name: p.default for p in signature if p.kind is p.KEYWORD_ONLY}
        declared = Operation(
            name=function.__name__,
            family=function.__module__.rpartition(".")[2],
            reference=function,
            inputs={name: as_input(kind) for name, kind in inputs.items()},
            outputs={OUTPUT: output} if output is not None else dict(outputs or {}),
            parameters={name: tuple(values) for name, values in (parameters or {}).items()},
            defaults=keywords,
            optional=frozenset(p.name for p in signature if p.kind is not p.KEYWORD_ONLY and p.default is None),
            cases=tuple(cases),
            sizes=dict(sizes or {}),
            blocks=dict(blocks or {}),
            origin=f"{function.__module__}:{function.__qualname__}",
            rounding=rounding,
        )
        _validate(declared, [p.name for p in signature if p.kind is not p.KEYWORD_ONLY])
        return declared

    return declare


def _validate(declared: Operation, positional: list[str]) -> None:
    def require(fine: bool, what: str, expected: object, got: object) -> None:  # noqa: FBT001
        if not fine:
            raise DeclarationError(f"operation {declared.name}: {what}", expected=expected, got=got)

    require(list(declared.inputs) == positional, "inputs", positional, list(declared.inputs))
    require(
        set(declared.parameters) == set(declared.defaults),
        "parameters",
        list(declared.defaults),
        list(declared.parameters),
    )
    require(bool(declared.outputs), "outputs", "output= or outputs=", "neither")
    packed = {letter for axes in _all_axes(declared) for letter in _axes.letters(axes)}
    require(set(declared.blocks) <= packed, "blocks", f"letters of its axes, {sorted(packed)}", list(declared.blocks))
    require(bool(declared.cases), "cases", "at least one", "none")
    ids = [case.id for case in declared.cases]
    require(len(set(ids)) == len(ids), "case ids", "unique ids", ids)
    for item in declared.cases:
        require(
            set(item.parameters) <= set(declared.defaults),
            f"case {item.id}",
            sorted(declared.defaults),
            sorted(item.parameters),
        )
        require(
            set(item.without) <= declared.optional, f"case {item.id}, without", sorted(declared.optional), item.without
        )
        require(item.data in STRATEGIES, f"case {item.id}, data", sorted(STRATEGIES), item.data)
        for kind in declared.arguments(item).values():
            _axes.shape(kind.axes, declared.case_sizes(item), declared.settings(item))


def _all_axes(declared: Operation) -> list[str]:
    return [*(kind.axes for kind in declared.inputs.values()), *declared.outputs.values()]
