"""How entries of PyTorch's operator database are computed by our operations."""

import math
from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np

from .catalogue import Calls, NotApplicableError

NOT_MAPPED = {
    "nn.functional.celu": "no such operation: elu's slope and scale are one",
    "nn.functional.pdist": "no distances in the catalogue",
    "nn.functional.pairwise_distance": "no distances in the catalogue",
    "nn.functional.silu.complex": "the catalogue has no complex numbers",
}
"""Entries of the families activation, loss and normalization that no operation computes."""

call = Calls()


def require(fine, reason):
    if not fine:
        raise NotApplicableError(reason)


def elementwise(name, **fixed):
    return lambda x: call(name, x, **fixed)


def prelu(x, weight):
    """One slope for all may come without channels."""
    require(x.size, "no elements")
    wide = x if x.ndim > 1 else x.reshape(1, -1)
    return call("prelu", wide, np.broadcast_to(weight, wide.shape[1:2])).reshape(x.shape)


def threshold(x, least, value):
    passed = call("thresholded_relu", x, theta=least)
    return np.where(x > least, passed, passed + value)


def loss(name):
    def compute(x, target, *, reduction="mean", **settings):
        """Ours have two axes; a mean or a sum does not mind."""
        require(settings.get("beta") != 0, "beta is 0")
        result = call(name, x.reshape(1, -1), target.reshape(1, -1), reduction=reduction, **settings)
        return result.reshape(x.shape) if reduction == "none" else result

    return compute


def group_norm(x, groups, weight=None, bias=None, eps=1e-5):
    require(eps > 0, "epsilon is negative")
    return call("group_norm", x, weight, bias, groups=groups, epsilon=eps)


def native_group_norm(x, weight, bias, batch, channels, pixels, groups, eps):
    return group_norm(x, groups, weight, bias, eps)


def layer_norm(x, axes, weight=None, bias=None, eps=1e-5):
    require(eps > 0, "epsilon is negative")
    batch = x.shape[: x.ndim - len(axes)]
    return call("layer_norm", x.reshape(1, math.prod(batch), *axes), weight, bias, epsilon=eps).reshape(x.shape)


def rms_norm(x, axes, weight=None, eps=None):
    """Several axes are one long one."""
    eps = np.finfo(x.dtype).eps if eps is None else eps
    require(eps > 0, "epsilon is negative")
    batch = x.shape[: x.ndim - len(axes)]
    scale = None if weight is None else weight.reshape(-1)
    return call("rms_norm", x.reshape(*batch, math.prod(axes)), scale, epsilon=float(eps)).reshape(x.shape)


def conv_transpose(rank):
    def compute(x, weight, bias=None, *, padding=0, **settings):
        """PyTorch pads alike on both sides, and takes one image without a batch."""
        sides = (padding,) * rank if isinstance(padding, int) else padding
        images = x if x.ndim == rank + 2 else x[None]
        y = call(f"conv_transpose{rank}d", images, weight, bias, padding=tuple((n, n) for n in sides), **settings)
        return y if x.ndim == rank + 2 else y[0]

    return compute


def one_hot(indices, num_classes):
    return call("one_hot", indices, depth=num_classes if num_classes > 0 else int(indices.max()) + 1)


def merged(name):
    def compute(x, y, alpha=1):
        return call(name, *np.broadcast_arrays(x, alpha * y))

    return compute


def cat(arrays, dim=0):
    require(1 < len(arrays) < 4, "not two or three arrays")
    require(all(array.ndim > 1 for array in arrays), "fewer than two axes")
    return np.swapaxes(call("concatenate", *(np.swapaxes(array, dim, 1) for array in arrays)), dim, 1)


def flatten(x, start_dim=0, end_dim=-1):
    require(end_dim == -1 and x.ndim > start_dim, "other axes")
    return call("flatten", x) if start_dim else call("flatten", x[None])[0]


def transpose(x, first, second):
    order = list(range(x.ndim))
    require(order, "no axes")
    order[first], order[second] = order[second], order[first]
    return call("permute_dimensions", x, axes=tuple(order))


def permute(x, axes):
    require(axes, "no axes")
    return call("permute_dimensions", x, axes=axes)


