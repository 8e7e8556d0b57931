"""Great Expectations' pages of an audit, as static HTML that needs no network and holds no value of a row."""

from __future__ import annotations

import io
import re
import shutil
from contextlib import redirect_stdout
from html import escape
from importlib import import_module
from pathlib import Path
from typing import Any

from include.quality.validation import Outcome, Validation
from include.storage.postgres.build import Build

_VERDICTS = {"table": "failed", "row": "rows set aside", "warn": "warning"}
STYLE = Path(__file__).with_name("docs.css")
_LINKS = (
    (re.compile(r'href="[./]*index[.]html"'), 'href="index.html"'),
    (re.compile(r'href="[./]*expectations/[^"]*"'), ""),
)
_EXTERNAL = (
    re.compile(r"<link\b[^>]*>"),
    re.compile(r"<script\b.*?</script>", re.DOTALL),
    re.compile(r"<style\b.*?</style>", re.DOTALL),
    re.compile(r"<img\b[^>]*>"),
    re.compile(r"<footer\b.*?</footer>", re.DOTALL),
)


def write_docs(folder: Path, build: Build, validation: Validation) -> Path:
    """Write a page a table and an index into a fresh folder, and put it in the place of the last; returns the index."""
    draft = folder.with_name(f"{folder.name}.draft")
    shutil.rmtree(draft, ignore_errors=True)
    draft.mkdir(parents=True)
    style = f"<style>{STYLE.read_text('utf-8')}</style>"
    renderers: Any = import_module("great_expectations.render.renderer")  # only where its cost is paid already
    views: Any = import_module("great_expectations.render.view")
    renderer, view = renderers.ValidationResultsPageRenderer(), views.DefaultJinjaPageView()
    with redirect_stdout(io.StringIO()):  # it prints advice
        for table, result in validation.results.items():
            html = _local(str(view.render(renderer.render(result))))
            (draft / f"{table}.html").write_text(html.replace("</head>", f"{style}</head>", 1), "utf-8")
    (draft / "index.html").write_text(_index(build, validation, style), "utf-8")
    shutil.rmtree(folder, ignore_errors=True)
    draft.rename(folder)
    return folder / "index.html"


def _local(html: str) -> str:
    """Take out what a page would load from elsewhere, and mend its links."""
    for pattern in _EXTERNAL:
        html = pattern.sub("", html)
    for link, local in _LINKS:
        html = link.sub(local, html)
    return html


def _index(build: Build, validation: Validation, style: str) -> str:
    rows = "".join(_row(table, validation) for table in validation.results)
    return (
        f"<!doctype html><html lang='en'><head><meta charset='utf-8'><title>Audit {build.version}</title>{style}</head>"
        f"<body><main><h1>Audit of build {build.version}</h1><table><thead><tr><th>Table</th><th>Outcome</th>"
        f"<th>Expectations</th><th>What failed</th></tr></thead><tbody>{rows}</tbody></table></main></body></html>"
    )


def _row(table: str, validation: Validation) -> str:
    mine = [outcome for outcome in validation.outcomes if outcome.expectation.table == table]
    failed = [outcome for outcome in mine if not outcome.success]
    levels = {outcome.expectation.level for outcome in failed}
    verdict = next((_VERDICTS[level] for level in _VERDICTS if level in levels), "passed")
    said = "<br>".join(escape(_sentence(outcome)) for outcome in failed)
    return (
        f"<tr class='{verdict.split()[-1]}'><td><a href='{table}.html'>{table}</a></td><td>{verdict}</td>"
        f"<td>{len(mine)}</td><td>{said}</td></tr>"
    )


def _sentence(outcome: Outcome) -> str:
    expectation = outcome.expectation
    place = f"{expectation.column}: " if expectation.column else ""
    return f"{place}{expectation.reason} ({outcome.unexpected:,})"
