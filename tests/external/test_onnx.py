"""Outputs that PyTorch computed, as the ONNX project publishes them, out of our references.

The package ``onnx`` carries 117 small graphs that PyTorch exported, with inputs, weights and PyTorch's own outputs.
Each node is computed by one of our operations where the catalogue has it, and by NumPy where it does not (``exp``, sums
of different shapes, slices). A case in which no operation of ours takes part says nothing: it stands in a table with
the reason, as does what the catalogue cannot do.
"""

from pathlib import Path

import numpy as np
import onnx
import pytest
from onnx import numpy_helper

from .catalogue import Calls, NotApplicableError
from .onnx_rows import ROWS, WHOLE

DATA = Path(onnx.__file__).parent / "backend" / "test" / "data"
CASES = {folder.name: folder for group in ("converted", "operator") for folder in DATA.glob(f"pytorch-{group}/*")}

NOT_APPLICABLE = {
    "test_MaxPool1d_stride_padding_dilation": "max_pool1d has no dilation",
    "test_MaxPool2d_stride_padding_dilation": "max_pool2d has no dilation",
    "test_operator_add_broadcast": "NumPy alone: Add",
    "test_operator_add_size1_broadcast": "NumPy alone: Add",
    "test_operator_add_size1_right_broadcast": "NumPy alone: Add",
    "test_operator_add_size1_singleton_broadcast": "NumPy alone: Add",
    "test_operator_addconstant": "NumPy alone: Constant Add",
    "test_operator_chunk": "NumPy alone: Split",
    "test_operator_clip": "NumPy alone: Clip",
    "test_operator_exp": "NumPy alone: Exp",
    "test_operator_index": "NumPy alone: Slice Squeeze",
    "test_operator_min": "NumPy alone: Min",
    "test_operator_pow": "NumPy alone: Pow",
    "test_operator_sqrt": "NumPy alone: Sqrt",
    "test_operator_view": "NumPy alone: Flatten",
}


OURS = """
absolute avg_pool2d avg_pool3d batch_norm concatenate conv1d conv2d conv3d conv_transpose2d dense elu
embedding expand_dims flatten gather instance_norm leaky_relu log_softmax matmul max_pool1d max_pool2d
max_pool3d merge_max merge_mul merge_sum pad permute_dimensions prelu reduce_mean reduce_sum relu selu sigmoid
softmax softplus tanh tile
"""


def doubled(array):
    return array.astype(np.float64) if array.dtype.kind == "f" else array


def tensors(folder, what):
    files = sorted(folder.glob(f"{what}_*.pb"), key=lambda path: int(path.stem.rpartition("_")[2]))
    return [doubled(numpy_helper.to_array(onnx.load_tensor(path))) for path in files]


def load(folder):
    """The graph, its inputs and weights by name, and what PyTorch computed."""
    (data,) = folder.glob("test_data_set_*")
    graph = onnx.load(folder / "model.onnx").graph
    known = {weight.name: doubled(numpy_helper.to_array(weight)) for weight in graph.initializer}
    free = [value.name for value in graph.input if value.name not in known]
    return graph, dict(zip(free, tensors(data, "input"), strict=True)) | known, tensors(data, "output")


def walk(graph, known):
    """Compute node by node; the outputs, and the names of our operations that took part."""
    call, known = Calls(), dict(known)
    for node in graph.node:
        row = ROWS[node.op_type]
        given = {attribute.name: onnx.helper.get_attribute_value(attribute) for attribute in node.attribute}
        assert set(given) <= set(row.attributes.split()), node.op_type
        with np.errstate(invalid="ignore"):  # a root and a power of negative numbers are NaN, as PyTorch's are
            result = row.compute(call, given, *(known[name] for name in node.input))
        results = result if isinstance(result, list) else [result]
        known |= zip(node.output, [doubled(np.asarray(array)) for array in results], strict=True)
    if not call.names:
        raise NotApplicableError(f"NumPy alone: {' '.join(node.op_type for node in graph.node)}")
    return [known[value.name] for value in graph.output], call.names


def assert_same(results, expected):
    assert len(results) == len(expected) > 0
    for result, theirs in zip(results, expected, strict=True):
        assert result.shape == theirs.shape
        np.testing.assert_allclose(result, theirs, rtol=2e-6, atol=2e-6 * np.abs(theirs).max())


def test_117_cases_are_there():
    assert [len(list(DATA.glob(f"pytorch-{group}/*"))) for group in ("converted", "operator")] == [82, 35]
    assert len(CASES) == 117
    assert set(NOT_APPLICABLE) | set(WHOLE) <= set(CASES)


@pytest.mark.parametrize("name", sorted(set(CASES) - set(NOT_APPLICABLE)))
def test_graph_gives_what_pytorch_computed(name):
    graph, known, expected = load(CASES[name])
    assert_same(walk(graph, known)[0], expected)


@pytest.mark.parametrize("name", sorted(NOT_APPLICABLE))
def test_graph_does_not_apply_for_the_reason_given(name):
    graph, known, _ = load(CASES[name])
    with pytest.raises(NotApplicableError) as caught:
        walk(graph, known)
    assert str(caught.value) == NOT_APPLICABLE[name]


@pytest.mark.parametrize("name", sorted(WHOLE))
def test_graph_is_one_operation_of_ours(name):
    _, known, expected = load(CASES[name])
    assert_same([WHOLE[name](Calls(), *known.values())], expected)


def test_operations_of_ours_that_take_part():
    graphs = [load(folder)[:2] for name, folder in CASES.items() if name not in NOT_APPLICABLE]
    assert sorted(set().union(*(walk(*graph)[1] for graph in graphs))) == OURS.split()


def test_every_row_is_used():
    assert {node.op_type for folder in CASES.values() for node in load(folder)[0].node} == set(ROWS)
