"""The site's archive, shown on loopback by a process of its own."""

from __future__ import annotations

import signal
import subprocess
import sys
import urllib.request
from pathlib import Path

from tools.docs import serve
from tools.docs.build import write_tar


def test_the_archive_is_shown_on_loopback_until_it_is_interrupted(tmp_path: Path) -> None:
    write_tar({"index.html": b"first", "docs/live.html": b"live"}, tmp_path / "site.tar")
    command = [sys.executable, str(Path(serve.__file__)), str(tmp_path / "site.tar")]
    with subprocess.Popen(
        command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True
    ) as process:
        try:
            assert process.stdout is not None
            address = process.stdout.readline().split()[0]
            assert address.startswith("http://127.0.0.1:")
            opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
            for path, text in (("", b"first"), ("docs/live.html", b"live")):
                with opener.open(address + path, timeout=60) as reply:
                    assert reply.read() == text
            process.send_signal(signal.SIGINT)
            assert process.wait(timeout=60) == 130
        finally:
            process.kill()
