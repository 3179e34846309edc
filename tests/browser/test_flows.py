"""What a person does, with JavaScript and without: sign in, read, change, clone."""

import re
from collections.abc import Iterator

import httpx
import pytest
from playwright.sync_api import Browser, Page, expect

from nsadmin.namespaces.schema.payload_indexes import INDEX_TYPES
from tests.browser import axe, chromium
from tests.browser.conftest import LATER, WITH_SCRIPT, SignedIn
from tests.browser.places import places
from tests.browser.running_demo import ANSWER_S, Demo

AXE = (axe.faults, axe.faults_when_dark)  # in this order: all in light, colours in dark


def collection(demo: Demo, namespace_id: str) -> dict:
    """What Qdrant itself says of a namespace's collection."""
    place = demo.facts["qdrant"]["shared"]
    answer = httpx.get(
        f"{place['url']}/collections/{namespace_id}",
        headers={"api-key": place["api_key"]},
        timeout=ANSWER_S,
    )
    return answer.json()["result"]


def change(demo: Demo, namespace_id: str, **body: object) -> None:
    """Change a namespace through the API, as somebody else would meanwhile."""
    answer = httpx.patch(
        f"{demo.url}/v1/namespaces/{namespace_id}",
        json=body,
        headers={"Authorization": f"Bearer {demo.key('admin')}"},
        timeout=ANSWER_S,
    )
    assert answer.status_code == 200, answer.text


def confirm(page: Page) -> None:
    """Press the plan's own button."""
    page.get_by_role("button", name=re.compile("^Confirm")).click()


@pytest.mark.parametrize(
    "role", ["admin", "member", "viewer", "support", "platform_admin"]
)
def test_every_role_signs_in_and_sees_real_namespaces(demo, visit, role):
    page: Page = visit(role, fresh=True)
    is_staff = role in ("support", "platform_admin")
    expect(page.locator("h1")).to_have_text("Fleet" if is_staff else "Namespaces")
    page.goto(
        f"{demo.url}/namespaces/{demo.namespace('world-airports-sample')['namespace_id']}/"
    )
    expect(page.locator("h1")).to_have_text("world-airports-sample")
    expect(page.get_by_text("770").first).to_be_visible()


def test_a_wrong_password_is_refused_and_the_address_is_kept(demo, visit):
    page: Page = visit(None)
    email, _ = demo.login("admin")
    page.goto(f"{demo.url}/accounts/login/")
    page.fill("input[name=login]", email)
    page.fill("input[name=password]", "not the password at all")
    page.click("button[type=submit]")
    expect(page.locator("#id_login")).to_have_value(email)
    expect(page.locator("input[name=password]")).to_have_value("")


def test_a_description_is_changed_through_its_plan(demo, visit, scripted):
    role = "member"
    target = demo.namespace("seattle-weather-desk")
    page: Page = visit(role, script=scripted)
    page.goto(f"{demo.url}/namespaces/{target['namespace_id']}/settings/")
    text = f"Hourly weather of one city, script {scripted}."
    page.fill("textarea[name=description]", text)
    page.get_by_role("button", name="Preview plan").click()
    expect(page.locator("h1")).to_have_text("Review the plan")
    expect(page.locator("h1")).to_be_focused()
    expect(page.locator("#plan")).to_contain_text("Change the description.")
    expect(page.locator("ins")).to_have_text(text)
    page.get_by_role("button", name=re.compile("^Confirm one step")).click()
    expect(page.locator("h1")).to_have_text("Settings")
    expect(page.locator("textarea[name=description]")).to_have_value(text)
    expect(page.locator("#messages")).to_contain_text("Description changed.")
    page.locator("#messages").get_by_role("link", name="In the audit log").click()
    expect(page.locator("main")).to_contain_text("The confirmed plan")


