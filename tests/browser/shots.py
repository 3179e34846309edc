"""Screenshots of every page into docs/screenshots, wide and narrow, light and dark.

Starts a demo of its own, makes a change and a clone so that there is something to see,
then takes the pictures: `make shots`.
"""

import sys
import tempfile
from pathlib import Path

from playwright.sync_api import Browser, Page

from nsadmin.embedded.supervision import ports
from tests.browser import chromium
from tests.browser.places import places
from tests.browser.running_demo import REPOSITORY, Demo, running

FOLDER = REPOSITORY / "docs" / "screenshots"
VIEWS = [(1440, False), (1440, True), (390, False), (390, True)]


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
    page.wait_for_url(base)
    page.goto(f"{base}clone/")
    page.fill("input[name=namespace_name]", "airfields-staging")
    page.get_by_role("button", name="Preview the clone").click()
    page.locator("main button[type=submit]").first.click()
    page.wait_for_url("**/jobs/*/**")
    job = page.url.removeprefix(demo.url)
    picture(page, "clone-progress", 1440, dark=False)
    page.get_by_text("Ready, verified identical").first.wait_for(timeout=120_000)
    page.close()
    return {"clone-done": ("admin", job)}


def picture(page: Page, name: str, width: int, *, dark: bool) -> None:
    """Write one picture; animations are off so that runs agree."""
    path = FOLDER / f"{name}.{width}-{'dark' if dark else 'light'}.png"
    page.screenshot(path=path, full_page=True, animations="disabled")


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
                if who == role:
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
    print(f"{len(list(FOLDER.glob('*.png')))} pictures in {FOLDER}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
