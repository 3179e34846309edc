"""The tier page: now and wanted, preflight, plan, and a key that never shows."""

import html
import re

import pytest

from nsadmin.access.models import Organization
from nsadmin.namespaces.change import commit
from nsadmin.namespaces.placement import clusters
from nsadmin.namespaces.schema import document
from nsadmin.namespaces.schema.patch import parse_patch
from nsadmin.pages.namespace.forms.tier import TierForm
from nsadmin.stores.mongo import namespaces as store
from nsadmin.stores.qdrant import collections
from tests.cast import make_namespace
from tests.dedicated import KEY, RAY
from tests.pages.conftest import HTMX
from tests.pages.plans import edit_address, plan_address
from tests.people import PASSWORD

SURE = {"step_up_password": PASSWORD}


@pytest.fixture
def page(own):
    return f"{own}infrastructure/"


def hidden(text):
    found = re.findall(r'<input type="hidden" name="([^"]+)" value="([^"]*)">', text)
    return {k: html.unescape(v) for k, v in found if k != "csrfmiddlewaretoken"}


def wanted(own_cluster, **more):
    return {
        "compute_tier": "dedicated_cpu",
        "qdrant_url": own_cluster.url,
        "qdrant_api_key": KEY,
        "ray_head_node_url": RAY,
        "autoscaling_enabled": "on",
        "step_up_password": PASSWORD,
        **more,
    }


def text_of(response, status=200):
    text = response.content.decode()
    assert response.status_code == status, text
    assert KEY not in text
    assert KEY not in str(response.headers)
    return text


def test_an_admin_sees_now_and_wanted_side_by_side(browse, page):
    text = text_of(browse().get(page))
    assert "Current and new" in text
    assert "Preview plan" in text
    assert "Not set" in text
    assert 'aria-current="page">Tier' in text


@pytest.mark.parametrize("role", ["viewer", "member", "support"])
def test_who_may_not_change_it_reads_it(cast, browse, page, role):
    cast.open_sessions()
    text = text_of(browse(role).get(page))
    assert "You can view this, not change it" in text
    assert "<fieldset disabled>" in text
    assert "Preview plan" not in text
    assert 'id="preflight"' not in text
    assert "Check" not in text_of(browse(role).get(f"{page}?check=1"))


def test_without_the_enterprise_plan_it_says_so(browse, page, cast):
    Organization.objects.filter(pk=cast.northlight.pk).update(plan="pro")
    text = text_of(browse().get(page))
    assert "Dedicated tiers need the Enterprise subscription" in text
    assert "Northlight Media is on Pro" in text
    assert "<form" not in text.partition('id="change"')[2]
    answer = browse().post(
        page, {"max_concurrent_jobs": "3", "step_up_password": PASSWORD}
    )
    assert answer.status_code in (403, 422)
    assert store.get(cast.own.namespace_id)["revision"] == 1


def test_confirming_asks_for_the_password_and_planning_does_not(
    browse, page, own_cluster, cast
):
    own_cluster.receive(cast.own)
    fields = wanted(own_cluster)
    del fields["step_up_password"]
    client = browse()
    shown = text_of(client.post(page, fields, follow=True))
    assert "Review the plan" in shown
    assert "Store the Qdrant API key" in shown
    sent = {**hidden(shown), "step": "confirm"}
    asked = text_of(client.post(plan_address(shown), sent), 422)
    assert f'action="{plan_address(shown)}"' in asked
    assert store.get(cast.own.namespace_id)["revision"] == 1
    again = {**hidden(asked), **SURE}
    assert client.post(plan_address(shown), again).status_code in (302, 303)
    assert store.get(cast.own.namespace_id)["revision"] == 2


def test_an_empty_namespace_goes_the_whole_way(browse, own_cluster, cast):
    bare = make_namespace(cast.northlight, "bare", point_count=0)
    page = f"/namespaces/{bare.namespace_id}/infrastructure/"
    client = browse()
    shown = text_of(client.post(page, wanted(own_cluster), follow=True))
    assert "No vectors to move" in shown
    assert "Create the collection with the vector" in shown
    done = client.post(
        plan_address(shown), {**hidden(shown), "step": "confirm", **SURE}
    )
    assert done.status_code == 303
    raw = store.get(bare.namespace_id)
    assert raw["observed_revision"] == raw["revision"] == 2
    assert collections.get(own_cluster.cluster, bare.collection) is not None


