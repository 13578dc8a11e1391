"""How each framework's own layers store their parameters: data, beside its bindings.

A binding says how a call takes its arguments. What people hold are the arrays a layer keeps: PyTorch's LSTM has two
biases where the operation has one, Keras's GRU puts two into one array, TensorFlow 1 has one matrix for the input and
the state, Lasagne a matrix for each gate and the negative of the operation's update gate. An adapter's ``stored.toml``
says so, a row for the layers whose arrays are the same arguments in the same way::

    [[stored]]
    operations = ["gru"]
    layer = "keras.layers.GRU"
    when = { reset_after = true }       # optional: values of the operation's parameters it holds for
    variants = ["unflipped"]            # optional: the bindings it holds for; all, without it
    asks = ["epsilon"]                  # optional: parameters whose default would be a guess
    without = ["num_batches_tracked"]   # optional: arrays of the layer that have no part in what it computes
    sizes = { o = "m*d" }               # optional: sizes that the layer derives from others
    [stored.arrays]
    kernel = "weight"
    bias = { stack = ["bias", "recurrent_bias"] }

An array is an argument of the operation, in the layout of the framework's binding, or a table with exactly one of

- ``of``: an argument, as above;
- ``stack``, ``concatenate``: several arguments, on a new first axis or behind each other on the first; those left out
  are zeros. ``equal = true`` says that the parts of a concatenation have the same size;
- ``sum``: several arguments that the layer has only the sum of;
- ``addend``: an argument that another array holds already, to which the layer adds this one: zeros when written;

and any of

- ``axes``: a layout of its own;
- ``blocks``: only these of the packed axis;
- ``negate``: the negative is stored;
- ``absent``: the number that stands for the argument when there are only some of a layer's optional arrays;
- ``plus = { parameter, block }``: the layer has this parameter in the array, where another adds it when it runs;
- ``inverse_deviation``: the array is one over the square root of the sum of the argument and this parameter.

The first row that fits is taken: when reading, by the arrays a file has; when writing, by what there is to hold. A row
with ``refused`` instead of ``arrays`` says why a layer's parameters cannot be moved. It is a file of its own because a
layer's arrays are no part of a call: a matrix run needs none of this, and a mutation of it would change no comparison.
"""

from __future__ import annotations

import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from equivalence import registry
from equivalence.binding import Adapter, Binding, resource
from equivalence.errors import DeclarationError, UsageError
from equivalence.operation import Operation
from equivalence.registry import Registry

_ROW = {"operations", "layer", "arrays", "refused", "when", "variants", "asks", "without", "sizes"}
_JOINS = ("of", "stack", "concatenate", "sum", "addend")
_ARRAY = {*_JOINS, "axes", "blocks", "negate", "absent", "plus", "inverse_deviation", "equal"}


@dataclass(frozen=True)
class Stored:
    """One array of a layer: which arguments it holds, and how. See the module for the fields."""

    join: str
    arguments: tuple[str, ...]
    axes: str | None = None
    blocks: tuple[str, ...] = ()
    negate: bool = False
    absent: float | None = None
    plus: Mapping[str, str] | None = None
    inverse_deviation: str | None = None
    equal: bool = False


@dataclass(frozen=True)
class Form:
    """One way in which a layer of a framework stores the parameters of an operation."""

    layer: str
    arrays: Mapping[str, Stored] = field(default_factory=dict)
    refused: str = ""
    when: Mapping[str, Any] = field(default_factory=dict)
    variants: tuple[str, ...] = ()
    asks: tuple[str, ...] = ()
    without: tuple[str, ...] = ()
    sizes: Mapping[str, str] = field(default_factory=dict)

    @property
    def arguments(self) -> set[str]:
        """All arguments that the arrays hold."""
        return {argument for stored in self.arrays.values() for argument in stored.arguments}


def rows(adapter: Adapter) -> list[tuple[tuple[str, ...], Form]]:
    """Operations and form of every row of an adapter.

    Raises:
        DeclarationError: for a field that there is not, or an array that is not exactly one thing.
    """
    path = resource(adapter, "stored.toml")
    if path is None or not path.is_file():
        return []
    return [_row(row, str(path)) for row in tomllib.loads(path.read_text(encoding="utf-8")).get("stored", [])]


