"""The golden vectors, and the checks that every codec and pair of codecs must pass."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from tests.compat.codecs import Codec
from trader.execution.testing import PROTO_WIRE, read_vectors

_UNKNOWN: Final = {"later_than_this": {"a": [1, 2.5, {}], "type": "TICK"}}


@dataclass(frozen=True)
class Vectors:
    """One published version's: name → file."""

    accept: dict[str, Any]
    reject: dict[str, Any]
    framing: dict[str, Any]

    @classmethod
    def read(cls, folder: Path) -> Vectors:
        """Raises `FileNotFoundError` when a kind has none: a check over nothing proves nothing."""
        messages, framing = read_vectors(folder / "messages"), read_vectors(folder / "framing")
        accept = {name: v for name, v in messages.items() if "code" not in v}
        reject = {name: v for name, v in messages.items() if "code" in v}
        if not (accept and reject):
            raise FileNotFoundError(f"{folder}: vectors of both kinds are needed")
        return cls(accept, reject, framing)


def published() -> list[Path]:
    """The folder of every published version, oldest first."""
    folders = sorted(path for path in (PROTO_WIRE / "vectors").iterdir() if path.is_dir())
    if not folders:
        raise FileNotFoundError("no vectors")
    return folders


def check_pair(producer: Codec, consumer: Codec, vectors: Vectors) -> int:
    """Everything the one writes the other reads, to the byte. Returns how many messages."""
    wanted = [vector["bytes"] for vector in vectors.accept.values()]
    stream = producer.produce(otherwise_written(body) for body in wanted)
    verdicts, end = consumer.consume(stream)
    assert end is None, f"{consumer.name} ended in {end}"
    assert len(verdicts) == len(wanted), f"{len(verdicts)} of {len(wanted)} messages arrived"
    for name, body, verdict in zip(vectors.accept, wanted, verdicts, strict=True):
        assert verdict.get("bytes") == body, (
            f"{name} from {producer.name} to {consumer.name}: {verdict}"
        )
    return len(wanted)


def check_refusals(consumer: Codec, vectors: Vectors) -> int:
    """Every body of a `reject` vector has its code, and the next one is read all the same.
    Returns how many."""
    bodies = [vector["bytes"].encode() for vector in vectors.reject.values()]
    stream = b"".join(len(body).to_bytes(4, "big") + body for body in bodies)
    verdicts, end = consumer.consume(stream)
    assert end is None, f"{consumer.name} ended in {end}"
    for (name, vector), verdict in zip(vectors.reject.items(), verdicts, strict=True):
        assert verdict.get("code") == vector["code"], f"{name} at {consumer.name}: {verdict}"
    return len(vectors.reject)


def check_framing(consumer: Codec, vectors: Vectors) -> int:
    """Every stream of bytes gives its frames and ends in its error. Returns how many.

    The bodies of these vectors need not be messages: how many there are is what is compared.
    """
    for name, vector in vectors.framing.items():
        verdicts, end = consumer.consume(bytes.fromhex(vector["hex"]))
        assert len(verdicts) == len(vector["frames"]), f"{name} at {consumer.name}: {verdicts}"
        assert end == vector["code"], f"{name} at {consumer.name}: ended in {end}"
    return len(vectors.framing)


def otherwise_written(body: str) -> str:
    """The same message as JSON that is not canonical (C1), with a field nobody knows (C5)."""
    fields = json.loads(body)
    turned = dict(reversed([*fields.items(), *_UNKNOWN.items()]))
    return json.dumps(turned, separators=(" ,\t", " : "))
