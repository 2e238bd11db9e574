"""Certificates for a TLS exchange: an authority made at start, a server and a client certificate.

The server's certificate names the venue's own hosts as well, so that a client that is led here by
its name server verifies it as it would the venue's. The authority's own key is never written.
"""

from __future__ import annotations

import datetime
import ipaddress
import os
import ssl
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

HOSTS: Final = (
    "localhost",
    "api.betfair.com",
    "identitysso.betfair.com",
    "identitysso-cert.betfair.com",
    "stream-api.betfair.com",
    "stream-api-integration.betfair.com",
)
DAYS: Final = 7


@dataclass(frozen=True, slots=True)
class Certificates:
    """Files (0600 those with a key): the authority to trust, and what either side shows."""

    ca_file: Path
    server_file: Path
    """Certificate and key."""
    client_cert_file: Path
    client_key_file: Path

    def server_context(self) -> ssl.SSLContext:
        """For the listeners: asks for a client certificate, takes those of our authority."""
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.minimum_version = ssl.TLSVersion.TLSv1_2
        context.load_cert_chain(self.server_file)
        context.load_verify_locations(self.ca_file)
        context.verify_mode = ssl.CERT_OPTIONAL
        return context


def make_certificates(folder: Path) -> Certificates:
    """New ones in a folder. Raises `OSError` where it cannot be written."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "Hotloop simulated exchange")])
    authority = _builder(name, name, key).add_extension(
        x509.BasicConstraints(ca=True, path_length=0), critical=True
    )
    usage = x509.KeyUsage(
        digital_signature=True,
        content_commitment=False,
        key_encipherment=False,
        data_encipherment=False,
        key_agreement=False,
        key_cert_sign=True,
        crl_sign=True,
        encipher_only=False,
        decipher_only=False,
    )
    ca = authority.add_extension(usage, critical=True).sign(key, hashes.SHA256())
    found = Certificates(
        folder / "ca.pem", folder / "server.pem", folder / "client.crt", folder / "client.key"
    )
    _write(found.ca_file, _pem(ca), 0o644)
    server_key, server = _issued(ca, key, "localhost", ExtendedKeyUsageOID.SERVER_AUTH)
    _write(found.server_file, _pem(server) + _key_pem(server_key), 0o600)
    client_key, client = _issued(ca, key, "client", ExtendedKeyUsageOID.CLIENT_AUTH)
    _write(found.client_cert_file, _pem(client), 0o644)
    _write(found.client_key_file, _key_pem(client_key), 0o600)
    return found


def _issued(
    ca: x509.Certificate,
    ca_key: ec.EllipticCurvePrivateKey,
    common_name: str,
    usage: x509.ObjectIdentifier,
) -> tuple[ec.EllipticCurvePrivateKey, x509.Certificate]:
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, common_name)])
    names: list[x509.GeneralName] = [x509.DNSName(host) for host in HOSTS]
    names.append(x509.IPAddress(ipaddress.ip_address("127.0.0.1")))
    builder = (
        _builder(name, ca.subject, key)
        .add_extension(x509.SubjectAlternativeName(names), critical=False)
        .add_extension(x509.ExtendedKeyUsage([usage]), critical=False)
        .add_extension(
            x509.AuthorityKeyIdentifier.from_issuer_public_key(ca_key.public_key()), critical=False
        )
    )
    return key, builder.sign(ca_key, hashes.SHA256())


def _builder(
    subject: x509.Name, issuer: x509.Name, key: ec.EllipticCurvePrivateKey
) -> x509.CertificateBuilder:
    now = datetime.datetime.now(datetime.UTC)
    return (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - datetime.timedelta(minutes=5))
        .not_valid_after(now + datetime.timedelta(days=DAYS))
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
    )


def _pem(certificate: x509.Certificate) -> bytes:
    return certificate.public_bytes(serialization.Encoding.PEM)


def _key_pem(key: ec.EllipticCurvePrivateKey) -> bytes:
    return key.private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.PKCS8,
        serialization.NoEncryption(),
    )


def _write(path: Path, content: bytes, mode: int) -> None:
    """A new file with a mode from its first moment on."""
    path.unlink(missing_ok=True)
    with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, mode), "wb") as file:
        file.write(content)
