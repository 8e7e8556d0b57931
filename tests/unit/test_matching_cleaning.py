"""What the engine reads out of a value as it was received."""

from __future__ import annotations

import numpy as np
import pyarrow as pa
import pytest

from include.matching.levels import Kind
from include.matching.records.cleaning import (
    clean_codes,
    clean_identifiers,
    clean_organization,
    clean_phones,
    clean_postcodes,
    extensions,
    learned_region,
    parse_dates,
    postcode_areas,
    telling_region,
)
from include.matching.records.columns import encode
from include.matching.records.damage import mended
from include.matching.records.emails import mailboxes
from include.matching.records.name_parts import (
    clean_name,
    generation,
    known_first_names,
    parse_full_name,
    roots,
    sound,
    spoken,
)
from include.matching.records.names_from_addresses import other_half, read_name
from include.matching.records.person_names import lexicon


def mailbox(address: str) -> str | None:
    folded = mailboxes(encode(pa.chunked_array([[address]], pa.string()), "email")).mailbox
    return folded.values[int(folded.codes[0])].as_py() if folded.codes[0] >= 0 else None


@pytest.mark.parametrize(
    ("address", "folded"),
    [
        ("j.o.e+x@googlemail.com", "joe@gmail.com"),
        ("J.OE@outlook.com", "j.oe@outlook.com"),  # only Gmail and Proton ignore dots
        ("joe+news@acme.com", "joe@acme.com"),
        ("joe-shop@yahoo.com", "joe@yahoo.com"),
        ("joe-shop@acme.com", "joe-shop@acme.com"),
        ("joe@me.com", "joe@icloud.com"),
        ("1234+joe@users.noreply.github.com", "joe@users.noreply.github.com"),
        ("Joe Doe <joe@acme.com>", "joe@acme.com"),
        ("test@test.com", None),
        ("no address", None),
        ("a@b, c@d", None),
        ("juergen@müller.de", "juergen@xn--mller-kva.de"),
        ('"sam.tarrant"@acme.org', "sam.tarrant@acme.org"),
    ],
)
def test_an_address_folds_to_its_mailbox(address: str, folded: str | None) -> None:
    assert mailbox(address) == folded


@pytest.mark.parametrize(
    ("name", "cleaned"),
    [
        ("Łukasz", "lukasz"), ("José", "jose"), ("王伟", "王伟"), ("Нина", "нина"), ("O'Brien", "obrien"),
        ("Mr John", "john"), ("John A.", "john"), ("Mary-Ann", "mary ann"), ("J.", "j"), ("C1aire", "caire"),
        ("Baby Girl", ""), ("Child F", ""), ("Man of the House", ""), ("Granddaughter", ""), ("Babette", "babette"),
        ("n/a", ""), ("TEST", ""), ("a@b.com", ""), ("K\x1bnig", ""), ("xxx", ""), ("", ""),
    ],
)  # fmt: skip
def test_a_name_is_folded_and_keeps_its_script(name: str, cleaned: str) -> None:
    assert clean_name(name) == cleaned


@pytest.mark.parametrize(
    ("full", "first", "last"),
    [
        ("Ann Lee", "ann", "lee"), ("LEE, Ann", "ann", "lee"), ("Dr. Ann B. van Dyke, PhD", "ann", "van dyke"),
        ("王伟", "伟", "王"), ("Нина Петрова", "нина", "петрова"), ("Madonna", "", "madonna"),
        ("Ann Lee Jr.", "ann", "lee"), ("none Siering", "", "siering"),
        ("Baby Girl Oberman", "", "oberman"), ("Infant Oberman", "", "oberman"), ("Lee Child", "lee", "child"),
        ("Robert Oberman fils", "robert", "oberman"), ("unknown", "", ""), ("ann@lee.com", "", ""),
    ],
)  # fmt: skip
def test_a_full_name_is_read(full: str, first: str, last: str) -> None:
    assert parse_full_name(full) == (first, last)


