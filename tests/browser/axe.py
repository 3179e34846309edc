"""What axe finds on a page."""

from typing import Any

from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Page

# Only what is wrong comes back; all that is right is many times as much.
_RUN = "options => axe.run(options).then(found => found.violations)"
# What depends on colours: all that a dark page can get wrong and a light one not.
_COLOURS = ["color-contrast", "link-in-text-block"]


def faults(page: Page) -> list[str]:
    """Return the violations, a line for each element."""
    if not page.evaluate("'axe' in window"):
        page.evaluate(Axe().axe_script)
    return _found(page, {})


def faults_when_dark(page: Page) -> list[str]:
    """Return what its dark colours violate, of a page that `faults` has seen."""
    page.emulate_media(color_scheme="dark")
    found = _found(page, {"runOnly": {"type": "rule", "values": _COLOURS}})
    page.emulate_media(color_scheme="light")
    return found


def _found(page: Page, options: dict[str, Any]) -> list[str]:
    found = page.evaluate(_RUN, {"resultTypes": ["violations"], **options})
    return [
        f"{item['id']}: {node['target']} {node['failureSummary']}"
        for item in found
        for node in item["nodes"]
    ]
