"""Sealed secrets open only where they belong, and never show themselves."""

import dataclasses

import pytest

from nsadmin.errors import Unavailable
from nsadmin.stores.seal import Binding, Secret, seal, unseal

HERE = Binding("int_1", "ns_1", "qdrant_api_key", "https://q.example:6333")
OTHER_KEY = "t2:" + "B" * 43 + "="


def test_a_secret_comes_back():
    assert unseal(seal(Secret("s3cret ünï"), HERE), HERE).reveal() == "s3cret ünï"


@pytest.mark.parametrize(
    "part", ["internal_id", "namespace_id", "field", "destination"]
)
def test_it_is_bound_to_where_it_belongs(part):
    sealed = seal(Secret("s3cret"), HERE)
    with pytest.raises(Unavailable) as refused:
        unseal(sealed, dataclasses.replace(HERE, **{part: "elsewhere"}))
    assert "s3cret" not in str(refused.value)
    assert sealed["box"] not in str(refused.value)


def test_parts_cannot_be_shifted_into_each_other():
    one = Binding("a", "b,c", "d", "e")
    two = Binding("a,b", "c", "d", "e")
    with pytest.raises(Unavailable):
        unseal(seal(Secret("x"), one), two)


def test_a_changed_box_does_not_open():
    sealed = seal(Secret("s3cret"), HERE)
    flipped = sealed["box"][:-4] + ("AAAA" if sealed["box"][-4:] != "AAAA" else "BBBB")
    for broken in ({**sealed, "box": flipped}, {"kid": "t1"}, {"kid": "gone"}, {}):
        with pytest.raises(Unavailable):
            unseal(broken, HERE)


def test_older_keys_still_open_and_the_first_seals(settings):
    old = seal(Secret("s3cret"), HERE)
    settings.NSADMIN_SEAL_KEYS = [OTHER_KEY, *settings.NSADMIN_SEAL_KEYS]
    assert unseal(old, HERE).reveal() == "s3cret"
    assert seal(Secret("s3cret"), HERE)["kid"] == "t2"
    settings.NSADMIN_SEAL_KEYS = [OTHER_KEY]
    with pytest.raises(Unavailable):
        unseal(old, HERE)


def test_without_a_key_nothing_is_sealed(settings):
    settings.NSADMIN_SEAL_KEYS = []
    with pytest.raises(Unavailable):
        seal(Secret("s3cret"), HERE)


def test_a_secret_hides_itself():
    secret = Secret("s3cret")
    shown = f"{secret} {secret!r} {[secret]}"
    assert "s3cret" not in shown
