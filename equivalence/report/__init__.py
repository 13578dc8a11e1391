"""The report of a run: one HTML file that needs no network, and a Markdown summary for a pull request."""

from __future__ import annotations

from base64 import b64encode
from hashlib import sha256
from importlib import resources
from pathlib import Path

from jinja2 import Environment, StrictUndefined
from markupsafe import Markup

from equivalence.report.data import number, page, ratio, status
from equivalence.report.rows import rows
from equivalence.report.summary import markdown
from equivalence.runfile import Run, atomic

__all__ = ["markdown", "render", "write_report"]


def render(run: Run) -> str:
    """The report as HTML.

    Everything that comes from the run is escaped by Jinja or written by the script as text. A content security policy
    with the hashes of our style and script stands behind that: nothing else is run, and nothing is loaded.
    """
    environment = Environment(autoescape=True, undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True)
    environment.policies["json.dumps_kwargs"] = {"separators": (",", ":"), "allow_nan": False}
    environment.filters |= {"number": number, "ratio": ratio, "status": status}
    style, script = _source("style.css"), _source("script.js")
    shown = page(run)
    html = environment.from_string(_source("template.html")).render(
        **shown,
        rows=rows(shown["matrix"]),
        # The two are files of this package, not data.
        style=Markup(style),  # noqa: S704
        script=Markup(script),  # noqa: S704
        hashes={"style": _hash(style), "script": _hash(script)},
    )
    # ASCII with character references reads the same whatever encoding a server or an editor assumes, and a log may
    # hold surrogates that no encoding can write.
    return html.encode("ascii", "xmlcharrefreplace").decode("ascii")


def write_report(path: Path, run: Run) -> None:
    """Write the report; the file appears whole or not at all."""
    with atomic(path) as stream:
        stream.write(render(run))


def _source(name: str) -> str:
    return (resources.files(__name__) / name).read_text("utf-8")


def _hash(text: str) -> str:
    return "sha256-" + b64encode(sha256(text.encode()).digest()).decode()
