"""The comparisons, each declared once: how alike two values of a role may be, and what is known of it before any data.

The kernels give the levels, estimation learns how each relation's are spread, blocking reads what a role is good for,
and the evidence of a pair is spelt with the levels' names.
"""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum

from include.matching.declaration import WIDE, Blocks, Comparison, Level, When, prior
from include.matching.relations import COLLEAGUE, HOUSEHOLD, MOVED, NEIGHBOUR, RELATIVE, SAME

EQUAL = 16  # stored levels from here on: equal, by frequency bin or by how many share the value


class Kind(StrEnum):
    """What a column's values mean; the kind fixes their cleaning and their comparison."""

    FIRST_NAME = "first_name"
    LAST_NAME = "last_name"
    FULL_NAME = "full_name"
    EMAIL = "email"
    PHONE = "phone"
    ORGANIZATION = "organization"
    IDENTIFIER = "identifier"
    CODE = "code"
    POSTCODE = "postcode"
    DATE = "date"
    TEXT = "text"


class FirstName(Level):
    """First names."""

    EQUAL = 1
    NICKNAME = 2
    TYPO = 3
    CLOSE = 4
    INITIAL = 5
    OTHER_INITIAL = 6
    DIFFERENT = 7
    SWAPPED = 8  # first and last name changed places
    TRANSLITERATED = 9
    OTHER_SCRIPT = 10
    LOOK_ALIKE = 11  # a stroke apart, and each a name of its own
    OTHER_NAME = 12  # two names that are known to be names: a slip garbles a name, but seldom to another
    ONE_WORD = 13  # one of the two says a single word, which is the other's last name


class LastName(Level):
    """Last names, numbered as first names are: one kernel compares both."""

    EQUAL = 1
    PART = 2
    TYPO = 3
    CLOSE = 4
    INITIAL = 5
    OTHER_INITIAL = 6
    DIFFERENT = 7
    SWAPPED = 8
    TRANSLITERATED = 9
    OTHER_SCRIPT = 10
    LOOK_ALIKE = 11


UNLIKE = (FirstName.CLOSE, FirstName.DIFFERENT, FirstName.OTHER_NAME)  # of first names and of last names


class BothNames(Level):
    """No column: corrects for first and last names that agree together more than by chance."""

    EQUAL = 1
    ALIKE = 3
    OTHER_GENERATION = 4  # Sr. and Jr.


class Email(Level):
    """Addresses."""

    SAME_MAILBOX = 1
    SAME_MAILBOX_OF_SEVERAL = 11
    SAME_PRIVATE_MAILBOX = 12  # at a free provider, where families share one
    SAME_LOCAL_ELSEWHERE = 3
    TYPO = 5
    TYPO_ELSEWHERE = 6
    SAME_COMPANY = 7
    BOTH_FREE_MAIL = 8
    FREE_AND_COMPANY_MAIL = 9
    OTHER_COMPANY = 10
    OTHER_NUMBER = 13  # ann.lee and ann.lee2 of one company
    SAME_NUMBER_ELSEWHERE = 14  # ann.lee82 and alee82 of two domains


class Identifying(Level):
    """Identifiers, numbered as texts are."""

    EQUAL = 1
    EQUAL_OF_SEVERAL = 11
    TYPO = 3
    CLOSE = 4
    DIFFERENT = 5


class Phone(Level):
    """Telephone numbers, numbered as texts are."""

    EQUAL = 1
    EQUAL_OF_SEVERAL = 11
    OTHER_EXTENSION = 6  # of one switchboard
    TYPO = 3
    CLOSE = 4
    DIFFERENT = 5


class Postcode(Level):
    """Postcodes, numbered as texts are."""

    EQUAL = 1
    TYPO = 3
    SAME_AREA = 4
    DIFFERENT = 5


class Text(Level):
    """Organizations, codes and text."""

    EQUAL = 1
    TYPO = 3
    CLOSE = 4  # similar, or of the same beginning
    DIFFERENT = 5


class Date(Level):
    """Dates of birth."""

    EQUAL = 1
    TYPO = 2
    YEAR_AND_PART = 3
    TWO_DIGITS = 4
    DIFFERENT = 5
    SAME_YEAR = 6
    OF_RELATIVE = 7  # different, and a relative's record has one of the two as well: it may be copied from there


class Source(Level):
    """The systems that two records came from: how seldom one of them lists a person twice."""

    SAME_SOURCE = 1
    OTHER_SOURCE = 2


