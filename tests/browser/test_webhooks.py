"""Webhooks in a browser: the form, and a secret that is shown once."""

import re

import pytest
from playwright.sync_api import Page, expect

from tests.browser.running_demo import Demo

ROOT = "/organization/notifications/"
SECRET = re.compile(r"whsec_[\w+/=]{44}")


@pytest.mark.parametrize("width", [390, 1440])
def test_the_formats_fill_their_row(visit, demo: Demo, width):
    page: Page = visit("admin", width=width)
    page.goto(f"{demo.url}{ROOT}new/")
    formats = page.get_by_role("group", name="Format")
    row = formats.locator(".choices").bounding_box()
    cards = [card.bounding_box() for card in formats.locator(".choice").all()]
    assert len(cards) == 2
    assert row is not None
    assert max(card["x"] + card["width"] for card in cards) == pytest.approx(
        row["x"] + row["width"], abs=1
    )
    assert all(card["height"] < 60 for card in cards)  # a name and what it is for


def test_back_and_reload_after_a_secret_send_nothing(visit, demo: Demo):
    page: Page = visit("admin", fresh=True)
    shown = page.locator("#main")
    _replace(page, demo)
    page.get_by_label("Password of").fill(demo.login("admin")[1])
    page.get_by_role("button", name="Confirm").click()
    expect(shown).to_contain_text(SECRET)
    _replace(page, demo)  # without a question for the password in between
    expect(shown).to_contain_text(SECRET)
    page.go_back()
    expect(page.get_by_role("button", name="Replace the secret")).to_be_visible()
    page.go_forward()
    expect(shown).to_contain_text("former secret signs too")
    page.reload()
    expect(shown).not_to_contain_text(SECRET)


def _replace(page: Page, demo: Demo) -> None:
    page.goto(f"{demo.url}{ROOT}wh_demopipeline/secret/")
    page.get_by_role("button", name="Replace the secret").click()
