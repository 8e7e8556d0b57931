"""The calendar of conditions: spans and periods, seen from the logical date; weeks begin on Monday."""

from __future__ import annotations

from calendar import monthrange
from datetime import date, timedelta

UNITS = {"days": 36_500, "weeks": 5_200, "months": 1_200, "years": 100}  # and the most of each
PERIODS = ("day", "week", "month", "quarter", "year")
WHICH = ("last", "this", "next")


def later(day: date, amount: int, unit: str) -> date:
    """Return the day so much later; a day that the month lacks becomes its last."""
    if unit in ("days", "weeks"):
        return day + timedelta(**{unit: amount})
    months = day.year * 12 + day.month - 1 + amount * (12 if unit == "years" else 1)
    year, month = divmod(months, 12)
    return date(year, month + 1, min(day.day, monthrange(year, month + 1)[1]))


def first_day(as_of: date, period: str, step: int) -> date:
    """Return the first day of the period of the logical date, or of one so many later."""
    if period in ("day", "week"):
        days = 7 if period == "week" else 1
        return as_of - timedelta(days=as_of.weekday() if period == "week" else 0) + timedelta(days=days * step)
    months = {"month": 1, "quarter": 3, "year": 12}[period]
    number = ((as_of.year * 12 + as_of.month - 1) // months + step) * months
    return date(number // 12, number % 12 + 1, 1)
