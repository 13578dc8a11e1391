"""The page and the Markdown on ports: complete, escaped, short enough."""

import re
from html import unescape

from equivalence.report.annotations import annotation, title
from equivalence.report.ports import headline, markdown_ports, write_port_report

EVIL = "</script><img src=x onerror=\"document.title='evil'\"> | `x` **b** \n\n# h"


def evil(port_outcome, diagnosis, probe, example):
    """An answer that has something nasty in every text that may come from elsewhere."""
    found = diagnosis(message=EVIL, fix=EVIL, probe=EVIL)
    probes = [probe(EVIL, verdict="error", reason=EVIL, log=EVIL, sizes={"n": EVIL})]
    nasty = example(arrays={EVIL: example().arrays["x"]}, probe=EVIL, file=EVIL, sizes={EVIL: EVIL})
    words = {"name": EVIL, "reason": EVIL, "remark": EVIL, "reproduce": EVIL, "warnings": [EVIL], "left_out": [EVIL]}
    return port_outcome("error", probes=probes, diagnoses=[found], smallest=nasty, **words)


def page(tmp_path, outcomes):
    write_port_report(tmp_path / "ports.html", outcomes)
    return (tmp_path / "ports.html").read_text()


def test_the_page_has_everything_an_answer_has(tmp_path, port_outcomes):
    html = page(tmp_path, port_outcomes)
    words = re.sub(r"\s+", " ", unescape(re.sub(r"<(style|script).*?</\1>|<[^>]*>", " ", html, flags=re.DOTALL)))
    for port in port_outcomes:
        for found in port.diagnoses:
            said = [found.code, found.percent, found.message, *found.fix.splitlines(), found.probe]
            assert all(part in words for part in said)
        for part in (port.name, port.reason, port.remark, *port.warnings, *port.left_out, port.log, port.reproduce):
            assert re.sub(r"\s+", " ", part).strip() in words
        for probe in port.probes:
            assert probe.kind in words
            assert probe.reason in words
    assert "[0.6666666666666666, 1.0]" in words
    assert "202 numbers" in words
    assert "failing/large.npz" in words
    assert "0.83" in words
    assert "1.2e-15" in words
    assert words.count("Smallest failing input") == 2


def test_the_page_counts_the_probes_by_verdict(tmp_path, port_outcome):
    html = page(tmp_path, [port_outcome()])
    assert re.search(r'title="4 different"', html)
    assert re.search(r'title="10 equal"', html)


def test_probes_are_a_row_for_each_kind_worst_first(tmp_path, port_outcome, probe):
    probes = [probe(kind, dtype) for kind in ("one", "two", "three") for dtype in ("float32", "float64")]
    probes[5] = probe("three", "float64", "different")
    html = page(tmp_path, [port_outcome(probes=probes)])
    [table] = re.findall(r'aria-label="probes of nin".*?</table>', html, flags=re.DOTALL)
    assert re.findall(r'<th scope="row" class="first">(.*?)</th>', table) == ["three", "one", "two"]
    assert "0 (float32), 0.5 (float64)" in table


def test_texts_from_elsewhere_are_escaped(tmp_path, port_outcome, diagnosis, probe, example):
    html = page(tmp_path, [evil(port_outcome, diagnosis, probe, example)])
    assert "<img" not in html
    assert html.count("</script>") == 1
    assert "&lt;img src=x onerror=" in html


def test_a_code_in_markdown_ends_nothing(port_outcome, diagnosis, probe, example):
    words = markdown_ports([evil(port_outcome, diagnosis, probe, example)])
    table = [line for line in words.splitlines() if line.startswith("|")]
    assert len(table) == 3
    assert len({len(re.findall(r"(?<!\\)\|", line)) for line in table}) == 1, "no cell ends another"
    outside = re.sub(r"(`{3,})text\n.*?\n\1(?=\n)", "", words, flags=re.DOTALL)
    outside = re.sub(r"(`+).*?\1", "", outside)
    assert "<img" not in outside
    assert not re.search(r"^# h", outside, re.MULTILINE)


def test_the_markdown_has_a_line_for_each_port_and_folds_what_is_not_equal(port_outcomes):
    words = markdown_ports(port_outcomes)
    assert words.startswith("## Ports: ≠ 5 ports: 2 different, 1 error, 1 undecided, 1 equal\n")
    rows = re.findall(r"^\| (`.*?`) \| (.*?) \| (.*?) \| (.*?) \| (.*) \|$", words, re.MULTILINE)
    assert [row[0] for row in rows] == ["`nin`", "`large`", "`dies`", "`hard`", "`another name`"]
    assert rows[0][1:4] == ("≠ different", "`kernel.flipped`", "99 %")
    assert "Fix: weight = weight" in rows[0][4]
    assert "Warning: the layer has no bias" in rows[4][4]
    assert rows[1][2:] == ("", "", port_outcomes[1].reason)
    folded = re.findall(
        r"<details><summary>(.*?): .*?</summary>\n\n```text\n(.*?)\n```\n\n</details>", words, re.DOTALL
    )
    assert [name for name, _ in folded] == ["nin", "large", "dies", "hard"]
    assert folded[0][1] == port_outcomes[0].text()


def test_many_ports_stay_within_a_comment(port_outcome):
    many = [port_outcome(name=f"port_{number}", reason="why " * 300, diagnoses=[]) for number in range(300)]
    words = markdown_ports(many)
    assert len(words) < 65_536
    assert "| and 250 more |" in words
    assert re.search(r"The answers on \d+ more ports are in the log", words)


def test_the_headline_counts(port_outcome):
    assert headline([port_outcome("equal")]) == "1 port: 1 equal"
    assert headline([port_outcome("error"), port_outcome("error"), port_outcome()]) == "3 ports: 1 different, 2 errors"
    assert headline([]) == "No port was checked"


def test_an_annotation_is_one_escaped_line(tmp_path, monkeypatch, port_outcome):
    monkeypatch.delenv("GITHUB_WORKSPACE", raising=False)
    monkeypatch.chdir(tmp_path)
    where = (str(tmp_path / "a,b" / "nin.py"), 7)
    line = annotation(where, title(port_outcome(name="a: b")), "50 %\r\n::warning::x")
    expected = "file=a%2Cb/nin.py,line=7,title=a%3A b%3A different%3A kernel.flipped::50 %25%0D%0A::warning::x"
    assert line == f"::error {expected}"
    assert len(annotation(where, "t", "x\n" * 50_000)) < 20_000
    monkeypatch.chdir("/")
    monkeypatch.setenv("GITHUB_WORKSPACE", str(tmp_path / "elsewhere"))
    assert annotation(where, "t", "m").startswith(f"::error file={tmp_path}/a%2Cb/nin.py,")
