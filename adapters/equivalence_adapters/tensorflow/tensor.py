"""TensorFlow's rearranging of tensors; images have their channels last."""

from __future__ import annotations

from typing import Any

from equivalence.binding import binding
from equivalence.lazy import Lazy

tf = Lazy("tensorflow")


def _flatten(x: Any) -> Any:
    return tf.reshape(x, (tf.shape(x)[0], -1))


def _concatenate(*parts: Any) -> Any:
    return tf.concat(parts, axis=-1)


permute_dimensions = binding(
    tf.transpose,
    docs="https://www.tensorflow.org/api_docs/python/tf/transpose",
    rename={"axes": "perm"},
    conventions={
        "meaning of the permutation": "perm[k] is the input's axis that becomes axis k",
        "left out": "all axes are reversed",
    },
)
expand_dims = binding(
    tf.expand_dims,
    docs="https://www.tensorflow.org/api_docs/python/tf/expand_dims",
    conventions={"negative axis": "counts the output's axes: -1 puts the new one last", "default axis": "none"},
)
squeeze = binding(
    tf.squeeze,
    docs="https://www.tensorflow.org/api_docs/python/tf/squeeze",
    rename={"axes": "axis"},
    conventions={
        "an axis of another size": "error",
        "left out": "all axes of size one, the batch's too",
        "where sizes are unknown": "as at run time",
    },
)
reshape = binding(
    tf.reshape,
    docs="https://www.tensorflow.org/api_docs/python/tf/reshape",
    conventions={"order": "C, the last axis fastest", "size 0 in the shape": "an empty axis"},
)
flatten = binding(
    _flatten,
    docs="https://www.tensorflow.org/api_docs/python/tf/reshape",
    x="n ... c",
    rename={"channels": None},
    only={"channels": ["last"]},
    conventions={"order on the framework's layout": "h w c: the channel fastest", "axes kept": "the batch's"},
)
flatten_channels_first = binding(
    _flatten,
    docs="https://www.tensorflow.org/api_docs/python/tf/reshape",
    operation="flatten",
    variant="channels_first",
    rename={"channels": None},
    only={"channels": ["first"]},
    conventions={"order on the framework's layout": "c h w: the channel slowest", "axes kept": "the batch's"},
)
concatenate = binding(
    _concatenate,
    docs="https://www.tensorflow.org/api_docs/python/tf/concat",
    x="n ... c",
    y="n ... d",
    z="n ... e",
    output="n ... o",
    conventions={"axis of the channels": "-1 (3 of an image)", "default axis": "none; keras.layers.Concatenate: -1"},
)
repeat = binding(
    tf.repeat,
    docs="https://www.tensorflow.org/api_docs/python/tf/repeat",
    conventions={"order": "a a b b", "default axis": "None: flattens first"},
)
tile = binding(
    tf.tile,
    docs="https://www.tensorflow.org/api_docs/python/tf/tile",
    conventions={"order": "a b a b", "fewer numbers than axes": "error"},
)
