"""SAML: an assertion counts if it is signed, for us, for our question, and once."""

import base64
import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from hashlib import sha256
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest
from allauth.socialaccount.models import SocialAccount
from django.core.cache import cache
from django.test import Client
from lxml import etree

from nsadmin.access.models import Membership, User
from nsadmin.checks import identity_providers
from tests.cast import Cast
from tests.sso import saml_provider
from tests.sso.conftest import DOMAIN, begin, said, user_of
from tests.sso.saml_provider import (
    CERTIFICATE,
    EMAIL_FORMAT,
    OTHER_CERTIFICATE,
    OTHER_KEY,
    TRANSIENT,
    Answer,
    Question,
)

ACS, FINISH = "/accounts/sso/nl/acs/", "/accounts/sso/nl/acs/finish/"
NORA = {"email": f"nora@{DOMAIN}", "displayName": "Nora Lindqvist"}


@pytest.fixture
def saml(settings, rule, tmp_path):
    """Write the setting; arguments change the provider."""

    def write(text: str = "", **changes: Any) -> None:
        file = tmp_path / f"metadata-{len(list(tmp_path.iterdir()))}.xml"
        file.write_text(text or saml_provider.metadata())
        entry = {
            "id": "nl",
            "name": "Northlight ID",
            "kind": "saml",
            "metadata_file": str(file),
            "domains": [rule],
            **changes,
        }
        settings.NSADMIN_SSO = json.dumps([entry])

    write()
    return write


def asked(client: Client) -> Question:
    """Begin, and return what the provider is asked."""
    return saml_provider.read(begin(client).headers["Location"])


def sent(client: Client, answer: Answer | str) -> str:
    """Send the form as a browser on the provider's site does; return where it leads.

    Its request has none of our cookies, and those of our answer are kept.
    """
    given = answer.encoded() if isinstance(answer, Answer) else answer
    foreign = Client(enforce_csrf_checks=True)
    put = foreign.post(ACS, {"SAMLResponse": given, "RelayState": "//evil.example/"})
    assert (put.status_code, put.headers["Location"]) == (303, FINISH)
    client.cookies.update(put.cookies)
    return client.get(FINISH).headers["Location"]


def told(answer: Answer) -> Answer:
    answer.attributes = answer.attributes or NORA
    return answer


def refused(client: Client, answer: Answer | str) -> None:
    assert sent(client, answer) == "/accounts/login/"
    assert user_of(client) is None
    assert "did not confirm who you are" in said(client)
    assert not SocialAccount.objects.exists()


@pytest.mark.parametrize("signed", ["assertion", "response"])
def test_a_first_sign_in_makes_a_member(saml, cast: Cast, signed: str) -> None:
    client = Client()
    begun = client.post("/accounts/sso/nl/start/", {"next": "/jobs/"})
    question = saml_provider.read(begun.headers["Location"])
    assert not question.is_forced
    assert question.issuer == "http://testserver/accounts/sso/nl/metadata/"
    assert sent(client, told(Answer(question, signed=signed))) == "/jobs/"
    user = User.objects.get(email=f"nora@{DOMAIN}")
    assert (user_of(client), user.name) == (user.pk, "Nora Lindqvist")
    assert Membership.objects.get(user=user).organization == cast.northlight
    assert SocialAccount.objects.get().uid == "nora-1"
    assert SocialAccount.objects.get().extra_data == {}
    assert "saml-answer" not in {n for n, c in client.cookies.items() if c.value}


@pytest.mark.parametrize(
    "lie",
    [
        {"signed": "nothing"},
        {"key": OTHER_KEY},
        {"key": OTHER_KEY, "certificate": OTHER_CERTIFICATE},
        {"digest": "sha1"},
        {"audience": "https://elsewhere.example"},
        {"audience": ""},
        {"recipient": "https://elsewhere.example/acs/"},
        {"recipient": ""},
        {"destination": "https://elsewhere.example/acs/"},
        {"issuer": "https://elsewhere.example"},
        {"in_response_to": "ONELOGIN_unknown"},
        {"in_response_to": ""},
        {"inner_in_response_to": "ONELOGIN_unknown"},
        {"inner_in_response_to": ""},
        {"valid_s": -1000, "began_s": -2000},
        {"valid_s": -1},
        {"began_s": 3000, "valid_s": 4000},
        {"status": "Requester"},
        {"name_format": TRANSIENT},
        {"name_id": ""},
        {"name_id": "x" * 192},
        {"name_id": "no\x85ra"},
    ],
    ids=" ".join,
)
def test_a_wrong_assertion_opens_nothing(saml, nora: User, lie) -> None:
    client = Client()
    refused(client, told(Answer(asked(client), **lie)))


