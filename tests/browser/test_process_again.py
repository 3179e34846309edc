"""An extractor is appended, its vectors asked for, and the request cancelled."""

from playwright.sync_api import Page, expect


def test_an_appended_extractor_is_asked_for_and_cancelled(demo, visit, scripted):
    target = demo.namespace("labour-market-clips")["namespace_id"]
    name = "face_identity_extractor" if scripted else "audio_fingerprint_extractor"
    at = f"{demo.url}/namespaces/{target}/"
    page: Page = visit("member", script=scripted)
    page.goto(f"{at}extractors/")
    page.check(f"input[name=extractor][value={name}_v1]")
    page.get_by_role("button", name="Preview plan").click()
    page.locator("button[value=confirm]").click()
    expect(page.locator("#messages")).to_contain_text(f"Extractor {name} appended")
    page.goto(at)
    note = page.get_by_label(f"{name} v1 is missing from every point")
    expect(note).to_contain_text("On 0 of")
    note.get_by_role("link", name="Process again").click()
    expect(page.locator("h1")).to_have_text(f"Process again with {name} v1?")
    expect(page.locator("main")).to_contain_text("No platform is connected")
    page.get_by_role("button", name="Process again").click()
    expect(page.locator("#messages")).to_contain_text("so the request waits")
    card = page.locator("#process-again")
    expect(card).to_contain_text("Requested")
    page.goto(at)
    expect(page.get_by_label(f"Processing again with {name}_v1")).to_be_visible()
    page.goto(f"{at}extractors/")
    card.get_by_role("button", name="Cancel the request").first.click()
    expect(page.locator("#messages")).to_contain_text("The request is cancelled.")
