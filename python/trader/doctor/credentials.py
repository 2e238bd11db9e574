"""Files of secrets: who may read them, and whether certificate and key are what they should be.

What stands in them is never part of a finding; nor is a configured "path" that names no folder,
which may well be the secret itself.
"""

from __future__ import annotations

import os
import ssl
import stat
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Final

from cryptography import x509

from trader.doctor.findings import Finding, fail, ok, skipped, warn
from trader.doctor.subject import Subject
from trader.execution.executor_py.secret_file import read_secret
from trader.execution.interfaces.executor import ExecutorStartError

FILES: Final = "credentials"
CERTIFICATE: Final = "certificate"
LEAKS: Final = "secrets elsewhere"
EXPIRES_SOON: Final = timedelta(days=30)
SECRET_CHARS_MIN: Final = 6
"""A shorter secret is in any text by chance."""
_CERTIFICATE_BYTES_MAX: Final = 1 << 20
_TELLING: Final = ("PASSWORD", "APP_KEY", "APPKEY", "SESSION_TOKEN", "BETFAIR_TOKEN")
_OTHERS_WRITE: Final = stat.S_IWGRP | stat.S_IWOTH


def shown(path: str) -> str:
    """A configured path, if it looks like one: a secret put there by mistake is not."""
    return path if os.sep in path else "(not shown: it names no folder; is it the secret itself?)"


# --- files of secrets ----------------------------------------------------------------------------


def files(subject: Subject) -> list[Finding]:
    """Every file of a secret: there, ours, of mode 0600, in a folder that others cannot write."""
    if subject.venue is None:
        return [
            fail(
                FILES,
                "betfair.app_key_file or betfair.session is empty",
                "fill them in: files of mode 0600 (docs/live.md, A profile)",
            )
        ]
    found = [one for key, path in subject.secret_files() for one in _file(key, path)]
    found += list(_missing(subject))
    if found:
        return found
    count = len(list(subject.secret_files()))
    return [ok(FILES, f"{count} files, each ours alone (0600), in folders others cannot write")]


def _missing(subject: Subject) -> Iterator[Finding]:
    session = subject.config.betfair.session
    if session.token_file:
        return
    for key in ("username_file", "password_file"):
        if not getattr(session, key):
            yield fail(FILES, f"betfair.session.{key} is empty", "name a file of mode 0600")


def _file(key: str, path: str) -> Iterator[Finding]:
    """What is wrong with one file."""
    file = Path(path)
    try:
        info = file.stat()
    except OSError as error:
        yield fail(FILES, f"{key} {shown(path)}: {error.strerror}", "name a file of mode 0600")
        return
    mode = stat.S_IMODE(info.st_mode)
    if not stat.S_ISREG(info.st_mode):
        yield fail(FILES, f"{key} {path}: is not a file", "name a file of mode 0600")
        return
    if mode & 0o177:
        yield fail(FILES, f"{key} {path}: mode {mode:04o}, not 0600", f"chmod 600 {path}")
    if info.st_uid != os.geteuid():
        yield fail(
            FILES,
            f"{key} {path}: belongs to user {info.st_uid}, the trader is {os.geteuid()}",
            f"chown it to the trader's user: chown {os.geteuid()} {path}",
        )
    yield from _folder(key, file.absolute().parent)
    if not key.endswith("key_file") or key.endswith("app_key_file"):
        yield from _content(key, path)


def _folder(key: str, folder: Path) -> Iterator[Finding]:
    info = folder.stat()
    sticky = info.st_mode & stat.S_ISVTX
    if info.st_mode & _OTHERS_WRITE and not sticky:
        yield fail(
            FILES,
            f"{key}: others can write to its folder {folder} ({stat.S_IMODE(info.st_mode):04o})",
            f"chmod go-w {folder}",
        )


def _content(key: str, path: str) -> Iterator[Finding]:
    try:
        read_secret(path)
    except ExecutorStartError as error:
        if "it must be 0600" not in str(error):  # said already
            yield fail(FILES, f"{key} {error}", "write the secret into it, and nothing else")


# --- the certificate -----------------------------------------------------------------------------