@pytest.mark.parametrize(
    "answer", ["x", "%%%", base64.b64encode(b"<x>").decode(), "A" * 300_000]
)
def test_what_is_no_answer_opens_nothing(saml, nora: User, answer: str) -> None:
    client = Client()
    asked(client)
    refused(client, answer)


def test_entities_of_a_document_are_not_expanded(saml, nora: User) -> None:
    bomb = b'<!DOCTYPE x [<!ENTITY a "aaaa"><!ENTITY b "&a;&a;">]><x>&b;</x>'
    client = Client()
    asked(client)
    refused(client, base64.b64encode(bomb).decode())


def test_an_answer_counts_once(saml, nora: User) -> None:
    client = Client()
    answer = told(Answer(asked(client))).encoded()
    sent(client, answer)
    assert user_of(client) == nora.pk
    client.post("/accounts/logout/")
    assert sent(client, answer) == "/accounts/login/"
    assert user_of(client) is None


def test_an_assertion_counts_once_even_for_the_same_question(saml, nora: User) -> None:
    client = Client()
    question = asked(client)
    session = dict(client.session.items())
    answer = told(Answer(question)).encoded()
    sent(client, answer)
    assert user_of(client) == nora.pk
    again = Client()
    begin(again)
    stored = again.session
    stored["socialaccount_states"] = session["socialaccount_states"]
    stored.save()
    assert sent(again, answer) == "/accounts/login/"
    assert user_of(again) is None


def test_an_answer_to_another_session_opens_nothing(saml, nora: User) -> None:
    answer = told(Answer(asked(Client())))
    victim = Client()
    asked(victim)
    refused(victim, answer)


def test_an_answer_without_a_question_opens_nothing(saml, nora: User) -> None:
    question = asked(Client())
    unasked = told(Answer(question, in_response_to="", inner_in_response_to=""))
    refused(Client(), unasked)


def test_a_signed_assertion_in_a_forged_answer_to_our_question(saml, nora) -> None:
    """A stolen assertion is put below an answer that names the thief's question."""
    stolen = told(Answer(asked(Client())))
    thief = Client()
    stolen.in_response_to = asked(thief).request_id
    refused(thief, stolen)


def test_a_second_assertion_beside_the_signed_one(saml, nora: User) -> None:
    """Signature wrapping: the signed one is hidden where nobody reads it."""
    client = Client()
    question = asked(client)
    honest = etree.fromstring(told(Answer(question, name_id="eve-1")).document())
    forged = etree.fromstring(
        Answer(question, attributes=NORA, signed="nothing").document()
    )
    space = {"a": "urn:oasis:names:tc:SAML:2.0:assertion"}
    signed = honest.find("a:Assertion", space)
    for hidden in (False, True):
        wrapped = etree.fromstring(etree.tostring(forged))
        target = wrapped
        if hidden:
            status = wrapped.find("{urn:oasis:names:tc:SAML:2.0:protocol}Status")
            target = etree.SubElement(
                status, "{urn:oasis:names:tc:SAML:2.0:protocol}StatusDetail"
            )
        target.append(etree.fromstring(etree.tostring(signed)))
        refused(client, base64.b64encode(etree.tostring(wrapped)).decode())


def test_a_comment_does_not_shorten_an_address(saml, nora: User) -> None:
    client = Client()
    answer = Answer(
        asked(client), attributes={"email": f"{NORA['email']}<!-- -->.evil.example"}
    )
    assert sent(client, answer) == "/accounts/login/"
    assert user_of(client) is None
    assert "is not set up for the domain of your address" in said(client)


def test_an_attribute_with_several_addresses_names_nobody(saml, nora: User) -> None:
    client = Client()
    both = {"email": [NORA["email"], "eve@elsewhere.example"]}
    sent(client, Answer(asked(client), attributes=both))
    assert user_of(client) is None


def test_the_address_may_be_the_name_id(saml, nora: User) -> None:
    client = Client()
    plain = Answer(asked(client), name_id=nora.email, name_format=EMAIL_FORMAT)
    assert sent(client, plain) == "/"
    assert user_of(client) == nora.pk


