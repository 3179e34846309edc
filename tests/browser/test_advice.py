"""Advice followed and dismissed, an index that creates itself, an end that is moved."""

import re

import pytest
from playwright.sync_api import Page, expect

from tests.browser import axe
from tests.browser.running_demo import Demo


@pytest.fixture
def advised(demo: Demo) -> str:
    """The advice on a namespace whose filters ask for all three kinds."""
    found = demo.namespace("labour-market-clips")["namespace_id"]
    return f"{demo.url}/namespaces/{found}/advice/"


def test_a_schedule_run_by_hand_builds_an_index_with_a_measured_gain(demo, visit):
    page: Page = visit("platform_admin")
    page.goto(f"{demo.url}/schedules/")
    assert axe.faults(page) == []
    row = page.locator("tbody tr", has_text=re.compile(r"^\s*Automatic indexes"))
    row.get_by_role("button", name="Run now").click()
    expect(page.locator("#messages")).to_contain_text(
        "Automatic indexes is queued for a worker"
    )
    expect(row).to_contain_text("1 index built", timeout=60_000)
    expect(row).to_contain_text("by Petra Novak")

    admin: Page = visit("admin")
    big = demo.namespace("airfields-of-the-world")["namespace_id"]
    admin.goto(f"{demo.url}/namespaces/{big}/advice/")
    built = admin.locator("tr", has_text="metadata.subdivision").first
    expect(built).to_contain_text("claimed 50 to 90 %")
    expect(built).to_contain_text("Built")
    expect(built).to_contain_text(re.compile(r"agrees with \d+ sampled points"))
    gain = float(re.search(r"([\d.]+)\s%", built.locator("b.big").inner_text())[1])
    assert gain > 30
    assert axe.faults(admin) == []


def test_advice_is_dismissed_with_a_reason_and_taken_back(advised, visit, scripted):
    page: Page = visit("admin", script=scripted)
    page.goto(advised)
    offered = page.locator("input[value='wrong_type/integer/metadata.quarter']")
    expect(offered).to_have_count(1)
    page.get_by_text("Dismiss advice").click()
    page.select_option("#dismiss-which", "wrong_type/metadata.quarter")
    page.fill("#dismiss-reason", "Quarters are names to us.")
    page.get_by_role("button", name="Dismiss", exact=True).click()
    expect(page.locator("main")).to_contain_text("Quarters are names to us.")
    expect(offered).to_have_count(0)
    page.get_by_role("button", name="Show again metadata.quarter").click()
    expect(offered).to_have_count(1)


def test_advice_becomes_a_plan_and_is_carried_out(advised, visit, scripted):
    page: Page = visit("admin", script=scripted)
    page.goto(advised)
    tick, step = (
        ("missing/keyword/metadata.title", "Build the keyword index on metadata.title")
        if scripted
        else ("unused/datetime/month", "Drop the datetime index on month")
    )
    page.check(f"input[value='{tick}']")
    page.get_by_role("button", name="Preview plan").click()
    expect(page.locator("#plan")).to_contain_text(step)
    for consent in page.get_by_label("I accept this.").all():
        consent.check()
    page.get_by_role("button", name=re.compile("^Confirm")).click()
    expect(page.locator("#messages")).to_contain_text("In the audit log")
    page.goto(advised)
    expect(page.locator(f"input[value='{tick}']")).to_have_count(0)


def test_the_end_is_moved_from_the_warning_on(demo, visit, scripted):
    found = demo.namespace("currency-exhibit-draft")["namespace_id"]
    page: Page = visit("platform_admin", script=scripted)
    page.goto(f"{demo.url}/namespaces/{found}/")
    warning = page.get_by_label("Deletion ahead")
    expect(warning).to_contain_text("unless extended")
    warning.get_by_role("link", name="Extend").click()
    page.select_option("select[name=ends]", "date")
    page.fill("input[name=ends_on]", "2001-01-01")
    card = page.locator("#expiry")
    card.get_by_role("button", name="Change the expiry").click()
    expect(card).to_contain_text("Must be at least a minute")
    expect(page.locator("input[name=ends_on]")).to_have_value("2001-01-01")
    assert not scripted or axe.faults(page) == []
    page.select_option("select[name=ends]", "1")
    # The other walk may have set it within this second, which would be no change.
    page.wait_for_timeout(1000)
    card.get_by_role("button", name="Change the expiry").click()
    expect(page.locator("#messages")).to_contain_text("Expiry set to")
    expect(page.get_by_label("Deletion ahead")).to_contain_text("23 h")
