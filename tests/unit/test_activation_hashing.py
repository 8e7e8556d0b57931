"""Normalisation before hashing is each network's own, as documented."""

from __future__ import annotations

import pytest

from include.activation.destinations import hashing


@pytest.mark.parametrize(
    ("normal", "given", "expected"),
    [
        (hashing.google_email, " Jane.Doe+news@Gmail.com ", "janedoe@gmail.com"),
        (hashing.google_email, "J.Doe+x@googlemail.com", "jdoe@googlemail.com"),
        (hashing.google_email, "Jane.Doe+news@Acme.test", "jane.doe+news@acme.test"),
        (hashing.google_name, " O'Brien ", "obrien"),
        (hashing.meta_text, " Jane.Doe@Gmail.com ", "jane.doe@gmail.com"),
        (hashing.meta_name, "Jean-Luc de la Cruz", "jeanlucdelacruz"),
        (hashing.meta_name, "Valéry", "valéry"),
        (hashing.meta_digits, "+44 20 7946 0018", "442079460018"),
        (hashing.meta_postcode, "94035-1234", "94035"),
        (hashing.meta_postcode, "M1 1AE", "m11ae"),
        (hashing.linkedin_email, " Jane Doe@Acme.test ", "janedoe@acme.test"),
    ],
)
def test_text_is_normalised_as_the_network_documents(normal, given: str, expected: str) -> None:
    assert normal(given) == expected


def test_a_digest_is_hex_of_sha_256() -> None:
    assert hashing.sha256("test@example.com") == "973dfe463ec85785f5f95af5ba3906eedb2d931c24e69824a89ea65dba4e813b"
