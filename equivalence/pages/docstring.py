"""A reference's docstring as Markdown: reStructuredText's mathematics and roles become code and links."""

from __future__ import annotations

import re
import textwrap
from collections.abc import Container, Iterator
from dataclasses import dataclass

from equivalence.pages.marks import block, code, link, prose

_SECTION = re.compile(r"^(Args|Returns|Raises|Yields|Examples?|Notes?):$")
_MATH = re.compile(r"^(?P<indent> *)\.\. math::(?P<first>.*)$")
_INLINE = re.compile(
    r":(?P<role>[a-z:]+):`(?P<content>[^`]+)`|``(?P<literal>.+?)``|`(?P<plain>[^`]+)`|(?P<address>https://[^\s<>]+)"
)
_ITEM = re.compile(r"^(?P<names>\w+(?:, \w+)*): +(?P<words>.*)$", re.DOTALL)


@dataclass(frozen=True)
class Docstring:
    """A docstring in Markdown.

    Attributes:
        summary: its first paragraph.
        body: what follows, to the first section, and what stands after the sections.
        arguments: the description of each argument and parameter.
        returns: what is returned.
        raises: the description of each error.
    """

    summary: str
    body: tuple[str, ...]
    arguments: dict[str, str]
    returns: tuple[str, ...]
    raises: dict[str, str]


def parse(text: str, operations: Container[str] = ()) -> Docstring:
    """Read a docstring in Google's style; a function that is one of ``operations`` becomes a link to its page."""
    main, sections = _sections(text)
    body = tuple(_blocks(main, operations))
    return Docstring(
        summary=body[0] if body else "",
        body=body[1:],
        arguments=_items(sections.get("Args", ""), operations),
        returns=tuple(_blocks(sections.get("Returns", ""), operations)),
        raises=_items(sections.get("Raises", ""), operations),
    )


def _sections(text: str) -> tuple[str, dict[str, str]]:
    """What stands outside sections, and each section's text."""
    main: list[str] = []
    found: dict[str, list[str]] = {}
    current = main
    for line in text.splitlines():
        if title := _SECTION.match(line):
            current = found.setdefault(title[1], [])
            continue
        if line and not line.startswith(" ") and current is not main:
            current = main
        current.append(line)
    return "\n".join(main), {title: textwrap.dedent("\n".join(lines)) for title, lines in found.items()}


def _blocks(text: str, operations: Container[str]) -> Iterator[str]:
    """Paragraphs and blocks of mathematics."""
    lines = [*text.splitlines(), ""]
    paragraph: list[str] = []
    position = 0
    while position < len(lines):
        line = lines[position]
        position += 1
        start = _MATH.match(line)
        if line.strip() and not start:
            paragraph.append(line)
            continue
        if paragraph:
            yield inline(" ".join(paragraph), operations)
            paragraph = []
        if start:
            formula, position = _formula(start, lines, position)
            yield block(formula)


def _formula(start: re.Match[str], lines: list[str], position: int) -> tuple[str, int]:
    """The lines of a block of mathematics, and the place of the first line after it."""
    inside = []
    while position < len(lines) and (not lines[position].strip() or _deeper(lines[position], len(start["indent"]))):
        inside.append(lines[position])
        position += 1
    rest = textwrap.dedent("\n".join(inside)).strip("\n")
    return "\n".join(part for part in (start["first"].strip(), rest) if part), position


def _deeper(line: str, indent: int) -> bool:
    return len(line) - len(line.lstrip()) > indent


def _items(text: str, operations: Container[str]) -> dict[str, str]:
    """``name: description`` by name; the lines that go on are indented. Several names may share a description."""
    found: dict[str, str] = {}
    for item in re.split(r"\n(?=\S)", text.strip("\n")):
        if named := _ITEM.match(item):
            words = " ".join(_blocks(textwrap.dedent(named["words"]), operations))
            found |= dict.fromkeys(named["names"].split(", "), words)
    return found


def inline(text: str, operations: Container[str] = ()) -> str:
    """One paragraph, with its code, mathematics and addresses marked, and everything else escaped."""
    flat = " ".join(text.split())
    parts = []
    end = 0
    for found in _INLINE.finditer(flat):
        parts += [prose_between(flat[end : found.start()]), _marked(found, operations)]
        end = found.end()
    return "".join([*parts, prose_between(flat[end:])]).strip()


def prose_between(words: str) -> str:
    """Words between two marks, which keep the spaces around them."""
    before, after = words[: len(words) - len(words.lstrip())], words[len(words.rstrip()) :]
    return before + prose(words) + after if words.strip() else before


def _marked(found: re.Match[str], operations: Container[str]) -> str:
    if address := found["address"]:
        bare = address.rstrip(".,;:)")
        return link(bare, bare) + prose(address[len(bare) :])
    if found["role"] in (None, "math"):
        return code(found["content"] or found["literal"] or found["plain"])
    # :func:`words <target>` shows the words, :func:`~package.name` the name.
    content = re.sub(r"\s*<[^>]*>$", "", found["content"])
    name = content.rpartition(".")[2] if content.startswith("~") else content
    return f"[{code(name)}]({name}.md)" if name in operations else code(name)
