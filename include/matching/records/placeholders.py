"""Values that people and systems write when there is nothing to write: null, not evidence."""

from __future__ import annotations

WORDS = frozenset(
    {
        "", "-", "--", "---", ".", "..", "?", "??", "???", "n/a", "n.a.", "n.a", "na", "none", "null", "nil", "nan",
        "nul",
        "undefined", "unknown", "unbekannt", "inconnu", "not available", "not provided", "not known", "not given",
        "not applicable", "no name", "noname", "test", "tester", "testing", "test test", "test user", "tbd", "tba",
        "xx", "xxx", "xxxx", "xxxxx", "anonymous", "anon", "dummy", "asdf", "qwerty", "example", "blank", "empty",
        "missing", "(null)", "<null>", "#n/a", "[not provided]", "deleted", "first name", "last name", "firstname",
        "lastname", "name", "false", "true", "n/d", "nd", "sin nombre", "0",
    }
)  # fmt: skip
MAILBOXES = frozenset(
    {
        "test@test.com", "test@example.com", "none@none.com", "no@no.com", "na@na.com", "n/a@n/a.com",
        "noemail@noemail.com",
        "noemail@email.com", "no@email.com", "none@email.com", "unknown@unknown.com", "a@a.com", "a@b.com", "x@x.com",
        "abc@abc.com", "asdf@asdf.com", "email@email.com", "email@example.com", "user@example.com", "null@null.com",
        "noreply@example.com", "name@example.com", "no-reply@example.com", "test@gmail.com", "test@mail.com",
    }
)  # fmt: skip
ROLES = frozenset(
    "info sales support contact admin office hello enquiries inquiries billing accounts accounting help helpdesk"
    " service"
    " team mail post hr jobs careers marketing press media webmaster postmaster noreply no-reply donotreply reception"
    " orders order shop customerservice customercare newsletter feedback kontakt contacto abuse root".split()
)
KIN = frozenset(  # who somebody is to a household, in place of a first name
    "mother mom mum father dad parent daughter child kid baby infant newborn toddler twin brother sister sibling"
    " boy girl man woman gentleman lady male female adult teen teenager grandmother grandma grandfather grandpa"
    " granddaughter grandson grandchild aunt uncle niece nephew cousin husband wife spouse stepson stepdaughter"
    " youngest oldest eldest relative roommate householder homeowner resident occupant tenant of the house".split()
)
NAMES_TOO = frozenset("man baby lady".split())  # of those, words that alone are also given names: Man Kit, Baby, Lady


LONGEST_WORD = 20  # no placeholder is longer, blanks around it included


def is_placeholder(text: str) -> bool:
    """Whether a value says only that there is none."""
    if len(text) > LONGEST_WORD:
        return False
    plain = text.strip().casefold()
    return plain in WORDS or (len(plain) > 1 and len(set(plain)) == 1 and not plain.isalpha())
