"""Signs of people: what a unified person did, and no machine for it; what reports mean by engaged."""

from __future__ import annotations

import ibis.expr.types as ir

from include.reports.data import Data

# Mails by people only; a click on the unsubscribe link is a person's, and no engagement: it is told apart by its name.
_SIGNS = """
WITH mails AS (
    SELECT record_id, kind AS sign, day, activity_id AS evidence FROM {activity}
    WHERE actor = 'human' AND kind IN ('open', 'click', 'unsubscribe', 'reply', 'form') AND day <= {as_of}
), responses AS (
    SELECT record_id, 'response' AS sign, first_responded_on AS day, member_id AS evidence FROM {member}
    WHERE has_responded AND first_responded_on <= {as_of}
), chats AS (
    SELECT record_id, 'chat' AS sign, on_date AS day, conversation_id AS evidence FROM {conversation}
    WHERE kind = 'chat' AND on_date <= {as_of}
), used AS (
    SELECT record_id, CASE WHEN is_core THEN 'core_action' ELSE 'login' END AS sign, day, min(event_id) AS evidence
    FROM {usage} WHERE record_id IS NOT NULL AND day <= {as_of} GROUP BY ALL
), every AS (
    FROM mails UNION ALL FROM responses UNION ALL FROM chats UNION ALL FROM used
)
SELECT w.profile_id, p.account_id, e.sign, e.day, e.evidence
FROM every e JOIN {crosswalk} w USING (record_id) JOIN {profile} p ON p.profile_id = w.profile_id
"""


def dated(data: Data, rows: ir.Table) -> ir.Table:
    """Add ``day``, the calendar day of ``at`` in the company's time zone."""
    return rows.mutate(day=data.inputs.day(rows.at))


def of_people(data: Data) -> ir.Table:
    """Return profile_id, account_id (the person's), sign, day, evidence (a source row) up to the logical date.

    Use is a row a person and day; logins are events of the product that are no core action.
    """
    inputs = data.inputs
    return data.sql(
        _SIGNS, activity=dated(data, inputs.email_activity), member=inputs.campaign_member,
        usage=dated(data, inputs.usage_event), crosswalk=inputs.crosswalk, profile=inputs.profile,
        conversation=inputs.conversation,
    )  # fmt: skip
