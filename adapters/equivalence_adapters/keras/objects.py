"""Calling a Keras layer or model with other weights, in another precision, without changing it."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any
from weakref import WeakKeyDictionary

import numpy as np

from equivalence.driver import Call, Performed, check_parameter, single_valued, sorted_out
from equivalence.errors import PortError
from equivalence.lazy import Lazy

keras = Lazy("keras")
tf = Lazy("tensorflow")

_SEED = "seed_generator_state"
"""The name of the variables that Keras's random generators count with."""

_CLOSE = 1e-2
"""How near the twin in float64 must come to its layer, relative to the largest value; wrong weights are far off."""

Shapes = tuple[tuple[int, ...], ...]


class Objects:
    """Calls layers and models; keeps, for each, the copies made of it for other dtypes and shapes."""

    def __init__(self) -> None:
        # None stands for the layer itself, which its own entry must not keep alive.
        self._copies: WeakKeyDictionary[Any, dict[tuple[str, Shapes], Any | None]] = WeakKeyDictionary()
        self._unbuilt: WeakKeyDictionary[Any, bool] = WeakKeyDictionary()

    def perform(self, call: Call, tensors: Mapping[str, Any], earlier: Sequence[Mapping[str, Any]]) -> Performed:
        """A layer's outputs, in a ``keras.StatelessScope``.

        Its variables are those of a copy in the call's dtype, made by ``from_config``, or the tensors drawn for them.
        A layer of which no such copy can be made computes in its own dtype. A variable that is not trainable is state:
        no gradient reaches it. A layer that is not built is built from the shapes it is called with, anew for others.

        Args:
            call: the call; its function is the layer.
            tensors: by argument.
            earlier: by argument, for each earlier call. State goes from call to call.

        Raises:
            PortError: for a variable the layer does not have, or of another shape.
        """
        layer = self._copy(call, tensors)
        variables = list(layer.variables)
        places = _places(variables)
        taken = _taken(call, tensors, variables, places)
        fixed = {id(variable) for variable in layer.non_trainable_variables}
        state = [name for place, name in taken.items() if id(variables[place]) in fixed]
        values = [variable.value for variable in variables]
        for place, name in taken.items():
            values[place] = tf.stop_gradient(tensors[name])
        run = _Run(call, layer, {place: name for place, name in taken.items() if name not in state})
        for batch in earlier:
            _, values = run(values, {**tensors, **batch})
        returned, values = run(values, tensors)
        _advance(variables, values)
        outputs, stored = sorted_out(call, returned, {own: values[place] for own, place in places.items()})
        outputs |= {name: tf.stop_gradient(outputs[name]) for name in stored}
        return Performed(outputs, (*state, *stored), tuple(_constants(variables, taken)) if call.effects else ())

    def _copy(self, call: Call, tensors: Mapping[str, Any]) -> Any:
        """The layer as it is to be called: built for these shapes, in this dtype."""
        layer: Any = call.function
        dtype = call.dtype or "float32"
        unbuilt = self._unbuilt.setdefault(layer, not layer.built)
        shapes: Shapes = tuple(tuple(tensors[name].shape) for name in call.inputs) if unbuilt else ()
        copies = self._copies.setdefault(layer, {})
        if ("float32", shapes) not in copies:
            copy = _configured(layer, "float32") if unbuilt else None
            _apply(copy or layer, call, tensors, "float32")
            copies["float32", shapes] = copy
        base = copies["float32", shapes] or layer
        if (dtype, shapes) not in copies:
            copies[dtype, shapes] = _twin(base, call, tensors, dtype)
        return copies[dtype, shapes] or base


