"""Name pools of many cultures with realistic frequencies: a few names are very common, most are rare.

Faker's locale data supplies the names; their frequencies follow a Zipf-Mandelbrot law where the locale
has none, and rare surnames are compounded from stems and endings, so that name collisions happen
about as often as they do in a real customer base.
"""

from __future__ import annotations

import importlib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache

import numpy as np
import numpy.typing as npt
from nicknames import NickNamer
from text_unidecode import unidecode

Int = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float64]

TAIL_SHARE = 0.35  # of a Latin culture's people, how many bear a compounded, rare surname


def words(text: str) -> tuple[str, ...]:
    """The words of a text."""
    return tuple(text.split())


@dataclass(frozen=True, slots=True)
class Culture:
    """Where a share of the people come from: Faker's locale, their country, and endings of rare surnames."""

    locale: str
    country: str
    share: float
    endings: tuple[str, ...] = ()
    feminine: tuple[tuple[str, str], ...] = ()


CULTURES = (
    Culture("en_US", "US", 0.30, ("son", "ton", "ley", "ford", "man", "well", "field", "worth", "by", "ham", "wick")),
    Culture("en_GB", "GB", 0.12, ("combe", "thorpe", "ley", "shaw", "bury", "croft", "gate", "stead", "hurst")),
    Culture("de_DE", "DE", 0.12, ("mann", "berger", "hofer", "stein", "bach", "feld", "maier", "brecht")),
    Culture("fr_FR", "FR", 0.08, ("ard", "eau", "ier", "ot", "in", "eux", "ault", "elle")),
    Culture("es_ES", "ES", 0.06, ("ez", "illo", "eda", "osa", "ero", "ano")),
    Culture("it_IT", "IT", 0.04, ("ini", "etti", "one", "ucci", "aro", "elli")),
    Culture("nl_NL", "NL", 0.03, ("stra", "huis", "mans", "sen", "kamp")),
    Culture("sv_SE", "SE", 0.03, ("gren", "qvist", "lund", "berg", "ström")),
    Culture("pl_PL", "PL", 0.04, ("owski", "icki", "czak", "ewicz", "yński"), (("ski", "ska"), ("cki", "cka"))),
    Culture("pt_BR", "BR", 0.04, ("eira", "ães", "inho", "ado")),
    Culture("tr_TR", "TR", 0.02, ("oğlu", "kaya", "türk", "demir", "soy")),
    Culture("en_IN", "IN", 0.04),
    Culture("ru_RU", "RU", 0.03),
    Culture("el_GR", "GR", 0.01),
    Culture("zh_CN", "CN", 0.02),
    Culture("ja_JP", "JP", 0.01),
    Culture("ar", "AE", 0.01),
)

_POLISH = words(
    """
    Nowak Kowalski Wiśniewski Wójcik Kowalczyk Kamiński Lewandowski Zieliński Szymański Woźniak Dąbrowski Kozłowski
    Jankowski Mazur Kwiatkowski Krawczyk Piotrowski Grabowski Nowakowski Pawłowski Michalski Nowicki Adamczyk Dudek
    Zając Wieczorek Jabłoński Król Majewski Olszewski Jaworski Wróbel Malinowski Pawlak Witkowski Walczak Stępień
    Górski Rutkowski Michalak Sikora Ostrowski Baran Duda Szewczyk Tomaszewski Pietrzak Marciniak Wróblewski
    """
)
_ARABIC_MEN = dict(
    pair.split(":")
    for pair in words(
        """
        محمد:Mohammed أحمد:Ahmed علي:Ali عمر:Omar يوسف:Youssef خالد:Khaled حسن:Hassan إبراهيم:Ibrahim
        عبدالله:Abdullah سعيد:Saeed طارق:Tariq ماجد:Majid كريم:Karim سامي:Sami فيصل:Faisal
        """
    )
)
_ARABIC_WOMEN = dict(
    pair.split(":")
    for pair in words(
        """
        فاطمة:Fatima مريم:Mariam عائشة:Aisha نور:Noor ليلى:Layla سارة:Sara هدى:Huda زينب:Zainab رانيا:Rania
        سلمى:Salma ياسمين:Yasmin دانا:Dana
        """
    )
)
_ARABIC_LAST = dict(
    pair.split(":")
    for pair in words(
        """
        المنصوري:Al-Mansoori الهاشمي:Al-Hashimi حداد:Haddad خوري:Khoury النجار:Al-Najjar الشمري:Al-Shammari
        العتيبي:Al-Otaibi صالح:Saleh ناصر:Nasser منصور:Mansour الفارسي:Al-Farsi قاسم:Qasim عباس:Abbas
        درويش:Darwish الحربي:Al-Harbi
        """
    )
)


@dataclass(frozen=True, slots=True)
class Pool:
    """Names drawn by weight: as written, and their Latin form where the script is another."""

    names: tuple[str, ...]
    latin: tuple[str, ...]
    cumulative: Floats

    def draw(self, uniform: Floats) -> Int:
        """Return the positions of the names that the uniform numbers in [0, 1) fall on."""
        return np.searchsorted(self.cumulative, uniform, side="right").astype(np.int64)


