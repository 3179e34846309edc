"""Airports, countries and subdivisions as records."""

import csv
from collections.abc import Iterator
from functools import cache
from statistics import fmean
from typing import Any

import airportsdata
import pycountry

from nsadmin.embedded.seed.data.local_files import data_file
from nsadmin.embedded.seed.data.records import Record, bands, present_fields
from nsadmin.embedded.seed.data.translations import translations


@cache
def country_name(alpha_2: str) -> str:
    """The short English name; the code itself where ISO 3166-1 has none (XK)."""
    country = pycountry.countries.get(alpha_2=alpha_2)
    return getattr(country, "common_name", country.name) if country else alpha_2


def airports() -> Iterator[Record]:
    """Airports of the world that have both an ICAO and an IATA code."""
    for row in airportsdata.load("ICAO").values():
        if row["iata"] and len(row["icao"]) == 4 and row["icao"].isalpha():
            yield _airport(dict(row))


def _airport(row: dict[str, Any]) -> Record:
    country = country_name(row["country"])
    places = [row["city"], row["subd"], country]
    return Record(
        key=row["icao"],
        source=f"{row['country']}.csv",
        title=row["name"],
        text=f"{row['name']}, {', '.join(place for place in places if place)}.",
        traits=(
            f"country:{row['country']}",
            f"region:{row['country']}/{row['subd']}",
            f"zone:{row['tz']}",
            *bands("lat", row["lat"], 4.0, 20.0),
            *bands("lon", row["lon"], 4.0, 20.0),
        ),
        fields=present_fields(
            country=row["country"],
            elevation_ft=round(row["elevation"]),
            location={"lat": row["lat"], "lon": row["lon"]},
            has_city=bool(row["city"]),
            metadata=present_fields(
                title=row["name"],
                city=row["city"],
                subdivision=row["subd"],
                country_name=country,
                time_zone=row["tz"],
                codes={"iata": row["iata"], "icao": row["icao"]},
            ),
        ),
    )


def airstrips() -> Iterator[Record]:
    """Airfields of the United States, from another register, small ones included."""
    with data_file("airports.csv").open(encoding="utf-8", newline="") as lines:
        for row in csv.DictReader(lines):
            yield _airstrip(row)


def _airstrip(row: dict[str, str]) -> Record:
    lat, lon = float(row["latitude"]), float(row["longitude"])
    return Record(
        key=row["iata"],
        source=f"{row['state']}.csv",
        title=row["name"],
        text=f"{row['name']}, {row['city']}, {row['state']}.",
        traits=(
            f"state:{row['state']}",
            *bands("lat", lat, 1.0, 5.0),
            *bands("lon", lon, 1.0, 5.0),
        ),
        fields=present_fields(
            code=row["iata"],
            state=row["state"],
            location={"lat": lat, "lon": lon},
            metadata=present_fields(title=row["name"], city=row["city"]),
        ),
    )


@cache
def _middles() -> dict[str, tuple[float, float]]:
    """Where each country's airports are on average."""
    found: dict[str, list[tuple[float, float]]] = {}
    for row in airportsdata.load("ICAO").values():
        found.setdefault(row["country"], []).append((row["lat"], row["lon"]))
    return {
        country: (
            round(fmean(lat for lat, _ in places), 4),
            round(fmean(lon for _, lon in places), 4),
        )
        for country, places in found.items()
    }


def countries() -> Iterator[Record]:
    """ISO 3166-1, with flags and names in many scripts; numbered by ISO itself."""
    for country in pycountry.countries:
        lat, lon = _middles().get(country.alpha_2, (None, None))
        names = translations("iso3166-1", country.name)
        official = getattr(country, "official_name", country.name)
        yield Record(
            key=country.alpha_2,
            source=country.alpha_2,
            title=f"{country.flag} {country.name}",
            # On purpose one long line in mixed directions and with an emoji.
            text=f"{country.flag} {official}. {' · '.join(names.values())}",
            traits=(*bands("lat", lat, 8.0, 24.0), *bands("lon", lon, 8.0, 24.0)),
            fields=present_fields(
                alpha_2=country.alpha_2,
                alpha_3=country.alpha_3,
                flag=country.flag,
                location={"lat": lat, "lon": lon} if lat is not None else None,
                names=names,
                has_official_name=hasattr(country, "official_name"),
                metadata=present_fields(title=country.name, official_name=official),
            ),
            number=int(country.numeric),
        )


def subdivisions() -> Iterator[Record]:
    """ISO 3166-2: states, provinces, cantons. Only some have a parent."""
    for part in pycountry.subdivisions:
        country = country_name(part.country_code)
        yield Record(
            key=part.code,
            source=f"{part.country_code}.pdf",
            title=part.name,
            text=f"{part.name}, {part.type.lower()} of {country}.",
            traits=(f"country:{part.country_code}", f"kind:{part.type}"),
            fields=present_fields(
                code=part.code,
                country=part.country_code,
                kind=part.type,
                parent_code=part.parent_code,
                metadata=present_fields(title=part.name, country_name=country),
            ),
        )