class _Run:
    """Calls a layer with values in place of its variables; those of ``weights`` are arguments of each call."""

    def __init__(self, call: Call, layer: Any, weights: Mapping[int, str]) -> None:
        self._call, self._layer, self._weights = call, layer, weights

    def __call__(self, values: Sequence[Any], tensors: Mapping[str, Any]) -> tuple[Any, list[Any]]:
        """What the layer returns, and the values of its variables afterwards."""
        variables = list(self._layer.variables)
        given = [tensors[self._weights[k]] if k in self._weights else v for k, v in enumerate(values)]
        mapping = [(variable, tf.cast(v, variable.dtype)) for variable, v in zip(variables, given, strict=True)]
        positional, named = _arguments(self._layer, self._call, tensors)
        # Keras's stateless_call is this without what a layer's own call does first: casts, masks, the training mode.
        with keras.StatelessScope(state_mapping=mapping) as scope:
            returned = self._layer(*positional, **named)
        return returned, [scope.get_current_value(variable) for variable in variables]


def _arguments(layer: Any, call: Call, tensors: Mapping[str, Any]) -> tuple[tuple[Any, ...], dict[str, Any]]:
    """By the names of ``call``, or of a model's inputs; else by position, several in a list if it takes one only."""
    inputs = {call.keywords.get(name, name): tensors[name] for name in call.inputs}
    keywords = {"training": call.training, **call.parameters}
    signature = inspect.signature(layer.call)
    accepted = [p for p in signature.parameters.values() if p.kind in (p.POSITIONAL_OR_KEYWORD, p.KEYWORD_ONLY)]
    if set(inputs) <= {p.name for p in accepted}:
        bound = signature.bind_partial(**inputs)
        return bound.args, {**bound.kwargs, **keywords}
    values = list(inputs.values())
    if len(values) > 1 and sorted(tensor.name for tensor in getattr(layer, "inputs", ())) == sorted(inputs):
        return (inputs,), keywords
    needed = [p for p in signature.parameters.values() if p.default is p.empty and p.kind is p.POSITIONAL_OR_KEYWORD]
    several = any(p.kind is p.VAR_POSITIONAL for p in signature.parameters.values()) or len(needed) > 1
    return ((values,) if len(values) > 1 and not several else tuple(values)), keywords


def _apply(layer: Any, call: Call, tensors: Mapping[str, Any], dtype: str) -> Any:
    """Call a layer in inference mode with inputs of a dtype, which builds it if need be."""
    given = {n: tf.cast(tensors[n], dtype) if tensors[n].dtype.is_floating else tensors[n] for n in call.inputs}
    positional, named = _arguments(layer, call, given)
    with _float_type(dtype):
        return layer(*positional, **{**named, "training": False})


def _twin(layer: Any, call: Call, tensors: Mapping[str, Any], dtype: str) -> Any | None:
    """The same layer with the same weights, in another dtype; none if its configuration does not say everything."""
    exact = _moved(layer, call, tensors, "float64")
    if exact is None or not _alike(layer, exact, call, tensors):
        return None
    return exact if dtype == "float64" else _moved(layer, call, tensors, dtype)


def _moved(layer: Any, call: Call, tensors: Mapping[str, Any], dtype: str) -> Any | None:
    twin = _configured(layer, dtype)
    if twin is None:
        return None
    try:
        _apply(twin, call, tensors, dtype)
    except Exception:  # noqa: BLE001 - whatever a layer does in a dtype it was not made for, it has its own
        return None
    if [variable.shape for variable in twin.variables] != [variable.shape for variable in layer.variables]:
        return None
    for new, old in zip(twin.variables, layer.variables, strict=True):
        new.assign(tf.cast(old.value, new.dtype))
    return twin


def _configured(layer: Any, dtype: str) -> Any | None:
    """A new layer of the same configuration, in which ``dtype`` stands for float32; none if it has none."""
    # The port file is code that its user trusts, and so are the functions in it that a configuration names.
    keras.config.enable_unsafe_deserialization()
    try:
        with _float_type(dtype):
            return type(layer).from_config(_retyped(layer.get_config(), dtype))
    except Exception:  # noqa: BLE001 - a user's class may do anything here; without a copy there is the layer itself
        return None


def _retyped(config: Any, dtype: str) -> Any:
    if isinstance(config, dict):
        return {key: _type(item, dtype) if key == "dtype" else _retyped(item, dtype) for key, item in config.items()}
    return [_retyped(item, dtype) for item in config] if isinstance(config, list) else config


