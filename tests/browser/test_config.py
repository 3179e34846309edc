"""A configuration downloaded, edited, sent back, planned, confirmed, and reverted."""

import re
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from tests.browser import axe
from tests.browser.running_demo import Demo


@pytest.fixture
def target(demo: Demo) -> str:
    """The address of the namespace that is configured."""
    found = demo.namespace("seattle-weather-desk")["namespace_id"]
    return f"{demo.url}/namespaces/{found}/"


def downloaded(page: Page, target: str) -> str:
    """The configuration as the browser saves it."""
    page.goto(f"{target}config/")
    with page.expect_download() as begun:
        page.get_by_role("link", name="Download").click()
    assert begun.value.suggested_filename.endswith(".yaml")
    return Path(begun.value.path()).read_text()


def settings_of(text: str) -> str:
    """The same without the revision that it was made from."""
    return re.sub(r"revision: \d+", "", text)


def test_a_file_is_taken_back_and_reverted(target, visit, scripted, tmp_path):
    page: Page = visit("admin", script=scripted)
    text = downloaded(page, target)
    field = f"metadata.from_file_{'a' if scripted else 'b'}"
    index = f"payload_indexes:\n  - field_name: {field}\n    type: float\n"
    assert "payload_indexes:" in text
    file = tmp_path / "config.yaml"
    file.write_text(re.sub(r"payload_indexes:(?: \[\])?\n", index, text))

    page.set_input_files("input[name=file]", file)
    page.get_by_role("button", name="Preview plan").click()
    expect(page.locator("#plan")).to_contain_text(f"Build the float index on {field}")
    page.get_by_role("button", name=re.compile("^Confirm one step")).click()
    expect(page.locator("#messages")).to_contain_text(f"Index {field} (float) added")
    assert field in downloaded(page, target)

    page.goto(f"{target}audit/")
    page.get_by_role("button", name=re.compile("^Revert this change")).first.click()
    expect(page.locator("#plan")).to_contain_text(f"Drop the float index on {field}")
    page.get_by_label("I accept this.").check()
    page.get_by_role("button", name=re.compile("^Confirm")).click()
    expect(page.locator("#messages")).to_contain_text("dropped")
    page.goto(f"{target}audit/")
    expect(page.locator("tbody tr").first).to_contain_text("Reverts the change of")
    assert settings_of(downloaded(page, target)) == settings_of(text)


def test_a_fault_is_shown_at_its_line_and_can_be_corrected(target, visit, scripted):
    page: Page = visit("admin", script=scripted)
    page.goto(f"{target}config/")
    area = page.locator("textarea[name=config]")
    text = area.input_value()
    area.fill(text.replace("auto_create_indexes:", "auto_create_index:"))
    page.get_by_role("button", name="Preview plan").click()
    faults = page.locator("#line-faults")
    expect(faults).to_contain_text("Unknown section auto_create_index")
    expect(faults.locator("pre")).to_contain_text("auto_create_index:")
    expect(area).to_have_value(re.compile("auto_create_index:"))
    assert not scripted or axe.faults(page) == []  # axe needs script itself
    area.fill(text)
    page.get_by_role("button", name="Preview plan").click()
    expect(page.get_by_text("Nothing to change.")).to_be_visible()


def test_the_audit_is_filtered_and_exported(target, visit, scripted):
    page: Page = visit("admin", script=scripted)
    page.goto(f"{target}audit/")
    page.fill("input[name=text]", "nothing is called like this")
    page.get_by_role("button", name="Filter").click()
    expect(page.locator("main")).to_contain_text("matches this filter")
    assert not scripted or axe.faults(page) == []  # axe needs script itself
    page.get_by_role("link", name="Show all", exact=True).click()
    with page.expect_download() as begun:
        page.get_by_role("button", name="CSV").click()
    assert Path(begun.value.path()).read_text().startswith("at,closed_at,outcome")