def test_a_text_index_is_added_changed_and_dropped_in_qdrant(demo, visit, scripted):
    target = demo.namespace("seattle-weather-desk")["namespace_id"]
    field = f"metadata.note_{'a' if scripted else 'b'}"
    page: Page = visit("admin" if scripted else "member", script=scripted)
    page.goto(f"{demo.url}/namespaces/{target}/indexes/")
    page.fill("input[name=field_name]", field)
    page.check("input[name=type][value=text]")
    page.select_option("select[name=tokenizer]", "prefix")
    page.get_by_text("Advanced", exact=True).click()
    page.check("input[name=phrase_matching]")
    page.get_by_role("button", name="Preview plan").click()
    expect(page.locator("#plan")).to_contain_text(f"Build the text index on {field}")
    page.get_by_role("button", name=re.compile("^Confirm")).click()
    expect(page.locator("h1")).to_have_text("Payload indexes")
    expect(page.locator("#messages")).to_contain_text(f"Index {field} (text) added")
    expect(page).to_have_url(f"{demo.url}/namespaces/{target}/indexes/")
    schema = collection(demo, target)["payload_schema"][field]
    assert (schema["data_type"], schema["params"]["tokenizer"]) == ("text", "prefix")
    assert schema["params"]["phrase_matching"] is True

    page.goto(f"{demo.url}/namespaces/{target}/indexes/")
    row = page.get_by_role("row").filter(has_text=field)
    row.get_by_role("button", name=re.compile("^Change")).click()
    expect(page.locator("select[name=tokenizer]")).to_have_value("prefix")
    page.fill("input[name=max_token_len]", "9")
    page.get_by_role("button", name="Preview plan").click()
    expect(page.locator("#plan")).to_contain_text(f"Drop the text index on {field} fi")
    page.get_by_label("until the new index is built").check()
    confirm(page)
    expect(page.locator("h1")).to_have_text("Payload indexes")
    expect(page.locator("#messages")).to_contain_text(f"Index {field} rebuilt as text")
    schema = collection(demo, target)["payload_schema"][field]
    assert schema["params"]["max_token_len"] == 9

    page.goto(f"{demo.url}/namespaces/{target}/indexes/")
    row = page.get_by_role("row").filter(has_text=field)
    row.get_by_label("Drop").check()
    page.get_by_role("button", name="Preview plan").click()
    expect(page.locator("#plan")).to_contain_text(f"Drop the text index on {field}")
    page.get_by_label("I accept this.").check()
    page.get_by_role("button", name=re.compile("^Confirm")).click()
    expect(page.locator("#messages")).to_contain_text(f"Index {field} (text) dropped")
    assert field not in collection(demo, target)["payload_schema"]


def test_a_bad_field_keeps_the_input_and_says_why(demo, visit, scripted):
    target = demo.namespace("seattle-weather-desk")["namespace_id"]
    page: Page = visit("member", script=scripted)
    page.goto(f"{demo.url}/namespaces/{target}/settings/")
    page.fill("input[name=namespace_name]", "a/b")
    page.fill("textarea[name=description]", "kept as typed")
    page.get_by_role("button", name="Preview plan").click()
    field = page.locator("input[name=namespace_name]")
    expect(field).to_have_attribute("aria-invalid", "true")
    expect(field).to_have_value("a/b")
    expect(page.locator("textarea[name=description]")).to_have_value("kept as typed")
    expect(page.locator("main")).to_contain_text("must not contain /")
    if scripted:
        expect(page.locator(":focus")).to_have_count(1)


def test_a_name_is_judged_while_it_is_typed(demo, visit):
    target = demo.namespace("seattle-weather-desk")["namespace_id"]
    page: Page = visit("member")
    page.goto(f"{demo.url}/namespaces/{target}/settings/")
    field = page.locator("input[name=namespace_name]")
    verdict = page.locator(".check")
    for name, says in (
        ("AIRFIELDS-of-the-world", "is named airfields-of-the-world"),
        ("languages-of-the-world", "This name is free."),
        ("a/b", "must not contain /"),
        ("seattle-weather-desk", "This is the current name."),
    ):
        field.fill("")
        field.press_sequentially(name)
        expect(verdict).to_contain_text(says)
        expect(field).to_be_focused()
    expect(page).to_have_title("Settings of seattle-weather-desk · nsadmin")


@pytest.mark.parametrize(
    ("choice", "scripted"),
    [
        ("theirs", True),
        ("yours", False),
        pytest.param("theirs", False, marks=LATER),
        pytest.param("yours", True, marks=LATER),
    ],
)
def test_a_moved_plan_offers_a_choice(demo, visit, scripted, choice):
    target = demo.namespace("seattle-weather-desk")["namespace_id"]
    role = "admin" if scripted else "member"
    page: Page = visit(role, script=scripted)
    page.goto(f"{demo.url}/namespaces/{target}/settings/")
    mine, theirs = f"Mine, {choice} {scripted}.", f"Theirs, {choice} {scripted}."
    page.fill("textarea[name=description]", mine)
    page.get_by_role("button", name="Preview plan").click()
    expect(page).to_have_title("Review the plan · nsadmin")
    expect(page.locator(".tabs [aria-current]")).to_have_count(0)
    change(demo, target, description=theirs)
    confirm(page)
    expect(page.locator("h1")).to_have_text("The plan changed")
    expect(page.locator("main")).to_contain_text("Changed by both: the description")
    page.get_by_label(re.compile(f"(Keep|Use) {choice}")).check()
    confirm(page)
    expect(page.locator("h1")).to_have_text("Settings")
    expect(page).to_have_title("Settings of seattle-weather-desk · nsadmin")
    kept = theirs if choice == "theirs" else mine
    expect(page.locator("textarea[name=description]")).to_have_value(kept)


