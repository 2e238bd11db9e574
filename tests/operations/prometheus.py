"""A real Prometheus with the rules that ship, faster: every duration is divided."""

from __future__ import annotations

import json
import os
import re
import shutil
import socket
import subprocess
import time
import urllib.error
import urllib.parse
import urllib.request
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final

import pytest
import yaml

from tests.e2e.trader_process import IN_BUILD_GRAPH

PATIENCE_S: Final = 60.0
SCRAPE_S: Final = 0.5
_DURATION: Final = re.compile(r"(\d+)(ms|s|m|h|d)")
_MS: Final = {"ms": 1, "s": 1_000, "m": 60_000, "h": 3_600_000, "d": 86_400_000}
_TIMES: Final = ("scrape_interval", "scrape_timeout", "evaluation_interval")
_WINDOW: Final = re.compile(r"\[[^\]]*\]|\boffset\s+\w+")


def shortened(duration: str, divisor: int, least_ms: int = 0) -> str:
    """A duration, `divisor` times as short, and `least_ms` at least."""
    total = sum(int(number) * _MS[unit] for number, unit in _DURATION.findall(duration))
    return f"{max(total // divisor, least_ms, 1)}ms" if total else duration


def faster(rules: str, divisor: int) -> str:
    """A file of rules in which every wait and every window is `divisor` times as short. A window
    keeps room for four scrapes."""
    document: dict[str, Any] = yaml.safe_load(rules)
    least_ms = int(4_000 * SCRAPE_S)

    def window(match: re.Match[str]) -> str:
        return _DURATION.sub(lambda one: shortened(one[0], divisor, least_ms), match[0])

    for group in document["groups"]:
        group.pop("interval", None)
        for rule in group["rules"]:
            rule["expr"] = _WINDOW.sub(window, str(rule["expr"]))
            for key in ("for", "keep_firing_for"):
                if key in rule:
                    rule[key] = shortened(str(rule[key]), divisor)
    return yaml.safe_dump(document, sort_keys=False)


class Prometheus:
    """One that runs."""

    def __init__(self, address: str) -> None:
        self._address = address

    def query(self, expression: str) -> list[dict[str, Any]]:
        """The vector that an expression gives now."""
        asked = urllib.parse.urlencode({"query": expression})
        with urllib.request.urlopen(f"{self._address}/api/v1/query?{asked}", timeout=10) as answer:
            document = json.load(answer)
        assert document["status"] == "success", document
        found: list[dict[str, Any]] = document["data"]["result"]
        return found

    def value(self, expression: str) -> float:
        """Of an expression that gives one value; 0 while it gives none."""
        found = self.query(expression)
        return float(found[0]["value"][1]) if found else 0.0

    def firing(self) -> set[str]:
        """The alerts that fire now, by name."""
        return {one["metric"]["alertname"] for one in self.query('ALERTS{alertstate="firing"}')}

    def fired(self) -> set[str]:
        """The alerts that have fired at any time."""
        expression = 'count_over_time(ALERTS{alertstate="firing"}[1d])'
        return {one["metric"]["alertname"] for one in self.query(expression)}

    def wait_for(self, alert: str) -> None:
        """Until this alert has fired."""
        deadline_s = time.monotonic() + PATIENCE_S
        while alert not in self.fired():
            assert time.monotonic() < deadline_s, f"{alert} did not fire; {self.fired()} did"
            time.sleep(0.2)


@contextmanager
def prometheus(
    folder: Path, shipped: Path, ports: Mapping[str, int], divisor: int
) -> Iterator[Prometheus]:
    """A server with the configuration and the rules of a folder, `divisor` times as fast, that
    scrapes these ports of this machine by job."""
    binary = shutil.which("prometheus")
    if binary is None:
        assert not IN_BUILD_GRAPH, "the build root has prometheus"
        pytest.skip("no prometheus here")
    (folder / "rules").mkdir(parents=True)
    for file in sorted((shipped / "rules").glob("*.yml")):
        text = faster(file.read_text(encoding="utf-8"), divisor)
        (folder / "rules" / file.name).write_text(text, encoding="utf-8")
    config = yaml.safe_load((shipped / "prometheus.yml").read_text(encoding="utf-8"))
    every = f"{int(SCRAPE_S * 1_000)}ms"
    config["global"] = dict.fromkeys(_TIMES, every)
    for job in config["scrape_configs"]:
        (targets,) = job["static_configs"]
        targets["targets"] = [f"127.0.0.1:{ports[job['job_name']]}"]
    (folder / "prometheus.yml").write_text(yaml.safe_dump(config), encoding="utf-8")
    address = f"127.0.0.1:{free_port()}"
    with (folder / "log").open("wb") as log:
        process = subprocess.Popen(
            [
                binary,
                f"--config.file={folder / 'prometheus.yml'}",
                f"--storage.tsdb.path={folder / 'data'}",
                f"--web.listen-address={address}",
            ],
            stdout=log,
            stderr=log,
            env={**os.environ, "GOMAXPROCS": "1"},
        )
        try:
            _await_ready(f"http://{address}", process, folder / "log")
            yield Prometheus(f"http://{address}")
        finally:
            process.terminate()
            process.wait(PATIENCE_S)


def free_port() -> int:
    """A port of this machine that nobody listens on now."""
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        port: int = listener.getsockname()[1]
        return port


def _await_ready(address: str, process: subprocess.Popen[bytes], log: Path) -> None:
    deadline_s = time.monotonic() + PATIENCE_S
    while True:
        assert process.poll() is None, log.read_text(encoding="utf-8")
        assert time.monotonic() < deadline_s, log.read_text(encoding="utf-8")
        try:
            with urllib.request.urlopen(f"{address}/-/ready", timeout=1):
                return
        except (urllib.error.URLError, OSError):
            time.sleep(0.05)
