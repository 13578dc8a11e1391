"""Files of runs: written whole or not at all, and read back only if they are whole."""

import json
import os
import stat

import pytest

from equivalence.comparison import Comparison
from equivalence.errors import EquivalenceError
from equivalence.outcome import Outcome
from equivalence.runfile import Run, atomic, read_run, write_run

HEADER = {"kind": "header", "schema": 1, "seed": 3, "versions": {"numpy": {"numpy": "2"}}, "absent": {}}


def outcome(case, **compared):
    return Outcome(
        operation="relu",
        family="activation",
        case=case,
        left="numpy",
        right="torch",
        dtype="float32",
        quantity="forward",
        comparison=Comparison(verdict="equal", **compared),
    )


@pytest.fixture
def run():
    return Run(
        HEADER,
        [
            outcome("plain", max_abs=0.0, worst_index=(0, 1), count=6),
            outcome("weird", max_abs=float("inf"), left=float("-inf"), reason="π"),
        ],
        complete=True,
    )


@pytest.fixture
def written(run, tmp_path):
    path = tmp_path / "folder" / "run.jsonl"
    write_run(path, run)
    return path


def test_a_run_is_read_as_it_was_written(run, written):
    assert read_run(written) == run


def test_the_lines_are_a_header_the_comparisons_and_an_end(run, written):
    lines = [json.loads(line, parse_constant=pytest.fail) for line in written.read_text().splitlines()]
    assert lines[0] == HEADER
    assert [line["kind"] for line in lines] == ["header", "comparison", "comparison", "end"]
    assert lines[2]["left_value"] == "-Infinity"
    assert lines[-1] == {"kind": "end", "complete": True, "comparisons": 2}


def test_an_interrupted_run_says_so(run, tmp_path):
    path = tmp_path / "run.jsonl"
    write_run(path, Run(run.header, run.outcomes[:1], complete=False))
    assert read_run(path).complete is False
    assert len(read_run(path).outcomes) == 1


@pytest.mark.parametrize("dropped", [0, 1, 2, 3])
def test_a_run_without_one_of_its_lines_is_refused(written, dropped):
    lines = written.read_text().splitlines()
    del lines[dropped]
    written.write_text("\n".join(lines))
    with pytest.raises(EquivalenceError, match=r"Write a whole run with: equivalence run --json RUN.jsonl"):
        read_run(written)


@pytest.mark.parametrize("length", [0, 10, 200, -1, -2, -30])
def test_a_run_that_is_cut_off_is_refused(written, length):
    text = written.read_text().rstrip("\n")
    written.write_text(text[:length])
    with pytest.raises(EquivalenceError, match=r"run\.jsonl"):
        read_run(written)


@pytest.mark.parametrize(
    "content", [b"", b"[]\n[]\n", b"1\n2\n3\n", b"\xff\xfe\x00", b"null\nnull\n", b"{}\n{}\n", b"PK"]
)
def test_another_file_is_refused(tmp_path, content):
    path = tmp_path / "other"
    path.write_bytes(content)
    with pytest.raises(EquivalenceError, match="is not a run"):
        read_run(path)


def test_a_file_that_is_not_there_is_refused(tmp_path):
    with pytest.raises(EquivalenceError, match=r"nothing\.jsonl is not a run: .*No such file"):
        read_run(tmp_path / "nothing.jsonl")


def test_a_run_of_another_schema_is_refused(written):
    written.write_text(written.read_text().replace('"schema": 1', '"schema": 2'))
    with pytest.raises(EquivalenceError, match=r"expected \('header', 1, 'end', 2\), got \('header', 2"):
        read_run(written)


def test_a_failure_leaves_the_old_file_and_no_other(tmp_path):
    path = tmp_path / "run.jsonl"
    path.write_text("old")

    def interrupted():
        with atomic(path) as stream:
            stream.write("half")
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        interrupted()
    assert path.read_text() == "old"
    assert list(tmp_path.iterdir()) == [path]


def test_nothing_is_seen_before_all_is_written(tmp_path):
    path = tmp_path / "run.jsonl"
    with atomic(path) as stream:
        stream.write("new")
        stream.flush()
        assert not path.exists()
    assert path.read_text() == "new"
    assert list(tmp_path.iterdir()) == [path]


def test_the_file_has_the_permissions_of_any_new_file(tmp_path):
    old = os.umask(0o027)
    try:
        with atomic(tmp_path / "run.jsonl") as stream:
            stream.write("new")
    finally:
        os.umask(old)
    assert stat.S_IMODE((tmp_path / "run.jsonl").stat().st_mode) == 0o640


def test_whatever_a_header_holds_becomes_json(tmp_path):
    path = tmp_path / "run.jsonl"
    write_run(path, Run({**HEADER, "limit": float("inf"), "pair": (1, 2)}, [], complete=True))
    assert read_run(path).header == {**HEADER, "limit": "Infinity", "pair": [1, 2]}
