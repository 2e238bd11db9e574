"""What the hands of the desk ask a sidecar, they ask it and nobody else."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path

import pytest

from trader.apps.commands.desk import _ask
from trader.execution.interfaces.executor import ExecutorStartError


@contextmanager
def listener(heard: list[tuple[str, str | None]]) -> Iterator[int]:
    """A server that takes down what it is asked with which token; its port."""

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            heard.append((self.path, self.headers["X-Token"]))
            self.send_response(200)
            self.end_headers()
            self.wfile.write(b"{}")

        def log_message(self, *_: object) -> None:
            pass

    with HTTPServer(("127.0.0.1", 0), Handler) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        try:
            yield server.server_port
        finally:
            server.shutdown()
            thread.join()


def test_orders_in_the_hands_of_a_trader_that_hangs_have_a_way_out() -> None:
    with pytest.raises(ExecutorStartError) as told:
        _ask({"backend": "python", "pid": 4711}, "kill")
    assert "hands of process 4711" in str(told.value)
    assert "one that hangs with SIGKILL, then run this again" in str(told.value)


def test_a_proxy_of_the_environment_never_sees_the_sidecars_token(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    token = tmp_path / "token"
    token.write_text("t" * 64)
    token.chmod(0o600)
    sidecar: list[tuple[str, str | None]] = []
    proxy: list[tuple[str, str | None]] = []
    with listener(sidecar) as control, listener(proxy) as port:
        for name in ("http_proxy", "HTTP_PROXY", "all_proxy"):
            monkeypatch.setenv(name, f"http://127.0.0.1:{port}")
        monkeypatch.delenv("no_proxy", raising=False)
        monkeypatch.delenv("NO_PROXY", raising=False)
        holder = {"backend": "rust", "control": f"127.0.0.1:{control}", "token_file": str(token)}
        _ask(holder, "kill")
    assert sidecar == [("/control/kill", "t" * 64)]
    assert proxy == []
