"""What mkdocs asks while it builds: the pages of the operations, which are made from the declarations."""
# ruff: noqa: INP001 - mkdocs loads this file by its path

from __future__ import annotations

from mkdocs.config.defaults import MkDocsConfig
from mkdocs.structure.files import File, Files

from equivalence import pages, registry


def on_files(files: Files, config: MkDocsConfig) -> Files:
    """Add the pages to those of this folder."""
    for name, text in pages.pages(registry.load()).items():
        files.append(File.generated(config, f"operations/{name}", content=text))
    return files