def forms(known: Registry, adapter: Adapter, operation: Operation) -> list[Form]:
    """The forms of an operation's parameters in a framework; the canonical one for the reference.

    Raises:
        DeclarationError: if a row names an argument or a parameter that the operation does not have.
    """
    if not adapter.bindings:
        return [
            Form("the operation's own arguments", {name: Stored("of", (name,)) for name in learned(known, operation)})
        ]
    found = [form for operations, form in rows(adapter) if operation.name in operations]
    for form in found:
        _check(form, operation, adapter)
    return found


def learned(known: Registry, operation: Operation) -> list[str]:
    """The arguments of an operation that some framework's layer stores, in the operation's order."""
    named = {
        argument
        for adapter in known.adapters.values()
        for operations, form in rows(adapter)
        if operation.name in operations
        for argument in form.arguments
    }
    return [name for name in operation.inputs if name in named]


def binding_of(known: Registry, adapter: Adapter, operation: Operation, variant: str | None) -> Binding | None:
    """The binding whose layouts a layer shares: the adapter's, else that of the library it runs on.

    Raises:
        UsageError: if there is none, or none of that variant.
    """
    if not adapter.bindings:
        return None
    for name in (adapter.name, adapter.library):
        found = known.bindings.get((name, operation.name), ())
        for item in found:
            if item.variant == variant:
                return item
        if found:
            raise registry.suggest(
                f"variant of {name}'s {operation.name}", variant or "", [item.variant or "" for item in found]
            )
    raise UsageError(f"{adapter.name} does not perform {operation.name}", fix=f"See: equivalence show {operation.name}")


def _row(row: Mapping[str, Any], where: str) -> tuple[tuple[str, ...], Form]:
    _known(row, _ROW, where)
    if ("arrays" in row) == ("refused" in row):
        raise DeclarationError(f"{where}: {row.get('layer')}", expected="arrays or refused", got=sorted(row))
    form = Form(
        row["layer"],
        {name: _array(given, f"{where}: {name}") for name, given in row.get("arrays", {}).items()},
        row.get("refused", ""),
        row.get("when", {}),
        tuple(row.get("variants", ())),
        tuple(row.get("asks", ())),
        tuple(row.get("without", ())),
        row.get("sizes", {}),
    )
    return tuple(row["operations"]), form


def _array(given: str | Mapping[str, Any], where: str) -> Stored:
    if isinstance(given, str):
        return Stored("of", (given,))
    _known(given, _ARRAY, where)
    joins = [name for name in _JOINS if name in given]
    if len(joins) != 1:
        raise DeclarationError(where, expected=f"one of {', '.join(_JOINS)}", got=sorted(given))
    arguments = given[joins[0]]
    others = {name: value for name, value in given.items() if name not in (*_JOINS, "blocks")}
    blocks = tuple(given.get("blocks", "").split())
    return Stored(joins[0], (arguments,) if isinstance(arguments, str) else tuple(arguments), blocks=blocks, **others)


def _known(given: Mapping[str, Any], fields: set[str], where: str) -> None:
    if unknown := sorted(set(given) - fields):
        raise DeclarationError(where, expected=f"the fields {', '.join(sorted(fields))}", got=", ".join(unknown))


def _check(form: Form, operation: Operation, adapter: Adapter) -> None:
    added = [stored.plus["parameter"] for stored in form.arrays.values() if stored.plus]
    inverted = [stored.inverse_deviation for stored in form.arrays.values() if stored.inverse_deviation]
    _names(form.arguments, operation.inputs, f"argument of {operation.name} ({adapter.name}'s stored.toml)")
    parameters = [*form.when, *form.asks, *added, *inverted]
    _names(parameters, operation.defaults, f"parameter of {operation.name} ({adapter.name}'s stored.toml)")


def _names(given: set[str] | Sequence[str], known: Mapping[str, Any], what: str) -> None:
    for name in sorted(given):
        if name not in known:
            raise registry.suggest(what, name, known)
