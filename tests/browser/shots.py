"""The pictures of docs/screenshots: the pages that people use most, and a clone that moves.

Starts a demo of its own, whose history is there already, goes as far as the reviews, and
clones one namespace: `make shots`. Nothing that is reviewed is confirmed.
"""

import re
import sys
import tempfile
from pathlib import Path

from playwright.sync_api import Browser, Page

from nsadmin.embedded.supervision import ports
from tests.browser import chromium
from tests.browser.animation import Frame, animated
from tests.browser.camera import FOLDER, View, frame, picture
from tests.browser.places import places
from tests.browser.running_demo import Demo, running
from tests.browser.test_sign_in_factors import (
    APP,
    confirm,
    password_of,
    send_password,
)
from tests.signin.codes import code, next_code

# {the page's name: the views in which it is taken}
LIGHT, DARK, PHONE = (1440, False), (1440, True), (390, False)
PAGES: dict[str, list[View]] = {
    "namespaces": [LIGHT, DARK, PHONE],
    "overview": [LIGHT, DARK, PHONE],
    "documents": [LIGHT],
    "tier": [LIGHT],
    "organization-audit": [LIGHT],
    "advice": [LIGHT],
    "fleet": [LIGHT],
    "sign-in": [LIGHT],
}
# What moves: the window's size, the most frames, and the time between two of them.
WIDTH, HEIGHT, MOST, PAUSE_MS = 1080, 720, 36, 400
PATIENCE_MS = 180_000
# The most bytes of all pictures, and of the film.
ALL_BYTES, FILM_BYTES = 3_000_000, 1_000_000
_HALF_WAY = re.compile("[2-9][0-9] %")


def job_failed(page: Page, demo: Demo) -> None:
    """Open the failed job from its notice; from then on it is no news."""
    page.goto(f"{demo.url}/namespaces/")
    page.locator("#job-notices a").first.click()
    page.wait_for_url("**/jobs/*/**")
    picture(page, "job-failed", LIGHT)


def edits_and_plan(page: Page, demo: Demo) -> None:
    """Collect two new indexes and go as far as their plan."""
    target = demo.namespace("seattle-weather-desk")["namespace_id"]
    page.goto(f"{demo.url}/namespaces/{target}/indexes/")
    for field, kind in (("metadata.season", "keyword"), ("metadata.low_c", "float")):
        page.fill("input[name=field_name]", field)
        page.check(f"input[name=type][value={kind}]")
        page.locator("#edit").get_by_role("button", name="Add to your changes").click()
        page.locator("#changes").get_by_text(field).first.wait_for()
    picture(page, "indexes-edits", LIGHT)
    page.get_by_role("button", name="Preview plan").click()
    page.locator("#plan").wait_for()
    picture(page, "plan", LIGHT)
    page.set_viewport_size({"width": PHONE[0], "height": 900})
    picture(page, "plan", PHONE)


def bulk_review(page: Page, demo: Demo) -> None:
    """Tick three namespaces and review one change to all."""
    page.goto(f"{demo.url}/namespaces/?view=all&sort=name")
    for name in ("airstrips-intake", "labour-market-clips", "seattle-weather-desk"):
        page.get_by_role("checkbox", name=f"Choose {name}", exact=True).check()
    page.get_by_label("Change the selected").select_option(
        label="Turn on automatic indexes"
    )
    page.get_by_role("button", name="Preview plan").click()
    page.wait_for_url("**/namespaces/bulk/**")
    page.locator("h1").wait_for()
    picture(page, "bulk-review", LIGHT)


def clone(page: Page, demo: Demo) -> None:
    """Clone the largest namespace; take its review, its progress, its end, and a film."""
    page.set_viewport_size({"width": WIDTH, "height": HEIGHT})
    page.goto(f"{demo.url}{places(demo)['clone'][1]}")
    page.fill("input[name=namespace_name]", "airfields-staging")
    frames = [Frame(frame(page), 1500)]
    page.get_by_role("button", name="Preview the clone").click()
    start = page.get_by_role("button", name="Start the clone")
    start.wait_for()
    for tick in page.locator("#accept input[type=checkbox]").all():
        tick.check()
    picture(page, "clone-review", (WIDTH, False))
    start.scroll_into_view_if_needed()
    frames.append(Frame(frame(page), 2500))
    start.click()
    page.wait_for_url("**/jobs/*/**")
    frames += watched(page)
    page.set_viewport_size({"width": LIGHT[0], "height": 900})
    page.reload()
    page.wait_for_timeout(500)
    picture(page, "clone-done", LIGHT)
    film = animated(frames, width=WIDTH, height=HEIGHT)
    (FOLDER / "clone.webp").write_bytes(film)


