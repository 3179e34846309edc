"""The audit trail of a namespace."""

from nsadmin.audit import record
from nsadmin.audit.models import Outcome


def write(cast, *, summary, **more):
    """Write an event about Northlight's namespace."""
    return record.record(
        Outcome.DONE,
        action="namespace:update",
        summary=summary,
        actor=("user", "1", "mara@northlight.example"),
        organization_id=cast.northlight.organization_id,
        namespace_id=cast.own.namespace_id,
        namespace_name="film archive",
        **more,
    )


def test_shows_old_and_new(browse, own, cast):
    change = {"sentence": "Change the description.", "before": "Old.", "after": "New."}
    write(cast, summary="x", changes=[change], revision=2)
    text = browse("viewer").get(f"{own}audit/").content.decode()
    assert "Change the description." in text
    assert ">Old.</del>" in text
    assert ">New.</ins>" in text
    assert "mara@northlight.example" in text


def test_shows_only_the_keys_that_differ(browse, own, cast):
    before, after = {"gpu": "T4", "jobs": 3}, {"gpu": "A100", "jobs": 3}
    write(cast, summary="x", changes=[{"before": before, "after": after}])
    text = browse().get(f"{own}audit/").content.decode()
    assert "gpu A100" in text
    assert "jobs 3" not in text


def test_pages_to_older_ones(browse, own, cast):
    for number in range(27):
        write(cast, summary=f"Event number {number}.")
    client = browse()
    text = client.get(f"{own}audit/").content.decode()
    assert "Event number 26." in text
    assert "Event number 1." not in text
    before = text.split("?before=")[1].split('"')[0]
    older = client.get(f"{own}audit/?before={before}").content.decode()
    assert "Event number 1." in older
    assert client.get(f"{own}audit/?before=x").status_code == 200


def test_empty(browse, own):
    assert b"No change is recorded yet" in browse().get(f"{own}audit/").content


def test_foreign_wrong_method_signed_out(browse, own, foreign, client):
    assert browse().get(f"{foreign}audit/").status_code == 404
    assert browse().post(f"{own}audit/").status_code == 405
    assert client.get(f"{own}audit/").status_code == 302
