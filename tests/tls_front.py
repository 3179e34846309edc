"""A private authority, and fronts that end TLS before a plain server of the tests."""

import asyncio
import ipaddress
import ssl
import threading
from asyncio import Server, StreamReader, StreamWriter
from collections.abc import Coroutine, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path
from typing import Any

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

HOST = "127.0.0.1"
_PIECE = 65_536
# Turns of the loop within which a connection that ends has ended.
_TURNS = 8
_VALID = timedelta(days=1)


@dataclass(frozen=True)
class Authority:
    """An authority that no system trusts: its certificate, and one of a server."""

    ca_file: str
    chain_file: str
    key_file: str

    @classmethod
    def make(cls, folder: Path) -> "Authority":
        """Make the authority and a certificate for 127.0.0.1 in a folder."""
        ca_key, key = (ec.generate_private_key(ec.SECP256R1()) for _ in range(2))
        ca_name, name = _named("Tests of nsadmin"), _named("store.internal")
        ca = _builder(ca_name, ca_name, ca_key.public_key(), is_ca=True)
        address = x509.IPAddress(ipaddress.ip_address(HOST))
        server = _builder(ca_name, name, key.public_key(), is_ca=False).add_extension(
            x509.SubjectAlternativeName([address]), critical=False
        )
        authority = x509.AuthorityKeyIdentifier.from_issuer_public_key(
            ca_key.public_key()
        )
        server = server.add_extension(authority, critical=False)
        files = {
            "ca.pem": _pem(ca.sign(ca_key, hashes.SHA256())),
            "chain.pem": _pem(server.sign(ca_key, hashes.SHA256())),
            "key.pem": key.private_bytes(
                serialization.Encoding.PEM,
                serialization.PrivateFormat.PKCS8,
                serialization.NoEncryption(),
            ),
        }
        for file, data in files.items():
            (folder / file).write_bytes(data)
        return cls(*(str(folder / file) for file in files))


def _named(name: str) -> x509.Name:
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])


def _builder(
    issuer: x509.Name,
    subject: x509.Name,
    key: ec.EllipticCurvePublicKey,
    *,
    is_ca: bool,
) -> x509.CertificateBuilder:
    now = datetime.now(UTC)
    basic = x509.BasicConstraints(ca=is_ca, path_length=None)
    identity = x509.SubjectKeyIdentifier.from_public_key(key)
    usage = x509.KeyUsage(
        digital_signature=True,
        key_cert_sign=is_ca,
        crl_sign=is_ca,
        content_commitment=False,
        key_encipherment=False,
        data_encipherment=False,
        key_agreement=False,
        encipher_only=False,
        decipher_only=False,
    )
    return (
        x509.CertificateBuilder()
        .issuer_name(issuer)
        .subject_name(subject)
        .public_key(key)
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - _VALID)
        .not_valid_after(now + _VALID)
        .add_extension(basic, critical=True)
        .add_extension(usage, critical=True)
        .add_extension(identity, critical=False)
    )


def _pem(certificate: x509.Certificate) -> bytes:
    return certificate.public_bytes(serialization.Encoding.PEM)


@contextmanager
def tls_front(
    authority: Authority, port: int, *, replaced: Mapping[bytes, bytes] | None = None
) -> Iterator[int]:
    """Take TLS at a port of its own, which is yielded, and pass it on in plain.

    What the server answers is passed back with these bytes replaced by as many others.
    """
    loop = asyncio.new_event_loop()
    thread = threading.Thread(target=loop.run_forever, name="TLS front")
    thread.start()

    def wait(work: Coroutine[Any, Any, Server]) -> Server:
        return asyncio.run_coroutine_threadsafe(work, loop).result(10)

    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(authority.chain_file, authority.key_file)
    carry = partial(_carry, port, replaced or {})
    server = wait(asyncio.start_server(carry, HOST, 0, ssl=context))
    try:
        yield server.sockets[0].getsockname()[1]
    finally:
        wait(_end(server))
        loop.call_soon_threadsafe(loop.stop)
        thread.join()
        loop.close()


async def _end(server: Server) -> Server:
    """Stop taking connections, and end those that are open or begin meanwhile."""
    server.close()
    while others := asyncio.all_tasks() - {asyncio.current_task()}:
        for task in others:
            task.cancel()
        await asyncio.gather(*others, return_exceptions=True)
        for _ in range(_TURNS):
            await asyncio.sleep(0)
    return server


async def _carry(
    port: int,
    replaced: Mapping[bytes, bytes],
    reader: StreamReader,
    writer: StreamWriter,
) -> None:
    """Carry bytes both ways until either side ends; then both connections end."""
    opened = [writer]
    try:
        source, target = await asyncio.open_connection(HOST, port)
        opened.append(target)
        ways = [
            asyncio.ensure_future(_pass(*way))
            for way in ((reader, target, {}), (source, writer, replaced))
        ]
        await asyncio.wait(ways, return_when=asyncio.FIRST_COMPLETED)
        for way in ways:
            way.cancel()
        await asyncio.gather(*ways, return_exceptions=True)
    except (OSError, asyncio.CancelledError):
        return
    finally:
        for one in opened:
            one.transport.abort()


async def _pass(
    source: StreamReader, target: StreamWriter, replaced: Mapping[bytes, bytes]
) -> None:
    while data := await source.read(_PIECE):
        for before, after in replaced.items():
            data = data.replace(before, after)
        target.write(data)
        await target.drain()