@dataclass(frozen=True, slots=True)
class CulturePools:
    """The four pools of one culture; ``men_last`` and ``women_last`` pair position by position."""

    men: Pool
    women: Pool
    men_last: Pool
    women_last: Pool


def _zipf(count: int, shift: float = 8.0, exponent: float = 0.9) -> Floats:
    """Zipf-Mandelbrot weights, (rank + shift)^-exponent."""
    return np.asarray((np.arange(count) + shift) ** -exponent, dtype=np.float64)


def _weights(names: Iterable[str] | Mapping[str, float]) -> dict[str, float]:
    """Names with weights: the locale's own where it has them, else by rank; alphabetical lists are shuffled first."""
    if isinstance(names, Mapping) and len(set(names.values())) > 1:
        return dict(names)
    ordered = list(dict.fromkeys(names))
    if len({name[:1] for name in ordered[:4]}) == 1 and len(ordered) > 20:
        order = np.random.default_rng(len(ordered)).permutation(len(ordered))
        ordered = [ordered[i] for i in order]
    return dict(zip(ordered, _zipf(len(ordered)), strict=True))


def _with_tail(weights: dict[str, float], endings: Sequence[str]) -> dict[str, float]:
    """Add surnames compounded from the stems of common ones, together TAIL_SHARE of the whole."""
    if not endings:
        return weights
    stems = list(dict.fromkeys(name[:4] if name[3:4] not in "aeiouäöü -'" else name[:3] for name in weights))
    tail = [stem.rstrip("aeiou -'") + ending for stem in stems for ending in endings if len(stem) > 2]
    fresh = [name for name in dict.fromkeys(tail) if name not in weights and name[0].isupper()]
    factor = sum(weights.values()) * TAIL_SHARE / (1 - TAIL_SHARE)
    spread = _zipf(len(fresh), shift=200.0)
    return weights | dict(zip(fresh, spread / spread.sum() * factor, strict=True))


def _pool(weights: Mapping[str, float], latin: Mapping[str, str] | None = None) -> Pool:
    names = tuple(weights)
    given = latin or {}
    spelled = tuple(given.get(name) or (name if name.isascii() else romanised(name)) for name in names)
    cumulative = np.cumsum(np.fromiter(weights.values(), dtype=np.float64))
    return Pool(names, spelled, cumulative / cumulative[-1] * (1 + 1e-12))


def romanised(name: str) -> str:
    """The name in ASCII letters: diacritics dropped, other scripts spelled out (王伟 becomes Wangwei)."""
    parts = [part.replace(" ", "") for part in unidecode(name).replace("'", "").split("-")]
    return "-".join(part.capitalize() for part in parts)


def _feminine(name: str, pairs: Sequence[tuple[str, str]]) -> str:
    for masculine, feminine in pairs:
        if name.endswith(masculine):
            return name.removesuffix(masculine) + feminine
    return name


def _arabic() -> CulturePools:
    last = _pool(_weights(list(_ARABIC_LAST)), _ARABIC_LAST)
    return CulturePools(
        _pool(_weights(list(_ARABIC_MEN)), _ARABIC_MEN), _pool(_weights(list(_ARABIC_WOMEN)), _ARABIC_WOMEN), last, last
    )


def _russian_women(men: Mapping[str, float]) -> dict[str, float]:
    endings = (("ов", "ова"), ("ев", "ева"), ("ёв", "ёва"), ("ин", "ина"), ("ын", "ына"), ("ий", "ая"))
    return {_feminine(name, endings): weight for name, weight in men.items()}


def _chinese_given(single: Mapping[str, float]) -> dict[str, float]:
    """One-character given names, and the two-character ones that combine them."""
    given = [name for name in single if len(name) == 1][:40]
    double = [a + b for a in given for b in given if a != b]
    return dict(single) | dict(zip(double, _zipf(len(double), shift=100.0) * 4, strict=True))


@cache
def pools(culture: Culture) -> CulturePools:
    """The pools of one culture, built once a process."""
    if culture.locale == "ar":
        return _arabic()
    data = importlib.import_module(f"faker.providers.person.{culture.locale}").Provider
    men, women = _weights(data.first_names_male), _weights(data.first_names_female)
    latin: dict[str, str] = {}
    if culture.locale == "ja_JP":
        pairs = (*data.last_name_pairs, *data.first_name_male_pairs, *data.first_name_female_pairs)
        latin = {written: roman for written, _, roman in pairs}
    if culture.locale == "zh_CN":
        men, women = _chinese_given(men), _chinese_given(women)
    male = _POLISH if culture.locale == "pl_PL" else getattr(data, "last_names_male", None) or data.last_names
    last = _with_tail(_weights(male), culture.endings)
    if culture.locale == "ru_RU":
        last_women = _russian_women(last)
    else:
        last_women = {_feminine(name, culture.feminine): weight for name, weight in last.items()}
    if len(last_women) != len(last):
        last_women = last
    return CulturePools(_pool(men, latin), _pool(women, latin), _pool(last, latin), _pool(last_women, latin))


@cache
def _namer() -> NickNamer:
    return NickNamer()


def nickname(name: str, pick: int) -> str | None:
    """One of the name's usual short forms, chosen by ``pick``, or None if it has none."""
    known = sorted(_namer().nicknames_of(name.lower()))
    return known[pick % len(known)].capitalize() if known else None
