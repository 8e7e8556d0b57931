"""The words that staged tables are written in; apart from the tables, as what parses DAGs knows them too."""

from __future__ import annotations

EMAIL_ACTIVITY_KINDS = (
    "sent", "open", "click", "unsubscribe", "resubscribe", "bounce", "complaint", "form", "reply",
)  # fmt: skip
ACTORS = ("human", "machine", "unknown")
CONTRACT_TYPES = ("term", "auto_renew", "multi_year", "evergreen", "month_to_month")
CONTRACT_STATUSES = ("draft", "active", "expired", "cancelled")
LEAD_STEPS = ("hand_raised", "mql", "sal", "sql", "rejected", "recycled", "converted")
CONVERSATIONS = ("chat", "call", "mail", "meeting", "other")
GRADES = ("A", "B", "C", "D", "F")
CONSENT_STATUSES = ("opted_in", "opted_out")
CONSENT_PURPOSES = ("email_marketing", "phone_marketing")
