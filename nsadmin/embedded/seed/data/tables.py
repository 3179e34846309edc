"""Weather, cars, employment and classic statistical tables as records."""

import csv
import json
from collections.abc import Iterator
from typing import Any, Final

from nsadmin.embedded.seed.data.ids import stable_uuid
from nsadmin.embedded.seed.data.local_files import data_file
from nsadmin.embedded.seed.data.records import Record, bands, present_fields

_SEATTLE: Final = {"lat": 47.4444, "lon": -122.3139}
_SEASONS: Final = ("winter", "spring", "summer", "autumn")


def _table(name: str) -> list[dict[str, str]]:
    with data_file(name).open(encoding="utf-8", newline="") as lines:
        return list(csv.DictReader(lines))


def _list(name: str) -> list[dict[str, Any]]:
    rows: list[dict[str, Any]] = json.loads(data_file(name).read_text("utf-8"))
    return rows


def weather() -> Iterator[Record]:
    """Seattle's weather day by day. Its fields take all eight index types."""
    for row in _table("seattle-weather.csv"):
        day = row["date"].replace("/", "-")
        high, low = float(row["temp_max"]), float(row["temp_min"])
        wind, rain = float(row["wind"]), float(row["precipitation"])
        season = _SEASONS[int(day[5:7]) % 12 // 3]
        yield Record(
            key=day,
            source=f"{day[:7]}.mp4",
            title=f"Seattle, {day}",
            text=(
                f"{row['weather'].capitalize()} on a {season} day in Seattle: "
                f"{high:g} °C at most, {low:g} °C at least, "
                f"{rain:g} mm of rain, wind {wind:g} m/s."
            ),
            traits=(
                f"weather:{row['weather']}",
                f"season:{season}",
                *bands("high", high, 3.0, 9.0),
                *bands("low", low, 3.0, 9.0),
                *bands("rain", rain, 4.0),
                *bands("wind", wind, 2.0),
            ),
            fields={
                "weather": row["weather"],
                "high_c": round(high),
                "rain_mm": rain,
                "wet": rain > 0,
                "station": dict(_SEATTLE),
                "observed_at": f"{day}T12:00:00Z",
                "observation_id": stable_uuid("weather", day),
                "metadata": {
                    "title": f"Seattle, {day}",
                    "season": season,
                    "wind_ms": wind,
                    "low_c": low,
                },
            },
        )


def cars() -> Iterator[Record]:
    """Cars of 1970 to 1982. Some have no horsepower or consumption on record."""
    for number, row in enumerate(_list("cars.json")):
        year = int(row["Year"][:4])
        maker = row["Name"].split()[0]
        yield Record(
            key=f"{number:03}",
            source=f"{number:03}.jpg",
            title=row["Name"].title(),
            text=f"{row['Name']}, {row['Cylinders']} cylinders, {row['Origin']}.",
            traits=(
                f"maker:{maker}",
                f"origin:{row['Origin']}",
                f"cylinders:{row['Cylinders']}",
                *bands("weight", row["Weight_in_lbs"], 400.0),
                *bands("power", row["Horsepower"], 20.0, 60.0),
                *bands("year", year, 3.0),
            ),
            fields=present_fields(
                maker=maker,
                origin=row["Origin"],
                cylinders=row["Cylinders"],
                horsepower=row["Horsepower"],
                miles_per_gallon=row["Miles_per_Gallon"],
                introduced_at=f"{year}-01-01T00:00:00Z",
                metadata={
                    "title": row["Name"].title(),
                    "weight_lb": row["Weight_in_lbs"],
                    "acceleration_s": row["Acceleration"],
                },
            ),
        )


def employment() -> Iterator[Record]:
    """Employees in the United States, by sector, each quarter of ten years."""
    for row in _table("us-employment.csv"):
        month = row.pop("month")
        row.pop("nonfarm_change")
        if month[5:7] in {"01", "04", "07", "10"}:
            for sector, thousands in row.items():
                yield _sector(month, sector, float(thousands))


def _sector(month: str, sector: str, thousands: float) -> Record:
    name = sector.replace("_", " ").replace("utilties", "utilities")
    return Record(
        key=f"{month}/{sector}",
        source=f"{month[:4]}.mp4",
        title=f"{name.capitalize()}, {month[:7]}",
        text=f"{name.capitalize()}: {thousands:,.0f} thousand employees, {month[:7]}.",
        traits=(
            f"sector:{sector}",
            f"year:{month[:4]}",
            *bands("size", thousands, 2_000.0, 20_000.0),
        ),
        fields={
            "sector": name,
            "employees_thousand": thousands,
            "month": f"{month}T00:00:00Z",
            "metadata": {"title": name, "quarter": (int(month[5:7]) + 2) // 3},
        },
    )


_CLASSICS: Final = {
    "anscombe": "Anscombe's quartet",
    "barley": "Barley yields in Minnesota",
    "burtin": "Burtin's antibiotics",
    "crimea": "Nightingale's Crimean war deaths",
    "iris": "Fisher's irises",
    "wheat": "Playfair's price of wheat",
}


def classics() -> Iterator[Record]:
    """The tables that every statistics reader knows, a record per row."""
    for table, name in _CLASSICS.items():
        for number, row in enumerate(_list(f"{table}.json")):
            yield _row(table, name, number, row)


def _row(table: str, name: str, number: int, row: dict[str, Any]) -> Record:
    cells = {str(key).lower().replace(" ", "_"): value for key, value in row.items()}
    words = {key: text for key, text in cells.items() if isinstance(text, str)}
    numbers = {key: n for key, n in cells.items() if not isinstance(n, str)}
    told = ", ".join(f"{key} {value}" for key, value in cells.items())
    return Record(
        key=f"{table}/{number:03}",
        source=f"{table}.json",
        title=f"{name}, row {number + 1}",
        text=f"{name}: {told}.",
        traits=(
            f"table:{table}",
            *(f"{table}.{key}:{text}" for key, text in words.items()),
            *(
                band
                for key, value in numbers.items()
                for band in bands(f"{table}.{key}", value, 1.0, 10.0)
            ),
        ),
        fields={
            "table": table,
            "row": number + 1,
            "cells": present_fields(**cells),
            "metadata": {"title": name},
        },
    )
