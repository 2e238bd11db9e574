"""One version of the whole: wherever it stands it is the trader's, and every release is told of."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import Final

import yaml

from trader import __version__

ATTRIBUTE: Final = re.compile(r'^\s*(?:version|VERSION) = "([^"]+)"', re.MULTILINE)
HEADING: Final = re.compile(r"^## (.+)$", re.MULTILINE)
RELEASE: Final = re.compile(r"\[(\d+\.\d+\.\d+)\] - \d{4}-\d{2}-\d{2}")
KINDS: Final = {"Added", "Changed", "Deprecated", "Removed", "Fixed", "Security", "Known limits"}
MEMBERS_MIN: Final = 9


def members() -> list[Path]:
    """Folders of the workspace's crates."""
    found = tomllib.loads(Path("Cargo.toml").read_text())["workspace"]["members"]
    assert len(found) >= MEMBERS_MIN
    return [Path(member) for member in found]


def stated() -> Iterator[tuple[str, str]]:
    """(place, version) of every statement outside Python."""
    crates = {}
    for member in members():
        package = tomllib.loads((member / "Cargo.toml").read_text())["package"]
        crates[package["name"]] = package["version"]
        yield str(member / "Cargo.toml"), package["version"]
    for locked in tomllib.loads(Path("Cargo.lock").read_text())["package"]:
        if locked["name"] in crates and "source" not in locked:
            yield f"Cargo.lock: {locked['name']}", locked["version"]
    built = [member / "BUILD.bazel" for member in members()]
    for path in (path for path in built if path.exists()):
        versions = ATTRIBUTE.findall(path.read_text())
        assert versions, path
        yield from ((f"{path}, {n + 1}.", version) for n, version in enumerate(versions))
    module = re.search(r'module\(\s+name = "hotloop",\s+version = "(.+)"', read("MODULE.bazel"))
    assert module is not None
    yield "MODULE.bazel", module[1]
    yield "proto_wire/compatibility.yaml", releases()[-1]


def read(name: str) -> str:
    return Path(name).read_text()


def releases() -> list[str]:
    """Of the matrix, newest last."""
    matrix = yaml.safe_load(read("proto_wire/compatibility.yaml"))
    return [release["version"] for release in matrix["releases"]]


def test_the_version_is_the_same_wherever_it_stands() -> None:
    places = list(stated())
    assert len(places) > 2 * len(members())
    other = {place: version for place, version in places if version != __version__}
    assert not other, f"python/trader/__init__.py has {__version__}"


def test_every_release_has_its_section_of_the_changelog_newest_first() -> None:
    first, *headings = HEADING.findall(read("CHANGELOG.md"))
    assert first == "[Unreleased]"
    matched = [RELEASE.fullmatch(heading) for heading in headings]
    assert all(matched), f"## [X.Y.Z] - YYYY-MM-DD: {headings}"
    told = [match[1] for match in matched if match is not None]
    assert told == releases()[::-1]


def test_the_changelog_has_only_the_kinds_of_its_form() -> None:
    assert set(re.findall(r"^### (.+)$", read("CHANGELOG.md"), re.MULTILINE)) <= KINDS


def test_every_release_has_its_upgrade_notes() -> None:
    notes = re.findall(r"^### (.+)$", read("docs/upgrade.md"), re.MULTILINE)
    assert notes == releases()[::-1]


def test_upgrade_notes_tell_the_codes_of_the_matrix() -> None:
    matrix = yaml.safe_load(read("proto_wire/compatibility.yaml"))
    outcomes = {row["outcome"] for row in (*matrix["wire"], *matrix["hotloop"])}
    codes = {outcome.removeprefix("refused:") for outcome in outcomes if outcome != "works"}
    assert codes
    for code in codes:
        assert f"| `{code}` |" in read("docs/upgrade.md"), code
