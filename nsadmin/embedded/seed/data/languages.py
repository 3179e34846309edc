"""Languages, scripts, currencies and former countries as records."""

from collections.abc import Iterator
from typing import Final

import pycountry

from nsadmin.embedded.seed.data.records import Record, present_fields
from nsadmin.embedded.seed.data.translations import translations
from nsadmin.namespaces.schema.limits import FIELD_NAME_MAX

_KINDS: Final = {
    "A": "ancient",
    "C": "constructed",
    "E": "extinct",
    "H": "historical",
    "L": "living",
    "S": "special",
}
_SCOPES: Final = {"I": "individual", "M": "macrolanguage", "S": "special"}

_LONG_NAME: Final = "_".join(
    ["metadata.name_of_the_writing_system_as_registered", *["in_iso_15924"] * 40]
)
LONG_FIELD: Final = _LONG_NAME[:FIELD_NAME_MAX].rstrip("_").ljust(FIELD_NAME_MAX, "x")
"""The longest field name that a payload index may have."""


def languages() -> Iterator[Record]:
    """ISO 639-3, with names in other languages where the catalogues know them."""
    for language in pycountry.languages:
        names = translations("iso639-3", language.name)
        kind = _KINDS.get(language.type, "special")
        others = f" ({', '.join(names.values())})" if names else ""
        yield Record(
            key=language.alpha_3,
            source=f"{language.alpha_3[0]}.tsv",
            title=language.name,
            text=f"{language.name}{others}: {kind} language.",
            fields=present_fields(
                code=language.alpha_3,
                code_2=getattr(language, "alpha_2", None),
                kind=kind,
                living=language.type == "L",
                names=names or None,
                metadata={
                    "title": language.name,
                    "scope": _SCOPES[language.scope],
                    "words": len(language.name.split()),
                },
            ),
        )


def scripts() -> Iterator[Record]:
    """ISO 15924 writing systems, with the field of the longest name."""
    key = LONG_FIELD.removeprefix("metadata.")
    for script in pycountry.scripts:
        names = translations("iso15924", script.name)
        number = int(script.numeric)
        yield Record(
            key=script.alpha_4,
            source=script.alpha_4,
            title=script.name,
            text=f"{script.name}, a writing system. {' '.join(names.values())}",
            # ISO 15924 groups by hundreds: right-to-left, alphabetic, syllabic, ...
            traits=(f"group:{number // 100}", f"subgroup:{number // 10}"),
            fields=present_fields(
                code=script.alpha_4,
                number=number,
                right_to_left=number // 100 == 1,
                metadata={"title": script.name, key: script.name},
            ),
        )


def families() -> Iterator[Record]:
    """ISO 639-5 language families."""
    for family in pycountry.language_families:
        yield Record(
            key=family.alpha_3,
            source="families.tsv",
            title=family.name,
            text=f"{family.name}, a family or group of languages.",
            fields={"code": family.alpha_3, "metadata": {"title": family.name}},
        )


def former_countries() -> Iterator[Record]:
    """ISO 3166-3: countries that were withdrawn, and when."""
    for country in pycountry.historic_countries:
        # Some give the year alone; the index wants a whole date.
        date = (country.withdrawal_date + "-01-01")[:10]
        yield Record(
            key=country.alpha_4,
            source="former.tsv",
            title=country.name,
            text=f"{country.name}, withdrawn in {date[:4]}.",
            traits=(f"decade:{date[:3]}",),
            fields={
                "code": country.alpha_4,
                "withdrawn_at": f"{date}T00:00:00Z",
                "metadata": {"title": country.name},
            },
        )


def currencies() -> Iterator[Record]:
    """ISO 4217."""
    for currency in pycountry.currencies:
        names = translations("iso4217", currency.name)
        yield Record(
            key=currency.alpha_3,
            source="currencies.tsv",
            title=currency.name,
            text=f"{currency.name}. {' '.join(names.values())}",
            traits=(f"country:{currency.alpha_3[:2]}",),
            fields=present_fields(
                code=currency.alpha_3,
                numeric=int(currency.numeric),
                names=names or None,
                metadata={"title": currency.name},
            ),
        )
