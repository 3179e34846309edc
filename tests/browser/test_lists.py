"""The list of namespaces by keyboard, with JavaScript and without: ticks, columns, views."""

import re

from playwright.sync_api import Page, expect

from tests.browser import chromium
from tests.browser.running_demo import Demo


def tick(page: Page, name: str) -> None:
    """Tick a row as somebody without a mouse does."""
    box = page.get_by_role("checkbox", name=f"Choose {name}", exact=True)
    box.focus()
    page.keyboard.press("Space")
    expect(box).to_be_checked()


def change(page: Page, demo: Demo, words: str) -> None:
    """Tick two rows, preview and confirm."""
    page.goto(f"{demo.url}/namespaces/?view=all&sort=name")
    for name in ("airstrips-intake", "labour-market-clips"):
        tick(page, name)
    page.get_by_label("Change the selected").select_option(label=words)
    page.get_by_role("button", name="Preview plan").press("Enter")
    expect(page.locator("h1")).to_have_text(words)


def test_rows_are_ticked_by_keyboard_and_changed_one_by_one(
    demo: Demo, visit, scripted
) -> None:
    page: Page = visit("admin", script=scripted)
    for words in ("Turn off automatic indexes", "Turn on automatic indexes"):
        change(page, demo, words)
        if page.get_by_text("None of the chosen namespaces would change.").count():
            continue
        reviewed = page.url
        page.reload()
        expect(page).to_have_url(reviewed)
        page.get_by_role("button", name="Change the ticked namespaces").press("Enter")
        expect(page.locator("#outcomes-title")).to_contain_text(
            re.compile(r"\d done", re.IGNORECASE)
        )
    expect(page.locator("#outcomes")).to_contain_text("labour-market-clips")
    page.locator("#outcomes").get_by_role("link", name="Audit").first.press("Enter")
    expect(page.locator("h1")).to_be_visible()


def test_the_tick_of_the_head_ticks_all(demo: Demo, visit) -> None:
    page: Page = visit("admin")
    page.goto(f"{demo.url}/namespaces/?view=all")
    head = page.get_by_role("checkbox", name="Choose all on this page")
    rows = page.locator("input[name=id]:not(:disabled)")
    head.focus()
    page.keyboard.press("Space")
    count = rows.count()
    expect(page.locator("[data-ticked]")).to_have_text(f"({count})")
    rows.first.uncheck()
    expect(page.locator("[data-ticked]")).to_have_text(f"({count - 1})")
    assert head.evaluate("box => box.indeterminate && !box.checked")


def test_columns_and_a_view_are_chosen(demo: Demo, visit, scripted) -> None:
    page: Page = visit("member", script=scripted)
    name = f"expiring {'with' if scripted else 'without'} script"
    page.goto(f"{demo.url}/namespaces/?view=all&tier=shared")
    menu = page.get_by_label("Columns and views").first
    menu.click()
    page.get_by_role("checkbox", name="Expires").check()
    page.get_by_role("button", name="Show").click()
    expect(page.get_by_role("columnheader", name="Expires")).to_be_visible()
    expect(page).to_have_url(re.compile("columns=expires.*tier=shared"))
    page.get_by_label("Columns and views").first.click()
    page.get_by_placeholder("Name", exact=True).fill(name)
    page.get_by_role("button", name="Save view").click()
    facets = page.locator("#facets")
    expect(facets.get_by_role("link", name=name)).to_have_attribute(
        "aria-current", "true"
    )
    page.goto(f"{demo.url}/namespaces/views/")
    row = page.locator(".view-row", has_text=name)
    row.get_by_role("button", name="Delete").click()
    expect(page.locator(".view-row", has_text=name)).to_have_count(0)


def test_rows_of_running_work_are_renewed_without_moving_the_focus(
    demo: Demo, visit
) -> None:
    page: Page = visit("admin")
    page.goto(
        f"{demo.url}/namespaces/{demo.namespace('airfields-of-the-world')['namespace_id']}/clone/"
    )
    page.fill("input[name=namespace_name]", "polled-copy")
    chromium.start_clone(page)
    page.goto(f"{demo.url}/namespaces/?view=all")
    expect(page.locator("#at-work[hx-get]")).to_have_count(1)
    tick(page, "labour-market-clips")
    expect(page.locator("#at-work[hx-get]")).to_have_count(0, timeout=180_000)
    row = page.locator("tr", has_text="polled-copy")
    expect(row).not_to_contain_text("Cloning")
    box = page.get_by_role("checkbox", name="Choose labour-market-clips", exact=True)
    expect(box).to_be_checked()
    expect(box).to_be_focused()


def test_back_through_the_forms_shows_them_as_they_were_sent(
    demo: Demo, visit, scripted
) -> None:
    page: Page = visit("admin", script=scripted)
    page.goto(f"{demo.url}/namespaces/?view=all&sort=name")
    for name in ("airstrips-intake", "labour-market-clips"):
        tick(page, name)
    page.get_by_label("Change the selected").select_option(label="Add an index…")
    page.get_by_role("button", name="Preview plan").click()
    expect(page.locator("h1")).to_have_text("Add an index")
    page.fill("input[name=field_name]", "back.and.forth")
    page.get_by_role("button", name="Preview plan").click()
    expect(page.locator("h1")).to_contain_text("index on back.and.forth")
    review = page.url
    page.reload()
    expect(page).to_have_url(review)
    page.go_back()
    expect(page.locator("input[name=field_name]")).to_have_value("back.and.forth")
    page.go_back()
    expect(page.locator("h1")).to_have_text("Namespaces")
    for name in ("airstrips-intake", "labour-market-clips"):
        box = page.get_by_role("checkbox", name=f"Choose {name}", exact=True)
        expect(box).to_be_checked()
    other = page.get_by_role("checkbox", name="Choose seattle-weather-desk", exact=True)
    expect(other).not_to_be_checked()
    page.go_forward()
    page.go_forward()
    expect(page).to_have_url(review)


def test_a_refused_confirmation_can_be_left_by_back(
    demo: Demo, visit, scripted
) -> None:
    page: Page = visit("admin", script=scripted)
    page.goto(f"{demo.url}/namespaces/")
    page.goto(f"{demo.url}/namespaces/?view=all&sort=name")
    tick(page, "airstrips-intake")
    page.get_by_label("Change the selected").select_option(label="Delete…")
    page.get_by_role("button", name="Preview plan").click()
    expect(page.locator("h1")).to_have_text("Delete namespaces")
    page.get_by_label("Number of namespaces to delete").fill("7")
    page.get_by_role("button", name="Delete the ticked namespaces").click()
    expect(page.get_by_text("Type 1, the number of namespaces").first).to_be_visible()
    page.reload()
    expect(page.get_by_text("Type 1, the number of namespaces").first).to_be_visible()
    page.go_back()
    page.go_back()
    expect(page.locator("h1")).to_be_visible()
    assert "Confirm Form Resubmission" not in page.content()
