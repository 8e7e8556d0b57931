"""docs/reports.md and docs/report-columns.md, from the declarations: `python -m include.reference` writes them."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from pathlib import Path

from pydantic import BaseModel

from include.contracts.reports import REPORTS, Part, Report
from include.contracts.settings import ROOT
from include.reports.reading import short_names
from include.reports.settings import ReportSettings, read_settings

PLACE = ROOT / "docs" / "reports.md"
COLUMNS = ROOT / "docs" / "report-columns.md"
PICTURES = ROOT / "docs" / "pictures" / "reports"
INTRODUCTION = """# Reports

<!-- Written by `python -m include.reference` from the declarations; edit those. -->

Figures to look at instead of counts of leads. Each is declared once in `include/contracts/reports`, computed in
`include/reports/<key>.py` as of the logical date, audited and published with everything else, and kept: a row of
`report_history` for each row of a report that changed, so that what a report said on an earlier day can be had again.

```sh
python -m include report                                   # what there is
python -m include report churn --by industry               # one, broken down
python -m include report churn --part renewal --format csv # table, csv, ndjson, parquet, xlsx, svg
python -m include report nps --as-of 2026-09-30            # as it was on an earlier logical date
python -m include report funnel --criteria new.yaml        # whom other criteria would have found, by month
python -m include alert ID --reason "called"               # what came of a sales alert; the next run shows it
```

The same is on the page Reports, and at `GET /api/v1/reports/{key}` ([pages and API](web.md)). What each column means:
[columns of reports](report-columns.md).

- A person is the unified person and an account the living one, however many records or duplicates the sources have.
- Nothing after the logical date counts. What could not be judged is counted in `report_coverage` and said beside the
  report; a report whose source is missing is empty and says which one, and the others are whole.
- Intervals are of 95 %. Money is in the company's currency, and never added over currencies.
- Criteria may name measures, traits and segments; tried on former months, a trait is what it was, as far as that is
  kept.
- `dimension` is what rows are broken down by, `all` is everything together. Segments are a dimension, as they are on
  the logical date.
"""


COLUMNS_INTRODUCTION = """# Columns of reports

<!-- Written by `python -m include.reference` from the declarations; edit those. -->

What [the reports](reports.md) are made of: each table as it is published in the schema `kindred`.
"""


def render() -> str:
    """Return the page of the reports, in Markdown."""
    parts = [INTRODUCTION, *(line for report in REPORTS for line in _report(report)), *_settings()]
    return "\n".join(parts).rstrip() + "\n"


def render_columns() -> str:
    """Return the page of their columns, in Markdown."""
    parts = [COLUMNS_INTRODUCTION]
    for report in REPORTS:
        parts.append(f"## {report.name} (`{report.key}`)\n")
        parts += [line for part in report.parts for line in _columns(part)]
    return "\n".join(parts).rstrip() + "\n"


def _report(report: Report) -> Iterator[str]:
    yield f"## {report.name} (`{report.key}`)\n\n**{report.question}**\n"
    if (PICTURES / f"{report.key}.svg").exists():
        yield f"![{report.chart.title}](pictures/reports/{report.key}.svg)\n"
    yield f"{report.definition}\n\n{report.window} Source of the definition: {report.source}.\n"
    for part, name in zip(report.parts, ["", *short_names(report)], strict=True):
        yield f"- {f'`--part {name}`' if name else 'Main table'}: {_lowered(part.title)} A row is {part.grain}."
    yield ""
    if report.covers:
        yield f"It says of how much of these it could judge: {_listed(cover.subject for cover in report.covers)}."
    yield "What it leaves open:\n"
    yield from (f"- Without `{need.table}` it is empty and says: {need.says}" for need in report.needs)
    yield from (f"- {sentence}" for sentence in report.cannot_say)
    yield ""


def _lowered(title: str) -> str:
    """A title as the beginning of a line after a colon, with its full stop."""
    begun = title if title[1].isupper() else title[0].lower() + title[1:]
    return begun if begun.endswith("?") else f"{begun}."


def _listed(subjects: Iterable[str]) -> str:
    return "; ".join(subjects)


def _columns(part: Part) -> Iterator[str]:
    yield f"`{part.name}`: {_lowered(part.title)} A row is {part.grain}.\n"
    yield "| column | type | unit | what it is |\n|---|---|---|---|"
    yield (
        "\n".join(
            f"| `{f.column.name}` | {f.column.type.value} | {f.unit} | {f.column.description}"
            f"{': ' + ', '.join(f.column.allowed) if f.column.allowed and _unnamed(f.column) else ''} |"
            for f in part.figures
        )
        + "\n"
    )


def _unnamed(column: object) -> bool:
    return any(value not in column.description for value in column.allowed)  # type: ignore[attr-defined]


def _settings() -> Iterator[str]:
    yield "## Settings\n\nIn `include/config/reports.yaml`.\n\n| setting | value | what it is |\n|---|---|---|"
    settings = read_settings(ROOT / "include" / "config")
    for name in ReportSettings.model_fields:
        section: BaseModel = getattr(settings, name)
        for key, field in type(section).model_fields.items():
            value = getattr(section, key)
            shown = ", ".join(map(str, value)) if isinstance(value, tuple) else value
            yield f"| `{name}.{key}` | {shown} | {field.description} |"


def write(place: Path = PLACE) -> None:
    """Write the pages."""
    place.write_text(render(), encoding="utf-8")
    place.with_name(COLUMNS.name).write_text(render_columns(), encoding="utf-8")
