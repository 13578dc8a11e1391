"""Filling a template into one HTML file that needs no network: style and script inlined, everything else escaped."""

from __future__ import annotations

from base64 import b64encode
from hashlib import sha256
from importlib import resources
from typing import Any

from jinja2 import Environment, FunctionLoader, StrictUndefined
from markupsafe import Markup

from equivalence.report.data import number, ratio, status


def fill(template: str, **shown: Any) -> str:
    """A template of this package with these values.

    Jinja escapes every value, and the script writes values as text. A content security policy with the hashes of our
    style and script, which a template gets as ``hashes``, stands behind that: nothing else is run, nothing is loaded.
    """
    environment = Environment(
        autoescape=True,
        loader=FunctionLoader(_source),
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.policies["json.dumps_kwargs"] = {"separators": (",", ":"), "allow_nan": False}
    environment.filters |= {"number": number, "ratio": ratio, "status": status}
    style, script = _source("style.css"), _source("script.js")
    html = environment.get_template(template).render(
        # The two are files of this package, not data.
        style=Markup(style),  # noqa: S704
        script=Markup(script),  # noqa: S704
        hashes={"style": _hash(style), "script": _hash(script)},
        **shown,
    )
    # ASCII with character references reads the same whatever encoding a server or an editor assumes, and a log may
    # hold surrogates that no encoding can write.
    return html.encode("ascii", "xmlcharrefreplace").decode("ascii")


def _source(name: str) -> str:
    return (resources.files("equivalence.report") / name).read_text("utf-8")


def _hash(text: str) -> str:
    return "sha256-" + b64encode(sha256(text.encode()).digest()).decode()
