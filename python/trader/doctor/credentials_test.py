"""Files of secrets: everything that may be wrong with them is found, and nothing in them told."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any, Final

import pytest

from trader.doctor import credentials
from trader.doctor.credentials import files, leaks
from trader.doctor.findings import Finding, Mark, failed
from trader.doctor.subject import Subject
from trader.doctor.testing import DAY, NOW, certificate, only, secret, subject_of

SECRET: Final = "hunter2-hunter2"
KEYS: Final = ("app_key_file", "session.username_file", "session.password_file")


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "secrets").mkdir(0o700)
    return tmp_path / "secrets"


def with_secrets(folder: Path, mode: int = 0o600, **more: Any) -> Subject:
    """A subject whose three secrets are in files of a mode."""
    named = [f"betfair.{key}={secret(folder, key, f'{SECRET}-{key}', mode)}" for key in KEYS]
    return subject_of(*named, **more)


def untold(findings: list[Finding]) -> list[Finding]:
    """The findings, which do not have a secret in them."""
    assert SECRET not in str(findings)
    return findings


def test_files_of_mode_0600_in_a_folder_of_ones_own_are_well(folder: Path) -> None:
    assert only(untold(files(with_secrets(folder)))).mark is Mark.OK


@pytest.mark.parametrize("mode", [0o644, 0o640, 0o604, 0o700, 0o660])
def test_every_mode_that_is_not_0600_or_less_fails(folder: Path, mode: int) -> None:
    found = untold(files(with_secrets(folder, mode)))
    assert len(found) == len(KEYS)
    assert failed(found)
    assert all(f"mode {mode:04o}, not 0600" in one.found for one in found)
    assert all(one.advice.startswith("chmod 600 ") for one in found)


def test_a_folder_that_others_can_write_to_fails(folder: Path) -> None:
    subject = with_secrets(folder)
    folder.chmod(0o777)
    found = untold(files(subject))
    assert all("others can write to its folder" in one.found for one in found)
    assert len(found) == len(KEYS)


def test_a_file_of_another_user_fails(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    subject = with_secrets(folder)
    monkeypatch.setattr(os, "geteuid", lambda: 4_242)
    found = untold(files(subject))
    assert failed(found)
    assert "the trader is 4242" in found[0].found


def test_a_file_that_is_not_there_is_named_and_a_secret_in_its_place_is_not(folder: Path) -> None:
    absent, mistaken = f"{folder}/none", SECRET
    found = files(
        subject_of(
            f"betfair.app_key_file={mistaken}",
            f"betfair.session.username_file={absent}",
            f"betfair.session.password_file={secret(folder, 'password', SECRET)}",
        )
    )
    told = untold(found)
    assert [one.mark for one in told] == [Mark.FAIL, Mark.FAIL]
    assert "not shown" in told[0].found
    assert absent in told[1].found


def test_an_empty_file_and_a_folder_are_no_secrets(folder: Path) -> None:
    found = files(
        subject_of(
            f"betfair.app_key_file={secret(folder, 'key', '')}",
            f"betfair.session.username_file={folder}",
            "betfair.session.password_file=''",
        )
    )
    assert [one.mark for one in found] == [Mark.FAIL] * 3
    assert "is empty" in found[0].found
    assert "is not a file" in found[1].found
    assert "betfair.session.password_file is empty" in found[2].found


def test_nothing_configured_fails() -> None:
    assert only(files(subject_of(venue=None))).mark is Mark.FAIL


# --- the certificate -----------------------------------------------------------------------------


def looked_at(cert: Path | str, key: Path | str) -> Finding:
    named = (f"betfair.session.cert_file={cert}", f"betfair.session.key_file={key}")
    return only(credentials.certificate(subject_of(*named)))


def test_a_good_certificate_says_until_when(folder: Path) -> None:
    found = looked_at(*certificate(folder))
    assert found.mark is Mark.OK
    assert f"{NOW + 365 * DAY:%Y-%m-%d}" in found.found


def test_one_that_ends_within_a_month_is_warned_of(folder: Path) -> None:
    found = looked_at(*certificate(folder, ends=NOW + 29 * DAY))
    assert found.mark is Mark.WARN
    assert "28 days left" in found.found


def test_one_that_has_ended_or_not_begun_fails(folder: Path) -> None:
    ended = looked_at(*certificate(folder, begins=NOW - 9 * DAY, ends=NOW - DAY))
    assert ended.mark is Mark.FAIL
    assert "expired on" in ended.found
    later = looked_at(*certificate(folder, begins=NOW + DAY))
    assert later.mark is Mark.FAIL
    assert "not valid before" in later.found


def test_the_key_of_another_certificate_fails(folder: Path, tmp_path: Path) -> None:
    cert, _ = certificate(folder)
    (tmp_path / "other").mkdir()
    _, key = certificate(tmp_path / "other")
    found = looked_at(cert, key)
    assert found.mark is Mark.FAIL
    assert "do not belong together" in found.found


def test_an_encrypted_key_fails_and_nobody_is_asked_for_its_pass_phrase(folder: Path) -> None:
    found = looked_at(*certificate(folder, password=SECRET.encode()))
    assert found.mark is Mark.FAIL
    assert "the key is encrypted" in found.found


def test_what_is_no_certificate_fails(folder: Path) -> None:
    cert, key = certificate(folder)
    for wrong in (secret(folder, "wrong", SECRET), folder / "none"):
        found = looked_at(wrong, key)
        assert found.mark is Mark.FAIL
        assert str(wrong) in only(untold([found])).found
    assert "key_file is empty" in looked_at(cert, "''").found


def test_without_a_certificate_there_is_none_to_look_at() -> None:
    assert only(credentials.certificate(subject_of())).mark is Mark.SKIPPED


# --- secrets elsewhere ---------------------------------------------------------------------------


def test_a_secret_in_the_environment_or_in_a_text_fails(folder: Path) -> None:
    key = f"{SECRET}-app_key_file"
    environment = {"HOME": str(folder), "NOTE": f"key={key}"}
    texts = {"live.yaml": "betfair: {}", "--set x": key}
    found = untold(leaks(with_secrets(folder, environment=environment, sources=texts)))
    assert [one.mark for one in found] == [Mark.FAIL, Mark.FAIL]
    assert "NOTE holds what stands in betfair.app_key_file" in found[0].found
    assert "--set x holds what stands in betfair.app_key_file" in found[1].found


def test_a_variable_that_looks_like_a_secret_is_warned_of_without_its_value(folder: Path) -> None:
    found = only(leaks(with_secrets(folder, environment={"BF_PASSWORD": "something-else"})))
    assert found.mark is Mark.WARN
    assert "something-else" not in str(found)


def test_a_user_name_in_a_path_is_no_leak(folder: Path) -> None:
    name = f"{SECRET}-session.username_file"
    found = leaks(with_secrets(folder, environment={"HOME": f"/home/{name}"}))
    assert only(found).mark is Mark.OK
