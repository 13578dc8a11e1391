"""The page as text: nothing unescaped, nothing loaded, readable without its script."""

import json
from html.parser import HTMLParser
from importlib import resources

import pytest

from equivalence.report import render, write_report
from equivalence.runfile import Run

EVIL = "</script><img src=x onerror=\"alert('evil')\">"


class Tags(HTMLParser):
    """What a browser sees: tags with attributes, text, and the contents of scripts."""

    def __init__(self, html):
        super().__init__()
        self.tags, self.text, self.scripts, self._inside = [], [], [], None
        self.feed(html)

    def handle_starttag(self, tag, attributes):
        self.tags.append((tag, dict(attributes)))
        self._inside = tag

    def handle_endtag(self, _tag):
        self._inside = None

    def handle_data(self, data):
        (self.scripts if self._inside in {"script", "style"} else self.text).append(data)

    def blob(self):
        return json.loads(next(text for text in self.scripts if text.startswith("{")))


def evil_run(outcome, run_of):
    fields = {
        name: f"{name}{EVIL}" for name in ("operation", "family", "case", "left", "right", "log", "reproduce", "reason")
    }
    fields |= {"quantity": f"forward-{EVIL}", "dtype": "float32"}
    alone = fields | {"right": "", "quantity": "call"}
    known = fields | {"known_difference": EVIL, "link": f"javascript:alert(1){EVIL}"}
    outcomes = [outcome("different", **fields), outcome("error", **alone), outcome("different", **known)]
    versions = {"python": EVIL, EVIL: {EVIL: EVIL}, "torch": {"error": EVIL}}
    return run_of(outcomes, absent={EVIL: EVIL}, versions=versions, commit=EVIL, created=EVIL)


def test_nothing_a_run_says_becomes_markup(outcome, run_of):
    html = render(evil_run(outcome, run_of))
    page = Tags(html)
    assert "<img" not in html
    assert html.count("</script>") == html.count("<script") == 2
    assert not [tag for tag, attributes in page.tags if any(name.startswith("on") for name in attributes)]
    assert not [tag for tag, attributes in page.tags if "javascript:" in attributes.get("href", "")]
    # It is not lost either: a reader sees it, and the blob carries it.
    assert f"reason{EVIL}" in page.text
    assert page.blob()["operations"].popitem()[1]["operation"] == f"operation{EVIL}"


def test_the_page_loads_nothing(synthetic_run):
    html = render(synthetic_run(3, 2))
    page = Tags(html)
    assert not {"link", "img", "iframe", "object", "embed", "base"} & {tag for tag, _ in page.tags}
    assert not [attributes for _, attributes in page.tags if "src" in attributes]
    assert "@import" not in html
    assert "url(" not in html
    policy = next(attributes["content"] for tag, attributes in page.tags if "http-equiv" in attributes)
    assert policy.startswith("default-src 'none'; style-src 'sha256-")
    assert "unsafe" not in policy


def test_the_page_is_ascii_whatever_a_log_holds(outcome, run_of):
    html = render(run_of([outcome("error", log="π \udcff", reason="é")]))
    assert html.isascii()
    assert "&#960;" in html


@pytest.mark.parametrize("name", ["style.css", "script.js"])
def test_what_is_inlined_is_safe_to_inline(name):
    text = (resources.files("equivalence.report") / name).read_text("utf-8")
    assert text.isascii(), "character references mean nothing in a script"
    assert "</" not in text
    assert "innerHTML" not in text


def test_matrix_and_failures_need_no_script(outcome, error, run_of):
    run = run_of([outcome(), outcome("different", quantity="gradient-x"), error(left="theano", log="Killed")])
    page = Tags(render(run))
    text = " ".join(page.text)
    marks = [attributes for tag, attributes in page.tags if tag == "a" and "mark" in attributes.get("class", "")]
    labels = [attributes["aria-label"] for attributes in marks]
    assert "conv2d, numpy and torch, forward: 1 equal; worst required / allowed tolerance: 0.025" in labels
    assert "conv2d, numpy and torch, gradient: 1 different; worst required / allowed tolerance: 5e4" in labels
    assert "conv2d, torch and theano, gradient: 1 error" in labels
    assert "conv2d-valid-float32[numpy+torch]-gradient-x" in text
    for failed in run.outcomes[1:]:
        assert failed.reproduce in text
        assert failed.comparison.reason in text
    assert "Killed" in text


def test_every_mark_leads_to_a_section(synthetic_run):
    page = Tags(render(synthetic_run(10, 2)))
    targets = {attributes["href"][1:] for tag, attributes in page.tags if tag == "a" and attributes["href"][0] == "#"}
    sections = [attributes["id"] for tag, attributes in page.tags if tag == "details" and "id" in attributes]
    assert targets == set(sections)
    assert len(sections) == 10


def test_what_did_not_take_part_is_shown_with_its_reason(outcome, run_of):
    html = render(run_of([outcome()], absent={"theano": "no stack. Run: equivalence stacks create theano"}))
    assert "Did not take part" in html
    assert "Run: equivalence stacks create theano" in html
    assert "Did not take part" not in render(run_of([outcome()]))


def test_an_incomplete_run_says_so(outcome, run_of):
    assert "This run is not complete" in render(run_of([outcome()], complete=False))
    assert "not complete" not in render(run_of([outcome()]))


def test_an_empty_run_is_no_success(run_of):
    text = render(run_of([]))
    assert 'class="headline error"' in text
    assert "Nothing was compared" in text


def test_many_failures_are_cut_and_counted(outcome, run_of):
    page = Tags(render(run_of(outcome("different", case=f"case{k}") for k in range(250))))
    assert len([tag for tag, _ in page.tags if tag == "article"]) == 200
    assert "200 of 250" in " ".join(page.text)


def test_a_comparison_costs_less_than_250_bytes(synthetic_run):
    run = synthetic_run(20, 14)
    assert len(run.outcomes) > 10_000
    assert len(render(run)) / len(run.outcomes) < 250


def test_write_report(outcome, run_of, tmp_path):
    run = run_of([outcome()])
    write_report(tmp_path / "deep" / "report.html", run)
    assert (tmp_path / "deep" / "report.html").read_text() == render(run)
    assert [path.name for path in (tmp_path / "deep").iterdir()] == ["report.html"]


def test_a_report_that_fails_leaves_the_old_one(outcome, run_of, tmp_path):
    path = tmp_path / "report.html"
    path.write_text("old")
    run = run_of([outcome()])
    cut = Run({name: value for name, value in run.header.items() if name != "versions"}, run.outcomes, complete=True)
    with pytest.raises(KeyError):
        write_report(path, cut)
    assert path.read_text() == "old"
    assert [found.name for found in tmp_path.iterdir()] == ["report.html"]
