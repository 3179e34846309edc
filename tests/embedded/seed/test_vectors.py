"""Vectors are reproducible, of length one, and their neighbors make sense."""

import time

import numpy as np
import pytest

from nsadmin.embedded.seed.catalogue import NAMESPACES
from nsadmin.embedded.seed.data import languages, places, tables
from nsadmin.embedded.seed.data.records import Record
from nsadmin.embedded.seed.points import batches
from nsadmin.embedded.seed.vectors import Content, embed, folded


def contents(records: list[Record]) -> list[Content]:
    return [Content(record.text, record.traits) for record in records]


def neighbors(records: list[Record], key: str, count: int) -> list[Record]:
    """The records closest to the one with this key, itself left out."""
    matrix = embed(contents(records), model="m", dimension=1024)
    asked = next(n for n, record in enumerate(records) if record.key == key)
    order = np.argsort(-(matrix @ matrix[asked]))
    assert order[0] == asked
    return [records[n] for n in order[1 : count + 1]]


def test_the_neighbors_of_zurich_airport_are_swiss() -> None:
    found = neighbors(list(places.airports()), "LSZH", 8)
    countries = [record.fields["country"] for record in found]
    assert countries.count("CH") >= 7


def test_the_neighbors_of_northern_sami_are_sami_languages() -> None:
    found = neighbors(list(languages.languages()), "sme", 4)
    assert sum("Sami" in record.title for record in found) >= 3


def test_the_neighbors_of_a_canton_are_cantons() -> None:
    found = neighbors(list(places.subdivisions()), "CH-ZH", 10)
    assert {record.fields["kind"] for record in found} == {"Canton"}
    assert {record.fields["country"] for record in found} == {"CH"}


def test_the_neighbors_of_a_hot_dry_day_are_hot_and_dry() -> None:
    days = list(tables.weather())
    asked = max(days, key=lambda day: day.fields["high_c"])
    found = neighbors(days, asked.key, 10)
    assert all(day.fields["high_c"] >= 28 for day in found)
    assert not any(day.fields["wet"] for day in found)


def test_the_neighbors_of_a_flower_are_of_its_species() -> None:
    found = neighbors(list(tables.classics()), "iris/060", 6)
    assert {record.fields["cells"]["species"] for record in found} == {"versicolor"}


@pytest.mark.parametrize("dimension", [512, 768, 1024, 1408, 3072])
def test_vectors_have_the_dimension_and_length_one(dimension: int) -> None:
    matrix = embed(contents(list(languages.families())), model="m", dimension=dimension)
    assert matrix.shape == (115, dimension)
    assert matrix.dtype == np.float32
    assert np.allclose(np.linalg.norm(matrix, axis=1), 1, atol=1e-5)


def test_a_text_without_words_has_a_vector_too() -> None:
    matrix = embed([Content(""), Content("·"), Content("a")], model="m", dimension=64)
    assert np.allclose(np.linalg.norm(matrix, axis=1), 1)
    assert np.allclose(matrix[0], matrix[1])


def test_the_same_corpus_gives_the_same_bits() -> None:
    records = contents(list(languages.scripts()))
    first = embed(records, model="m", dimension=256)
    assert (first == embed(records, model="m", dimension=256)).all()


def test_the_spaces_of_two_models_have_nothing_in_common() -> None:
    records = contents(list(languages.scripts()))
    one = embed(records, model="one", dimension=1024)
    other = embed(records, model="other", dimension=1024)
    across = np.abs(np.sum(one * other, axis=1))
    assert across.mean() < 0.1


def test_no_records_give_no_vectors() -> None:
    assert embed([], model="m", dimension=8).shape == (0, 8)


def test_accents_and_case_do_not_matter() -> None:
    assert folded("ZÜRICH Grüezi") == "zurich gruezi"


def test_all_vectors_are_made_in_seconds() -> None:
    began = time.process_time()
    for spec in NAMESPACES:
        for _ in batches(spec, 500):
            pass
    # Measured at 4 s of one core; the bound of the issue leaves room for a slow one.
    assert time.process_time() - began < 16
