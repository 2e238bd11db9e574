"""Peers come as pinned: every package of every lock, with hashes, from no index by name."""

import re
from pathlib import Path

import pytest

from tests.bench.contestants import CONTESTANTS
from tests.bench.locks import PEERS, normalised, peer_lock, read_lock

LOCKS = sorted(path.stem for path in PEERS.glob("*.txt"))

HASH = "--hash=sha256:" + "0" * 64


def test_every_peer_has_a_lock_and_every_lock_a_peer() -> None:
    peers = {entry.environment for entry in CONTESTANTS} - {"hotloop", "reference", "engine"}
    assert set(LOCKS) == peers == {path.stem for path in PEERS.glob("*.in")}


@pytest.mark.parametrize("name", LOCKS)
def test_a_lock_holds_what_was_asked_for(name: str) -> None:
    pins = peer_lock(name).pins
    asked = (PEERS / f"{name}.in").read_text(encoding="utf-8")
    wanted = re.findall(r"^([\w.-]+)(?:\[\w+\])?==(\S+)", asked, flags=re.MULTILINE)
    assert wanted
    assert {normalised(package): version for package, version in wanted}.items() <= pins.items()


@pytest.mark.parametrize("name", LOCKS)
def test_a_lock_names_no_machine(name: str) -> None:
    text = (PEERS / f"{name}.txt").read_text(encoding="utf-8")
    assert "://" not in text
    assert "/" not in text
    assert not re.search(r"^\s*--(?!hash)", text, flags=re.MULTILINE)


@pytest.mark.parametrize(
    "line",
    [
        f"a>=1 {HASH}",
        "a==1",
        "--index-url x",
        f"a==1 {HASH} b",
        f"a @ file:x {HASH}",
        f"a==1 {HASH[:-1]}",
    ],
)
def test_anything_but_pins_with_hashes_is_refused(tmp_path: Path, line: str) -> None:
    lock = tmp_path / "made.txt"
    lock.write_text(f"good==1 \\\n    {HASH}\n    # via someone\n{line}\n", encoding="utf-8")
    with pytest.raises(ValueError, match="not a pin with hashes"):
        read_lock(lock)


def test_another_lock_is_another_environment(tmp_path: Path) -> None:
    lock = tmp_path / "made.txt"
    digests = set()
    for version in ("1", "2"):
        lock.write_text(f"Some_thing=={version} {HASH}\n", encoding="utf-8")
        made = read_lock(lock)
        assert made.version("some.thing") == version
        digests.add(made.digest)
    assert len(digests) == 2