def watched(page: Page) -> list[Frame]:
    """Return frames of the job until it ends; a picture is taken half way."""
    done = page.get_by_text(re.compile("Ready, .*identical")).first
    percent = page.locator(".end.big").first
    stills: list[bytes] = []
    is_taken = False
    for _ in range(PATIENCE_MS // PAUSE_MS):
        still = frame(page)
        if not stills or still != stills[-1]:
            stills.append(still)
        if done.is_visible():
            break
        if not is_taken and _HALF_WAY.fullmatch(percent.inner_text()):
            picture(page, "clone-progress", (WIDTH, False))
            is_taken = True
        page.wait_for_timeout(PAUSE_MS)
    page.evaluate("scrollTo(0, 0)")
    step = -(-len(stills) // MOST)
    return [*(Frame(s, PAUSE_MS) for s in stills[::step]), Frame(frame(page), 4000)]


def second_factor(demo: Demo, browser: Browser) -> None:
    """Set up an app; take the second step of signing in, and the list of sessions."""
    password = password_of(demo, APP)
    page = window(demo, browser, "nobody", LIGHT[0])
    send_password(page, demo.url, APP, password)
    page.goto(f"{demo.url}/account/second-factor/")
    page.get_by_role("link", name="Set up the app").click()
    confirm(page, password)
    secret = page.locator("#secret").inner_text()
    used = code(secret)
    page.fill("input[name=code]", used)
    page.get_by_role("button", name="Turn on").click()
    page.locator("#codes").wait_for()
    other = window(demo, browser, "nobody", LIGHT[0])
    send_password(other, demo.url, APP, password)
    other.locator("input[name=code]").wait_for()
    picture(other, "second-factor", LIGHT)
    other.fill("input[name=code]", next_code(secret, used))
    other.get_by_role("button", name="Sign in", exact=True).click()
    other.wait_for_url(f"{demo.url}/namespaces/")
    page.goto(f"{demo.url}/account/sessions/")
    picture(page, "sessions", LIGHT)
    for each in (page, other):
        each.context.close()


def take(demo: Demo, browser: Browser) -> None:
    """Take the pages that are only opened, each role with its own window."""
    every = places(demo)
    for role in ("nobody", "admin", "support"):
        for width, dark in (LIGHT, DARK, PHONE):
            names = [n for n, views in PAGES.items() if (width, dark) in views]
            own = [name for name in names if every[name][0] == role]
            if not own:
                continue
            page = window(demo, browser, role, width, dark=dark)
            for name in own:
                page.goto(demo.url + every[name][1])
                page.wait_for_timeout(400)
                picture(page, name, (width, dark))
            page.context.close()


def window(
    demo: Demo, browser: Browser, role: str, width: int, *, dark: bool = False
) -> Page:
    """Open a window in which a person of that role is signed in."""
    context = browser.new_context(
        viewport={"width": width, "height": 900},
        color_scheme="dark" if dark else "light",
        reduced_motion="reduce",
    )
    page = context.new_page()
    if role != "nobody":
        chromium.sign_in(page, demo.url, *demo.login(role))
    return page


def main() -> int:
    """Return 0 once every picture is written, and none is too large."""
    if chromium.path() is None:
        print(f"Chromium is not installed: {chromium.APT_LINE}")
        return 1
    FOLDER.mkdir(parents=True, exist_ok=True)
    for old in FOLDER.glob("*.webp"):
        old.unlink()
    with (
        tempfile.TemporaryDirectory() as folder,
        running(Path(folder), port=ports.free_port()) as demo,
        chromium.launched() as browser,
    ):
        page = window(demo, browser, "admin", LIGHT[0])
        for act in (job_failed, edits_and_plan, bulk_review):
            page.set_viewport_size({"width": LIGHT[0], "height": 900})
            act(page, demo)
        take(demo, browser)
        second_factor(demo, browser)
        clone(page, demo)
    sizes = {path.name: path.stat().st_size for path in FOLDER.glob("*.webp")}
    print(f"{len(sizes)} pictures, {sum(sizes.values()):,} bytes")
    return int(sum(sizes.values()) > ALL_BYTES or sizes["clone.webp"] > FILM_BYTES)


if __name__ == "__main__":
    sys.exit(main())
