"""The setting NSADMIN_SSO: what it takes, and what its faults say without a secret."""

import json
from pathlib import Path
from typing import Any

import pytest

from nsadmin.access.providers.definition import OidcProvider, SamlProvider
from nsadmin.access.providers.reading import UnreadableProviders, read
from nsadmin.checks import identity_providers
from nsadmin.observability.scrubbing import scrubbed

SECRET = "s3cret-of-acme"


def entry(**changes: Any) -> dict[str, Any]:
    return {
        "id": "acme",
        "name": "Acme",
        "kind": "oidc",
        "server_url": "https://login.acme.example",
        "client_id": "nsadmin",
        "client_secret": SECRET,
        "domains": [{"domain": "Acme.example", "organization_id": "org_1"}],
        **changes,
    }


def faults(*entries: Any) -> str:
    with pytest.raises(UnreadableProviders) as raised:
        read(json.dumps(list(entries)))
    said = " ".join(raised.value.faults)
    assert SECRET not in said
    assert SECRET not in repr(raised.value)
    return said


def test_nothing_is_configured_by_default() -> None:
    assert read("") == ()


def test_a_list_is_read_with_the_careful_defaults() -> None:
    (found,) = read(json.dumps([entry()]))
    assert isinstance(found, OidcProvider)
    (rule,) = found.domains
    assert rule.domain == "acme.example"
    assert (rule.role, rule.provision, rule.required) == ("viewer", False, False)
    assert (found.public, found.second_factor) == (False, "own")
    assert found.email_verified == "claim"
    assert found.secret == SECRET
    assert SECRET not in repr(found) + str(found)


def test_a_file_is_read_and_a_secret_may_be_in_another(tmp_path: Path) -> None:
    secret, listed = tmp_path / "secret", tmp_path / "sso.json"
    secret.write_text(f"{SECRET}\n")
    made = entry(client_secret_file=str(secret))
    del made["client_secret"]
    listed.write_text(json.dumps([made]))
    (found,) = read(str(listed))
    assert isinstance(found, OidcProvider)
    assert found.secret == SECRET


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"id": "Acme!"}, "NSADMIN_SSO[0].id"),
        ({"kind": "ldap"}, "kind"),
        ({"server_url": "http://login.acme.example"}, "not a URL with https"),
        ({"server_url": "login.acme.example"}, "not a URL with https"),
        ({"origins": ["https://*.acme.example"]}, "must be origins"),
        ({"origins": ["https://a.example; script-src *"]}, "must be origins"),
        ({"origins": ["https://a.example/x"]}, "must be origins"),
        ({"domains": []}, "NSADMIN_SSO[0].domains"),
        ({"client_secret": ""}, "client_secret or client_secret_file"),
        ({"client_secret": "", "client_secret_file": "/none"}, "cannot be read"),
        ({"client_secret": "x" * 192}, "longer than 191"),
        ({"second_factor": "none"}, "second_factor"),
        ({"public": "yes"}, "NSADMIN_SSO[0].public"),
        ({"secret": SECRET}, "NSADMIN_SSO[0].secret"),
        ({"name": "x" * 41}, "NSADMIN_SSO[0].name"),
    ],
    ids=str,
)
def test_a_fault_names_its_place(changes: dict[str, Any], words: str) -> None:
    assert words in faults(entry(**changes))


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"domain": "*.acme.example"}, "is not the name of a domain"),
        ({"domain": "acme"}, "is not the name of a domain"),
        ({"domain": "bücher.example"}, "is not the name of a domain"),
        ({"role": "platform_admin"}, "role"),
        ({"role": "support"}, "role"),
        ({"organization_id": ""}, "organization_id"),
        ({"required": 1}, "required"),
    ],
    ids=str,
)
def test_a_fault_of_a_domain_names_its_place(changes: Any, words: str) -> None:
    rule = {"domain": "acme.example", "organization_id": "org_1", **changes}
    said = faults(entry(domains=[rule]))
    assert words in said
    assert "NSADMIN_SSO[0].domains[0]" in said


