"""Messages to and from workers, and everything that is no message."""

import ast
import json
from multiprocessing import Pipe
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

import equivalence
from equivalence.worker.frames import FrameError, receive, send, tuples

DTYPES = ["bool", "int8", "int64", "uint16", "float16", "float32", "float64", "complex64", ">f4"]
ARRAYS = st.sampled_from(DTYPES).flatmap(
    lambda dtype: hnp.arrays(np.dtype(dtype), hnp.array_shapes(min_dims=0, max_dims=4, min_side=0, max_side=3))
)
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
    max_leaves=10,
)


@pytest.fixture
def pipe():
    left, right = Pipe()
    with left, right:
        yield left, right


def through(header, arrays):
    left, right = Pipe()
    with left, right:
        send(left, header, arrays)
        return receive(right)


def sent(*messages):
    """What is received of these raw messages."""
    left, right = Pipe()
    with right:
        with left:
            for message in messages:
                left.send_bytes(message)
        return receive(right)


def message(*arrays, header=None):
    return json.dumps({"header": header or {}, "arrays": list(arrays)}).encode()


@given(st.dictionaries(st.text(), JSON), st.lists(ARRAYS, max_size=3))
def test_a_message_arrives_as_it_was_sent(header, arrays):
    found, results = through(header, arrays)
    assert found == header
    assert len(results) == len(arrays)
    for one, other in zip(results, arrays, strict=True):
        assert (one.dtype, one.shape) == (other.dtype, other.shape)
        assert one.tobytes() == other.tobytes()


def test_arrays_that_are_not_contiguous_arrive_in_order():
    array = np.arange(24.0).reshape(2, 3, 4)
    for view in [array.transpose(2, 0, 1), array[::-1, ::2], np.broadcast_to(np.float32(3), (2, 2)), np.array(7.0)]:
        _, [found] = through({}, [view])
        assert np.array_equal(found, view)
        assert found.shape == view.shape


@pytest.mark.parametrize(
    "array",
    [
        np.array([object()]),
        np.array(["text"]),
        np.array([b"bytes"]),
        np.zeros(2, [("a", "f4")]),
        np.array(["2020-01-01"], "M8[D]"),
    ],
)
def test_what_is_no_number_is_not_sent(pipe, array):
    with pytest.raises(FrameError, match="expected numbers or booleans"):
        send(pipe[0], {}, [np.zeros(2), array])
    assert not pipe[1].poll()


@pytest.mark.parametrize("value", [np.int64(3), {1, 2}, object()])
def test_a_header_that_is_not_json_is_not_sent(pipe, value):
    with pytest.raises(FrameError, match=r"parameters.*not JSON serializable"):
        send(pipe[0], {"parameters": {"stride": value}}, [np.zeros(2)])
    assert not pipe[1].poll()


@pytest.mark.parametrize(
    "raw",
    [
        b"",
        b"\x80\x04N.",
        b"\xff",
        b"{",
        b"null",
        b"[]",
        b"3",
        b"{}",
        b'{"header": {}}',
        b'{"arrays": []}',
        b'{"header": 3, "arrays": []}',
        b'{"header": {}, "arrays": 3}',
        b"[" * 100_000,
    ],
)
def test_what_is_no_message_is_refused(raw):
    with pytest.raises(FrameError, match="not a message"):
        sent(raw)


@pytest.mark.parametrize(
    ("described", "content"),
    [
        ({"dtype": "<f4", "shape": [2]}, b"1234567"),
        ({"dtype": "<f4", "shape": [2]}, b"123456789"),
        ({"dtype": "<f4", "shape": [2]}, b""),
        ({"dtype": "<f4", "shape": []}, b""),
        ({"dtype": "<f4", "shape": [-1]}, b"1234"),
        ({"dtype": "<f4", "shape": [-1, -1]}, b"1234"),
        ({"dtype": "<f4", "shape": [2**62, 4]}, b""),
        ({"dtype": "<f4", "shape": [1.0]}, b"1234"),
        ({"dtype": "<f4", "shape": [True]}, b"1234"),
        ({"dtype": "<f4", "shape": "1"}, b"1234"),
        ({"dtype": "<f4", "shape": None}, b"1234"),
        ({"dtype": "<f4", "shape": [None]}, b"1234"),
        ({"dtype": "<f4"}, b"1234"),
        ({"shape": [1]}, b"1234"),
        ({"dtype": "nonsense", "shape": [1]}, b"1234"),
        ({"dtype": "f4,", "shape": [1]}, b"1234"),
        ({"dtype": [["a", "f4"]], "shape": [1]}, b"1234"),
        ({"dtype": None, "shape": [1]}, b"12345678"),
        ({"dtype": 7, "shape": [1]}, b"1234"),
        ({"dtype": "O", "shape": [1]}, b"12345678"),
        ({"dtype": "S4", "shape": [1]}, b"1234"),
        ({"dtype": "V4", "shape": [1]}, b"1234"),
        (3, b"1234"),
        (None, b""),
        ([["dtype", "<f4"]], b"1234"),
    ],
)
def test_an_array_that_does_not_fit_its_description_is_refused(described, content):
    with pytest.raises(FrameError):
        sent(message(described), content)


def test_a_message_that_ends_early_is_the_end():
    with pytest.raises(EOFError):
        sent(message({"dtype": "<f4", "shape": [1]}))
    with pytest.raises(EOFError):
        sent()


@given(st.binary(max_size=200) | JSON.map(lambda value: json.dumps(value).encode()), st.binary(max_size=20))
def test_whatever_comes_is_a_message_or_refused(raw, content):
    try:
        header, arrays = sent(raw, content)
    except (FrameError, EOFError):
        return
    assert isinstance(header, dict)
    assert all(array.dtype.kind in "biufc" for array in arrays)


@given(JSON)
def test_parameters_get_their_tuples_back(value):
    def as_lists(item):
        assert not isinstance(item, list)
        if isinstance(item, tuple):
            return [as_lists(part) for part in item]
        return {key: as_lists(part) for key, part in item.items()} if isinstance(item, dict) else item

    assert as_lists(tuples(json.loads(json.dumps(value)))) == value


def test_pairs_of_pairs_are_tuples_of_tuples():
    assert tuples({"padding": [[1, 2], [0, 1]], "mode": "same"}) == {"padding": ((1, 2), (0, 1)), "mode": "same"}


FORBIDDEN = {"pickle", "cPickle", "_pickle", "marshal", "shelve", "dill", "cloudpickle", "joblib"}


def imports(path):
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            yield node.module or ""
            yield from (f"{node.module}.{alias.name}" for alias in node.names)


def attributes(path):
    return {node.attr for node in ast.walk(ast.parse(path.read_text())) if isinstance(node, ast.Attribute)}


SOURCES = sorted(Path(equivalence.__file__).parent.rglob("*.py"))


@pytest.mark.parametrize("path", SOURCES, ids=lambda path: str(path.relative_to(SOURCES[0].parent)))
def test_nothing_is_pickled_anywhere(path):
    assert not {part for name in imports(path) for part in name.split(".")} & FORBIDDEN
    assert "allow_pickle=True" not in path.read_text()


@pytest.mark.parametrize("path", [path for path in SOURCES if path.parent.name == "worker" or path.name == "pool.py"])
def test_only_bytes_go_through_connections(path):
    """A connection's send and recv pickle."""
    assert attributes(path).isdisjoint({"send", "recv", "recv_bytes_into"})
    assert path.name != "frames.py" or {"send_bytes", "recv_bytes"} <= attributes(path)
