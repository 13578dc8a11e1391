"""Our references against the references of PyTorch's operator database.

``torch.testing`` describes each PyTorch operator with inputs to try and, for many, a reference in NumPy that PyTorch's
people wrote for their own tests. Here those references and ours get the same inputs in float64 (integers for ``one_hot``
and ``floor_divide``). What the catalogue's operation has no arguments for is counted, with the reason.
"""

import warnings
from collections import Counter

import numpy as np
import pytest
import torch

with warnings.catch_warnings():
    # The database itself: TorchScript's decorators are deprecated, and its modules use them when they are imported.
    warnings.simplefilter("ignore")
    from torch.testing._internal.common_methods_invocations import op_db

from .catalogue import NotApplicableError
from .opdb_rows import NOT_MAPPED, ROWS

DATABASE = {".".join(filter(None, (entry.name, entry.variant_test_name))): entry for entry in op_db}
WITH_REFERENCE = {name for name, entry in DATABASE.items() if callable(entry.ref)}
FUNCTIONAL = {name for name in WITH_REFERENCE if name.startswith(("nn.functional.", "native_"))}


def numpy_of(value):
    """Tensors in whatever is handed over, as arrays."""
    if isinstance(value, torch.Tensor):
        return value.detach().numpy()
    if isinstance(value, dict):
        return {key: numpy_of(item) for key, item in value.items()}
    return type(value)(numpy_of(item) for item in value) if isinstance(value, (list, tuple)) else value


def samples(name, dtype):
    torch.manual_seed(0)
    for sample in DATABASE[name].sample_inputs("cpu", getattr(torch, dtype)):
        yield sample.input, sample.args, sample.kwargs


def first(value):
    return value[0] if isinstance(value, tuple) else value


def agreement(row):
    """Compare every sample to which the row applies; how often that was, and how often it was not, by reason."""
    counts = Counter()
    for sample in samples(row.name, row.dtype):
        x, arguments, settings = numpy_of(sample)
        try:
            result = row.compute(x, *arguments, **settings)
        except NotApplicableError as reason:
            counts[str(reason)] += 1
            continue
        with np.errstate(all="ignore"):
            expected = first(numpy_of(DATABASE[row.name].ref(x, *arguments, **settings)))
        assert np.shape(result) == np.shape(expected), settings
        np.testing.assert_allclose(result, expected, rtol=1e-10, atol=1e-12, err_msg=f"{arguments} {settings}")
        counts["compared"] += 1
    return dict(counts)


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row.name)
def test_reference_agrees_with_pytorchs_reference(row):
    assert agreement(row) == {"compared": row.compared, **row.not_applicable}
    assert row.compared > 0


def test_activations_losses_and_normalizations_of_the_database_are_all_mapped_or_listed():
    mapped = {row.name for row in ROWS}
    assert len(mapped) == len(ROWS)
    assert not mapped & set(NOT_MAPPED)
    assert FUNCTIONAL <= mapped | set(NOT_MAPPED)
    assert mapped | set(NOT_MAPPED) <= WITH_REFERENCE
