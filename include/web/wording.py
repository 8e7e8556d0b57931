"""What happened to a person, in words."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

from include.answers.timeline import Happening

_MAIL = {
    "sent": "was sent", "open": "opened", "click": "clicked in", "bounce": "could not be reached by",
    "form": "filled in a form of", "reply": "replied to", "unsubscribe": "unsubscribed by",
    "resubscribe": "subscribed again by", "complaint": "complained of",
}  # fmt: skip
_ACTOR = {"machine": "a machine", "unknown": "they or a machine"}
_WORDS: Mapping[str, str] = MappingProxyType(
    {
        "answered": "answered {about} of 10 to the survey",
        "used": "used {about}",
        "changed": "changed {about}",
        "segment entry": "came into the segment {about}",
        "segment exit": "left the segment {about}",
        "segment merge": "went on in the segment {about} under another id",
        "segment split": "went on in the segment {about} as a person apart",
        "created": "became known: the profile was made",
        "merged": "was found to be the same as {about}",
        "split": "was found to be two people; the other is {about}",
        "restored": "was known again",
        "retired": "is in no source any more",
        "lost": "lost a record: {about}",
        "ended": "ended with the last record: {about}",
        "steward": "was decided on by a steward",
        **{kind: f"{did} {{mail}}" for kind, did in _MAIL.items()},
        **{f"{kind} {actor}": f"{by} {did} {{mail}}" for kind, did in _MAIL.items() for actor, by in _ACTOR.items()},
    }
)


def in_words(one: Happening, names: Mapping[str, str]) -> str:
    """Return a happening as a sentence without its subject; ``names``: of segments, by key."""
    about = names.get(one.about or "", one.about) or "something"
    mail = f"the mail {one.about}" if one.about else "a mail"
    times = f", {one.times:,} times" if one.times > 1 else ""
    return _WORDS.get(one.kind, f"{one.kind} {{about}}").format(about=about, mail=mail) + times
