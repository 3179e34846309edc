"""Screenshots of every page into docs/screenshots, wide and narrow, the wide ones also dark.

Starts a demo of its own, makes a change and a clone so that there is something to see,
then takes the pictures: `make shots`.
"""

import sys
import tempfile
from base64 import b64decode
from pathlib import Path

from playwright.sync_api import Browser, Page

from nsadmin.embedded.supervision import ports
from tests.browser import chromium
from tests.browser.places import places
from tests.browser.running_demo import REPOSITORY, Demo, running

FOLDER = REPOSITORY / "docs" / "screenshots"
# Sharp enough to read, and all pictures together stay under 3 MB.
QUALITY = 20
LONG = ("styleguide", "api-docs")  # taken once: they are as large as ten others
VIEWS = [(1440, False), (1440, True), (390, False)]


def prepare(demo: Demo, browser: Browser) -> dict[str, tuple[str, str]]:
    """Change a description, stop before an index, clone; return the pages this adds."""
    page = browser.new_page()
    chromium.sign_in(page, demo.url, *demo.login("admin"))
    base = demo.url + places(demo)["overview"][1]
    page.goto(f"{base}settings/")
    page.fill(
        "textarea[name=description]", "Airfields of all continents, large and small."
    )
    page.get_by_role("button", name="Preview plan").click()
    page.locator("button[value=confirm]").click()
    page.wait_for_url(f"{base}settings/")
    page.goto(f"{base}clone/")
    page.fill("input[name=namespace_name]", "airfields-staging")
    chromium.start_clone(page)
    job = page.url.removeprefix(demo.url)
    picture(page, "clone-progress", 1440, dark=False)
    page.get_by_text("Ready, verified identical").first.wait_for(timeout=120_000)
    page.close()
    return {"clone-done": ("admin", job)}


def picture(page: Page, name: str, width: int, *, dark: bool) -> None:
    """Write one picture of the whole page; motion is off so that runs agree."""
    page.emulate_media(reduced_motion="reduce")
    path = FOLDER / f"{name}.{width}-{'dark' if dark else 'light'}.webp"
    session = page.context.new_cdp_session(page)
    answer = session.send(
        "Page.captureScreenshot",
        {
            "format": "webp",
            "quality": QUALITY,
            "captureBeyondViewport": True,
            "clip": whole_page(page),
        },
    )
    session.detach()
    path.write_bytes(b64decode(answer["data"]))


def whole_page(page: Page) -> dict[str, float]:
    """Return the clip that holds the page from its top to its end."""
    height = page.evaluate("document.documentElement.scrollHeight")
    width = page.evaluate("document.documentElement.clientWidth")
    return {"x": 0, "y": 0, "width": width, "height": height, "scale": 1}


def plan_page(page: Page, demo: Demo) -> None:
    """Go as far as the plan of an index; nothing is written."""
    page.goto(demo.url + places(demo)["indexes"][1])
    page.fill("input[name=field_name]", "metadata.city")
    page.check("input[name=type][value=text]")
    page.get_by_role("button", name="Preview plan").click()
    page.locator("#plan").wait_for()


def take(demo: Demo, browser: Browser, extra: dict[str, tuple[str, str]]) -> None:
    """Take every page in every view."""
    every = {**places(demo), **extra}
    for width, dark in VIEWS:
        for role in ("nobody", "admin", "viewer", "support"):
            context = browser.new_context(
                viewport={"width": width, "height": 900},
                color_scheme="dark" if dark else "light",
            )
            page = context.new_page()
            if role != "nobody":
                chromium.sign_in(page, demo.url, *demo.login(role))
            for name, (who, path) in every.items():
                if who == role and (name not in LONG or (width, dark) == VIEWS[0]):
                    page.goto(demo.url + path)
                    page.wait_for_timeout(250)
                    picture(page, name, width, dark=dark)
            if role == "admin":
                plan_page(page, demo)
                picture(page, "plan", width, dark=dark)
            context.close()


def main() -> int:
    """Return 0 once every picture is written."""
    if chromium.path() is None:
        print(f"Chromium is not installed: {chromium.APT_LINE}")
        return 1
    FOLDER.mkdir(parents=True, exist_ok=True)
    with (
        tempfile.TemporaryDirectory() as folder,
        running(Path(folder), port=ports.free_port()) as demo,
        chromium.launched() as browser,
    ):
        take(demo, browser, prepare(demo, browser))
    print(f"{len(list(FOLDER.glob('*.webp')))} pictures in {FOLDER}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
