"""Declaring an equivalence: two or more ways to write the same function, each a graph of the catalogue's operations."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from equivalence.errors import DeclarationError
from equivalence.graph import Graph, Node
from equivalence.inputs import Array, Input
from equivalence.operation import Case

Arrays = Mapping[str, Array]


@dataclass(frozen=True, kw_only=True)
class Expression:
    """One way to write the function.

    Args:
        steps: operations, and arrangements: how what is shared maps to what this expression takes.
        outputs: references by name, as the others have them.
        adjoint: an input, in which the expression is linear, that changes places with the cotangent of the only output.
            What comes back to the input is then the output, and the expression's own output is the input's gradient. So
            a framework's gradient stands for a function.
        inputs: axes of inputs that differ from those of the others, as those of an adjoint one do.
        derivative: an output, one number, whose gradients are the outputs of the equivalence, by the parameter's name;
            nothing else of the expression is compared.
    """

    steps: Sequence[Node]
    outputs: Mapping[str, str]
    adjoint: str = ""
    inputs: Mapping[str, str | Input] = field(default_factory=dict)
    derivative: str = ""


@dataclass(frozen=True, kw_only=True)
class Equivalence:
    """Expressions of one function with the same inputs and parameters.

    Args:
        name: unique among the equivalences.
        title: the two or more, with equals signs between.
        why: one sentence on why they are the same.
        inputs: axes, or a kind of input, by name.
        parameters: the same of the weights they share.
        expressions: by name; they are compared inside every framework, and with each other's across all of them.
        cases: sizes and kinds of data.
        sizes: sizes that follow from others, as expressions.
        seeds: the documents that rely on it.

    Raises:
        DeclarationError: for fewer than two expressions, or for outputs that are not the same.
    """

    name: str
    title: str
    why: str
    inputs: Mapping[str, str | Input]
    expressions: Mapping[str, Expression]
    cases: Sequence[Case]
    parameters: Mapping[str, str | Input] = field(default_factory=dict)
    sizes: Mapping[str, str] = field(default_factory=dict)
    seeds: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        if len(self.expressions) < 2:  # noqa: PLR2004 - two sides of an equation
            expected = "two expressions or more"
            raise DeclarationError(f"equivalence {self.name}", expected=expected, got=list(self.expressions))
        plain = [set(one.outputs) for one in self.expressions.values() if not one.derivative]
        if any(names != plain[0] for names in plain):
            expected = "the same outputs of each expression"
            raise DeclarationError(
                f"equivalence {self.name}", expected=expected, got=[sorted(names) for names in plain]
            )
        for name, one in self.expressions.items():
            if one.adjoint and len(one.outputs) != 1:
                what = f"expression {name} of {self.name}"
                raise DeclarationError(what, expected="one output", got=sorted(one.outputs))

    def graph(self, name: str) -> Graph:
        """An expression as a graph of its own."""
        one = self.expressions[name]
        return Graph(
            name=self.name,
            title=self.title,
            inputs={**self.inputs, **one.inputs},
            parameters=self.parameters,
            steps=one.steps,
            outputs=one.outputs,
            cases=self.cases,
            sizes=self.sizes,
        )

    @property
    def first(self) -> str:
        """The expression whose inputs are drawn: the first that takes them as they are."""
        return next(name for name, one in self.expressions.items() if not (one.adjoint or one.derivative))

    def given(self, name: str, arrays: Arrays, cotangents: Arrays) -> tuple[dict[str, Array], dict[str, Array]]:
        """The arrays and the cotangents of an expression from those of the equivalence."""
        one = self.expressions[name]
        given, turned = dict(arrays), dict(cotangents)
        if one.adjoint:
            [output] = one.outputs
            given[one.adjoint], turned = turned[output], {output: given[one.adjoint]}
        return given, turned

    def quantities(self, name: str, known: Sequence[str]) -> dict[str, str]:
        """The quantities that are compared, each with the expression's own name for it.

        Args:
            name: of the expression.
            known: all of its own quantities; those of single steps are none of the equivalence's.
        """
        one = self.expressions[name]
        own = {quantity: quantity for quantity in known if ":" not in quantity}
        if one.derivative:
            return {f"forward-{parameter}": f"gradient-{parameter}" for parameter in self.parameters}
        if one.adjoint:
            [output] = one.outputs
            forward, backward = f"forward-{output}", f"gradient-{one.adjoint}"
            return {**own, forward: backward, backward: forward}
        if any(other.derivative for other in self.expressions.values()):
            return {quantity: quantity for quantity in own if quantity.startswith("forward-")}
        return own
