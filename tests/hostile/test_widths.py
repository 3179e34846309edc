"""No page is wider than its window, whatever stands in its tables, drawn by Chromium."""

from collections.abc import Iterator

import pytest
from playwright.sync_api import Page, Route

from tests.browser import chromium
from tests.hostile.walk import GATED, shown
from tests.pages.test_axe import ORIGIN, answer

pytestmark = [
    pytest.mark.browser,
    chromium.needed(),
]
WIDTHS = (320, 390, 768, 1440, 1920)
# What others wrote into every field: one word, an answer of a server, a path, scripts
# that run the other way, wide signs, and what looks like an id.
ODD = [
    "W" * 180,
    '{"status":{"error":"Payload error: JSON payload (34099712 bytes) is larger than '
    'allowed (limit: 33554432 bytes)."},"time":0.0,"result":' + '{"a":' * 60 + "1",
    "https://qdrant.example:6333/collections/" + "ns_8f2c1e7a4b/" * 12,
    "מסמכים" * 30,
    "映像資料" * 40,
    "🎬" * 70,
    "ns_" + "0123456789abcdef" * 10,
    "two words, then\ta line\nand " + "_".join(["snake"] * 40),
]
# What sticks out of the window or out of its card, and ids that wrap letter by letter.
_MISPLACED = """() => {
  const name = element => `${element.localName}.${element.className} ` +
    element.textContent.trim().slice(0, 24);
  const found = [];
  const wide = document.documentElement.scrollWidth;
  if (wide > innerWidth) {
    const beyond = [...document.querySelectorAll("main *, header *, footer *")].filter(
      element => element.checkVisibility() &&
        element.getBoundingClientRect().right > innerWidth + 1);
    found.push(`${wide} px wide by ${beyond.slice(0, 3).map(name)}`);
  }
  for (const cell of document.querySelectorAll(".card th, .card td")) {
    if (!cell.checkVisibility() || cell.closest("caption, pre, .code")) continue;
    const card = cell.closest(".card").getBoundingClientRect();
    if (cell.getBoundingClientRect().right > card.right + 1)
      found.push(`outside its card: ${name(cell)}`);
  }
  for (const id of document.querySelectorAll("tbody th code, tbody td code")) {
    const box = id.getBoundingClientRect();
    const letter = parseFloat(getComputedStyle(id).fontSize) * 0.62;
    if (id.checkVisibility() && id.textContent.length > 6 && box.width < 4 * letter)
      found.push(`squeezed: ${name(id)}`);
  }
  return found.slice(0, 4);
}"""


@pytest.fixture
def pages(stores: object, settings, tmp_path) -> dict[str, str]:
    settings.STATIC_ROOT = str(tmp_path)
    found = {page.place: page.text for page in shown(ODD, submit=False)}
    return {place: text for place, text in found.items() if "<html" in text}


@pytest.mark.faults
def test_no_page_is_wider_than_its_window(pages: dict[str, str]) -> None:
    assert len(pages) > 60
    assert "Enterprise" in pages[f"on Pro {GATED} "]
    with chromium.launched() as browser:
        page = browser.new_page(bypass_csp=True)

        def answered(route: Route) -> None:
            answer(route, pages)

        page.route("**/*", answered)
        found: list[str] = []
        for number, place in enumerate(pages):
            found += faults(page, number, place)
    assert not found, "\n".join(found)


def faults(page: Page, number: int, place: str) -> Iterator[str]:
    """Yield what is misplaced at each width."""
    page.set_viewport_size({"width": WIDTHS[0], "height": 900})
    page.goto(f"{ORIGIN}/{number}")
    page.evaluate("document.fonts.ready")
    for width in WIDTHS:
        page.set_viewport_size({"width": width, "height": 900})
        for fault in page.evaluate(_MISPLACED):
            yield f"{place} at {width}: {fault}"
