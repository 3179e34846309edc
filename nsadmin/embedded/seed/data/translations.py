"""Names in other languages and scripts, from the catalogues pycountry carries."""

import gettext
from collections.abc import Iterator
from functools import cache
from typing import Final, Literal

import pycountry

Domain = Literal["iso639-3", "iso3166-1", "iso4217", "iso15924"]

SPOKEN: Final = ("ar", "de", "es", "fr", "he", "hi", "ja", "ru", "zh_CN")
"""Latin and other alphabets, two of them written from right to left."""


@cache
def _catalogue(domain: Domain, language: str) -> gettext.NullTranslations:
    return gettext.translation(
        domain, pycountry.LOCALES_DIR, languages=[language], fallback=True
    )


def translations(domain: Domain, name: str) -> dict[str, str]:
    """Language code to translated name, for those that differ from the English."""
    return dict(_translated(domain, name))


def _translated(domain: Domain, name: str) -> Iterator[tuple[str, str]]:
    for language in SPOKEN:
        found = _catalogue(domain, language).gettext(name)
        if found != name:
            yield language.replace("_", "-"), found
