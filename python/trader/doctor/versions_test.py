"""The release is held against the matrix that lies beside it."""

from __future__ import annotations

from pathlib import Path

import pytest
import yaml

from trader.compatibility import matrix_path
from trader.doctor import versions
from trader.doctor.findings import Finding, Mark
from trader.doctor.testing import only, subject_of

MATRIX = yaml.safe_load(matrix_path().read_text())


def against(matrix: object, folder: Path, monkeypatch: pytest.MonkeyPatch) -> Finding:
    path = folder / "compatibility.yaml"
    path.write_text(matrix if isinstance(matrix, str) else yaml.safe_dump(matrix))
    monkeypatch.setattr(versions, "matrix_path", lambda: path)
    return only(versions.versions(subject_of()))


def test_this_release_is_in_its_matrix() -> None:
    assert only(versions.versions(subject_of())).mark is Mark.OK


@pytest.mark.parametrize(
    ("matrix", "found"),
    [
        ({**MATRIX, "releases": [{**MATRIX["releases"][-1], "version": "9.9.9"}]}, "is no release"),
        ({**MATRIX, "hotloop": []}, "does not pair configuration 1 with Hotloop API 1"),
        ("releases: [", "cannot be read"),
        ("other: 1", "cannot be read"),
    ],
)
def test_a_matrix_that_does_not_know_it_fails(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, matrix: object, found: str
) -> None:
    told = against(matrix, tmp_path, monkeypatch)
    assert told.mark is Mark.FAIL
    assert found in told.found


def test_a_matrix_that_is_gone_fails(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(versions, "matrix_path", lambda: tmp_path / "none")
    assert only(versions.versions(subject_of())).mark is Mark.FAIL