def certificate(subject: Subject) -> list[Finding]:
    """Whether certificate and key belong together, and until when the certificate is good."""
    session = subject.config.betfair.session
    if not session.cert_file and not session.key_file:
        how = "a token that others keep fresh" if session.token_file else "password alone"
        return [skipped(CERTIFICATE, f"log-in is by {how}")]
    for key in ("cert_file", "key_file"):
        if not getattr(session, key):
            return [
                fail(
                    CERTIFICATE,
                    f"betfair.session.{key} is empty, and the other one is not",
                    "name both, or neither",
                )
            ]
    try:
        ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT).load_cert_chain(
            session.cert_file, session.key_file, password=_no_password
        )
        with Path(session.cert_file).open("rb") as file:
            first = x509.load_pem_x509_certificate(file.read(_CERTIFICATE_BYTES_MAX))
    except (OSError, ValueError) as error:
        return [_unusable(session.cert_file, session.key_file, error)]
    return [_dated(first, datetime.now(UTC))]


def _no_password() -> str:
    raise ValueError("the key is encrypted")


def _unusable(cert_file: str, key_file: str, error: Exception) -> Finding:
    reason = getattr(error, "reason", None) or getattr(error, "strerror", None) or str(error)
    files = f"{shown(cert_file)} and {shown(key_file)}"
    if reason == "KEY_VALUES_MISMATCH":
        return fail(
            CERTIFICATE,
            f"{files} do not belong together",
            "take the key that the certificate was made for",
        )
    return fail(
        CERTIFICATE,
        f"{files} cannot be used: {reason}",
        "both are PEM files, the key without a pass phrase",
    )


def _dated(found: x509.Certificate, now: datetime) -> Finding:
    end, begin = found.not_valid_after_utc, found.not_valid_before_utc
    days = (end - now).days
    until = f"valid until {end:%Y-%m-%d %H:%M} UTC"
    if now >= end:
        return fail(
            CERTIFICATE,
            f"expired on {end:%Y-%m-%d %H:%M} UTC",
            "make a new one and upload it at the venue (account, security settings)",
        )
    if now < begin:
        return fail(
            CERTIFICATE,
            f"is not valid before {begin:%Y-%m-%d %H:%M} UTC",
            "see this machine's clock, or wait",
        )
    if end - now < EXPIRES_SOON:
        return warn(
            CERTIFICATE,
            f"belongs to its key, {until}: {days} day{'' if days == 1 else 's'} left",
            "make a new one and upload it at the venue before that",
        )
    return ok(CERTIFICATE, f"belongs to its key, {until} ({days} days)")


# --- secrets elsewhere ---------------------------------------------------------------------------


def leaks(subject: Subject) -> list[Finding]:
    """Whether a secret also stands in the environment or in the configuration's text."""
    found = list(_leaks(subject))
    if found:
        return found
    places = len(subject.sources)
    return [ok(LEAKS, f"none in the environment, none in {places} texts of the configuration")]


def _leaks(subject: Subject) -> Iterator[Finding]:
    secrets = dict(_readable(subject))
    for name, value in subject.environment.items():
        same = next((key for key, secret in secrets.items() if secret in value), None)
        if same is not None:
            yield fail(
                LEAKS,
                f"the environment variable {name} holds what stands in {same}",
                f"unset {name}: other programs of this user can read it",
            )
        elif value and any(word in name.upper() for word in _TELLING):
            yield warn(
                LEAKS,
                f"the environment variable {name} looks like a secret",
                f"unset {name}: the trader reads secrets from files only",
            )
    for name, text in subject.sources.items():
        for key, secret in secrets.items():
            if secret in text:
                yield fail(
                    LEAKS,
                    f"{name} holds what stands in {key}",
                    "take it out, and change the secret if anybody else has seen that text",
                )


def _readable(subject: Subject) -> Iterator[tuple[str, str]]:
    """(key, secret) of those worth looking for: a user name is in many a path."""
    for key, path in subject.secret_files():
        if key.endswith(("username_file", "session.key_file")):
            continue
        try:
            secret = read_secret(path)
        except ExecutorStartError:
            continue  # told by `files`
        if len(secret) >= SECRET_CHARS_MIN:
            yield key, secret
