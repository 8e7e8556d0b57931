"""Charts as SVG, by Altair and vl-convert: drawn on the server, with the numbers in a table beside them."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date

from fastapi import Response

INK = "#1f5f8b"


def line_svg(points: Sequence[tuple[date, float]], title: str) -> str:
    """Return a line over days; a single day is a point."""
    import altair as alt  # noqa: PLC0415 - a second of import that only charts need pay
    import pandas as pd  # noqa: PLC0415
    import vl_convert  # noqa: PLC0415

    data = pd.DataFrame({"day": [day.isoformat() for day, _ in points], "value": [value for _, value in points]})
    chart = alt.Chart(data, width=560, height=180).mark_line(point=True, color=INK).encode(
        x=alt.X("day:T", title=None, axis=alt.Axis(format="%d %b %Y", labelAngle=0, tickCount=6)),
        y=alt.Y("value:Q", title=title, scale=alt.Scale(zero=True)),
    )  # fmt: skip
    return str(vl_convert.vegalite_to_svg(chart.configure(font="sans-serif").configure_view(stroke=None).to_dict()))


def svg(text: str) -> Response:
    """Return a drawing; its own styles are allowed within it, and nothing else."""
    policy = "default-src 'none'; style-src 'unsafe-inline'"
    return Response(text, media_type="image/svg+xml", headers={"Content-Security-Policy": policy})
