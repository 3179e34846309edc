"""Documents are filtered, opened and compared by the keyboard, and without script."""

import re

import pytest
from playwright.sync_api import Page, expect

from tests.browser import axe

NAME = "airfields-of-the-world"


@pytest.fixture
def address(demo) -> str:
    return f"{demo.url}/namespaces/{demo.namespace(NAME)['namespace_id']}/documents/"


def filtered(page: Page, field: str, value: str) -> None:
    """Filter by keys alone: the field, then its operator, then the value."""
    page.get_by_label("Field of condition 1").focus()
    page.keyboard.type(field)
    page.get_by_label("Value of condition 1").focus()
    page.keyboard.type(value)
    page.keyboard.press("Enter")


def test_the_keyboard_filters_opens_a_document_and_finds_its_neighbors(visit, address):
    page: Page = visit("viewer")
    page.goto(address)
    page.get_by_label("Field of condition 1").focus()
    page.keyboard.type("country")
    page.keyboard.press("Tab")
    # What fits a keyword is offered once the field is known.
    operators = page.get_by_label("Operator of condition 1").locator("option")
    expect(operators.first).to_have_text("is")
    page.get_by_label("Value of condition 1").focus()
    page.keyboard.type("PT")
    page.keyboard.press("Enter")
    expect(page.locator("#list-title")).to_contain_text("of 19")
    expect(page).to_have_url(re.compile("f=country"))
    first = page.locator("[data-beside]").first
    first.focus()
    page.keyboard.press("Enter")
    title = page.locator("#beside #document-title")
    expect(title).to_be_focused()
    expect(page.locator("#beside .tree")).to_contain_text("country PT")
    page.get_by_role("link", name="Neighbors").focus()
    page.keyboard.press("Enter")
    expect(page.locator("#beside .score")).to_have_count(10)
    expect(page.get_by_label("Keep the filter")).to_be_checked()
    assert axe.faults(page) == []
    assert axe.faults_when_dark(page) == []
    page.keyboard.press("Escape")
    expect(page.locator("#document")).to_have_count(0)
    expect(first).to_be_focused()


def test_without_script_every_step_is_a_page(visit, address):
    page: Page = visit("viewer", script=False)
    page.goto(address)
    filtered(page, "country", "PT")
    expect(page.locator("#list-title")).to_contain_text("of 19")
    page.get_by_role("button", name="condition to none of").click()
    expect(page.get_by_label("Field of condition 2")).to_be_focused()
    page.keyboard.type("metadata.time_zone")
    page.get_by_label("Value of condition 2").fill("Europe/Lisbon")
    page.get_by_role("button", name="Filter", exact=True).last.click()
    expect(page.locator("#list-title")).to_contain_text("of 8")
    page.locator("[data-beside]").first.click()
    expect(page.locator("h1")).to_contain_text("doc_")
    page.get_by_role("link", name="Neighbors").click()
    expect(page.locator(".score")).to_have_count(7)
    page.get_by_role("link", name="Documents, filtered").click()
    expect(page.locator("#list-title")).to_contain_text("of 8")


def test_a_document_stands_within_its_card_and_the_crumbs_are_whole(visit, address):
    page: Page = visit("viewer", width=1440)
    page.goto(f"{address}doc_8qodc4dm4a5o/")
    look = page.evaluate(
        """() => {
          const tree = document.querySelector(".tree");
          const ink = (s) => getComputedStyle(document.querySelector(s)).color;
          const cut = [...document.querySelectorAll(".crumbs a")].filter(
            (a) => a.scrollWidth > a.clientWidth);
          const box = (e) => e.getBoundingClientRect();
          return {
            inset: box(tree.querySelector("summary")).left - box(tree).left,
            above: box(tree.querySelector("li")).top - box(tree).top,
            number: ink(".v-number"), text: ink(".v-text"), link: ink(".origin a"),
            cut: cut.length,
          };
        }"""
    )
    assert look["inset"] >= 12
    assert look["above"] >= 12
    assert look["number"] == look["text"] != look["link"]
    assert look["cut"] == 0


def test_on_a_phone_the_filter_is_a_sheet_that_closes_once_it_has_found(visit, address):
    page: Page = visit("viewer", width=390)
    page.goto(address)
    expect(page.get_by_label("Field of condition 1")).to_be_hidden()
    page.locator("button.facets-open").click()
    filtered(page, "country", "PT")
    expect(page.locator("#list-title")).to_contain_text("of 19")
    expect(page.get_by_label("Field of condition 1")).to_be_hidden()
    page.locator("[data-beside]").first.click()
    expect(page.locator("h1")).to_contain_text("doc_")
    assert page.evaluate("document.documentElement.scrollWidth") == 390