@pytest.mark.parametrize(
    ("name", "which"),
    [
        ("Robert Oberman Jr.", 2), ("Oberman, Sr.", 1), ("Oberman Jr, Robert", 2), ("Robert II", 2), ("Oberman III", 3),
        ("Oberman (Jnr)", 2), ("Robert Oberman père", 1), ("Junior", 0), ("Senior Smith", 0), ("Oberman", 0), ("", 0),
    ],
)  # fmt: skip
def test_a_suffix_says_which_bearer_of_a_name_somebody_is(name: str, which: int) -> None:
    assert generation(name) == which


def test_spellings_of_one_first_name_sound_alike_and_other_names_do_not() -> None:
    for one, other in (("sara", "sarah"), ("erik", "eric"), ("sofia", "sophia"), ("jon", "john"), ("hanna", "hannah")):
        assert spoken(one) == spoken(other)
    for one, other in (("anna", "hanna"), ("erik", "erika"), ("jon", "joan"), ("luca", "lucas")):
        assert spoken(one) != spoken(other)
        assert {one, other} <= known_first_names()
    assert "micheal" not in known_first_names(), "a common slip is no name of its own"


@pytest.mark.parametrize(
    ("kind", "damaged", "left"),
    [
        (Kind.PHONE, "14155550144.0", "14155550144"), (Kind.PHONE, "1.4155550144E+10", "14155550144"),
        (Kind.PHONE, "'+1 415 555 0144", "+1 415 555 0144"), (Kind.IDENTIFIER, '="00012"', "00012"),
        (Kind.PHONE, "1.41556E+10", None), (Kind.PHONE, "1,41556E+10", None), (Kind.IDENTIFIER, "1.41556E+10", None),
        (Kind.IDENTIFIER, "3-Apr", None), (Kind.CODE, "Mar-05", None), (Kind.LAST_NAME, "#NAME?", None),
        (Kind.ORGANIZATION, "#WERT!", None), (Kind.EMAIL, "#N/A", None), (Kind.TEXT, "########", None),
        (Kind.TEXT, "#1 Main Street", "#1 Main Street"), (Kind.IDENTIFIER, "0035g00000001aBAAQ", "0035g00000001aBAAQ"),
        (Kind.LAST_NAME, "May", "May"), (Kind.IDENTIFIER, "12e5", "12e5"), (Kind.TEXT, "1.5", "1.5"),
    ],
)  # fmt: skip
def test_what_a_spreadsheet_damaged_is_mended_or_null(kind: Kind, damaged: str, left: str | None) -> None:
    column, damage = mended(encode(pa.chunked_array([[damaged, "x"]], pa.string()), "c"), kind)
    found = column.values[int(column.codes[0])].as_py() if column.codes[0] >= 0 else None
    assert found == left
    assert (damage.records, damage.mended) == (int(left != damaged), int(left is not None and left != damaged))


def test_postcodes_have_an_area_and_a_unit() -> None:
    written = ["sw1a 1aa", "SW1A1AA", "94110-1234", "94110", "D-10115", "1012 AB", "M5V 3L9", "n/a"]
    cleaned = clean_postcodes(pa.array(written)).to_pylist()
    assert cleaned == ["SW1A1AA", "SW1A1AA", "94110", "94110", "10115", "1012AB", "M5V3L9", None]
    assert clean_postcodes(pa.array(["2139", *["10115"] * 20])).to_pylist()[0] == "02139", "its zero was lost"
    areas = postcode_areas(["SW1A1AA", "SW1A2BB", "SW1A", "94110", "94117", "10115", "1012AB", "1012CD"])
    assert areas.ravel().tolist() == [0, 0, 0, 1, 1, 2, 3, 3]


def test_extensions_agree_however_written() -> None:
    written = pa.array(["+1 415 555 0200 x136", "+14155550200;ext=136", "415-555-0200 ext. 136", "415 555 0200"])
    assert extensions(written).to_pylist() == ["136", "136", "136", None]
    assert set(clean_phones(written, "US").to_pylist()) == {"14155550200"}


def test_nicknames_meet_their_names() -> None:
    assert set(roots("bob")) & set(roots("robert"))
    assert not set(roots("bob")) & set(roots("alice"))
    assert set(roots("нина")) & set(roots("nina"))  # by its Latin form


