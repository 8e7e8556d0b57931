"""Contact points and names as ad networks want them hashed: each by its own documented normalisation, then SHA-256.

Sources: Google, *Data Manager API: format user data*; Meta, *Marketing API: hashing and normalization*; LinkedIn,
*Matched Audiences: DMP segment users*.
"""

from __future__ import annotations

import hashlib
import re
import unicodedata

DOTLESS = ("gmail.com", "googlemail.com")
_PUNCTUATION = re.compile(r"[^\w\s]|_")
_SPACE = re.compile(r"\s+")


def sha256(text: str) -> str:
    """Return the digest in lower-case hex."""
    return hashlib.sha256(text.encode()).hexdigest()


def google_email(address: str) -> str:
    """Lower case without white space; in Google's own domains without dots and what follows a plus, too."""
    local, _, domain = _SPACE.sub("", address).lower().partition("@")
    if domain in DOTLESS:
        local = local.partition("+")[0].replace(".", "")
    return f"{local}@{domain}"


def google_name(name: str) -> str:
    """Lower case, without punctuation and white space around."""
    return _PUNCTUATION.sub("", name).strip().lower()


def meta_text(text: str) -> str:
    """Lower case without white space around; for addresses."""
    return text.strip().lower()


def meta_name(name: str) -> str:
    """Lower case letters of any script, without punctuation and white space."""
    return _SPACE.sub("", _PUNCTUATION.sub("", unicodedata.normalize("NFC", name).lower()))


def meta_digits(number: str) -> str:
    """Digits of a telephone number in E.164 alone, the country's code first."""
    return re.sub(r"\D", "", number).lstrip("0")


def meta_postcode(code: str) -> str:
    """Lower case without white space and dashes; of the United States the first five digits."""
    plain = re.sub(r"[\s-]", "", code.lower())
    return plain[:5] if re.fullmatch(r"\d{9}", plain) else plain


def linkedin_email(address: str) -> str:
    """Lower case without white space."""
    return _SPACE.sub("", address).lower()
