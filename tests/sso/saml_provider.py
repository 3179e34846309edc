"""A provider of SAML: it reads our question and signs an assertion, as it is told."""

import base64
import secrets
import zlib
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import parse_qs, urlsplit

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.x509.oid import NameOID
from lxml import etree
from onelogin.saml2.utils import OneLogin_Saml2_Utils

ENTITY = "https://idp.northlight.example/saml"
SIGN_IN = "https://idp.northlight.example/sso"
_P, _A = "urn:oasis:names:tc:SAML:2.0:protocol", "urn:oasis:names:tc:SAML:2.0:assertion"
EMAIL_FORMAT = "urn:oasis:names:tc:SAML:1.1:nameid-format:emailAddress"
PERSISTENT = "urn:oasis:names:tc:SAML:2.0:nameid-format:persistent"
TRANSIENT = "urn:oasis:names:tc:SAML:2.0:nameid-format:transient"


def key_and_certificate() -> tuple[str, str]:
    """A new key with its certificate, both as PEM."""
    key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "idp")])
    now = datetime.now(UTC)
    made = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(1)
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=30))
        .sign(key, hashes.SHA256())
    )
    plain = key.private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.PKCS8,
        serialization.NoEncryption(),
    )
    return plain.decode(), made.public_bytes(serialization.Encoding.PEM).decode()


KEY, CERTIFICATE = key_and_certificate()
OTHER_KEY, OTHER_CERTIFICATE = key_and_certificate()


def metadata(*certificates: str, entity: str = ENTITY, sign_in: str = SIGN_IN) -> str:
    """What describes the provider."""
    keys = "".join(
        '<md:KeyDescriptor use="signing"><ds:KeyInfo '
        'xmlns:ds="http://www.w3.org/2000/09/xmldsig#"><ds:X509Data>'
        f"<ds:X509Certificate>{_body(each)}</ds:X509Certificate>"
        "</ds:X509Data></ds:KeyInfo></md:KeyDescriptor>"
        for each in certificates or (CERTIFICATE,)
    )
    return (
        '<md:EntityDescriptor xmlns:md="urn:oasis:names:tc:SAML:2.0:metadata" '
        f'entityID="{entity}"><md:IDPSSODescriptor '
        f'protocolSupportEnumeration="{_P}">{keys}<md:SingleSignOnService '
        'Binding="urn:oasis:names:tc:SAML:2.0:bindings:HTTP-Redirect" '
        f'Location="{sign_in}"/></md:IDPSSODescriptor></md:EntityDescriptor>'
    )


def _body(certificate: str) -> str:
    return "".join(certificate.strip().splitlines()[1:-1])


@dataclass
class Question:
    """What our request says."""

    request_id: str
    acs: str
    issuer: str
    is_forced: bool


def read(location: str) -> Question:
    """Read the request of a redirect."""
    packed = parse_qs(urlsplit(location).query)["SAMLRequest"][0]
    document = etree.fromstring(zlib.decompress(base64.b64decode(packed), -15))
    return Question(
        request_id=document.get("ID"),
        acs=document.get("AssertionConsumerServiceURL"),
        issuer=document.findtext(f"{{{_A}}}Issuer"),
        is_forced=document.get("ForceAuthn") == "true",
    )


