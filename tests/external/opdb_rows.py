"""How entries of PyTorch's operator database are computed by our operations."""

import math
from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np

from .catalogue import Calls, NotApplicableError

NOT_MAPPED = {
    "nn.functional.celu": "no such operation: elu's slope and scale are one",
    "nn.functional.gelu": "its reference needs SciPy, which is not among the pinned packages",
    "nn.functional.pdist": "no distances in the catalogue",
    "nn.functional.pairwise_distance": "no distances in the catalogue",
    "nn.functional.silu.complex": "the catalogue has no complex numbers",
}
"""Entries of the families activation, loss and normalization that no operation computes."""

call = Calls()


def require(fine, reason):
    if not fine:
        raise NotApplicableError(reason)


def elementwise(name):
    return lambda x, **settings: call(name, x, **settings)


def prelu(x, weight):
    """One slope for all may come without channels."""
    wide = x if x.ndim > 1 else x.reshape(1, -1)
    return call("prelu", wide, np.broadcast_to(weight, wide.shape[1:2])).reshape(x.shape)


def threshold(x, threshold, value):
    """Ours puts 0 where theirs puts a value."""
    passed = call("thresholded_relu", x, theta=threshold)
    return np.where(x <= threshold, passed + value, passed)


def loss(name):
    def compute(x, target, *, reduction="mean", **settings):
        """Ours have two axes; a mean or a sum does not mind."""
        result = call(name, x.reshape(1, -1), target.reshape(1, -1), reduction=reduction, **settings)
        return result.reshape(x.shape) if reduction == "none" else result

    return compute


def group_norm(x, groups, weight=None, bias=None, eps=1e-5):
    return call("group_norm", x, weight, bias, groups=groups, epsilon=eps)


def native_group_norm(x, weight, bias, batch, channels, pixels, groups, eps):
    return group_norm(x, groups, weight, bias, eps)


def layer_norm(x, axes, weight=None, bias=None, eps=1e-5):
    batch = x.shape[: x.ndim - len(axes)]
    return call("layer_norm", x.reshape(1, math.prod(batch), *axes), weight, bias, epsilon=eps).reshape(x.shape)


def rms_norm(x, axes, weight=None, eps=None):
    """Several axes are one long one."""
    eps = np.finfo(x.dtype).eps if eps is None else eps
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
    require(all(array.ndim > 1 for array in arrays), "an array of one axis")
    return np.swapaxes(call("concatenate", *(np.swapaxes(array, dim, 1) for array in arrays)), dim, 1)


def flatten(x, start_dim=0, end_dim=-1):
    require(x.ndim > 0, "no axes")
    start_dim, end_dim = start_dim % x.ndim, end_dim % x.ndim
    require(start_dim < 2 and end_dim == x.ndim - 1, "other axes than all or all but the first")
    return call("flatten", x) if start_dim else call("flatten", x[None])[0]


def transpose(x, first, second):
    order = list(range(x.ndim))
    require(order, "no axes")
    order[first], order[second] = order[second], order[first]
    return call("permute_dimensions", x, axes=tuple(order))


def permute(x, axes):
    """Ours counts axes from the front."""
    return call("permute_dimensions", x, axes=tuple(axis % x.ndim for axis in axes))


def tile(x, multiples):
    """Ours takes a number for each axis; PyTorch and NumPy put ones in front of the shorter of shape and numbers."""
    rank = max(x.ndim, len(multiples))
    wide = x.reshape((1,) * (rank - x.ndim) + x.shape)
    return call("tile", wide, multiples=(1,) * (rank - len(multiples)) + tuple(multiples))


def view(x, shape):
    require(x.ndim == 3, "not three axes")
    return call("reshape", x, shape=shape)


def reduction(name):
    def compute(x, dim=None, *, keepdim=False, **settings):
        axes = {"axis": dim} if name == "argmax" else {"axes": (dim,) if isinstance(dim, int) else dim}
        return call(name, x, keepdims=keepdim, **axes, **settings)

    return compute


