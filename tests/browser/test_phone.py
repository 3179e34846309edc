"""What has to be seen and reached where there are 390 pixels."""

import re

import pytest
from playwright.sync_api import expect

from tests.browser.places import places

# What of each list does not fit beside its arrow, with both widths in pixels.
_CUT = """() => [...document.querySelectorAll("select")].filter(s => s.offsetParent)
  .flatMap(select => {
    const style = getComputedStyle(select);
    const padding = parseFloat(style.paddingLeft) + parseFloat(style.paddingRight);
    const room = select.clientWidth - padding;
    const ruler = document.createElement("canvas").getContext("2d");
    ruler.font = style.font;
    return [...select.options].filter(o => !o.dataset.long)
      .map(o => [select.name, o.text, room, ruler.measureText(o.text).width])
      .filter(([, , given, needed]) => needed > given + 1);
  })"""
# The buttons of each cell that cover each other, and the widths of narrow row heads.
_CROWDED = """() => [...document.querySelectorAll(".table > tbody > tr")]
  .flatMap(row => {
    const head = row.querySelector("th").getBoundingClientRect();
    const buttons = [...row.querySelectorAll(".btn")].filter(b => b.offsetParent);
    const boxes = buttons.map(each => each.getBoundingClientRect());
    const covers = boxes.flatMap((a, i) => boxes.slice(i + 1)
      .filter(b => a.left < b.right && b.left < a.right
        && a.top < b.bottom + 2 && b.top < a.bottom + 2)
      .map(() => `${row.textContent.trim().slice(0, 20)}: buttons`));
    return head.width < 180 ? [...covers, `${head.width} px`] : covers;
  })"""
SELECTS = (
    "namespace-new",
    "settings",
    "indexes",
    "advice",
    "tier",
    "audit",
    "organization-audit",
    "member-new",
    "key-new",
)


@pytest.mark.parametrize("name", SELECTS)
def test_no_choice_is_cut(visit, demo, name):
    role, path = places(demo)[name]
    page = visit(role, width=390)
    page.goto(demo.url + path)
    assert page.evaluate(_CUT) == []


@pytest.mark.parametrize("path", ["/organization/", "/organization/keys/"])
def test_rows_have_room_for_their_name_and_buttons(visit, demo, path):
    page = visit("admin", width=390)
    page.goto(demo.url + path)
    assert page.locator(".table > tbody > tr .btn").count() > 3
    assert page.evaluate(_CROWDED) == []


def test_the_chosen_tab_is_in_view(visit, demo, scripted):
    page = visit("admin", script=scripted, width=390)
    page.goto(demo.url + places(demo)["settings"][1])
    tab = page.locator(".tabs [aria-current]")
    expect(tab).to_have_text("Settings")
    expect(tab).to_be_in_viewport(ratio=1)
    box = tab.bounding_box()
    assert box is not None
    assert box["x"] + box["width"] < 390 - 32  # short of the faded edge


def test_the_audit_filter_is_above_the_list(visit, demo, scripted):
    page = visit("admin", script=scripted, width=390)
    page.goto(f"{demo.url}/organization/audit/?since=soon")
    expect(page.get_by_label("Text")).to_be_hidden()
    page.get_by_role("button", name="Open the filter").click()
    fault = page.get_by_text("Enter a valid date")
    expect(fault).to_be_visible()
    page.get_by_label("From").fill("2020-01-01")
    page.get_by_role("search", name="Filter").get_by_role(
        "button", name="Filter"
    ).click()
    expect(page.get_by_label("Text")).to_be_hidden()
    expect(page).to_have_url(re.compile("since=2020-01-01"))


def test_the_audit_filter_is_beside_the_list_where_there_is_room(visit, demo):
    page = visit("admin")
    page.goto(f"{demo.url}/organization/audit/")
    expect(page.get_by_label("Text")).to_be_visible()
    expect(page.locator(".facets-open")).to_be_hidden()


def test_the_contents_of_the_api_lead_to_what_they_name(visit, demo, scripted):
    for width, words in ((390, "Namespace templates"), (1440, "Clone namespace")):
        page = visit(None, script=scripted, width=width)
        page.goto(f"{demo.url}/v1/docs")
        assert page.evaluate("document.documentElement.scrollHeight") < 8000
        page.get_by_label("Contents").get_by_role("link", name=words).click()
        expect(page.locator(":target")).to_be_in_viewport()
    expect(page.get_by_text("Copy a whole namespace")).to_be_visible()
