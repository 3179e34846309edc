"""Where a namespace runs, changed by a person: password, plan, a key that never shows."""

import re

import httpx
from playwright.sync_api import Locator, Page, expect

from tests.browser.conftest import WITHOUT_SCRIPT
from tests.browser.running_demo import ANSWER_S, Demo


def _go_on(page: Page, password: str, then: Locator) -> None:
    """Give the password again where it is asked for before what comes then."""
    field = page.locator("input[name=step_up_password]")
    expect(field.or_(then).first).to_be_visible()
    if field.count():
        field.fill(password)
        page.locator("#ask").get_by_role("button", name="Confirm").click()


def test_workers_are_changed_and_the_stored_key_stays(demo: Demo, visit, scripted):
    target = demo.namespace("car-spotter-archive")["namespace_id"]
    _, password = demo.login("admin")
    page: Page = visit("admin", script=scripted)
    page.goto(f"{demo.url}/namespaces/{target}/infrastructure/")
    expect(page.get_by_text("Set", exact=True)).to_be_visible()
    if scripted:
        expect(page.locator("#preflight")).to_contain_text("Qdrant answers")
    most = "6" if scripted else "7"
    page.fill("input[name=max_workers]", most)
    page.get_by_role("button", name="Preview plan").click()
    expect(page.locator("h1")).to_have_text("Review the plan")
    expect(page.locator("#plan")).to_contain_text("Change the maximum number of worker")
    expect(page.locator("#plan")).not_to_contain_text("API key")
    page.get_by_role("button", name=re.compile("^Confirm one step")).click()
    done = page.get_by_text(f"Max workers set to {most}.")
    _go_on(page, password, done)
    expect(done).to_be_visible()
    page.goto(f"{demo.url}/namespaces/{target}/infrastructure/")
    expect(page.locator("input[name=max_workers]")).to_have_value(most)
    page.get_by_role("button", name=re.compile("^Check")).click()
    checked = page.locator("#preflight").get_by_text("Key can read and write")
    expect(checked).to_be_visible()


def _wait_for_end(page: Page, *, scripted: bool) -> None:
    """Watch a job's page until it says that the namespace has moved."""
    end = page.get_by_text("Moved, verified identical")
    for _ in range(120):
        if end.count():
            break
        page.wait_for_timeout(500)
        if not scripted:
            page.reload()
    expect(end.first).to_be_visible()


def _points(place: dict[str, str], collection: str) -> int:
    """What a Qdrant server itself says of a collection."""
    answer = httpx.post(
        f"{place['url']}/collections/{collection}/points/count",
        json={"exact": True},
        headers={"api-key": place["api_key"]},
        timeout=ANSWER_S,
    )
    return int(answer.json()["result"]["count"])


@WITHOUT_SCRIPT
def test_a_namespace_moves_with_its_points_and_back(demo: Demo, visit, scripted):
    """The largest one with JavaScript, a smaller one without."""
    name = "airfields-of-the-world" if scripted else "seattle-weather-desk"
    target = demo.namespace(name)["namespace_id"]
    place = demo.facts["qdrant"]["dedicated"]
    _, password = demo.login("admin")
    page: Page = visit("admin", script=scripted)
    page.goto(f"{demo.url}/namespaces/{target}/infrastructure/")
    page.check("input[name=compute_tier][value=dedicated_cpu]")
    page.fill("input[name=qdrant_url]", place["url"])
    page.fill("input[name=qdrant_api_key]", place["api_key"])
    page.fill("input[name=ray_head_node_url]", "ray://ray.example:10001")
    page.get_by_role("button", name="Preview plan").click()
    assert place["api_key"] not in page.content()
    expect(page.locator("#preflight")).to_contain_text("points are moved by a job")
    page.get_by_role("link", name="Back to editing").click()
    field = page.locator("input[name=qdrant_api_key]")
    expect(field).to_have_value("")
    expect(field).to_have_attribute("placeholder", re.compile("^Entered"))
    page.get_by_role("button", name="Preview plan").click()
    expect(page.locator("h1")).to_have_text("Review the plan")
    page.check("input[name=pause_writes]")
    page.get_by_role("button", name=re.compile("^Confirm")).click()
    _go_on(page, password, page.get_by_role("heading", name=re.compile("^Move")))
    page.wait_for_url(re.compile("/jobs/"))
    _wait_for_end(page, scripted=scripted)
    expect(page.get_by_text("By a stream of the shards")).to_be_visible()
    count = 6100 if scripted else 1608
    assert _points(place, target) == count
    page.get_by_role("button", name="Move back").click()
    expect(page.locator("h1")).to_have_text("Review the plan")
    page.get_by_role("button", name=re.compile("^Confirm")).click()
    page.wait_for_url(re.compile("/jobs/"))
    _wait_for_end(page, scripted=scripted)
    page.get_by_role("link", name="Open the namespace").click()
    expect(page.locator("h1")).to_have_text(name)
    expect(page.locator("main")).to_contain_text("Shared")
    assert _points(demo.facts["qdrant"]["shared"], target) == count


def test_who_may_not_change_it_reads_it(demo: Demo, visit):
    target = demo.namespace("car-spotter-archive")["namespace_id"]
    page: Page = visit("viewer")
    page.goto(f"{demo.url}/namespaces/{target}/infrastructure/")
    expect(page.locator("main")).to_contain_text("You can view this, not change it")
    expect(page.locator("input[name=max_workers]")).to_be_disabled()
