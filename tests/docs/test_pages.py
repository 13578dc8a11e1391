"""Each operation has a page, on which every participant says the same things about itself."""

import re
from html import unescape

import pytest
from markdown import Markdown

from equivalence import pages, registry
from equivalence.binding import Flip, binding
from equivalence.pages.conventions import NOTHING, convention_rows
from equivalence.pages.docstring import inline, parse
from equivalence.pages.marks import block, code, link, prose

KNOWN = registry.load()
PAGES = pages.pages(KNOWN)
OPERATIONS = list(KNOWN.operations.values())

every_operation = pytest.mark.parametrize("operation", OPERATIONS, ids=[operation.name for operation in OPERATIONS])


def converted(text):
    """HTML as mkdocs makes it."""
    return Markdown(extensions=["toc", "tables", "fenced_code"]).convert(text)


def cells(text):
    """The cells of each row, in HTML."""
    for row in re.findall(r"<tr>.*?</tr>", text, re.DOTALL):
        yield re.findall(r"<t[hd][^>]*>(.*?)</t[hd]>", row, re.DOTALL)


def bindings(operation):
    return {p.name: p.binding for p in KNOWN.participants(operation) if p.binding}


def section(text, title):
    return text.partition(f"\n## {title}\n")[2].partition("\n## ")[0]


def test_there_is_a_page_for_each_operation_and_an_index():
    assert set(PAGES) == {"index.md", *(f"{operation.name}.md" for operation in OPERATIONS)}


def test_the_index_leads_to_every_page_under_its_family():
    for operation in OPERATIONS:
        assert f"]({operation.name}.md)" in section(PAGES["index.md"], prose(operation.family)), operation.name


@every_operation
def test_the_conventions_have_a_column_for_each_participant(operation):
    html = converted(section(PAGES[f"{operation.name}.md"], "Conventions"))
    head, *rows = cells(html)
    assert [unescape(name) for name in head] == [
        "convention",
        *(participant.name for participant in KNOWN.participants(operation)),
    ]
    assert {len(row) for row in rows} == {len(head)}
    assert rows[-1][0].removeprefix("<strong>").startswith("documentation")
    for said, about in zip(rows[-1][2:], bindings(operation).values(), strict=True):
        assert f'href="{about.docs}"' in said.replace("&amp;", "&")


@every_operation
def test_every_table_is_as_wide_as_its_head(operation):
    for table in re.findall(r"<table>.*?</table>", converted(PAGES[f"{operation.name}.md"]), re.DOTALL):
        assert len({len(row) for row in cells(table)}) == 1, table


@every_operation
def test_every_binding_speaks_of_the_same_conventions(operation):
    named = {about for one in bindings(operation).values() for about in one.conventions}
    missing = {name: sorted(named - set(one.conventions)) for name, one in bindings(operation).items()}
    missing = {name: absent for name, absent in missing.items() if absent}
    assert not missing, f"{operation.name}: without a row of `conventions` that others have: {missing}"


@every_operation
def test_every_binding_links_to_documentation(operation):
    for name, one in bindings(operation).items():
        assert re.fullmatch(r"https://[\w.-]+\.\w+/\S*", one.docs), f"{operation.name}, {name}: {one.docs!r}"


@every_operation
def test_no_restructured_text_is_left(operation):
    page = PAGES[f"{operation.name}.md"]
    assert not re.findall(r":\w+:(?:`|<code)|\.\. \w+::|``\S", page.replace("```latex", "").replace("```", ""))
    assert operation.name in page.partition("\n")[0].replace("&#95;", "_")


@every_operation
def test_the_page_has_every_argument_case_and_fault(operation):
    page = PAGES[f"{operation.name}.md"]
    named = [*operation.inputs, *operation.outputs, *operation.parameters]
    assert [name for name in named if code(name) not in section(page, "Arguments, outputs and parameters")] == []
    assert [case.id for case in operation.cases if code(case.id) not in section(page, "Cases")] == []
    assert [
        one.name
        for one in operation.faults
        if code(one.name) not in section(page, "Faults that the cases tell from it")
    ] == []


