"""Words, code and links in Markdown, escaped so that they may stand anywhere: in a table, a heading, a sentence."""

from __future__ import annotations

import re
from collections.abc import Iterable
from urllib.parse import urlsplit

_SIGNS = re.compile(r"([\\`*_{}\[\]<>|#~&@!])")


def prose(words: str) -> str:
    """Words on one line that neither Markdown nor HTML reads as a mark."""
    return _SIGNS.sub(lambda sign: f"&#{ord(sign[0])};", " ".join(words.split()))


def code(words: object) -> str:
    """Code as an HTML element: unlike a span between backticks it may hold pipes and backticks in a table too."""
    return f"<code>{prose(str(words))}</code>"


def axes(words: str) -> str:
    """Axes as code that no line breaks."""
    return f'<code class="axes">{prose(words or "scalar")}</code>'


def codes(values: Iterable[object]) -> str:
    """Several pieces of code, one after another."""
    return ", ".join(code(repr(value)) for value in values)


def link(address: str, words: str = "") -> str:
    """A link, by default shown as the name of its host."""
    # Only what ends a link or a table's cell must not stand in its address.
    target = address.translate({ord(sign): f"%{ord(sign):02X}" for sign in " <>()|\\\"'"})
    return f"[{prose(words or urlsplit(address).hostname or address)}]({target})"


def block(words: str) -> str:
    """A block of mathematics as it is written, which no backticks in it can end."""
    fence = "`" * max(3, 1 + max(map(len, re.findall("`+", words)), default=0))
    return f"{fence}latex\n{words.strip(chr(10))}\n{fence}"
