"""For tests: something to examine, made from overrides of base.yaml."""

from __future__ import annotations

import datetime
from pathlib import Path
from typing import Any

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from trader.config.loading import load
from trader.doctor.findings import Finding
from trader.doctor.subject import Subject
from trader.execution.rust_executor import RustExecutorConfig

NOW = datetime.datetime.now(datetime.UTC)
DAY = datetime.timedelta(days=1)


def subject_of(*overrides: str, out: Path = Path("/nonexistent/out"), **more: Any) -> Subject:
    """A subject of base.yaml and `key=value` overrides; `more` are fields of it."""
    fields: dict[str, Any] = {"sidecar": RustExecutorConfig(), "venue": {}, **more}
    return Subject(config=load(None, overrides), out=out, **fields)


def secret(folder: Path, name: str, text: str, mode: int = 0o600) -> Path:
    """A file with a mode."""
    path = folder / name
    path.touch(0o600)
    path.write_text(text)
    path.chmod(mode)
    return path


def certificate(
    folder: Path,
    *,
    begins: datetime.datetime = NOW - DAY,
    ends: datetime.datetime = NOW + 365 * DAY,
    password: bytes | None = None,
) -> tuple[Path, Path]:
    """Files of a certificate and of its key."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "doctor")])
    made = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(begins)
        .not_valid_after(ends)
        .sign(key, hashes.SHA256())
    )
    lock: serialization.KeySerializationEncryption = serialization.NoEncryption()
    if password is not None:
        lock = serialization.BestAvailableEncryption(password)
    pem = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, lock
    ).decode()
    chain = made.public_bytes(serialization.Encoding.PEM).decode()
    return secret(folder, "client.crt", chain), secret(folder, "client.key", pem)


def only(findings: list[Finding]) -> Finding:
    """The one finding of a check that has one."""
    assert len(findings) == 1, findings
    return findings[0]