def test_an_id_and_a_domain_are_given_once() -> None:
    said = faults(entry(), entry())
    assert "the id acme twice" in said
    assert "the domain acme.example twice" in said


def test_a_wrong_field_hides_no_other_fault(tmp_path: Path) -> None:
    saml = entry(kind="saml", metadata_file="/none", metadata_url="http://idp.example")
    for name in ("server_url", "client_id", "client_secret"):
        del saml[name]
    long = tmp_path / "secret"
    long.write_text("x" * 192)
    said = faults(
        entry(name="", server_url="http://a.example"),
        entry(client_secret_file="/none"),
        entry(id="?", client_secret="", client_secret_file=str(long)),
        saml,
        7,
    )
    for words in (
        "NSADMIN_SSO[0].name: ",
        "NSADMIN_SSO[0].server_url: is not a URL with https.",
        "NSADMIN_SSO[1]: needs client_secret or client_secret_file, not both.",
        "NSADMIN_SSO[1].client_secret_file: names a file that cannot be read.",
        "NSADMIN_SSO[2].id: ",
        "NSADMIN_SSO[2].client_secret_file: is empty or longer than 191 characters.",
        "NSADMIN_SSO[3]: needs metadata_file or metadata_url, not both.",
        "NSADMIN_SSO[3].metadata_file: names a file that cannot be read.",
        "NSADMIN_SSO[3].metadata_url: is not a URL with https.",
        "NSADMIN_SSO[4]",
        "the id acme twice",
        "the domain acme.example twice",
    ):
        assert words in said, words


@pytest.mark.parametrize("text", ["[{", "{}", "/none/at/all", "[" * 5000, "[1]", "7"])
def test_what_is_no_list_is_refused(text: str) -> None:
    with pytest.raises(UnreadableProviders):
        read(text)


def test_the_checks_say_every_fault(settings) -> None:
    settings.NSADMIN_SSO = json.dumps([entry(id="?", name="")])
    found = identity_providers()
    assert [each.id for each in found] == ["nsadmin.E040"] * 2
    assert SECRET not in str(found)
    settings.NSADMIN_SSO = json.dumps([entry()])
    assert identity_providers() == []


def test_saml_needs_its_metadata() -> None:
    saml = entry(kind="saml", metadata_url="https://idp.acme.example/metadata")
    for name in ("server_url", "client_id", "client_secret"):
        del saml[name]
    assert read(json.dumps([saml]))[0].kind == "saml"
    saml["metadata_file"] = "/none"
    assert "not both" in faults(saml)
    saml["metadata_url"] = ""
    assert "cannot be read" in faults(saml)


def test_files_are_read_when_the_setting_is(tmp_path: Path) -> None:
    secret, metadata = tmp_path / "secret", tmp_path / "metadata.xml"
    secret.write_text(SECRET)
    metadata.write_text("")
    saml = entry(id="b", kind="saml", metadata_file=str(metadata))
    saml["domains"] = [{"domain": "b.example", "organization_id": "org_1"}]
    for name in ("server_url", "client_id", "client_secret"):
        del saml[name]
    oidc = entry(client_secret="", client_secret_file=str(secret))
    first, second = read(json.dumps([oidc, saml]))
    secret.unlink()
    metadata.unlink()
    assert isinstance(first, OidcProvider)
    assert first.secret == SECRET
    assert isinstance(second, SamlProvider)
    assert second.metadata == ""


def test_the_secret_is_taken_out_of_reports(settings) -> None:
    settings.NSADMIN_SSO = json.dumps([entry()])
    assert SECRET not in scrubbed(f"token endpoint said {SECRET}")
    settings.NSADMIN_SSO = "{"
    assert scrubbed("a harmless text") == "a harmless text"
