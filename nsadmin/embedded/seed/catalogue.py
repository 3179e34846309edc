"""The namespaces of the demo: records, extractors, indexes and special cases."""

from collections.abc import Iterable
from datetime import timedelta
from typing import Final

from nsadmin.embedded.seed.data import languages, places, tables
from nsadmin.embedded.seed.data.people import CORVID, HALDEN, NORTHLIGHT, OPERATOR
from nsadmin.embedded.seed.data.records import Record
from nsadmin.embedded.seed.specs import FilterSpec, IndexSpec, NamespaceSpec

_TITLE: Final = IndexSpec("metadata.title", "text", {"tokenizer": "word"})


def _international() -> Iterable[Record]:
    return (found for found in places.airports() if "International" in found.title)


def _heritage() -> Iterable[Record]:
    yield from languages.families()
    yield from languages.former_countries()


NAMESPACES: Final = (
    NamespaceSpec(
        slug="world-airports-sample",
        name="world-airports-sample",
        organization=OPERATOR,
        description="Sample corpus: international airports. Clone it to try things.",
        records=_international,
        limit=700,
        extractors=("text_extractor_v1",),
        indexes=(
            IndexSpec("country", "keyword"),
            IndexSpec("location", "geo"),
            _TITLE,
        ),
        scope="system",
    ),
    NamespaceSpec(
        slug="airfields-of-the-world",
        name="airfields-of-the-world",
        organization=NORTHLIGHT,
        description="Six thousand airports of all continents, for the travel desk.",
        records=places.airports,
        limit=6000,
        extractors=("text_extractor_v1",),
        indexes=(
            IndexSpec("country", "keyword"),
            IndexSpec("elevation_ft", "integer", {"lookup": False, "range": True}),
            IndexSpec("location", "geo"),
            IndexSpec("has_city", "bool"),
            IndexSpec("metadata.time_zone", "keyword", auto=True),
            IndexSpec("metadata.title", "text", {"tokenizer": "prefix"}),
        ),
        auto_create_indexes=True,
        highlight_every=60,
        filters=(
            FilterSpec("country", 2400, 6.1),
            FilterSpec("location", 820, 9.4),
            FilterSpec("metadata.title", 530, 12.8),
            # It has no index, so auto-indexing creates one.
            FilterSpec("metadata.subdivision", 460, 41.7),
            FilterSpec("metadata.time_zone", 310, 7.2),
            FilterSpec("elevation_ft", 120, 8.8),
            FilterSpec("has_city", 90, 14.3),
        ),
    ),
    NamespaceSpec(
        slug="seattle-weather-desk",
        name="seattle-weather-desk",
        organization=NORTHLIGHT,
        description="Four years of weather reports: pictures and what was said.",
        records=tables.weather,
        limit=1461,
        extractors=("multimodal_extractor_v1",),
        indexes=(
            IndexSpec("weather", "keyword"),
            IndexSpec("high_c", "integer"),
            IndexSpec("rain_mm", "float"),
            IndexSpec("wet", "bool"),
            IndexSpec("station", "geo"),
            IndexSpec("observed_at", "datetime"),
            IndexSpec("observation_id", "uuid"),
            IndexSpec(
                "metadata.title",
                "text",
                {"tokenizer": "whitespace", "min_token_len": 2, "max_token_len": 20},
            ),
        ),
        gaps=(("multimodal_extractor_v1_transcription_embedding", 3),),
        borrows_from="airfields-of-the-world",
    ),
    NamespaceSpec(
        slug="car-spotter-archive",
        name="car-spotter-archive",
        organization=NORTHLIGHT,
        description="Pictures of cars from 1970 to 1982, on our own cluster.",
        records=tables.cars,
        limit=406,
        extractors=("image_extractor_v1", "passthrough_extractor_v1"),
        indexes=(
            IndexSpec("maker", "keyword"),
            IndexSpec("horsepower", "integer"),
            IndexSpec("miles_per_gallon", "float"),
            IndexSpec("introduced_at", "datetime"),
        ),
        compute_tier="dedicated_cpu",
    ),
    NamespaceSpec(
        slug="airstrips-intake",
        name="airstrips-intake",
        organization=NORTHLIGHT,
        description=(
            "Intake of another register. Its transcription vector and the index "
            "on state were never made: repair it."
        ),
        records=places.airstrips,
        limit=600,
        extractors=("multimodal_extractor_v1",),
        indexes=(
            IndexSpec("state", "keyword"),
            IndexSpec("code", "keyword"),
            IndexSpec("location", "geo"),
        ),
        lacks_vectors=frozenset({"multimodal_extractor_v1_transcription_embedding"}),
        lacks_indexes=frozenset({"state"}),
        highlight_every=0,
    ),
    NamespaceSpec(
        slug="labour-market-clips",
        name="labour-market-clips",
        organization=NORTHLIGHT,
        description="Employment by sector, 2006 to 2015, for the business desk.",
        records=tables.employment,
        limit=500,
        extractors=("universal_extractor_v1",),
        indexes=(
            IndexSpec("sector", "keyword"),
            IndexSpec("employees_thousand", "float"),
            IndexSpec("month", "datetime"),
            # Quarters are numbers: advice says so.
            IndexSpec("metadata.quarter", "keyword", mistaken=True),
        ),
        filters=(
            FilterSpec("sector", 900, 3.9),
            FilterSpec("metadata.title", 184, 17.5),
            FilterSpec("metadata.quarter", 60, 15.1),
            FilterSpec("employees_thousand", 45, 4.4),
        ),
    ),
    NamespaceSpec(
        slug="languages-of-the-world",
        name="languages-of-the-world",
        organization=HALDEN,
        description="Languages with their names in other languages.",
        records=languages.languages,
        limit=2000,
        extractors=("text_extractor_v1",),
        indexes=(
            IndexSpec("kind", "keyword"),
            IndexSpec("living", "bool"),
            # Few languages have a two-letter code: this index covers few points.
            IndexSpec("code_2", "keyword"),
            IndexSpec("metadata.words", "integer"),
            IndexSpec("metadata.title", "text", {"tokenizer": "multilingual"}),
        ),
        nested_every=4,
        highlight_every=20,
    ),
    NamespaceSpec(
        slug="countries-and-flags",
        name="Länder & Flaggen · أعلام העולם 🌍",
        organization=HALDEN,
        description=(
            "بلدان العالم وأعلامها — מדינות העולם — countries of the world 🏳️‍🌈, "
            "with names written from left to right and from right to left."
        ),
        records=places.countries,
        limit=249,
        extractors=("text_extractor_v1", "image_extractor_v1"),
        indexes=(
            IndexSpec("alpha_3", "keyword"),
            IndexSpec("names.ar", "text", {"tokenizer": "multilingual"}),
            IndexSpec("location", "geo"),
        ),
        numbered=True,
        gaps=(("image_extractor_v1_embedding", 5),),
    ),
    NamespaceSpec(
        slug="currency-exhibit-draft",
        name="currency-exhibit-draft",
        organization=HALDEN,
        description="Draft for the currency exhibit; goes away by itself.",
        records=languages.currencies,
        limit=178,
        extractors=("text_extractor_v1",),
        indexes=(IndexSpec("code", "keyword"),),
        expires_in=timedelta(minutes=90),
        highlight_every=0,
    ),
    NamespaceSpec(
        slug="subdivisions-atlas",
        name="subdivisions-atlas",
        organization=HALDEN,
        description="States, provinces and cantons, one document each.",
        records=places.subdivisions,
        limit=1200,
        extractors=("document_graph_extractor_v1",),
        indexes=(
            IndexSpec("country", "keyword"),
            IndexSpec("kind", "keyword"),
            # Only subdivisions of subdivisions have a parent.
            IndexSpec("parent_code", "keyword"),
        ),
        nested_every=7,
    ),
    NamespaceSpec(
        slug="writing-systems",
        name="the-complete-register-of-the-worlds-writing-systems-in-iso-15924",
        organization=HALDEN,
        description=(
            "Every writing system that has a code. "
            + "The register lists alphabets, abjads, abugidas, syllabaries and signs, "
            "those in use and those that nobody has read for three thousand years. " * 6
        ).strip(),
        records=languages.scripts,
        limit=226,
        extractors=("text_extractor_v1",),
        indexes=(
            IndexSpec(languages.LONG_FIELD, "keyword"),
            IndexSpec("number", "integer"),
            IndexSpec("right_to_left", "bool"),
        ),
    ),
    NamespaceSpec(
        slug="heritage-notes",
        name="heritage-notes",
        organization=HALDEN,
        description="Language families and former countries; nothing indexed yet.",
        records=_heritage,
        limit=146,
        extractors=("text_extractor_v1",),
        highlight_every=0,
    ),
    NamespaceSpec(
        slug="classic-tables",
        name="classic-tables",
        organization=CORVID,
        description="Playfair, Nightingale, Fisher, Anscombe: what we read this year.",
        records=tables.classics,
        limit=406,
        extractors=("text_extractor_v1",),
        indexes=(IndexSpec("table", "keyword"), IndexSpec("row", "integer")),
    ),
)
"""The namespaces, in the order they are written."""

BY_SLUG: Final = {spec.slug: spec for spec in NAMESPACES}
