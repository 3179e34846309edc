"""The library of documents as a namespace of Northlight, and forms sent without script."""

import html
import re
from collections.abc import Iterator
from contextlib import contextmanager
from html.parser import HTMLParser
from typing import Any
from urllib.parse import urlencode

from django.test import Client

from nsadmin.access.models import Organization
from nsadmin.namespaces.mirror import mirror
from nsadmin.stores.mongo import namespaces as store
from nsadmin.stores.mongo.connection import collection
from tests.cast import Cast
from tests.documents.library import OWN, Library


@contextmanager
def listed(cast: Cast, library: Library, **fields: Any) -> Iterator[str]:
    """Make the library a namespace of Northlight; yield the address of its documents.

    Its collection stays for other tests: the namespace goes before the stores do.
    """
    Organization.objects.filter(pk=cast.northlight.pk).update(internal_id=OWN)
    raw = {
        **library.view.raw,
        "name_key": "library",
        "namespace_type": "standard",
        "scope": "org",
        "created_at": library.view.as_of.replace(microsecond=0),
        "updated_at": library.view.as_of.replace(microsecond=0),
        "revision": 1,
        "observed_revision": 1,
        "changes": [],
        **fields,
    }
    store.insert(raw)
    mirror.mirror_one(raw)
    try:
        yield f"/namespaces/{library.name}/documents/"
    finally:
        collection(store.NAME).delete_many({"_id": raw["_id"]})


class _Forms(HTMLParser):
    """The controls of one form in their order, as a browser without script has them."""

    def __init__(self, label: str) -> None:
        super().__init__()
        self.label = label
        self.inside = False
        self.select = ""
        self.pairs: list[tuple[str, str]] = []
        self.autofocus = ""

    def handle_starttag(self, tag: str, given: list[tuple[str, str | None]]) -> None:
        values = {key: value or "" for key, value in given}
        if tag == "form":
            self.inside = self.label in values.get("class", "").split()
        if not self.inside:
            return
        if tag == "input" and "name" in values:
            is_box = values.get("type") == "checkbox"
            if not is_box or "checked" in values:
                self.pairs.append((values["name"], values.get("value", "")))
            if "autofocus" in values:
                self.autofocus = values["id"]
        if tag == "select":
            self.select = values["name"]
            self.pairs.append((self.select, ""))
        if tag == "option" and self.select:
            is_first = self.pairs[-1][1] == ""
            if is_first or "selected" in values:
                self.pairs[-1] = (self.select, values.get("value", ""))

    def handle_endtag(self, tag: str) -> None:
        if tag == "select":
            self.select = ""
        if tag == "form":
            self.inside = False


class FilterForm:
    """The filter of a page, filled in and sent as a person without script does."""

    def __init__(self, client: Client, address: str) -> None:
        self.client, self.path = client, address.partition("?")[0]
        self.see(client.get(address).content.decode())

    def see(self, text: str) -> None:
        """Take over the form of a page."""
        self.text = text
        self.form = _Forms("conditions")
        self.form.feed(text)

    @property
    def pairs(self) -> list[tuple[str, str]]:
        return self.form.pairs

    def fill(self, name: str, value: str, *, row: int = 0) -> None:
        """Type into the control of that name in a row."""
        at = [n for n, (key, _) in enumerate(self.pairs) if key == "f"][row]
        place = next(n for n in range(at, len(self.pairs)) if self.pairs[n][0] == name)
        self.pairs[place] = (name, value)

    def press(self, name: str = "", value: str = "") -> int:
        """Send the form by a button; the page that comes is seen next."""
        pairs = [*self.pairs, (name, value)] if name else self.pairs
        self.address = f"{self.path}?{urlencode(pairs)}"
        response = self.client.get(self.address)
        self.see(response.content.decode())
        return response.status_code


def asked(address: str, *pairs: tuple[str, str]) -> str:
    """Return the address with pairs of a filter."""
    return f"{address}?{urlencode(pairs)}"


def text_of(response: Any) -> str:
    """Return the page as a browser reads it."""
    return html.unescape(response.content.decode())


def ids(text: str) -> list[str]:
    """Return the documents that the rows of a page lead to."""
    return re.findall(r"<bdi>(doc_\d+)</bdi></a>", text)
