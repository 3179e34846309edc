"""Making namespaces in a browser, with JavaScript and without."""

import secrets

import httpx
from playwright.sync_api import Page, expect

from tests.browser import axe, chromium
from tests.browser.running_demo import ANSWER_S, Demo
from tests.browser.test_flows import collection, confirm
from tests.faults.plant import until

# A dozen indexes are built and read back before the answer.
SLOW_MS = 20_000


def api(
    demo: Demo, method: str, path: str, role: str = "admin", **body: object
) -> dict:
    """Call the API as a program would meanwhile."""
    answer = httpx.request(
        method,
        f"{demo.url}/v1{path}",
        json=body or None,
        headers={"Authorization": f"Bearer {demo.key(role)}"},
        timeout=ANSWER_S,
    )
    assert answer.is_success, answer.text
    return answer.json()


def _indexes(demo: Demo, namespace_id: str) -> dict:
    """The indexes that Qdrant has; a busy machine builds the last ones later."""
    indexes: dict = collection(demo, namespace_id)["payload_schema"]
    return indexes


def unused(name: str) -> str:
    """Return a name that no earlier try of a test has used in the same demo."""
    return f"{name} {secrets.token_hex(3)}"


def opened(demo: Demo, page: Page, name: str) -> None:
    """Open the form from the list and type a name."""
    page.goto(f"{demo.url}/namespaces/")
    page.get_by_role("link", name="New namespace").click()
    expect(page.locator("h1")).to_have_text("New namespace")
    page.fill("input[name=namespace_name]", name)


def test_a_namespace_is_made_through_its_plan(demo: Demo, visit, scripted):
    page: Page = visit("admin", script=scripted)
    name = unused(f"field recordings {scripted}".lower())
    opened(demo, page, name)
    if scripted:
        expect(page.locator(".check")).to_contain_text("This name is free.")
    page.get_by_role("button", name="More rows").click()
    expect(page.locator("input[name=index_field]")).to_have_count(6)
    expect(page.locator("input[name=namespace_name]")).to_have_value(name)
    page.locator("input[name=index_field]").nth(4).fill("site.rank")
    page.locator("select[name=index_type]").nth(4).select_option("integer")
    expect(page.locator("[value=text_extractor_v1]")).to_be_checked()
    page.locator("[id='id_text_extractor_v1.embedding_model']").select_option(
        "all_minilm_l6_v2_v1"
    )
    page.locator("select[name=expires]").select_option("30")
    page.locator(".dock button[type=submit]").click()
    expect(page.locator("h1")).to_have_text("Review the plan")
    expect(page.locator("#plan")).to_contain_text(
        "text_extractor_v1_embedding (384, cosine)"
    )
    if scripted:
        assert axe.faults(page) == []
    confirm(page)
    expect(page.locator("h1")).to_have_text(name, timeout=SLOW_MS)
    made = api(demo, "GET", f"/namespaces/{name}")
    until(lambda: "site.rank" in _indexes(demo, made["namespace_id"]), "it is built")
    assert made["expires_at"] is not None
    page.goto(f"{demo.url}/namespaces/?search={name}")
    expect(page.locator("tbody th a")).to_have_text([name])


def test_enter_in_the_name_previews_the_plan(demo: Demo, visit, scripted):
    page: Page = visit("admin", script=scripted)
    opened(demo, page, unused("entered by keyboard"))
    page.locator("input[name=namespace_name]").press("Enter")
    expect(page.locator("h1")).to_have_text("Review the plan")


def test_a_template_is_saved_and_begins_another_one(demo: Demo, visit, scripted):
    page: Page = visit("admin", script=scripted)
    source = demo.namespace("airfields-of-the-world")["namespace_id"]
    page.goto(f"{demo.url}/namespaces/{source}/settings/")
    page.get_by_role("link", name="Save as template").click()
    template, name = unused("airfields"), unused("from a template")
    page.fill("input[name=name]", template)
    page.get_by_role("button", name="Save the template").click()
    expect(page.locator("h1")).to_have_text(template)
    page.get_by_role("link", name="New namespace from it").click()
    first = page.locator("input[name=index_field]").first
    expect(first).to_have_value("country")
    page.fill("input[name=namespace_name]", name)
    page.locator(".dock button[type=submit]").click()
    confirm(page)
    expect(page.locator("h1")).to_have_text(name, timeout=SLOW_MS)
    answer = api(demo, "GET", f"/namespaces/{name}")
    made = {i["field_name"]: i for i in answer["payload_indexes"]}
    assert made["metadata.title"]["field_schema"]["tokenizer"] == "prefix"


def test_a_name_taken_between_keeps_the_input(demo: Demo, visit, scripted):
    page: Page = visit("admin", script=scripted)
    name = unused(f"wanted by two {scripted}")
    opened(demo, page, name)
    page.fill("textarea[name=description]", "Mine.")
    page.locator(".dock button[type=submit]").click()
    expect(page.locator("h1")).to_have_text("Review the plan")
    api(demo, "POST", "/namespaces", namespace_name=name)
    confirm(page)
    expect(page.locator("main")).to_contain_text("This plan cannot be confirmed.")
    page.get_by_role("link", name="Back to editing").click()
    expect(page.locator("#id_namespace_name_error")).to_contain_text(
        "Another namespace"
    )
    expect(page.locator("textarea[name=description]")).to_have_value("Mine.")


def test_a_member_is_told_who_can(demo: Demo, visit):
    page: Page = visit("member")
    page.goto(f"{demo.url}/namespaces/new/")
    expect(page.locator("main")).to_contain_text("You may not do this")


def test_a_full_plan_is_told_before_anything_is_typed(demo: Demo, visit):
    page: Page = visit(None)
    [full] = [u for u in demo.facts["logins"] if u["email"].startswith("cleo@")]
    chromium.sign_in(page, demo.url, full["email"], full["password"])
    page.goto(f"{demo.url}/namespaces/new/")
    expect(page.locator("main")).to_contain_text("The subscription is full: 1 of 1")
    expect(page.locator("textarea")).to_have_count(0)
