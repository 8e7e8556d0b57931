"""A report's picture: an SVG by Altair and vl-convert that can be read alone; its numbers stand in the part's rows."""

from __future__ import annotations

from datetime import date
from typing import Any

import pyarrow as pa

from include.contracts.reports import Figure, Part, Report
from include.contracts.tables import Type

INK, WIDTH, HEIGHT, MOST_BARS = "#1f5f8b", 600, 260, 20


def svg(report: Report, rows: pa.Table, as_of: date) -> str:
    """Return the chart of a report from the rows of its part; without rows, its title and that there are none."""
    import altair as alt  # noqa: PLC0415 - a second of import that only charts need pay
    import vl_convert  # noqa: PLC0415

    chart, part = report.chart, report.part(report.chart.part)
    kept = [row for row in rows.to_pylist() if all(row[name] == value for name, value in chart.where.items())]
    values = [_plain(row) for row in kept if row[chart.y] is not None]
    if chart.kind == "bar":
        values = sorted(values, key=lambda row: -abs(row[chart.y]))[:MOST_BARS]
        values = values if any(row[chart.y] for row in values) else []
    subtitle = f"{report.question} As of {as_of}." if values else f"There is nothing to show as of {as_of}."
    base = alt.Chart({"values": values}, width=WIDTH, height=HEIGHT)
    layers = [_band(alt, base, report, part)] if chart.band else []
    drawn = alt.layer(*layers, _marks(alt, base, report, part)).properties(
        title=alt.TitleParams(chart.title, subtitle=subtitle, anchor="start", subtitleColor="#555")
    )
    return str(vl_convert.vegalite_to_svg(drawn.configure(font="sans-serif").configure_view(stroke=None).to_dict()))


def _marks(alt: Any, base: Any, report: Report, part: Part) -> Any:
    chart = report.chart
    x, y = _axis(alt, part, chart.x, alt.X), _axis(alt, part, chart.y, alt.Y)
    colour = alt.Color(f"{chart.colour}:N", title=chart.colour.replace("_", " ")) if chart.colour else alt.value(INK)
    if chart.kind == "bar":
        across = alt.Y(f"{chart.x}:N", sort=None, title=None, axis=alt.Axis(labelLimit=220))
        return base.mark_bar().encode(x=_axis(alt, part, chart.y, alt.X), y=across, color=colour)
    mark = base.mark_line(point=True) if chart.kind == "line" else base.mark_area(opacity=0.8)
    return mark.encode(x=x, y=y, color=colour)


def _band(alt: Any, base: Any, report: Report, part: Part) -> Any:
    low, high = report.chart.band or ("", "")
    return base.mark_area(opacity=0.18, color=INK).encode(
        x=_axis(alt, part, report.chart.x, alt.X),
        y=_axis(alt, part, low, alt.Y).title(_title(part, report.chart.y)),
        y2=f"{high}:Q",
    )


def _axis(alt: Any, part: Part, name: str, side: Any) -> Any:
    """An axis with its unit; a share is shown as per cent, a day as month and year."""
    figure = _figure(part, name)
    if figure.column.type is Type.DATE:
        return side(f"{name}:T", title=None, axis=alt.Axis(format="%b %Y", labelAngle=0, tickCount=8))
    if figure.column.type in (Type.NUMBER, Type.INTEGER):
        format = "%" if figure.unit == "share" else "~s"
        axis, scale = alt.Axis(format=format), alt.Scale(zero=figure.unit != "share")
        return side(f"{name}:Q", title=_title(part, name), axis=axis, scale=scale)
    return side(f"{name}:N", title=None, sort=None)


def _figure(part: Part, name: str) -> Figure:
    return next(figure for figure in part.figures if figure.column.name == name)


def _title(part: Part, name: str) -> str:
    unit, told = _figure(part, name).unit, name.replace("_", " ")
    return told if unit in ("", "share", told) else f"{told} ({unit})"


def _plain(row: dict[str, Any]) -> dict[str, Any]:
    return {name: value.isoformat() if isinstance(value, date) else value for name, value in row.items()}