# fmt: off
FIRST = Comparison(
    "first", FirstName,
    agrees=(FirstName.NICKNAME, FirstName.TYPO, FirstName.SWAPPED, FirstName.TRANSLITERATED, FirstName.LOOK_ALIKE),
    sorts=(FirstName.DIFFERENT, FirstName.OTHER_NAME),  # no list knows all names of a table
    # to be an initial, or in another script, is a kind of missingness
    separate=((FirstName.INITIAL, FirstName.OTHER_INITIAL), (FirstName.TRANSLITERATED, FirstName.OTHER_SCRIPT),
              (FirstName.ONE_WORD,)),
    same=prior(FirstName, equal=0.83, nickname=0.07, typo=0.045, look_alike=0.001, close=0.015, different=0.015,
               other_name=0.01, swapped=0.01, transliterated=0.75, other_script=0.25, initial=0.97, other_initial=0.03,
               one_word=1.0),
    strangers=prior(FirstName, equal=0.008, nickname=0.004, typo=0.0005, look_alike=0.0015, close=0.004,
                    different=0.482, other_name=0.5, swapped=1e-7, transliterated=0.01, other_script=0.99,
                    initial=0.08, other_initial=0.92, one_word=1.0),
    # that two names of their own are close is no evidence for one person: it is to tell as little as that they differ
    bounds=((SAME, FirstName.LOOK_ALIKE, 0.0, 0.001), (RELATIVE, FirstName.LOOK_ALIKE, 0.1, 1.0),
            # under one roof a name is seldom given twice, however frequent it is
            (HOUSEHOLD, FirstName.EQUAL, 0.0, 0.01), (RELATIVE, FirstName.EQUAL, 0.0, 0.01)),
)
LAST = Comparison(
    "last", LastName,
    separate=((LastName.INITIAL, LastName.OTHER_INITIAL), (LastName.TRANSLITERATED, LastName.OTHER_SCRIPT)),
    same=prior(LastName, equal=0.87, part=0.02, typo=0.045, look_alike=0.005, close=0.015, different=0.045,
               swapped=0.001, transliterated=0.75, other_script=0.25, initial=0.97, other_initial=0.03),
    strangers=prior(LastName, equal=0.002, part=0.0003, typo=0.0002, look_alike=0.0003, close=0.002, different=0.995,
                    swapped=1e-7, transliterated=0.01, other_script=0.99, initial=0.08, other_initial=0.92),
    related={
        HOUSEHOLD: prior(LastName, equal=0.75, part=0.02, typo=0.025, look_alike=0.005, close=0.01, different=0.19,
                         swapped=1e-5, transliterated=0.6, other_script=0.4, initial=0.8, other_initial=0.2),
        RELATIVE: prior(LastName, equal=0.75, part=0.02, typo=0.025, look_alike=0.005, close=0.01, different=0.19,
                        swapped=1e-5, transliterated=0.75, other_script=0.25, initial=0.97, other_initial=0.03),
    },
    kept=frozenset({HOUSEHOLD, RELATIVE}),
)
NAMES = Comparison(
    "names", BothNames,
    same=prior(BothNames, equal=1.0, alike=1.0, other_generation=0.001),
    strangers=prior(BothNames, equal=1.0, alike=1.0, other_generation=1.0),
)
EMAIL = Comparison(
    "email", Email, sampled=True,
    agrees=(Email.SAME_LOCAL_ELSEWHERE, Email.TYPO, Email.TYPO_ELSEWHERE, Email.SAME_COMPANY),
    sorts=(Email.BOTH_FREE_MAIL, Email.FREE_AND_COMPANY_MAIL, Email.OTHER_COMPANY),
    classes=(Email.SAME_MAILBOX, Email.SAME_MAILBOX_OF_SEVERAL, Email.SAME_PRIVATE_MAILBOX),
    parts=(Email.OTHER_NUMBER,),
    same=prior(Email, other_number=0.002, same_mailbox=0.31, same_private_mailbox=0.2, same_mailbox_of_several=0.04,
               same_local_elsewhere=0.04, typo=0.03, typo_elsewhere=0.01, same_company=0.04, both_free_mail=0.08,
               free_and_company_mail=0.2, other_company=0.05, same_number_elsewhere=0.01),
    strangers=prior(Email, other_number=1e-6, same_mailbox=1e-7, same_private_mailbox=1e-7,
                    same_mailbox_of_several=1e-7, same_local_elsewhere=1e-6, typo=1e-8, typo_elsewhere=3e-6,
                    same_company=1e-3, both_free_mail=0.3, free_and_company_mail=0.5, other_company=0.2,
                    same_number_elsewhere=5e-4),
    related={
        COLLEAGUE: prior(Email, other_number=0.001, same_mailbox=0.003, same_private_mailbox=1e-4,
                         same_mailbox_of_several=0.01, same_local_elsewhere=1e-4, typo=0.002, typo_elsewhere=0.001,
                         same_company=0.65, both_free_mail=0.06, free_and_company_mail=0.2, other_company=0.05,
                         same_number_elsewhere=5e-4),
        HOUSEHOLD: prior(Email, other_number=1e-4, same_mailbox=0.002, same_private_mailbox=0.03,
                         same_mailbox_of_several=0.08, same_local_elsewhere=1e-3, typo=0.002, typo_elsewhere=0.001,
                         same_company=0.03, both_free_mail=0.45, free_and_company_mail=0.3, other_company=0.1,
                         same_number_elsewhere=1e-3),
        MOVED: prior(Email, other_number=0.002, same_mailbox=0.02, same_private_mailbox=0.08,
                     same_mailbox_of_several=0.02, same_local_elsewhere=0.08, typo=0.01, typo_elsewhere=0.02,
                     same_company=0.005, both_free_mail=0.09, free_and_company_mail=0.25, other_company=0.423,
                     same_number_elsewhere=0.02),
        RELATIVE: prior(Email, other_number=0.002, same_mailbox=0.003, same_private_mailbox=0.25,
                        same_mailbox_of_several=0.05, same_local_elsewhere=1e-3, typo=0.002, typo_elsewhere=0.001,
                        same_company=0.3, both_free_mail=0.2, free_and_company_mail=0.1, other_company=0.1,
                        same_number_elsewhere=1e-3),
    },
)
PHONE = Comparison(
    "phone", Phone, agrees=(Phone.TYPO,), classes=(Phone.EQUAL, Phone.EQUAL_OF_SEVERAL),
    blocks=Blocks(alone=True), sampled=True, as_one_person=True,
    same=prior(Phone, equal=0.55, equal_of_several=0.04, other_extension=0.005, typo=0.03, close=0.01, different=0.36),
    strangers=prior(Phone, equal=1e-7, equal_of_several=1e-7, other_extension=1e-8, typo=1e-6, close=1e-4,
                    different=0.999),
    related={
        COLLEAGUE: prior(Phone, equal=0.01, equal_of_several=0.03, other_extension=0.02, typo=0.02, close=0.02,
                         different=0.86),
        HOUSEHOLD: prior(Phone, equal=0.1, equal_of_several=0.2, other_extension=1e-4, typo=0.01, close=0.01,
                         different=0.66),
        MOVED: prior(Phone, equal=0.3, equal_of_several=0.02, other_extension=0.005, typo=0.02, close=0.01,
                     different=0.65),
    },
)
IDENTIFIER = Comparison(
    "identifier", Identifying, agrees=(Identifying.TYPO,),
    classes=(Identifying.EQUAL, Identifying.EQUAL_OF_SEVERAL),
    blocks=Blocks(alone=True), sampled=True,
    same=prior(Identifying, equal=0.8, equal_of_several=0.02, typo=0.03, close=0.01, different=0.13),
    strangers=prior(Identifying, equal=1e-7, equal_of_several=1e-7, typo=1e-5, close=1e-4, different=0.999),
    related={  # what somebody copied from the form of another
        HOUSEHOLD: prior(Identifying, equal=0.005, equal_of_several=0.005, typo=0.005, close=0.005, different=0.98),
    },
)
DATE = Comparison(
    "date", Date, agrees=(Date.TYPO,), sorts=(Date.DIFFERENT, Date.OF_RELATIVE), sampled=True,
    blocks=Blocks(with_name=True, with_half=(1.0, 1.0), with_another=When.ALWAYS),
    same=prior(Date, equal=0.86, typo=0.06, year_and_part=0.025, two_digits=0.02, same_year=0.015, different=0.019,
               of_relative=0.001),
    strangers=prior(Date, equal=1e-4, typo=1e-3, year_and_part=2e-3, two_digits=0.01, same_year=0.02, different=0.957,
                    of_relative=0.01),
    related={  # twins, and what somebody copied from the form of another
        HOUSEHOLD: prior(Date, equal=0.01, typo=0.002, year_and_part=0.004, two_digits=0.01, same_year=0.03,
                         different=0.934, of_relative=0.01),
        RELATIVE: prior(Date, equal=0.01, typo=0.002, year_and_part=0.004, two_digits=0.01, same_year=0.03,
                        different=0.934, of_relative=0.01),
    },
)
CODE = Comparison(
    "code", Text, agrees=(Text.TYPO,), prefix=3, sampled=True, as_one_person=True,
    blocks=Blocks(with_name=True, with_half=(1.0, 1.0), with_another=When.ALWAYS),
    same=prior(Text, equal=0.75, typo=0.05, close=0.05, different=0.15),
    strangers=prior(Text, equal=1e-3, typo=2e-3, close=5e-3, different=0.99),
    related={
        COLLEAGUE: prior(Text, equal=0.5, typo=0.03, close=0.07, different=0.4),
        HOUSEHOLD: prior(Text, equal=0.85, typo=0.02, close=0.03, different=0.1),
        MOVED: prior(Text, equal=0.1, typo=0.03, close=0.07, different=0.8),
        NEIGHBOUR: prior(Text, equal=0.9, typo=0.03, close=0.05, different=0.02),
    },
    kept=frozenset({HOUSEHOLD, RELATIVE}),
)
POSTCODE = Comparison(
    "postcode", Postcode, agrees=(Postcode.TYPO,), sampled=True, as_one_person=True,
    blocks=Blocks(with_name=True, with_half=(1.0, 1.0), with_another=When.ALWAYS),
    same=prior(Postcode, equal=0.75, typo=0.05, same_area=0.05, different=0.15),
    strangers=prior(Postcode, equal=1e-3, typo=2e-3, same_area=5e-3, different=0.99),
    related={
        COLLEAGUE: prior(Postcode, equal=0.5, typo=0.03, same_area=0.07, different=0.4),
        HOUSEHOLD: prior(Postcode, equal=0.85, typo=0.02, same_area=0.03, different=0.1),
        MOVED: prior(Postcode, equal=0.1, typo=0.03, same_area=0.07, different=0.8),
        NEIGHBOUR: prior(Postcode, equal=0.9, typo=0.03, same_area=0.05, different=0.02),
    },
    kept=frozenset({HOUSEHOLD, RELATIVE}),
)
ORGANIZATION = Comparison(
    "organization", Text, agrees=(Text.TYPO, Text.CLOSE), similar=0.92, sampled=True,
    as_one_person=True, blocks=Blocks(with_name=True, with_half=(0.1, 0.15)),
    same=prior(Text, equal=0.85, typo=0.04, close=0.07, different=0.04),
    strangers=prior(Text, equal=1e-3, typo=1e-4, close=2e-3, different=0.997),
    related={
        COLLEAGUE: prior(Text, equal=0.93, typo=0.01, close=0.03, different=0.03),
        MOVED: prior(Text, equal=0.01, typo=0.005, close=0.025, different=0.96),
    },
    bounds=((MOVED, Text.EQUAL, 0.0, 0.05),),
    kept=frozenset({RELATIVE}),
)
TEXT = Comparison(
    "text", Text, agrees=(Text.TYPO,), similar=0.9, sampled=True, as_one_person=True,
    blocks=Blocks(with_name=True, with_half=(WIDE, WIDE), with_another=When.WITHOUT_NAMES),
    same=prior(Text, equal=0.7, typo=0.05, close=0.08, different=0.17),
    strangers=prior(Text, equal=0.02, typo=0.001, close=0.01, different=0.97),
    related={
        COLLEAGUE: prior(Text, equal=0.5, typo=0.02, close=0.03, different=0.45),
        HOUSEHOLD: prior(Text, equal=0.8, typo=0.02, close=0.03, different=0.15),
        MOVED: prior(Text, equal=0.15, typo=0.01, close=0.04, different=0.8),
        NEIGHBOUR: prior(Text, equal=0.8, typo=0.02, close=0.03, different=0.15),
    },
    kept=frozenset({HOUSEHOLD, RELATIVE}),
)
SOURCE = Comparison(
    "source", Source, sorts=(Source.SAME_SOURCE, Source.OTHER_SOURCE),
    same=prior(Source, same_source=0.5, other_source=0.5),
    strangers=prior(Source, same_source=0.5, other_source=0.5),
)
# fmt: on
# in the order in which their columns narrow a name down
COMPARISONS: Mapping[str, Comparison] = {
    one.role: one
    for one in (FIRST, LAST, NAMES, EMAIL, PHONE, IDENTIFIER, DATE, CODE, POSTCODE, ORGANIZATION, TEXT, SOURCE)
}