def test_the_whole_way_and_the_key_is_never_shown(browse, page, own_cluster, cast):
    own_cluster.receive(cast.own)
    client = browse()
    shown = text_of(client.post(page, wanted(own_cluster), follow=True))
    assert "Key can read and write" in shown
    assert "Vectors are already there" in shown
    assert store.get(cast.own.namespace_id)["revision"] == 1
    done = client.post(
        plan_address(shown), {**hidden(shown), "step": "confirm", **SURE}
    )
    assert done.status_code == 303
    namespace = document.read(store.get(cast.own.namespace_id))
    assert clusters.stored_key(namespace).reveal() == KEY
    after = text_of(client.get(page))
    assert "Blank keeps the stored key" in after
    assert "Dedicated CPU" in after
    text_of(client.get(done.headers["Location"]))
    more = {**wanted(own_cluster, max_workers="3"), "qdrant_api_key": ""}
    kept = client.post(page, more, follow=True)
    text = text_of(kept)
    assert "maximum number of workers" in text
    assert (
        "API key" not in text.partition("Steps, in this order")[2].partition("dock")[0]
    )


def test_back_to_editing_keeps_the_key_for_its_address_alone(
    browse, page, own_cluster, cast
):
    own_cluster.receive(cast.own)
    client = browse()
    shown = text_of(client.post(page, wanted(own_cluster), follow=True))
    edited = text_of(client.get(edit_address(shown)))
    assert "Entered; blank keeps what you entered" in edited
    held = hidden(edited)["key_held"]
    same = wanted(own_cluster, qdrant_api_key="", key_held=held)
    assert "Store the Qdrant API key" in text_of(client.post(page, same, follow=True))
    elsewhere = {**same, "qdrant_url": "https://evil.example:6333"}
    assert "Enter the key again" in text_of(
        client.post(page, elsewhere, follow=True), 422
    )
    other = browse()
    assert "Enter the key again" in text_of(other.post(page, same, follow=True), 422)


def test_what_blocks_can_be_previewed_and_not_confirmed(
    browse, page, own_cluster, cast
):
    own_cluster.receive(cast.own, leave_out=1)
    client = browse()
    shown = text_of(client.post(page, wanted(own_cluster), follow=True))
    assert "Blocked: The collection&#x27;s name is taken there" in shown
    assert "Holds" not in shown
    assert 'value="confirm"' not in shown
    forced = client.post(
        plan_address(shown), {**hidden(shown), "step": "confirm", **SURE}
    )
    text = text_of(forced, 409)
    assert "3 points here, 2 there" in text
    edited = text_of(client.get(edit_address(text)))
    assert "Entered; blank keeps what you entered" in edited


@pytest.mark.parametrize("headers", [{}, HTMX], ids=["page", "fragment"])
def test_checking_again_looks_and_keeps_the_input(browse, page, own_cluster, headers):
    fields = wanted(own_cluster, step="check")
    text = text_of(browse().post(page, fields, headers=headers))
    assert "3 points are moved by a job" in text
    assert ("<html" in text) == (not headers)
    assert own_cluster.url in text
    assert "Entered; blank keeps what you entered" in text


def test_the_fragment_looks_at_what_runs_now(browse, page):
    text = text_of(browse().get(f"{page}?check=1", headers=HTMX))
    assert text.lstrip().startswith("<section")
    assert "Vectors stay where they are" in text
    assert "Writing is tested" in text


def test_faults_stand_beside_their_fields_with_the_input_kept(browse, page):
    fields = {
        "compute_tier": "shared",
        "min_workers": "12",
        "max_workers": "8",
        "max_concurrent_jobs": "2000",
        "step_up_password": PASSWORD,
    }
    text = text_of(browse().post(page, fields, follow=True), 422)
    assert 'id="id_max_concurrent_jobs_error"' in text
    assert 'value="2000"' in text
    fields["max_concurrent_jobs"] = "20"
    text = text_of(browse().post(page, fields, follow=True), 422)
    assert "“At least” (12) exceeds “At most” (8)." in text


def test_no_numbers_and_no_tier_are_told(browse, page):
    fields = {"compute_tier": "x", "max_workers": "y", "step_up_password": PASSWORD}
    text = text_of(browse().post(page, fields, follow=True), 422)
    assert "Two fields need a correction" in text


def test_the_page_says_what_becomes_of_an_entered_key(browse, page, own_cluster):
    fields = wanted(own_cluster, min_workers="12", max_workers="8", step="check")
    text = text_of(browse().post(page, fields), 422)
    assert "Your key is kept for this address, sealed." in text
    assert "Not checked until this is correct:" in text
    assert 'href="#id_min_workers"' in text.partition('id="preflight"')[2]
    wrong = {**fields, "qdrant_url": "http://127.0.0.1:22"}
    text = text_of(browse().post(page, wrong), 422)
    assert "Enter the key again with the corrected address" in text
    assert "Your key is kept" not in text
    assert "Not checked until these are correct:" in text


def test_a_choice_says_that_it_moves_points(browse, page):
    text = text_of(browse().get(page))
    assert "99.9 %, own models. A job moves 3 points first" in text
    assert "best effort. A job" not in text


