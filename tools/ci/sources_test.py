"""Hosts are counted from successful fetches only."""

import json
from pathlib import Path

from tools.ci import sources


def fetch(url: str, success: bool) -> str:
    return json.dumps(
        {"id": {"fetch": {"url": url}}, "fetch": {"success": True} if success else {}}
    )


def test_hosts_of_successful_downloads(tmp_path: Path) -> None:
    events = tmp_path / "events.json"
    lines = [
        fetch("https://a.example/one", True),
        fetch("https://a.example/two", True),
        fetch("https://b.example/lost", False),
        fetch("file:///some/where", True),
        json.dumps({"id": {"progress": {}}}),
    ]
    events.write_text("\n".join(lines), encoding="utf-8")
    assert sources.hosts(events) == {"a.example": 2, "file:": 1}


def test_unreadable_events(tmp_path: Path) -> None:
    assert sources.main([str(tmp_path / "absent")]) == 2