def test_back_to_editing_keeps_the_input_and_its_tab(demo, visit, scripted):
    target = demo.namespace("seattle-weather-desk")["namespace_id"]
    page: Page = visit("member", script=scripted)
    page.goto(f"{demo.url}/namespaces/{target}/settings/")
    page.fill("textarea[name=description]", "Not yet.")
    page.get_by_role("button", name="Preview plan").click()
    page.get_by_role("link", name="Back to editing").click()
    expect(page.locator("textarea[name=description]")).to_have_value("Not yet.")
    expect(page.locator(".tabs [aria-current]")).to_have_text("Settings")
    expect(page).to_have_title("Settings of seattle-weather-desk · nsadmin")


def test_an_extractor_is_appended_and_no_point_is_lost(demo, visit, scripted):
    target = demo.namespace("seattle-weather-desk")["namespace_id"]
    name = "text_extractor" if scripted else "image_extractor"
    before = collection(demo, target)
    page: Page = visit("admin" if scripted else "member", script=scripted)
    page.goto(f"{demo.url}/namespaces/{target}/extractors/")
    page.check(f"input[name=extractor][value={name}_v1]")
    page.get_by_role("button", name="Preview plan").click()
    expect(page.locator("#plan")).to_contain_text(f"Append the extractor {name} v1")
    expect(page.locator("main")).to_contain_text(f"will lack {name}_v1_embedding")
    confirm(page)
    expect(page.locator("#messages")).to_contain_text("Revision")
    after = collection(demo, target)
    vectors = after["config"]["params"]["vectors"]
    assert set(vectors) - set(before["config"]["params"]["vectors"]) == {
        f"{name}_v1_embedding"
    }
    assert after["points_count"] == before["points_count"] > 0


def test_every_index_type_shows_its_own_parameters(demo, visit, scripted):
    target = demo.namespace("seattle-weather-desk")["namespace_id"]
    page: Page = visit("member", script=scripted)
    page.goto(f"{demo.url}/namespaces/{target}/indexes/")
    groups = {"text": "text", "integer": "integer", "keyword": "keyword"}
    groups["uuid"] = "keyword"
    page.get_by_text("Advanced", exact=True).click()
    for kind in INDEX_TYPES:
        page.check(f"input[name=type][value={kind}]")
        own = [groups[kind]] if kind in groups else []
        expect(page.locator(".params:visible")).to_have_count(len(own))
        for group in own:
            expect(page.locator(f".params.p-{group}")).to_be_visible()
        is_ranged = kind in ("integer", "float", "datetime")
        expect(page.locator("input[name=is_principal]")).to_be_visible(
            visible=is_ranged
        )
        expect(page.locator("input[name=stemmer], select[name=stemmer]")).to_be_visible(
            visible=kind == "text"
        )
        expect(page.locator("input[name=on_disk]")).to_be_visible()
    page.fill("input[name=field_name]", "a b")
    page.get_by_role("button", name="Preview plan").click()
    expect(page.locator("input[name=field_name]")).to_be_focused()
    expect(page.locator("input[name=type][value=uuid]")).to_be_checked()


@WITH_SCRIPT
def test_a_namespace_is_cloned_with_equal_counts(demo, visit, scripted):
    source = demo.namespace("seattle-weather-desk")["namespace_id"]
    name = f"a copy {'with' if scripted else 'without'} script"
    page: Page = visit("admin", script=scripted)
    page.goto(f"{demo.url}/namespaces/{source}/clone/")
    page.fill("input[name=namespace_name]", name)
    chromium.start_clone(page)
    for _ in range(90):
        if page.get_by_text(re.compile("Ready, .*identical")).count():
            break
        page.wait_for_timeout(1000)
        if not scripted:
            page.reload()
    expect(page.get_by_text(re.compile("Ready, .*identical")).first).to_be_visible()
    page.goto(f"{demo.url}/namespaces/?search={name.replace(' ', '+')}")
    page.get_by_role("link", name=name).click()
    expect(page.locator("h1")).to_have_text(name)
    target = page.url.rstrip("/").rpartition("/")[2]
    before, after = collection(demo, source), collection(demo, target)
    assert before["points_count"] == after["points_count"]
    assert after["points_count"] == 1608
    assert set(before["payload_schema"]) == set(after["payload_schema"])


