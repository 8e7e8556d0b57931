"""Companies that are none: what people write who have no employer, learned from the table and known by name."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from include.matching.records.columns import Codes, Dictionary, apply
from include.matching.records.person_names import Names

# as cleaned: lower-case, without marks, punctuation and legal form
NONE = frozenset(
    {
        "self employed", "selfemployed", "self", "self employment", "own business", "my own business", "freelance",
        "freelancer", "free lance", "freelancing", "independent", "independent consultant", "independent contractor",
        "contractor", "sole trader", "sole proprietor", "private", "private person", "private individual", "individual",
        "personal", "person", "student", "university student", "retired", "retiree", "pensioner", "unemployed",
        "not employed", "not working", "between jobs", "looking for work", "job seeker", "homemaker", "housewife",
        "stay at home", "no company", "none company", "without company", "no employer", "home", "customer", "consumer",
        "selbststandig", "selbstandig", "selbststaendig", "freiberuflich", "freiberufler", "privat", "privatperson",
        "rentner", "rentnerin", "im ruhestand", "schuler", "studentin", "arbeitslos", "hausfrau", "keine firma",
        "independant", "auto entrepreneur", "autoentrepreneur", "micro entrepreneur", "particulier", "retraite",
        "retraitee", "etudiant", "etudiante", "sans emploi", "autonomo", "autonoma", "por cuenta propia", "particular",
        "jubilado", "jubilada", "estudiante", "desempleado", "libero professionista", "lavoratore autonomo", "privato",
        "pensionato", "studente", "zzp", "zzper", "zelfstandig", "zelfstandige", "gepensioneerd", "prive",
        "egenforetagare",
        "eget foretag", "pensionar", "wlasna dzialalnosc", "jdg", "osoba prywatna", "emeryt", "profissional liberal",
        "aposentado", "pessoa fisica",
    }
)  # fmt: skip
FEWEST = 20  # records that a company has at least before the table may say that it is none
RARELY = 0.1  # of how often two people of a company share a domain, how often those of none do at most
TOLD = 0.2  # how often two people of a company share a domain at least, for the table to tell
Bools = npt.NDArray[np.bool_]


def is_none(company: Dictionary, names: Names | None) -> Bools:
    """Whether what a record names as its company is known to be none, or is its own name."""
    none = pc.is_in(company.values, value_set=pa.array(sorted(NONE))).to_numpy(zero_copy_only=False).astype(bool)
    found = np.append(none, False)[company.codes]
    if names is None:
        return np.asarray(found)
    one, other = (apply(half, company.codes) for half in _halves(company.values.to_pylist(), names.vocabulary))
    straight, turned = (names.first == one) & (names.last == other), (names.first == other) & (names.last == one)
    return np.asarray(found | ((one >= 0) & (straight | turned)))


def _halves(values: list[str], vocabulary: list[str]) -> tuple[Codes, Codes]:
    """The two names that each company's name is made of, -1 where it is not."""
    known = {name: code for code, name in enumerate(vocabulary)}
    halves = np.full((2, len(values)), -1, np.int32)
    for k, value in enumerate(values):
        words = value.split()
        for at in range(1, len(words)):
            one, other = known.get(" ".join(words[:at])), known.get(" ".join(words[at:]))
            if one is not None and other is not None:
                halves[:, k] = one, other
    return halves[0], halves[1]


def shares_nothing(company: Dictionary, name: Codes, domain: Codes, has_address: Bools) -> Bools:
    """Which companies are none by what the table says: of their differently named people hardly two have addresses of
    one domain, as people of the table's companies have. ``domain`` is -1 where it is no company's."""
    size = len(company.values)
    use = (company.codes >= 0) & has_address & (name >= 0)
    own = use & (domain >= 0)
    able = _pairs(size, company.codes[use]) - _pairs(size, company.codes[use], name[use])
    agree = _pairs(size, company.codes[own], domain[own]) - _pairs(size, company.codes[own], domain[own], name[own])
    enough = is_enough(able)
    return says_none(able, agree, float(agree[enough].sum()), float(able[enough].sum()))


def is_enough(able: npt.NDArray[np.float64]) -> Bools:
    """Which companies have pairs of people enough for the table to say that they are none."""
    return np.asarray(able >= FEWEST * (FEWEST - 1) / 2)


def says_none(
    able: npt.NDArray[np.float64], agree: npt.NDArray[np.float64], all_agree: float, all_able: float
) -> Bools:
    """Which companies are none, by their pairs of people and those that share a domain; ``all_agree`` and ``all_able``
    are the sums over the companies that have enough."""
    usual = all_agree / max(all_able, 1.0)
    return np.asarray(is_enough(able) & (agree <= RARELY * usual * able) & (usual >= TOLD))


def _pairs(size: int, company: Codes, *others: Codes) -> npt.NDArray[np.float64]:
    """How many pairs of records of each company agree on all of the other columns."""
    packed = company.astype(np.int64)
    for other in others:
        _, packed = np.unique(packed << 32 | other, return_inverse=True)
    _, first, counts = np.unique(packed, return_index=True, return_counts=True)
    return np.bincount(company[first], counts * (counts - 1) / 2, size).astype(np.float64)
