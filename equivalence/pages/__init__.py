"""A page for each operation, in Markdown: its definition, and what each framework makes of it.

Everything on a page is read from the declarations, so that none can say what the suite does not compare.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import lru_cache
from importlib import resources

from jinja2 import Environment, FunctionLoader, StrictUndefined, Template

from equivalence.codes import CODES
from equivalence.deviations import Row, rows
from equivalence.operation import Operation
from equivalence.pages.conventions import convention_rows, performers
from equivalence.pages.definition import argument_rows, case_rows
from equivalence.pages.differences import difference_rows
from equivalence.pages.docstring import Docstring, parse
from equivalence.pages.marks import code, link, prose
from equivalence.registry import Registry


def pages(known: Registry) -> dict[str, str]:
    """Markdown by file name: ``index.md``, and a page for each operation."""
    deviations = [row for adapter in known.adapters.values() for row in rows(adapter)]
    found = {"index.md": index(known)}
    for operation in known.operations.values():
        own = [row for row in deviations if row.operation == operation.name]
        found[f"{operation.name}.md"] = page(known, operation, own)
    return found


def page(known: Registry, operation: Operation, deviations: list[Row]) -> str:
    """The page of one operation, with the skips and known differences that are about it."""
    described = _described(known, operation)
    participants = known.participants(operation)
    return _template("operation.md.jinja").render(
        operation=operation,
        described=described,
        arguments=argument_rows(operation, described),
        participants=participants,
        conventions=convention_rows(operation, participants),
        differences=difference_rows(deviations),
        cases=case_rows(operation),
        codes=CODES,
    )


def index(known: Registry) -> str:
    """All operations by family, each with who performs it."""
    return _template("index.md.jinja").render(
        families=families(known.operations),
        performers={o.name: performers(known.participants(o)) for o in known.operations.values()},
        summaries={o.name: _described(known, o).summary for o in known.operations.values()},
        count=len(known.operations),
    )


def families(operations: Mapping[str, Operation]) -> dict[str, list[Operation]]:
    """Operations by family: families by name, operations in the order they were declared."""
    found: dict[str, list[Operation]] = {}
    for operation in operations.values():
        found.setdefault(operation.family, []).append(operation)
    return dict(sorted(found.items()))


def _described(known: Registry, operation: Operation) -> Docstring:
    return parse(operation.__doc__ or "", set(known.operations) - {operation.name})


def _template(name: str) -> Template:
    return _environment().get_template(name)


@lru_cache(maxsize=1)
def _environment() -> Environment:
    # Markdown is not HTML: the filters escape for both, where a value stands.
    environment = Environment(  # noqa: S701
        loader=FunctionLoader(lambda name: (resources.files("equivalence.pages") / name).read_text("utf-8")),
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
    )
    environment.filters |= {"code": code, "prose": prose, "link": link}
    return environment