def _type(given: Any, dtype: str) -> Any:
    if isinstance(given, dict) and given.get("class_name") == "DTypePolicy":
        name = given["config"]["name"]
        return {**given, "config": {**given["config"], "name": dtype if name == "float32" else name}}
    return dtype if given == "float32" else given


def _alike(layer: Any, twin: Any, call: Call, tensors: Mapping[str, Any]) -> bool:
    """Whether a twin in float64 computes what the layer does, so that its configuration says everything."""
    pairs = zip(
        *(tf.nest.flatten(_apply(one, call, tensors, dtype)) for one, dtype in ((layer, "float32"), (twin, "float64"))),
        strict=False,
    )
    return all(_near(np.asarray(left, np.float64), np.asarray(right, np.float64)) for left, right in pairs)


def _near(left: Any, right: Any) -> bool:
    if left.shape != right.shape:
        return False
    finite = np.isfinite(left) & np.isfinite(right)
    largest = np.max(np.abs(right), where=finite, initial=0.0)
    return bool(np.all(np.abs(left - right, where=finite, out=np.zeros(left.shape)) <= _CLOSE * largest))


def _places(variables: Sequence[Any]) -> dict[str, int]:
    """The place of each variable by its name, or as much of the end of its path as sets it apart."""
    ends: dict[str, list[int]] = {}
    for place, variable in enumerate(variables):
        parts = variable.path.split("/")
        for k in range(len(parts) if parts[-1] != _SEED else 0):
            ends.setdefault("/".join(parts[k:]), []).append(place)
    return {end: places[0] for end, places in ends.items() if len(places) == 1}


def _taken(
    call: Call, tensors: Mapping[str, Any], variables: Sequence[Any], places: Mapping[str, int]
) -> dict[int, str]:
    """The argument drawn for a variable, by the variable's place."""
    shapes = {own: tuple(variables[place].shape) for own, place in places.items()}
    taken = {}
    for name in call.drawn:
        own = call.keywords.get(name, name)
        if own not in places:
            _ambiguous(own, variables)
        check_parameter(own, tuple(tensors[name].shape), shapes)
        taken[places[own]] = name
    return taken


def _ambiguous(own: str, variables: Sequence[Any]) -> None:
    paths = [variable.path for variable in variables if f"/{variable.path}".endswith(f"/{own}")]
    if paths:
        raise PortError(
            f"parameters: {own}",
            expected="a name of one variable",
            got=f"the name of {len(paths)}: {', '.join(paths)}",
            fix="Give as much of the end of its path as sets it apart.",
        )


def _advance(variables: Sequence[Any], values: Sequence[Any]) -> None:
    """Let random generators go on, as they do between calls; all else stays as it was."""
    for variable, value in zip(variables, values, strict=True):
        if variable.path.endswith(_SEED):
            variable.assign(value)


def _constants(variables: Sequence[Any], taken: Mapping[int, str]) -> Iterator[str]:
    places = _places(variables)
    shortest = {place: end for end, place in sorted(places.items(), key=lambda item: -len(item[0]))}
    for place, variable in enumerate(variables):
        if place not in taken and single_valued(np.asarray(variable.value)):
            yield shortest.get(place, variable.path)


@contextmanager
def _float_type(dtype: str) -> Iterator[None]:
    """What Keras's layers compute in that are made within: this dtype, unless the user's file says otherwise."""
    policy = keras.config.dtype_policy()
    if not dtype or policy.name != "float32":
        yield
        return
    keras.config.set_floatx(dtype)
    keras.config.set_dtype_policy(dtype)
    try:
        yield
    finally:
        keras.config.set_floatx("float32")
        keras.config.set_dtype_policy(policy)


def in_dtype(dtype: str, function: Callable[[], Any]) -> Any:
    """Call a function whose Keras layers, if it makes any, compute in this dtype; as they are set if it is empty."""
    with _float_type(dtype):
        return function()
