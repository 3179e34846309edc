"""Adding a passkey, over the form, with a key made here."""

import json
import re
from hashlib import sha256
from typing import Any

from cryptography.hazmat.primitives.asymmetric import ec
from django.test import Client
from fido2.cose import ES256
from fido2.utils import websafe_encode
from fido2.webauthn import (
    AttestationObject,
    AttestedCredentialData,
    AuthenticatorData,
    CollectedClientData,
)

ADD = "/accounts/2fa/webauthn/add/"
FLAGS = AuthenticatorData.FLAG


def made(client: Client, name: str) -> str:
    """The answer of a device to what the form asks, with the key that it made."""
    text = client.get(ADD).content.decode()
    found = re.search(r'id="passkey-options"[^>]*>(.*?)</script>', text, re.DOTALL)
    assert found
    asked = json.loads(found[1])["creation_options"]["publicKey"]
    public = ec.generate_private_key(ec.SECP256R1()).public_key()
    data = AuthenticatorData.create(
        sha256(asked["rp"]["id"].encode()).digest(),
        FLAGS.UP | FLAGS.UV | FLAGS.AT,
        0,
        AttestedCredentialData.create(
            bytes(16), name.encode(), ES256.from_cryptography_key(public)
        ),
    )
    said = CollectedClientData.create(
        CollectedClientData.TYPE.CREATE, asked["challenge"], "http://testserver"
    )
    return json.dumps(answer(name, said, AttestationObject.create("none", data, {})))


def answer(
    name: str, said: CollectedClientData, attested: AttestationObject
) -> dict[str, Any]:
    key = websafe_encode(name.encode())
    return {
        "id": key,
        "rawId": key,
        "type": "public-key",
        "response": {
            "clientDataJSON": websafe_encode(said),
            "attestationObject": websafe_encode(attested),
        },
        "clientExtensionResults": {"credProps": {"rk": True}},
    }


def test_a_passkey_leads_to_the_passkeys_or_first_to_its_codes(
    confirmed, settings
) -> None:
    # Without HTTPS, only browsers at localhost know passkeys.
    settings.MFA_WEBAUTHN_ALLOW_INSECURE_ORIGIN = True
    client = confirmed("member")
    for name, leads_to in (
        ("Laptop", "/accounts/2fa/recovery-codes/"),
        ("Phone", "/account/passkeys/"),
    ):
        sent = {"name": name, "passwordless": "on", "credential": made(client, name)}
        assert client.post(ADD, sent).headers["Location"] == leads_to
    listed = client.get("/account/passkeys/").content.decode()
    assert listed.index("Laptop") < listed.index("Phone")
