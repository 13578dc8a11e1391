"""Rows of skips and known differences."""

import itertools
from dataclasses import replace

import pytest

from equivalence import registry
from equivalence.binding import Adapter
from equivalence.codes import CODES
from equivalence.comparison import Comparison
from equivalence.deviations import Row, find, rows
from equivalence.errors import DeclarationError

NUMBERS = itertools.count()
DIFFERENCE = """
[[difference]]
operation = "relu"
cases = ["zeros", "tiny"]
quantity = "gradient-x"
code = "gradient.ties"
reason = "one half at zero"
link = "https://example.org"
"""
SKIP = """
[[skip]]
operation = "conv2d"
cases = ["*"]
reason = "has none"
link = "https://example.org"
variants = ["", "slow"]
dtypes = ["float64"]
"""


@pytest.fixture
def read(tmp_path, monkeypatch):
    monkeypatch.syspath_prepend(str(tmp_path))

    def rows_of(text):
        name = f"framework_{next(NUMBERS)}"
        (tmp_path / name).mkdir()
        (tmp_path / name / "__init__.py").touch()
        if text is not None:
            (tmp_path / name / "deviations.toml").write_text(text)
        return rows(Adapter("own", "Own", f"{name}.driver:Driver", name, ()))

    return rows_of


def test_rows_are_read_with_their_adapters_name(read):
    assert read(DIFFERENCE + SKIP) == (
        Row(
            kind="difference",
            adapter="own",
            operation="relu",
            cases=("zeros", "tiny"),
            quantity="gradient-x",
            code="gradient.ties",
            reason="one half at zero",
            link="https://example.org",
        ),
        Row(
            kind="skip",
            adapter="own",
            operation="conv2d",
            cases=("*",),
            reason="has none",
            link="https://example.org",
            variants=("", "slow"),
            dtypes=("float64",),
        ),
    )


def test_an_adapter_needs_no_rows(read):
    assert read(None) == ()
    assert rows(registry.load().adapter("numpy")) == ()


def test_lists_of_operations_and_quantities_stand_for_a_row_of_each(read):
    found = read(
        DIFFERENCE.replace('"relu"', '["relu", "elu"]').replace('"gradient-x"', '["gradient-x", "forward"]'),
    )
    assert [(row.operation, row.quantity) for row in found] == [
        ("relu", "gradient-x"),
        ("relu", "forward"),
        ("elu", "gradient-x"),
        ("elu", "forward"),
    ]


def test_a_folder_holds_the_rows_of_each_family(read, tmp_path):
    assert read(SKIP)
    package = next(tmp_path.iterdir())
    (package / "deviations").mkdir()
    (package / "deviations" / "activation.toml").write_text(DIFFERENCE)
    found = rows(Adapter("own", "Own", f"{package.name}.driver:Driver", package.name, ()))
    assert [row.kind for row in found] == ["skip", "difference"]


FIELDS = ["operation", "cases", "reason", "link"]


@pytest.mark.parametrize(
    ("text", "field"),
    [(SKIP, field) for field in FIELDS] + [(DIFFERENCE, field) for field in [*FIELDS, "quantity", "code"]],
)
def test_a_row_with_a_missing_field_is_refused(read, text, field):
    without = "\n".join(line for line in text.splitlines() if not line.startswith(f"{field} "))
    assert without != text.strip("\n")
    with pytest.raises(DeclarationError, match=rf"row of own: expected .*'{field}'.*, got"):
        read(without)


@pytest.mark.parametrize(
    "text", [DIFFERENCE + 'note = "x"\n', SKIP + 'code = "x"\n', SKIP.replace("[[skip]]", "[skip]")]
)
def test_a_row_with_an_unknown_field_is_refused(read, text):
    with pytest.raises(DeclarationError, match="row of own"):
        read(text)