def test_what_a_binding_says_is_in_its_column():
    operation = KNOWN.operation("conv_transpose2d")
    participants = KNOWN.participants(operation)
    names = [participant.name for participant in participants]
    said = {row.about: dict(zip(names, row.cells, strict=True)) for row in convention_rows(operation, participants)}
    axes = '<code class="axes">{}</code>'.format
    assert said["axes of <code>x</code>"]["tensorflow"] == axes("n h w c")
    assert said["axes of <code>weight</code>"]["theano"] == axes("c o/groups p q")
    assert said["axes of <code>weight</code> walked backwards"]["numpy"] == NOTHING
    assert said["axes of <code>weight</code> walked backwards"]["theano"].startswith(axes("p q") + " when")
    assert said["keyword for <code>stride</code>"]["theano"] == code("subsample")
    assert said[f"keyword for {code('flip_kernel')}"]["torch"] == NOTHING
    assert said["kernel layout"]["torch"].startswith("IOHW")
    assert said["dtypes"]["theano"] == "float32, float64"
    assert said[f"values of {code('groups')} that it can do"]["keras"] == code("1")


def test_tables_and_blocks_of_a_binding_are_rows():
    operation = KNOWN.operation("gelu")
    said = {row.about: row.cells for row in convention_rows(operation, KNOWN.participants(operation))}
    assert code("'tanh'") + " is " + code("True") in " ".join(said[f"values of {code('approximate')}"])
    lstm = KNOWN.operation("lstm")
    said = {row.about: row.cells for row in convention_rows(lstm, KNOWN.participants(lstm))}
    assert len(set(said["order of the blocks on <code>g</code>"])) == 2


@pytest.mark.parametrize(
    "words", ["a | b", "a < b > c", "`x`", "``", "*a* _b_ [c](d)", "\\|", "&amp;", "<script>", "| - |"]
)
def test_anything_may_stand_in_a_table(words):
    html = converted(f"| x | y |\n|---|---|\n| {prose(words)} | {code(words)} |\n")
    [[first, second]] = list(cells(html))[1:]
    plain = [words_of(first), words_of(second.removeprefix("<code>").removesuffix("</code>"))]
    assert plain == [words, words]


def words_of(html):
    """What a browser shows; there must be no element in it."""
    assert "<" not in html
    return unescape(html)


def test_a_link_ends_where_its_address_does():
    html = converted(f"| x |\n|---|\n| {link('https://example.org/a_(b)|c')} |\n")
    assert 'href="https://example.org/a_%28b%29%7Cc"' in html
    assert ">example.org</a>" in html


def test_a_block_of_mathematics_cannot_be_ended_from_inside():
    assert converted(block("a\n```\n# b")).count("<h1") == 0


def test_a_docstring_in_markdown():
    described = parse(
        """Join :math:`x | y` and :func:`~some.module.relu`, see https://example.org/a_b.

        .. math::
            y = \\begin{cases}
              1 \\end{cases}

        More *stars*.

        Args:
            x: ``n c``,
                or nothing.
            y, z: others.

        Returns:
            ``n c``.

        Raises:
            ShapeError: if not.

        Source: a book.
        """.replace("\n        ", "\n"),
        {"relu"},
    )
    assert described.summary == (
        f"Join {code('x | y')} and [<code>relu</code>](relu.md), see "
        "[https://example.org/a_b](https://example.org/a_b).".replace(
            "[https://example.org/a_b]", "[https://example.org/a&#95;b]"
        )
    )
    assert described.body == (
        "```latex\ny = \\begin{cases}\n  1 \\end{cases}\n```",
        "More &#42;stars&#42;.",
        "Source: a book.",
    )
    assert described.arguments == {"x": f"{code('n c')}, or nothing.", "y": "others.", "z": "others."}
    assert described.returns == (f"{code('n c')}.",)
    assert described.raises == {"ShapeError": "if not."}
    assert inline(":meth:`words <a.b>` 1 < 2") == f"{code('words')} 1 &#60; 2"


def test_a_binding_without_a_word_is_a_dash():
    operation = KNOWN.operation("relu")
    first, *others = KNOWN.participants(operation)
    one = binding(abs, docs="https://example.org/", conventions={"a | b": "c"}, flip={"x": Flip("...", {})})
    rows = convention_rows(operation, [first, type(first)("one", first.adapter, one), *others[:1]])
    said = {row.about: row.cells for row in rows}
    assert said["a &#124; b"] == ("", "c", NOTHING)
    assert said["axes of <code>x</code> walked backwards"][1] == '<code class="axes">...</code>'