def tile(x, multiples):
    require(len(multiples) == x.ndim > 0, "not a number for each axis")
    require(all(multiples), "a number is 0")
    return call("tile", x, multiples=multiples)


def view(x, shape):
    require(x.ndim == 3, "not three axes")
    return call("reshape", x, shape=shape)


def reduction(name):
    def compute(x, dim=None, *, keepdim=False, correction=1, unbiased=None, **rest):
        require(x.ndim > 0, "no axes")
        require(x.size > 0, "no elements")
        axes = (dim,) if isinstance(dim, int) else dim
        settings = {"axis": dim} if name == "argmax" else {"axes": axes}
        if name == "reduce_variance":
            correction = 1 if correction is None else correction
            require(correction in (0, 1), "correction is not 0 or 1")
            settings["correction"] = correction if unbiased is None else int(unbiased)
        return call(name, x, keepdims=keepdim, **settings)

    return compute


@dataclass(frozen=True)
class Row:
    """An entry, its translation, how many of its samples are compared, and how many cannot be, by reason."""

    name: str
    compute: object
    compared: int
    not_applicable: Mapping[str, int] = field(default_factory=dict)
    dtype: str = "float64"


FUNCTIONAL = [
    Row("nn.functional.relu", elementwise("relu"), 4),
    Row("nn.functional.elu", elementwise("elu"), 3),
    Row("nn.functional.selu", elementwise("selu"), 3),
    Row("nn.functional.silu", elementwise("silu"), 3),
    Row("nn.functional.hardsigmoid", elementwise("hard_sigmoid"), 3),
    Row("nn.functional.mish", elementwise("mish"), 3),
    Row("nn.functional.softsign", elementwise("softsign"), 3),
    Row("nn.functional.softplus", lambda x, **settings: call("softplus", x, **settings), 3),
    Row("nn.functional.logsigmoid", lambda x: -call("softplus", -x), 3),
    Row("nn.functional.tanhshrink", lambda x: x - call("tanh", x), 3),
    Row("nn.functional.prelu", prelu, 25),
    Row("nn.functional.threshold", threshold, 4),
    Row("nn.functional.l1_loss", loss("mae"), 6),
    Row("nn.functional.mse_loss", loss("mse"), 6),
    Row("nn.functional.smooth_l1_loss", loss("smooth_l1"), 7, {"beta is 0": 1}),
    Row("nn.functional.group_norm", group_norm, 21),
    Row("native_group_norm", native_group_norm, 21),
    Row("nn.functional.layer_norm", layer_norm, 6),
    Row("native_layer_norm", layer_norm, 20),
    Row("nn.functional.rms_norm", rms_norm, 6),
    Row("nn.functional.conv_transpose1d", conv_transpose(1), 10),
    Row("nn.functional.conv_transpose2d", conv_transpose(2), 12),
    Row("nn.functional.conv_transpose3d", conv_transpose(3), 10),
    Row("nn.functional.one_hot", one_hot, 6, dtype="int64"),
]
OTHERS = [
    Row("abs", elementwise("absolute"), 1),
    Row("tanh", elementwise("tanh"), 1),
    Row("add", merged("merge_sum"), 11),
    Row("maximum", merged("merge_max"), 9),
    Row("max.binary", merged("merge_max"), 9),
    Row("floor_divide", lambda x, y: call("divide_integers", *np.broadcast_arrays(x, y)), 9, dtype="int64"),
    Row("bmm.triton_optimized", lambda x, y: call("matmul", x, y), 18),
    Row("cat", cat, 9),
    Row("flatten", flatten, 6),
    Row("ravel", flatten, 3),
    Row("transpose", transpose, 8),
    Row("permute", permute, 4),
    Row("tile", tile, 54),
    Row("repeat", tile, 54),
    Row("view_copy", view, 7),
    Row("argmax", reduction("argmax"), 13),
    Row("amax", reduction("reduce_max"), 20),
    Row("mean", reduction("reduce_mean"), 20),
    Row("sum", reduction("reduce_sum"), 20),
    Row("var", reduction("reduce_variance"), 17),
]
ROWS = [*FUNCTIONAL, *OTHERS]
