"""The two codecs of the wire as programs, so that each is what its own language makes of bytes."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

ROOT: Final = Path(__file__).absolute().parents[2]
_TIMEOUT_S: Final = 240.0


@dataclass(frozen=True)
class Codec:
    """A program with the modes of rust/wire/examples/codec.rs."""

    name: str
    command: tuple[str, ...]
    python_path: tuple[str, ...] = field(default=())

    def produce(self, objects: Iterable[str]) -> bytes:
        """The frames it makes of messages, each given as one line of JSON of whatever form."""
        return self._run("produce", _lines(objects))

    def consume(self, stream: bytes) -> tuple[list[dict[str, Any]], str | None]:
        """What it makes of each frame of a stream, and the code of the error it ends in."""
        *verdicts, last = self._answers("consume", stream)
        return verdicts, last["end"]

    def judge(self, bodies: Iterable[str]) -> list[dict[str, Any]]:
        """What it makes of each body: `type` and `bytes`, or `code` and `message`."""
        return self._answers("judge", _lines(bodies))

    def describe(self) -> dict[str, Any]:
        """What compatibility depends on, as this language has it."""
        (description,) = self._answers("describe", b"")
        return description

    def _answers(self, mode: str, stdin: bytes) -> list[dict[str, Any]]:
        # By the newline alone: other ends of lines may stand in texts.
        return [json.loads(line) for line in self._run(mode, stdin).split(b"\n") if line]

    def _run(self, mode: str, stdin: bytes) -> bytes:
        path = os.pathsep.join((*self.python_path, *sys.path))
        done = subprocess.run(
            (*self.command, mode),
            input=stdin,
            capture_output=True,
            timeout=_TIMEOUT_S,
            env={**os.environ, "PYTHONPATH": path},
            check=False,
        )
        assert done.returncode == 0, f"{self.name} {mode}: {done.stderr.decode()}"
        return done.stdout


def rust(variable: str = "HOTLOOP_CODEC", name: str = "rust") -> Codec:
    """The binary that the build names, else the one cargo made."""
    made = ROOT / "rust/target/release/examples/codec"
    binary = Path(os.environ.get(variable, made)).absolute()
    if not binary.is_file():
        raise FileNotFoundError(f"{binary}: cargo build --release -p wire --example codec")
    return Codec(name, (str(binary),))


def python(*first_on_path: str, name: str = "python") -> Codec:
    """The trader's; `first_on_path` may hold another `trader`."""
    return Codec(name, (sys.executable, "-m", "tests.compat.python_codec"), first_on_path)


CODECS: Final = {"python": python(), "rust": rust()}


def _lines(texts: Iterable[str]) -> bytes:
    made = [text.encode() for text in texts]
    assert not any(b"\n" in text for text in made), "one line each"
    return b"".join(text + b"\n" for text in made)