def test_viewers_and_support_read_and_do_not_write(demo, visit):
    target = demo.namespace("seattle-weather-desk")["namespace_id"]
    for role in ("viewer", "support"):
        page: Page = visit(role)
        page.goto(f"{demo.url}/namespaces/{target}/")
        expect(page.locator("h1")).to_have_text("seattle-weather-desk")
        for shut in ("Clone", "Settings"):
            tab = page.locator(".tabs").get_by_text(shut)
            expect(tab).to_contain_text("Your role")
            expect(page.get_by_role("link", name=shut, exact=True)).to_have_count(0)
        answer = page.goto(f"{demo.url}/namespaces/{target}/settings/")
        assert answer is not None
        assert answer.status == 403
        expect(page.locator("main")).to_contain_text("namespace:update")


def test_another_organizations_namespace_is_not_there(demo, visit):
    halden = demo.namespace("languages-of-the-world")
    page: Page = visit("admin")
    for path in ("", "settings/", "indexes/", "clone/", "audit/", "health/"):
        answer = page.goto(f"{demo.url}/namespaces/{halden['namespace_id']}/{path}")
        assert answer is not None
        assert answer.status == 404
        assert "languages" not in page.content()


def test_the_back_button_shows_whole_pages(demo, visit):
    page: Page = visit("member")
    page.goto(f"{demo.url}/namespaces/")
    page.fill("#q, input[name=search]", "weather")
    page.wait_for_url(re.compile("search=weather"))
    page.get_by_role("link", name="seattle-weather-desk").click()
    expect(page.locator("h1")).to_have_text("seattle-weather-desk")
    page.go_back()
    expect(page.locator("header.top")).to_be_visible()
    expect(page.locator("h1")).to_have_text("Namespaces")


def test_the_theme_is_remembered_by_the_server(demo, visit, scripted):
    page: Page = visit("viewer", script=scripted)
    page.goto(f"{demo.url}/namespaces/")
    root = page.locator("html")
    before = root.get_attribute("data-bs-theme")
    page.locator("header form[action='/theme/'] button").first.click()
    page.wait_for_timeout(300)
    page.reload()
    after = root.get_attribute("data-bs-theme")
    assert after in ("dark", "light")
    assert after != before


@pytest.mark.parametrize(
    "role", ["nobody", pytest.param("admin", marks=LATER), "viewer", "support"]
)
@pytest.mark.parametrize(
    "widths",
    [
        pytest.param((390, 1440), id="narrow light, wide dark"),
        pytest.param((1440, 390), id="wide light, narrow dark", marks=LATER),
    ],
)
def test_no_page_violates_axe_or_scrolls_sideways(
    demo: Demo,
    browser: Browser,
    signed_in: SignedIn,
    widths: tuple[int, int],
    role: str,
) -> None:
    context = browser.new_context(
        bypass_csp=True,  # axe is injected as a script; CSP has its own tests
        reduced_motion="reduce",  # a colour on its way is nobody's
        storage_state=signed_in(role),
    )
    page = context.new_page()
    found: list[str] = []
    for name, (who, path) in places(demo).items():
        if who != role:
            continue
        page.goto(demo.url + path)
        for width, faults in zip(widths, AXE, strict=True):
            page.set_viewport_size({"width": width, "height": 900})
            found += [f"{name}, {width}: {fault}" for fault in faults(page)]
            scroll = page.evaluate("document.documentElement.scrollWidth")
            if scroll > width:
                found.append(f"{name}: {scroll} px wide at {width}")
    context.close()
    assert not found, "\n".join(found)


@pytest.fixture
def bumpy(browser: Browser, signed_in: SignedIn) -> Iterator[Page]:
    """A page on which requests fail on purpose; htmx writes that to the console."""
    context = browser.new_context(storage_state=signed_in("admin"))
    yield context.new_page()
    context.close()


def test_a_note_goes_once_the_same_form_has_worked(demo: Demo, bumpy: Page):
    target = demo.namespace("seattle-weather-desk")["namespace_id"]
    bumpy.goto(f"{demo.url}/namespaces/{target}/settings/")
    bumpy.fill("textarea[name=description]", "Sent with a token that is too old.")
    bumpy.context.clear_cookies(name="csrftoken")
    bumpy.get_by_role("button", name="Preview plan").click()
    note = bumpy.locator("#messages .note")
    expect(note).to_contain_text("The form has expired. Send it again.")
    bumpy.get_by_role("button", name="Preview plan").click()
    expect(bumpy.locator("h1")).to_have_text("Review the plan")
    expect(note).to_have_count(0)


def test_a_note_goes_once_the_same_part_answers(demo: Demo, bumpy: Page):
    bumpy.goto(f"{demo.url}/namespaces/")
    bumpy.route("**/namespaces/?*", lambda route: route.fulfill(status=503, body=""))
    bumpy.fill("input[name=search]", "airports")
    note = bumpy.locator("#messages .note")
    expect(note).to_contain_text("The server answered 503")
    bumpy.unroute("**/namespaces/?*")
    bumpy.fill("input[name=search]", "air")
    expect(note).to_have_count(0)