def test_attributes_may_have_names_of_the_operator(saml, nora: User) -> None:
    saml(email_attribute="urn:x:mail", subject_attribute="urn:x:number")
    client = Client()
    named = {"urn:x:mail": nora.email, "urn:x:number": "4711"}
    sent(client, Answer(asked(client), name_format=TRANSIENT, attributes=named))
    assert user_of(client) == nora.pk
    assert SocialAccount.objects.get().uid == "4711"


def test_an_address_that_the_provider_does_not_vouch_for(saml, nora: User) -> None:
    client = Client()
    attributes = {**NORA, "email_verified": "false"}
    assert sent(client, Answer(asked(client), attributes=attributes)) != "/"
    assert user_of(client) is None


def test_either_of_two_certificates_signs(saml, nora: User) -> None:
    """A provider that changes its key publishes both for a while."""
    saml(saml_provider.metadata(CERTIFICATE, OTHER_CERTIFICATE))
    client = Client()
    answer = Answer(asked(client), key=OTHER_KEY, certificate=OTHER_CERTIFICATE)
    sent(client, told(answer))
    assert user_of(client) == nora.pk


@pytest.mark.parametrize(
    "text",
    [
        "<x/>",
        "not xml",
        '<!DOCTYPE x [<!ENTITY a "b">]><x>&a;</x>',
        saml_provider.metadata().replace("X509Certificate>", "Y>"),
        saml_provider.metadata(sign_in="javascript:alert(1)"),
    ],
    ids=["empty", "no xml", "entities", "no certificate", "no address"],
)
def test_metadata_of_another_shape_is_refused(saml, text: str) -> None:
    saml(text, public=True)
    client = Client()
    assert begin(client).headers["Location"] == "/accounts/login/"
    assert "did not confirm who you are" in said(client)
    assert [each.id for each in identity_providers()] == ["nsadmin.E040"]


def test_our_metadata_names_where_answers_go(saml) -> None:
    response = Client().get("/accounts/sso/nl/metadata/")
    assert response.headers["Content-Type"] == "application/xml"
    document = etree.fromstring(response.content)
    assert document.get("entityID") == "http://testserver/accounts/sso/nl/metadata/"
    space = {"md": "urn:oasis:names:tc:SAML:2.0:metadata"}
    service = document.find(".//md:AssertionConsumerService", space)
    assert service.get("Location") == f"http://testserver{ACS}"


def test_an_unknown_provider_is_not_there(saml) -> None:
    client = Client()
    for path in ("acs/finish/", "metadata/"):
        assert client.get(f"/accounts/sso/gone/{path}").status_code == 404
    for path in ("acs/", "start/"):
        assert client.post(f"/accounts/sso/gone/{path}").status_code == 404
    assert client.get("/accounts/sso/nl/callback/").status_code == 404


def test_the_cookie_of_an_answer_is_for_us_alone(saml) -> None:
    client = Client()
    given = {"SAMLResponse": told(Answer(asked(client))).encoded()}
    cookie = Client().post(ACS, given).cookies["saml-answer"]
    assert (cookie["path"], cookie["samesite"]) == (FINISH, "Lax")
    assert cookie["httponly"]
    assert 0 < cookie["max-age"] <= 300


def test_metadata_of_an_address_is_kept_while_it_is_away(saml, nora: User) -> None:
    served = saml_provider.metadata().encode()
    with serving(served) as address:
        saml(metadata_file="", metadata_url=address)
        client = Client()
        assert sent(client, told(Answer(asked(client)))) == "/"
    assert asked(Client()).acs == f"http://testserver{ACS}"
    key = f"sso:metadata:{sha256(f'{address} '.encode()).hexdigest()}"
    cache.set(key, {**cache.get(key), "at": 0})
    assert asked(Client()).acs == f"http://testserver{ACS}"
    cache.delete(key)
    assert begin(Client()).headers["Location"] == "/accounts/login/"


def test_metadata_that_is_huge_is_not_read(saml) -> None:
    with serving(saml_provider.metadata().encode() + b" " * (2 << 20)) as address:
        saml(metadata_file="", metadata_url=address)
        assert begin(Client()).headers["Location"] == "/accounts/login/"


@contextmanager
def serving(body: bytes) -> Iterator[str]:
    """An address that answers with the body."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(200)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            with suppress(OSError):
                self.wfile.write(body)

        def log_message(self, *_arguments: object) -> None:
            """Say nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True)
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}/metadata"
    server.shutdown()
    server.server_close()
    thread.join()
