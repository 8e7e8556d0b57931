"""Pages from templates: escaped throughout, with links that hold wherever the application is mounted."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from datetime import UTC, date, datetime
from pathlib import Path
from types import MappingProxyType
from typing import Any

from fastapi import Request, Response
from fastapi.responses import HTMLResponse
from jinja2 import Environment, FileSystemLoader, StrictUndefined

from include.contracts.access import Scope
from include.contracts.measures import Measure, measures_of
from include.web.callers import Call, Caller
from include.web.forms import form_token

HERE = Path(__file__).parent
UNKNOWN = "unknown"
KEPT = "private, no-cache"
MOMENT = re.compile(r"^(\d{4}-\d\d-\d\d)T(\d\d:\d\d)[\d:.]*(?:\+00:00|Z)?$")  # as PostgreSQL writes one into JSON


def shown(value: object) -> str:
    """Return a value as people read it; what is not known says so."""
    return next((told(value) for kind, told in SHOWN.items() if isinstance(value, kind)), str(value))


SHOWN: Mapping[type, Callable[[Any], str]] = MappingProxyType(  # the first kind that a value is of
    {
        type(None): lambda _: UNKNOWN,
        bool: lambda value: "yes" if value else "no",
        int: lambda value: f"{value:,}",
        float: lambda value: f"{value:,.2f}".rstrip("0").rstrip("."),
        datetime: lambda value: f"{value.astimezone(UTC) if value.tzinfo else value:%Y-%m-%d %H:%M} UTC",
        str: lambda value: MOMENT.sub(r"\1 \2 UTC", value),
        list: lambda value: ", ".join(map(shown, value)),
    }
)


def is_day(value: object) -> bool:
    """Tell whether a value is a day or a moment, which is not broken over lines."""
    return isinstance(value, date) or (isinstance(value, str) and bool(MOMENT.match(value)))


def month(value: date) -> str:
    """Return the month of a day."""
    return f"{value:%B %Y}"


def pairs(values: Iterable[str]) -> list[tuple[str, str]]:
    """Return values as choices that are shown as they are."""
    return [(value, value) for value in values]


def counted(rows: Iterable[tuple[Any, int]], *names: str) -> list[dict[str, Any]]:
    """Return pairs of a value and a count as rows of a table."""
    return [dict(zip(names, row, strict=True)) for row in rows]


def spoken(name: str) -> str:
    """Return a column's name as words."""
    return name.replace("_", " ")


def share(value: float | None) -> str:
    """Return a share from 0 to 1 as a percentage."""
    return UNKNOWN if value is None else f"{value:.1%}"


TEMPLATES = Environment(
    loader=FileSystemLoader(HERE / "templates"), autoescape=True, undefined=StrictUndefined, trim_blocks=True,
    lstrip_blocks=True,
)  # fmt: skip


def families(level: str, row: Mapping[str, Any]) -> list[tuple[str, list[tuple[Measure, Any]], list[Measure]]]:
    """Return a row's measures by family, in the order of their declaration: the known ones with values, the others."""
    found: dict[str, list[tuple[Measure, Any]]] = {}
    for measure in measures_of(level).values():
        found.setdefault(measure.family, []).append((measure, row.get(measure.name)))
    return [
        (family, [pair for pair in pairs if pair[1] is not None], [one for one, value in pairs if value is None])
        for family, pairs in found.items()
    ]


TEMPLATES.filters |= {
    "shown": shown, "spoken": spoken, "share": share, "month": month, "pairs": pairs, "counted": counted,
}  # fmt: skip
TEMPLATES.tests |= {"day": is_day, "listed": lambda value: isinstance(value, list)}
TEMPLATES.globals["families"] = families


def root_of(request: Request) -> str:
    """Return the path under which the application is mounted; empty where it is alone."""
    return str(request.scope.get("root_path", "")).rstrip("/")


def page(call: Call, template: str, **context: Any) -> Response:
    """Return a page for a known caller; a browser may keep what a form found, or it could not go back to it."""
    answer = _html(
        call.request, template, caller=call.caller, token=form_token(call.request, call.caller.name),
        sees_people=call.sees_people, **_may(call.caller), **context,
    )  # fmt: skip
    if call.request.method == "POST":
        answer.headers["Cache-Control"] = KEPT
    return answer


def _may(caller: Caller | None) -> dict[str, bool]:
    """Which pages are offered."""
    asked = {"may_review": Scope.REVIEW_WRITE, "may_audit": Scope.AUDIT_READ}
    return {name: caller is not None and caller.may(scope) for name, scope in asked.items()}


def bare_page(request: Request, template: str, status: int = 200, **context: Any) -> Response:
    """Return a page for somebody who is not known."""
    return _html(
        request,
        template,
        status,
        caller=None,
        token="",
        sees_people=False,
        may_review=False,
        may_audit=False,
        **context,
    )


def _html(request: Request, template: str, status: int = 200, **context: Any) -> Response:
    text = TEMPLATES.get_template(template).render(
        root=root_of(request), path=request.url.path, can_sign_out=request.app.state.has_sessions, **context
    )
    return HTMLResponse(text, status)
