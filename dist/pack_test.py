"""Packing a release: the same bytes wherever it is done, and only what is locked."""

import hashlib
import io
import json
import os
import random
import tarfile
import zipfile
from pathlib import Path
from typing import Any

import pytest
from cyclonedx.schema import SchemaVersion
from cyclonedx.validation.json import JsonStrictValidator

from dist.pack import PackError, commit, crates, locked, main, package

CARGO_LOCK = f"""
[[package]]
name = "bytes"
version = "1.12.2"
checksum = "{"a" * 64}"

[[package]]
name = "wasi"
version = "0.11.0+wasi-snapshot"
checksum = "{"b" * 64}"
"""


def wheel(folder: Path, name: str, version: str = "1.0") -> Path:
    path = folder / f"{name}-{version}-py3-none-any.whl"
    told = f"Metadata-Version: 2.4\nName: {name}\nVersion: {version}\nLicense-Expression: MIT\n\n"
    with zipfile.ZipFile(path, "w") as packed:
        entry = zipfile.ZipInfo(f"{name}-{version}.dist-info/METADATA")
        packed.writestr(entry, told)
    return path


def lock_of(*wheels: Path) -> str:
    blocks = []
    for one in wheels:
        name, version = one.name.split("-")[:2]
        sha256 = hashlib.sha256(one.read_bytes()).hexdigest()
        blocks.append(
            f"{name}=={version} \\\n    --hash=sha256:{'0' * 64} \\\n"
            f"    --hash=sha256:{sha256}\n    # via -r runtime.in\n"
        )
    return "".join(blocks)


def plan_in(folder: Path, *, shuffled: int = 0) -> dict[str, Any]:
    """A plan and all its files in a folder, in an order of its own."""
    folder.mkdir(parents=True)
    others = [wheel(folder, "one"), wheel(folder, "two_words", "2.1")]
    own = wheel(folder, "hotloop", "0.1.0")
    files = {"bin/trader": "#!/bin/sh\n", "configs/base.yaml": "a: 1\n", "python/trader/x.py": ""}
    paths = list(files.items())
    random.Random(shuffled).shuffle(paths)
    tree = {}
    for number, (path, text) in enumerate(paths):
        place = folder / f"file-{number}"
        place.write_text(text, encoding="utf-8")
        os.utime(place, (1_000_000 + shuffled, 1_000_000 + shuffled))
        tree[path] = str(place)
    (folder / "requirements.lock").write_text(lock_of(*others), encoding="utf-8")
    (folder / "Cargo.lock").write_text(CARGO_LOCK, encoding="utf-8")
    (folder / "stamp").write_text("BUILD_USER someone\nSTABLE_GIT_COMMIT abc\n", encoding="utf-8")
    return {
        "archive": str(folder / "hotloop-0.1.0-linux-x86_64.tar.gz"),
        "cargo_lock": str(folder / "Cargo.lock"),
        "crates": ["rules_rust~~crate~crates__bytes-1.12.2"],
        "requirements": str(folder / "requirements.lock"),
        "sbom": str(folder / "hotloop-0.1.0-linux-x86_64.cdx.json"),
        "stamp": str(folder / "stamp"),
        "sums": str(folder / "SHA256SUMS"),
        "tree": tree,
        "version": "0.1.0",
        "wheel": str(own),
        "wheels": [str(one) for one in (others if shuffled else reversed(others))],
    }


def packed(plan: dict[str, Any], folder: Path) -> int:
    path = folder / "plan.json"
    path.write_text(json.dumps(plan), encoding="utf-8")
    return main([str(path)])


def test_two_folders_give_the_same_bytes(tmp_path: Path) -> None:
    made = []
    for number, name in enumerate(("here", "somewhere/else")):
        folder = tmp_path / name
        plan = plan_in(folder, shuffled=number)
        assert packed(plan, folder) == 0
        made.append([Path(plan[key]).read_bytes() for key in ("archive", "sbom", "sums")])
    assert made[0] == made[1]