def variance(x, dim=None, *, keepdim=False, correction=0, unbiased=None):
    """The database's reference is NumPy's, whose correction is 0 where none is given; PyTorch's is 1."""
    require(correction is not None, "correction is None")
    correction = correction if unbiased is None else int(unbiased)
    return reduction("reduce_variance")(x, dim, keepdim=keepdim, correction=correction)


@dataclass(frozen=True)
class Row:
    """An entry, its translation, on how many of its samples both agree, and what comes of the others, exactly."""

    name: str
    compute: object
    equal: int
    otherwise: Mapping[str, int] = field(default_factory=dict)
    dtype: str = "float64"


# Where ours is "different" or fails: thresholded_relu of NaN is 0; an output_padding between stride and dilation is
# refused; a reduction of a scalar over its axis 0 or -1, which PyTorch allows, divides by zero.
FUNCTIONAL = [
    Row("nn.functional.relu", elementwise("relu"), 41),
    Row("nn.functional.elu", elementwise("elu"), 39),
    Row("nn.functional.selu", elementwise("selu"), 39),
    Row("nn.functional.silu", elementwise("silu"), 39),
    Row("nn.functional.hardsigmoid", elementwise("hard_sigmoid"), 39),
    Row("nn.functional.mish", elementwise("mish"), 39),
    Row("nn.functional.softsign", elementwise("softsign"), 39),
    Row("nn.functional.softplus", elementwise("softplus"), 39),
    Row("nn.functional.logsigmoid", lambda x: -call("softplus", -x), 39),
    Row("nn.functional.tanhshrink", lambda x: x - call("tanh", x), 39),
    Row("nn.functional.prelu", prelu, 108),
    Row("nn.functional.threshold", threshold, 37, {"different": 4}),
    Row("nn.functional.l1_loss", loss("mae"), 6),
    Row("nn.functional.mse_loss", loss("mse"), 6),
    Row("nn.functional.smooth_l1_loss", loss("smooth_l1"), 8),
    Row("nn.functional.group_norm", group_norm, 33),
    Row("native_group_norm", native_group_norm, 33),
    Row("nn.functional.layer_norm", layer_norm, 6),
    Row("native_layer_norm", layer_norm, 20),
    Row("nn.functional.rms_norm", rms_norm, 6),
    Row("nn.functional.conv_transpose1d", conv_transpose(1), 10),
    Row("nn.functional.conv_transpose2d", conv_transpose(2), 10, {"refused: output of conv_transpose2d": 2}),
    Row("nn.functional.conv_transpose3d", conv_transpose(3), 8, {"refused: output of conv_transpose3d": 2}),
    Row("nn.functional.one_hot", one_hot, 6, dtype="int64"),
]
OTHERS = [
    Row("abs", elementwise("absolute"), 35),
    Row("tanh", elementwise("tanh"), 35),
    Row("add", merged("merge_sum"), 118),
    Row("maximum", merged("merge_max"), 100),
    Row("max.binary", merged("merge_max"), 100),
    Row("floor_divide", lambda x, y: call("divide_integers", *np.broadcast_arrays(x, y)), 110, dtype="int64"),
    Row("bmm.triton_optimized", lambda x, y: call("matmul", x, y), 18),
    Row("cat", cat, 6, {"an array of one axis": 5, "not two or three arrays": 1}),
    Row("flatten", flatten, 20, {"no axes": 4, "other axes than all or all but the first": 21}),
    Row("ravel", flatten, 2, {"no axes": 1}),
    Row("transpose", transpose, 7, {"no axes": 1}),
    Row("permute", permute, 64),
    Row("tile", tile, 54),
    Row("repeat", tile, 40),
    Row("view_copy", view, 1, {"not three axes": 6}),
    Row("argmax", reduction("argmax"), 13),
    Row("amax", reduction("reduce_max"), 18, {"ZeroDivisionError": 2}),
    Row("mean", reduction("reduce_mean"), 18, {"ZeroDivisionError": 2}),
    Row("sum", reduction("reduce_sum"), 18, {"ZeroDivisionError": 2}),
    Row("var", variance, 13, {"correction is None": 1, "refused: correction of reduce_variance": 3}),
]
ROWS = [*FUNCTIONAL, *OTHERS]