def test_a_row_of_another_kind_is_refused(read):
    with pytest.raises(DeclarationError, match=r"diference row of own: expected .*difference.*skip"):
        read(DIFFERENCE.replace("[[difference]]", "[[diference]]"))


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ('cases = ["zeros", "tiny"]', 'cases = "zeros"'),
        ('cases = ["zeros", "tiny"]', "cases = []"),
        ('cases = ["zeros", "tiny"]', "cases = [1]"),
        ('quantity = "gradient-x"', "quantity = [1]"),
        ('quantity = "gradient-x"', 'quantity = ""'),
        ('reason = "one half at zero"', 'reason = ""'),
        ('link = "https://example.org"', "link = 3"),
        ('link = "https://example.org"', 'link = "x"\ndtypes = "float64"'),
        ('link = "https://example.org"', 'link = "x"\nvariants = "fast"'),
    ],
)
def test_a_field_of_another_type_is_refused(read, old, new):
    """A text for a list would match each of its parts."""
    with pytest.raises(DeclarationError, match="difference row of own"):
        read(DIFFERENCE.replace(old, new))


@pytest.fixture
def row(read):
    return read(DIFFERENCE)[0]


@pytest.mark.parametrize(
    ("participant", "operation", "case", "dtype", "quantity", "expected"),
    [
        ("own", "relu", "zeros", "float32", "gradient-x", True),
        ("own", "relu", "tiny", "float64", "gradient-x", True),
        ("own/fast", "relu", "zeros", "float32", "gradient-x", True),
        ("other", "relu", "zeros", "float32", "gradient-x", False),
        ("own", "tanh", "zeros", "float32", "gradient-x", False),
        ("own", "relu", "zero", "float32", "gradient-x", False),
        ("own", "relu", "zeros", "float32", "forward", False),
        ("own", "relu", "zeros", "float32", "gradient-xs", False),
    ],
)
def test_everything_matches_exactly(row, participant, operation, case, dtype, quantity, expected):
    assert row.matches(participant, operation, case, dtype, quantity) is expected


def test_a_row_may_hold_for_some_variants_and_dtypes_only(read):
    [row] = read(SKIP)
    assert row.matches("own", "conv2d", "anything", "float64")
    assert row.matches("own/slow", "conv2d", "anything", "float64")
    assert not row.matches("own/fast", "conv2d", "anything", "float64")
    assert not row.matches("own", "conv2d", "anything", "float32")


def test_a_row_is_found_by_kind_participant_and_cell(read):
    table = read(DIFFERENCE + SKIP)
    cell = ("relu", "zeros", "float32")
    assert find(table, "difference", "own", cell, "gradient-x") is table[0]
    assert find(table, "difference", "own", cell, "forward") is None
    assert find(table, "skip", "own", cell, "gradient-x") is None
    assert find(table, "skip", "own", ("conv2d", "any", "float64")) is table[1]


@pytest.mark.parametrize(
    ("verdict", "finite", "code", "expected"),
    [
        ("different", "equal", "value.nonfinite", True),
        ("different", "different", "value.nonfinite", False),
        ("different", "undecided", "value.nonfinite", False),
        ("different", None, "value.nonfinite", False),
        ("different", "different", "gradient.ties", True),
        ("different", None, "gradient.ties", True),
        ("undecided", "equal", "value.nonfinite", False),
        ("equal", None, "gradient.ties", False),
    ],
)
def test_a_row_about_nan_excuses_nothing_finite(row, verdict, finite, code, expected):
    assert replace(row, code=code).excuses(Comparison(verdict=verdict, finite=finite)) is expected


def test_the_codes_of_the_rows_are_those_of_the_diagnoses():
    for adapter in registry.load().adapters.values():
        assert {row.code for row in rows(adapter)} <= {"", *CODES}


def test_every_row_of_an_adapter_has_a_reason_and_a_page():
    table = [row for adapter in registry.load().adapters.values() for row in rows(adapter)]
    assert table
    for row in table:
        assert len(row.reason.split()) > 3
        assert row.link.startswith("https://")
