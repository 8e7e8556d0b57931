"""Segment: calls as newline-delimited JSON, gzipped, one file a day."""

from __future__ import annotations

from include.contracts.exports.declaration import ExportFile, columns
from include.contracts.systems import Feed, Part, System

EVENT = ExportFile("usage/YYYY-MM-DD.ndjson.gz", "Segment-spec calls",
    "an identify, group, track or other call, as the Segment spec has it",
    object="event", key="messageId", changed="timestamp", personal=("traits", "properties", "context"),
    ids=("userId", "anonymousId", "previousId", "groupId"), people=("userId", "previousId"), columns=columns(
    ("type*", "identify, group or track; page, screen and alias calls are kept in raw and used for nothing.", "track"),
    ("messageId*", "Id of the call; a repeated one is the same call delivered again.", "ajs-6b1f7c1e"),
    ("userId", "The product's own id of the person; absent before the first log-in.", "u_10231"),
    ("anonymousId", "The browser or device.", "7f3b9c1a"),
    ("previousId", "The former id, on alias calls.", ""),
    ("groupId", "The workspace, on group calls.", "ws_204"),
    ("event", "Name of the action, on track calls.", "Report Created"),
    ("name", "Name of the page or screen.", ""),
    ("category", "Category of the page or screen.", ""),
    ("timestamp*", "When it happened, ISO 8601.", "2026-09-22T08:31:07.000Z"),
    ("originalTimestamp", "When the device said it happened.", "2026-09-22T08:31:07.000Z"),
    ("sentAt", "When the device sent it.", "2026-09-22T08:31:08.000Z"),
    ("receivedAt", "When Segment got it.", "2026-09-22T08:31:09.000Z"),
    ("traits", "What the person or the workspace is like: name, email, phone, title, company, createdAt, plan, seats.",
     '{"email": "nina.berg@norvik.example", "firstName": "Nina", "lastName": "Berg"}'),
    ("properties", "What the action was about.", '{"feature": "reports"}'),
    ("context", "Where it came from; context.groupId is the workspace of a track call.", '{"groupId": "ws_204"}'),
    ("integrations", "Where Segment may send it.", "{}"),
    ("channel", "browser, mobile or server.", "browser"),
    ("version", "Version of the call's format.", "2"),
    ("writeKey", "Segment source.", ""),
    ("projectId", "Segment source, as the warehouse and cloud storage name it.", ""),
    ("userAgent", "User agent, where it is not in the context.", ""),
))  # fmt: skip

SYSTEM = System(
    kind="segment_export",
    part=Part.PRODUCT,
    format="ndjson",
    files=(EVENT,),
    feeds=(
        Feed("event", "usage_event", each=False),
        Feed("event", "person_record", each=False),
        Feed("event", "account", each=False),
    ),
    refusals=(),
)