def fault_of(text, field):
    """What stands beside a field; empty where nothing does."""
    found = re.search(rf'id="id_{field}_error">(.*?)</div>', text, re.DOTALL)
    return html.unescape(re.sub(r"<[^>]+>", "", found[1])).strip() if found else ""


REFUSED = {
    "http://127.0.0.1:22": "Port 22 is not allowed.",
    "http://user:pw@127.0.0.1:6333": "must not contain a user name or password.",
    "http://127.0.0.1:26000/path?x=1": "The address must end after the port.",
}


@pytest.mark.parametrize("step", ["preview", "check"])
def test_a_refused_address_is_told_beside_the_address(browse, page, own_cluster, step):
    for url, reason in REFUSED.items():
        client, fields = browse(), wanted(own_cluster, qdrant_url=url, step=step)
        text = text_of(client.post(page, fields), 422)
        assert reason in fault_of(text, "qdrant_url")
        assert not fault_of(text, "qdrant_api_key")
        held = {"qdrant_api_key": "", "key_held": hidden(text)["key_held"]}
        moved = {**fields, **held, "qdrant_url": own_cluster.url}
        text = text_of(client.post(page, moved), 422)
        assert fault_of(text, "qdrant_api_key").startswith("Enter the key again")
        assert not fault_of(text, "qdrant_url")


def test_a_key_without_use_is_not_asked_for_again(browse, page):
    fields = {"compute_tier": "shared", "qdrant_url": "", "qdrant_api_key": KEY}
    text = text_of(
        browse().post(page, {**fields, "step_up_password": PASSWORD}, follow=True), 422
    )
    assert "uses the platform's cluster" in fault_of(text, "qdrant_api_key")


@pytest.fixture
def sent_again(own_cluster, cast, page):
    """The form of a namespace on the dedicated CPU tier, as a browser sends it."""
    own_cluster.receive(cast.own)
    given = own_cluster.body(max_custom_models=3, description="A remark.")
    patch = parse_patch({"infrastructure": given})
    commit.commit(cast.actor(), cast.own.namespace_id, patch)

    def fields(client, **more):
        text = text_of(client.get(page))
        form = TierForm.filled(document.read(store.get(cast.own.namespace_id)))
        values = {name: form[name].value() for name in form.fields}
        kept = {k: "" if v is None else v for k, v in values.items()}
        return {**kept, **hidden(text), "step_up_password": PASSWORD, **more}

    return fields


@pytest.mark.parametrize(
    "field",
    ["min_workers", "max_workers", "max_concurrent_jobs", "max_custom_models"],
)
def test_an_emptied_number_is_asked_for(browse, page, sent_again, field):
    client = browse()
    text = text_of(
        client.post(page, sent_again(client, **{field: ""}), follow=True), 422
    )
    assert fault_of(text, field) == "Enter a whole number."
    assert "One field needs a correction" in text


def test_an_emptied_address_is_asked_for_where_the_tier_needs_it(
    browse, page, sent_again
):
    client = browse()
    text = text_of(
        client.post(page, sent_again(client, qdrant_url=""), follow=True), 422
    )
    assert fault_of(text, "qdrant_url") == "Dedicated CPU needs “Qdrant address”."


def test_an_emptied_remark_is_taken_away(browse, page, sent_again):
    client = browse()
    text = text_of(client.post(page, sent_again(client, description=""), follow=True))
    assert "Review the plan" in text
    assert "One step would change" in text


def test_all_wrong_numbers_are_told_at_once(browse, page, sent_again):
    client = browse()
    wrong = {
        "min_workers": "",
        "max_workers": "1000",
        "max_concurrent_jobs": "many",
        "max_custom_models": "-1",
        "max_custom_plugins": "1.5",
    }
    text = text_of(client.post(page, sent_again(client, **wrong), follow=True), 422)
    for field in wrong:
        assert fault_of(text, field), field
    assert "Five fields need a correction" in text


def test_only_what_was_touched_differs_beside_a_wrong_number(browse, page, sent_again):
    client = browse()
    fields = sent_again(client, max_workers="999", max_custom_plugins="0")
    text = text_of(client.post(page, fields, follow=True), 422)
    assert fault_of(text, "max_workers") == "At most 100."
    assert text.count("is-changed") == 1
    assert "One setting differs" in text


@pytest.mark.parametrize(
    ("more", "said"),
    [
        (
            {"compute_tier": "dedicated_gpu", "gpu_type": "x" * 65},
            "It may have at most 64 characters; it has 65.",
        ),
        (
            {"ray_head_node_url": f"https://example.org/{'x' * 4000}"},
            "It may have at most 255 characters; it has 4,020.",
        ),
    ],
)
def test_a_text_that_is_too_long_is_said_in_our_words(
    browse, page, own_cluster, more, said
):
    text = text_of(browse().post(page, wanted(own_cluster, **more), follow=True), 422)
    assert said in text
    assert "String should" not in text