@dataclass
class Answer:
    """What is answered; every field may be a lie."""

    question: Question
    name_id: str = "nora-1"
    name_format: str = PERSISTENT
    attributes: dict[str, Any] = field(default_factory=dict)
    issuer: str = ENTITY
    audience: str | None = None
    recipient: str | None = None
    in_response_to: str | None = None
    inner_in_response_to: str | None = None
    destination: str | None = None
    valid_s: float = 120
    began_s: float = -5
    proved_s: float = 0
    status: str = "Success"
    signed: str = "assertion"
    key: str = KEY
    certificate: str = CERTIFICATE
    digest: str = "sha256"

    def encoded(self) -> str:
        """As the form sends it."""
        return base64.b64encode(self.document()).decode()

    def document(self) -> bytes:
        question, assertion = self.question, self._assertion()
        if self.signed == "assertion":
            assertion = self._signed(assertion)
        irt = _given(self.in_response_to, question.request_id)
        attribute = f'InResponseTo="{irt}"' if irt else ""
        target = _given(self.destination, question.acs)
        now = _instant(0)
        whole = (
            f'<samlp:Response xmlns:samlp="{_P}" xmlns:saml="{_A}" '
            f'ID="_{secrets.token_hex(8)}" Version="2.0" IssueInstant="{now}" '
            f'Destination="{target}" {attribute}>'
            f"<saml:Issuer>{self.issuer}</saml:Issuer><samlp:Status>"
            f'<samlp:StatusCode Value="urn:oasis:names:tc:SAML:2.0:status:{self.status}"/>'
            f"</samlp:Status>{assertion.decode()}</samlp:Response>"
        ).encode()
        return self._signed(whole) if self.signed == "response" else whole

    def _signed(self, text: bytes) -> bytes:
        base = "http://www.w3.org/2001/04/xmldsig-more#rsa-sha256"
        digest = "http://www.w3.org/2001/04/xmlenc#sha256"
        if self.digest == "sha1":
            base = "http://www.w3.org/2000/09/xmldsig#rsa-sha1"
            digest = "http://www.w3.org/2000/09/xmldsig#sha1"
        made = OneLogin_Saml2_Utils.add_sign(
            text,
            self.key,
            self.certificate,
            sign_algorithm=base,
            digest_algorithm=digest,
        )
        return bytes(made)

    def _assertion(self) -> bytes:
        question = self.question
        irt = _given(self.inner_in_response_to, question.request_id)
        attribute = f'InResponseTo="{irt}"' if irt else ""
        recipient = _given(self.recipient, question.acs)
        audience = _given(self.audience, question.issuer)
        restricted = (
            "<saml:AudienceRestriction>"
            f"<saml:Audience>{audience}</saml:Audience></saml:AudienceRestriction>"
        )
        start, end = _instant(self.began_s), _instant(self.valid_s)
        return (
            f'<saml:Assertion xmlns:saml="{_A}" xmlns:xs="http://www.w3.org/2001/XMLSchema"'
            ' xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance" '
            f'ID="_{secrets.token_hex(8)}" Version="2.0" IssueInstant="{start}">'
            f"<saml:Issuer>{self.issuer}</saml:Issuer><saml:Subject>"
            f'<saml:NameID Format="{self.name_format}">{self.name_id}</saml:NameID>'
            '<saml:SubjectConfirmation Method="urn:oasis:names:tc:SAML:2.0:cm:bearer">'
            f'<saml:SubjectConfirmationData NotOnOrAfter="{end}" '
            f'Recipient="{recipient}" {attribute}/></saml:SubjectConfirmation>'
            f'</saml:Subject><saml:Conditions NotBefore="{start}" NotOnOrAfter="{end}">'
            f"{restricted if audience else ''}</saml:Conditions>"
            f'<saml:AuthnStatement AuthnInstant="{_instant(self.proved_s)}" '
            'SessionIndex="1"><saml:AuthnContext><saml:AuthnContextClassRef>'
            "urn:oasis:names:tc:SAML:2.0:ac:classes:Password</saml:AuthnContextClassRef>"
            f"</saml:AuthnContext></saml:AuthnStatement>{self._statement()}"
            "</saml:Assertion>"
        ).encode()

    def _statement(self) -> str:
        if not self.attributes:
            return ""
        listed = "".join(
            f'<saml:Attribute Name="{name}">'
            + "".join(
                f'<saml:AttributeValue xsi:type="xs:string">{each}</saml:AttributeValue>'
                for each in (value if isinstance(value, list) else [value])
            )
            + "</saml:Attribute>"
            for name, value in self.attributes.items()
        )
        return f"<saml:AttributeStatement>{listed}</saml:AttributeStatement>"


def _given(value: str | None, default: str) -> str:
    return default if value is None else value


def _instant(offset_s: float) -> str:
    moment = datetime.now(UTC) + timedelta(seconds=offset_s)
    return moment.strftime("%Y-%m-%dT%H:%M:%SZ")
