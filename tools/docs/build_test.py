"""The command: a folder or an archive, from the pages of a repository, or one line of why not."""

from __future__ import annotations

import tarfile
from pathlib import Path

import pytest

from tools.docs.build import main
from tools.docs.pictures_for_tests import png


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """A repository of two pages and a file that is none."""
    root = tmp_path / "root"
    (root / "docs/pictures").mkdir(parents=True)
    (root / "docs/pictures/page.png").write_bytes(png(3, 2))
    (root / "README.md").write_text("# Hotloop\n\n[live](docs/live.md)\n")
    (root / "docs/live.md").write_text("# Live\n\n![the page](pictures/page.png)\n")
    (root / "NOTES.md").write_text("no page\n")
    return root


def test_an_archive_says_nothing_of_when_or_by_whom_it_was_made(root: Path, tmp_path: Path) -> None:
    assert main(["--root", str(root), "--tar", str(tmp_path / "a.tar")]) == 0
    (root / "docs/live.md").touch()
    assert main(["--root", str(root), "--tar", str(tmp_path / "b.tar")]) == 0
    assert (tmp_path / "a.tar").read_bytes() == (tmp_path / "b.tar").read_bytes()
    with tarfile.open(tmp_path / "a.tar") as archive:
        members = archive.getmembers()
    assert {(one.mtime, one.uid, one.gid, one.uname, one.mode) for one in members} == {
        (0, 0, 0, "", 0o644)
    }
    names = ("live.html", "pictures/page.png")
    assert [one.name for one in members] == [
        *(f"site/docs/{name}" for name in names),
        *(f"site/{name}" for name in ("index.html", "search.js", "site.css", "site.js")),
    ]


def test_a_folder_has_what_the_archive_has(root: Path, tmp_path: Path) -> None:
    assert main(["--root", str(root), "--tar", str(tmp_path / "a.tar")]) == 0
    assert main(["--root", str(root), "--out", str(tmp_path / "out")]) == 0
    with tarfile.open(tmp_path / "a.tar") as archive:
        for member in archive.getmembers():
            extracted = archive.extractfile(member)
            assert extracted is not None
            assert (tmp_path / "out" / member.name[5:]).read_bytes() == extracted.read()


def test_pages_and_pictures_can_be_named(
    root: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (root / "README.md").write_text("# Hotloop\n")
    assert main(["--root", str(root), "--out", str(tmp_path / "out"), "README.md"]) == 0
    assert not (tmp_path / "out/docs").exists()
    named = ["README.md", "docs/live.md"]
    assert main(["--root", str(root), "--out", str(tmp_path / "other"), *named]) == 2
    assert capsys.readouterr().err == (
        "build: docs/live.md:3: the picture pictures/page.png leads to docs/pictures/page.png,"
        " which is not there\n"
    )
    named.append("docs/pictures/page.png")
    assert main(["--root", str(root), "--out", str(tmp_path / "other"), *named]) == 0
    assert (tmp_path / "other/docs/pictures/page.png").read_bytes() == png(3, 2)


def test_a_folder_in_use_is_left_alone(
    root: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "out").mkdir()
    (tmp_path / "out/mine").write_text("")
    assert main(["--root", str(root), "--out", str(tmp_path / "out")]) == 2
    assert capsys.readouterr().err == (
        f"build: {tmp_path}/out is not empty; remove it or name another one\n"
    )


def test_a_dead_link_is_one_line_and_nothing_is_written(
    root: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (root / "docs/live.md").write_text("# Live\n\n[x](gone.md)\n")
    assert main(["--root", str(root), "--out", str(tmp_path / "out")]) == 2
    assert capsys.readouterr().err == (
        "build: docs/live.md:3: the link gone.md leads to docs/gone.md, which is not there\n"
    )
    assert not (tmp_path / "out").exists()


def test_a_missing_repository_is_told(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["--root", str(tmp_path / "gone"), "--out", str(tmp_path / "out")]) == 2
    assert capsys.readouterr().err.startswith("build: README.md is missing")