def test_the_archive_holds_what_its_checksums_say(tmp_path: Path) -> None:
    plan = plan_in(tmp_path / "here")
    assert packed(plan, tmp_path) == 0
    with tarfile.open(plan["archive"]) as tar:
        names = tar.getnames()
        found = {}
        for member in tar.getmembers():
            content = tar.extractfile(member)
            assert content is not None
            found[member.name.partition("/")[2]] = content.read()
            wanted = 0o755 if member.name.endswith("bin/trader") else 0o644
            assert (member.mode, member.uid, member.uname) == (wanted, 0, "")
    assert names == sorted(names)
    sums = found.pop("SHA256SUMS").decode().splitlines()
    assert sums == [f"{hashlib.sha256(found[path]).hexdigest()}  {path}" for path in sorted(found)]
    assert found["VERSION"] == b"0.1.0 abc\n"
    own = hashlib.sha256(Path(plan["wheel"]).read_bytes()).hexdigest()
    assert found["requirements.txt"].decode().splitlines()[-1] == (
        f"hotloop==0.1.0 --hash=sha256:{own}"
    )


def test_the_list_of_parts_is_cyclonedx(tmp_path: Path) -> None:
    plan = plan_in(tmp_path / "here")
    assert packed(plan, tmp_path) == 0
    text = Path(plan["sbom"]).read_text(encoding="utf-8")
    assert JsonStrictValidator(SchemaVersion.V1_6).validate_str(text) is None
    parts = {one["purl"] for one in json.loads(text)["components"]}
    assert parts == {"pkg:pypi/one@1.0", "pkg:pypi/two-words@2.1", "pkg:cargo/bytes@1.12.2"}


@pytest.mark.parametrize("wrong", ["missing", "unknown", "another"])
def test_wheels_that_are_not_the_locked_ones_are_refused(
    wrong: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = tmp_path / "here"
    plan = plan_in(folder)
    if wrong == "missing":
        plan["wheels"].pop()
    elif wrong == "unknown":
        plan["wheels"].append(str(wheel(folder, "three")))
    else:
        with zipfile.ZipFile(plan["wheels"][0], "a") as touched:
            touched.writestr("more.py", "")
    assert packed(plan, tmp_path) == 1
    told = capsys.readouterr().err
    expected = {"missing": "no wheel for ['one']", "unknown": "not locked ['three']"}
    assert expected.get(wrong, "is not the one that is locked") in told
    assert not Path(plan["archive"]).exists()


def test_a_lock_is_read_by_normalised_names(tmp_path: Path) -> None:
    found = locked(lock_of(wheel(tmp_path, "Two_Words", "2.1")))
    assert found.keys() == {"two-words"}
    version, hashes = found["two-words"]
    assert version == "2.1"
    assert len(hashes) == 2


def test_a_crate_is_found_by_its_folder_and_none_is_made_up() -> None:
    (wasi,) = crates(["x~crates__wasi-0.11.0"], CARGO_LOCK)
    assert (wasi.name, wasi.version, wasi.sha256) == ("wasi", "0.11.0+wasi-snapshot", "b" * 64)
    with pytest.raises(PackError, match=r"crates__tokio-1\.0 is no crate of Cargo\.lock"):
        crates(["crates__tokio-1.0"], CARGO_LOCK)


def test_without_a_stamp_the_commit_is_unknown() -> None:
    assert commit("BUILD_HOST x\n") == "unknown"


def test_a_wheel_without_a_licence_expression_has_none(tmp_path: Path) -> None:
    path = tmp_path / "x-1-py3-none-any.whl"
    content = io.BytesIO()
    with zipfile.ZipFile(content, "w") as archive:
        archive.writestr("x-1.dist-info/METADATA", "Name: x\nVersion: 1\n\n")
    path.write_bytes(content.getvalue())
    assert package(path).license is None
