"""Forty scripts in every text at once: pages show them and none becomes markup."""

import re
from collections import Counter

import pytest
from django.utils import timezone
from django.utils.html import escape

from nsadmin.namespaces.read.history import slot_of
from tests.browser import chromium
from tests.hostile.markup import is_dangerous, parts_of
from tests.hostile.rendering import Theatre
from tests.hostile.texts import HOSTILE, TAME
from tests.hostile.walk import Shown, shown

Pages = dict[str, list[Shown]]


@pytest.fixture(scope="module")
def kept() -> Pages:
    """The pages of the first test that asked for them; they are slow to collect."""
    return {}


@pytest.fixture
def pages(kept: Pages, stores, settings, tmp_path) -> Pages:
    """All pages with the hostile texts, and the same with harmless ones."""
    settings.STATIC_ROOT = str(tmp_path)
    while not kept:
        begun = slot_of(timezone.now())
        found = {
            "hostile": shown(HOSTILE, submit=True),
            "tame": shown(TAME, submit=False),
        }
        # The history of looks has a bar for each slot: both worlds must lie in one.
        if slot_of(timezone.now()) == begun:
            kept |= found
    return kept


def test_no_text_becomes_markup(pages: Pages) -> None:
    seen: Counter[str] = Counter()
    for page in pages["hostile"]:
        raw = [text for text in HOSTILE if text in page.text]
        assert raw == [], page.place
        bad = [part for part in parts_of(page.text) if is_dangerous(part)]
        assert bad == [], page.place
        seen.update(text for text in HOSTILE if escape(text) in page.text)
    assert set(seen) == set(HOSTILE)  # every one of them was really shown


def test_a_page_has_the_same_parts_whatever_it_shows(pages: Pages) -> None:
    tame = {page.place: parts_of(page.text) for page in pages["tame"]}
    hostile = {page.place: parts_of(page.text) for page in pages["hostile"]}
    assert len(tame) > 80
    for place, parts in tame.items():
        assert hostile[place] == parts, place


@pytest.mark.faults
@chromium.needed()
def test_chromium_shows_them_all_and_runs_nothing(pages: Pages) -> None:
    with chromium.launched() as browser:
        theatre = Theatre(browser.new_context(reduced_motion="reduce"))
        found = theatre.show(pages["hostile"])
    assert theatre.faults == []
    assert len(found) > 100
    for place, parts in found.items():
        assert [part for part in parts if is_dangerous(part)] == [], place


def test_what_would_be_dangerous_is_found() -> None:
    for text in HOSTILE[:30]:
        inside = f"<p title=\"{text}\">{text}</p><input value='{text}'>"
        parts = parts_of(inside)
        assert parts != parts_of("<p title='x'>x</p><input value='x'>"), text


def test_no_page_shows_a_value_as_the_language_writes_it(pages: Pages) -> None:
    for page in pages["tame"]:
        raw = re.findall(r".{30}>\s*(?:None|True|False)\s*<", page.text)
        assert raw == [], page.place
