"""Pictures of pages as WebP, as Chromium draws them."""

from base64 import b64decode
from typing import Any

from playwright.sync_api import Page

from tests.browser.running_demo import REPOSITORY

FOLDER = REPOSITORY / "docs" / "screenshots"
# Sharp enough to read; all pictures together stay under 3 MB, the film under 1 MB.
_QUALITY, _FILM_QUALITY = 50, 30
_TALLEST = 2000

# The width of a window, and whether it is dark.
View = tuple[int, bool]


def picture(page: Page, name: str, view: View) -> None:
    """Write a picture of the page from its top to its end, at most _TALLEST pixels."""
    width, dark = view
    path = FOLDER / f"{name}.{width}-{'dark' if dark else 'light'}.webp"
    height = page.evaluate("document.documentElement.scrollHeight")
    wide = page.evaluate("document.documentElement.clientWidth")
    clip = {"x": 0, "y": 0, "width": wide, "height": min(height, _TALLEST), "scale": 1}
    whole = {"captureBeyondViewport": True, "clip": clip}
    path.write_bytes(_taken(page, _QUALITY, **whole))


def frame(page: Page) -> bytes:
    """Return a picture of what the window shows."""
    return _taken(page, _FILM_QUALITY)


def _taken(page: Page, quality: int, **options: Any) -> bytes:
    session = page.context.new_cdp_session(page)
    wanted = {"format": "webp", "quality": quality, **options}
    answer = session.send("Page.captureScreenshot", wanted)
    session.detach()
    return b64decode(answer["data"])