@pytest.mark.parametrize("name", ["christopher", "kristin", "kristen", "crystal"])
def test_a_nickname_of_very_many_names_meets_each_of_them(name: str) -> None:
    assert set(roots("chris")) & set(roots(name))


def test_transliterations_share_a_skeleton_and_spellings_a_sound() -> None:
    none = np.zeros(4, np.int64)
    skeleton = lexicon(["ليلى", "layla", "Васильева".lower(), "nora"], none, none).skeleton
    assert skeleton[0] == skeleton[1] and len(set(skeleton[1:4])) == 3
    assert sound("clark") == sound("klarck")
    assert sound("王")  # never empty


def test_names_are_read_out_of_local_parts() -> None:
    given, family = {"ann": 5, "joe": 3}, {"lee": 4, "miller": 2}
    assert read_name("ann.lee", given, family) == ("ann", "lee")
    assert read_name("lee_ann77", given, family) == ("ann", "lee")
    assert read_name("jmiller", given, family) == ("j", "miller")
    assert read_name("annmiller", given, family) == ("ann", "miller")
    assert read_name("info", given, family) == ("", "")
    assert read_name("sunny.side", given, family) == ("", "")


def test_phones_agree_however_written() -> None:
    written = pa.array(
        ["+44 (0)20 7946 0958", "020 7946 0958", "0044 20 7946 0958", "442079460958", "020 7946 0958 x12"]
    )
    assert set(clean_phones(written, "GB").to_pylist()) == {"442079460958"}
    assert clean_phones(pa.array(["000000", "12", "0000000000"]), "GB").to_pylist() == [None, None, None]
    assert clean_phones(pa.array(["(415) 555-2671", "1-415-555-2671"]), "US").to_pylist() == ["14155552671"] * 2


def test_a_missing_region_is_learned_from_the_numbers_that_carry_one() -> None:
    written = pa.array(["+49 89 123456", "+49 30 123456", "089 123456"])
    assert clean_phones(written, learned_region(telling_region(written))).to_pylist()[2] == "4989123456"


def test_dates_agree_however_written() -> None:
    assert parse_dates(["1980-02-03", "12 Mar 1977", "19770312", "March 3, 1988", "n/a", "1977-13-45"]) == [
        "1980-02-03", "1977-03-12", "1977-03-12", "1988-03-03", "", "",
    ]  # fmt: skip
    assert parse_dates(["03/04/1981", "25/12/1990"])[0] == "1981-04-03"  # the other date tells which comes first
    assert parse_dates(["03/04/1981", "12/25/1990"])[0] == "1981-03-04"


def test_companies_lose_their_legal_form_and_codes_their_blanks() -> None:
    assert clean_organization("The Acme Co., Inc.") == "acme"
    assert clean_organization("Smith & Sons Ltd") == "smith and sons"
    assert clean_organization("北京公司") == "北京公司"
    assert clean_codes(pa.array(["sw1a 1aa", "00000", "n/a", None])).to_pylist() == ["SW1A1AA", None, None, None]
    assert clean_identifiers(pa.array([" 0035G1 ", "999", "null"])).to_pylist() == ["0035g1", None, None]


@pytest.mark.parametrize(
    ("local", "first", "last", "read"),
    [
        ("steve.quitanek", "", "quitanek", "steve"),
        ("quitaneks8", "", "quitanek", "s"),
        ("theresarsingquicas", "", "singquicas", "theresar"),  # names that nobody else has
        ("rfarley", "ryan", "", "farley"),
        ("kathryn.farley", "kathy", "", "farley"),  # by a nickname
        ("rfarley", "kathy", "", ""),  # somebody else's address
        ("kathy7", "kathy", "", ""),
        ("info", "kathy", "", ""),
    ],
)
def test_the_half_of_a_name_that_is_missing_is_read_beside_the_half_that_is_known(
    local: str, first: str, last: str, read: str
) -> None:
    given, family = {"steve": 2, "ryan": 2, "kathryn": 2}, {"farley": 3, "quitanek": 1}
    assert other_half(local, first or last, given, family, 1 if first else 0) == read
