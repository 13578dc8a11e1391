"""Our references against the references of PyTorch's operator database.

``torch.testing`` describes each PyTorch operator with inputs to try, small, large, infinite and NaN ones among them,
and many with a reference in NumPy that PyTorch's people wrote for their own tests. (Those of transposed convolutions
are gradients of PyTorch's convolutions.) Here those references and ours get the same inputs, in float64, or in int64
for ``one_hot`` and ``floor_divide``. What the catalogue has no arguments for is counted, with the reason.
"""

from collections import Counter
from functools import cache

import numpy as np
import pytest

from equivalence.errors import ParameterError, ShapeError

from .catalogue import NotApplicableError
from .opdb_rows import NOT_MAPPED, ROWS


@cache
def database():
    """The entries by name, imported by the first test and not while tests are collected: it takes seconds."""
    from torch.testing._internal.common_methods_invocations import op_db

    return {".".join(filter(None, (entry.name, entry.variant_test_name))): entry for entry in op_db}


def numpy_of(value):
    """Tensors in whatever is handed over, as arrays."""
    if hasattr(value, "detach"):
        return value.detach().numpy()
    if isinstance(value, dict):
        return {key: numpy_of(item) for key, item in value.items()}
    return type(value)(numpy_of(item) for item in value) if isinstance(value, (list, tuple)) else value


def samples(name, dtype):
    import torch

    torch.manual_seed(0)
    for sample in database()[name].reference_inputs("cpu", getattr(torch, dtype)):
        yield sample.input, sample.args, sample.kwargs


def first(value):
    return value[0] if isinstance(value, tuple) else value


def outcome(row, sample):
    """What comes of a sample: a word, and the details where numbers differ."""
    x, arguments, settings = numpy_of(sample)
    try:
        result = row.compute(x, *arguments, **settings)
    except NotApplicableError as reason:
        return str(reason), ""
    except (ShapeError, ParameterError) as error:
        return f"refused: {str(error).partition(':')[0]}", str(error)
    except ZeroDivisionError as error:
        return "ZeroDivisionError", str(error)
    with np.errstate(all="ignore"):
        expected = first(numpy_of(database()[row.name].ref(x, *arguments, **settings)))
    assert np.shape(result) == np.shape(expected), settings
    if np.allclose(result, expected, rtol=1e-10, atol=1e-12, equal_nan=True):
        return "equal", ""
    return "different", f"{arguments} {settings}: {result}, not {expected}"


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row.name)
def test_reference_agrees_with_pytorchs_reference(row):
    with np.errstate(all="ignore"):  # some samples make NaN on both sides
        outcomes = [outcome(row, sample) for sample in samples(row.name, row.dtype)]
    counts = Counter(word for word, _ in outcomes)
    assert counts == {"equal": row.equal, **row.otherwise}, [item for item in outcomes if item[1]]
    assert row.equal > 0


def test_activations_losses_and_normalizations_of_the_database_are_all_mapped_or_listed():
    with_reference = {name for name, entry in database().items() if callable(entry.ref)}
    functional = {name for name in with_reference if name.startswith(("nn.functional.", "native_"))}
    mapped = {row.name for row in ROWS}
    assert len(mapped) == len(ROWS)
    assert not mapped & set(NOT_MAPPED)
    assert mapped | set(NOT_MAPPED) >= functional
    assert mapped <= with_reference
    assert set(NOT_MAPPED) <= set(database())
