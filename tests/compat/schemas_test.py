"""The schemas say what the vectors, the codecs and the specification's tables say."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any, Final

import pytest

from tests.compat.codecs import CODECS
from tests.compat.mutations import Mutant, mutants
from tests.compat.schemas import (
    accepts,
    enums,
    message_schema,
    message_types,
    message_validator,
    vector_validator,
)
from tests.compat.vectors import Vectors, published
from trader.execution.testing import PROTO_WIRE

SPEC: Final = (PROTO_WIRE / "SPEC.md").read_text()
NEWEST: Final = Vectors.read(published()[-1])

# Of a vector's or mutant's text, what no schema sees: it judges values, not how they are written.
_NOT_OF_VALUES: Final = re.compile(
    r"(?P<minus_zero>[:,\[]-0[,\]}])"
    r"|(?P<whole_decimal>[:,\[]-?\d+(\.0+|(\.\d+)?[eE](\+?\d+|-\d{3,}))[,\]}])"
    r"|(?P<half_of_a_pair>\\ud[89a-f])"
)


def parsed(body: str) -> Any:
    """The value of a body; None for what is no JSON and for a key that is given twice."""
    try:
        return json.loads(body, object_pairs_hook=_once, parse_constant=_no_json)
    except ValueError:
        return None


def _once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    if len({key for key, _ in pairs}) != len(pairs):
        raise ValueError("a key is given twice")
    return dict(pairs)


def _no_json(text: str) -> None:
    raise ValueError(f"{text} is no JSON")


@pytest.mark.parametrize("name", NEWEST.accept)
def test_the_schema_takes_what_a_reader_takes(name: str) -> None:
    message = parsed(NEWEST.accept[name]["bytes"])
    message_validator(message["type"]).validate(message)


@pytest.mark.parametrize("name", NEWEST.reject)
def test_the_schema_refuses_what_a_reader_refuses(name: str) -> None:
    body = NEWEST.reject[name]["bytes"]
    assert not accepts(parsed(body)) or _NOT_OF_VALUES.search(body)


def test_few_refusals_are_beyond_a_schema() -> None:
    beyond = [n for n, v in NEWEST.reject.items() if accepts(parsed(v["bytes"]))]
    assert 0 < len(beyond) < len(NEWEST.reject) / 8, beyond


def test_one_thing_wrong_is_judged_as_the_codecs_judge_it() -> None:
    made: list[Mutant] = []
    for message_type in message_types():
        tag = f'"type":"{message_type}"'
        name = max(
            (n for n, v in NEWEST.accept.items() if tag in v["bytes"]),
            key=lambda n: len(NEWEST.accept[n]["bytes"]),
        )
        made += mutants(name, NEWEST.accept[name]["bytes"])
    verdicts = CODECS["rust"].judge(mutant.body for mutant in made)
    wrong = [
        f"{mutant.name}, {mutant.why}: {verdict} for {mutant.body}"
        for mutant, verdict in zip(made, verdicts, strict=True)
        if accepts(parsed(mutant.body)) != ("bytes" in verdict)
        and not _NOT_OF_VALUES.search(mutant.body)
    ]
    assert len(made) > 5_000
    assert not wrong, f"{len(wrong)} of {len(made)}:\n" + "\n".join(wrong[:20])


@pytest.mark.parametrize("codec", CODECS)
def test_fields_and_enums_are_those_of_the_codecs(codec: str) -> None:
    described = CODECS[codec].describe()
    schema = message_schema()
    assert sorted(described["messages"]) == sorted(message_types())
    for message_type, fields in described["messages"].items():
        assert sorted(schema["$defs"][message_type]["properties"]) == sorted(fields), message_type
    assert {frozenset(texts) for texts in described["enums"].values()} == set(enums(schema))


# --- the files of the vectors --------------------------------------------------------------------


def vector_files() -> list[tuple[str, Path]]:
    found = [("machine", path) for path in sorted((PROTO_WIRE / "machine").glob("*.json"))]
    for folder in published():
        found += [("framing", path) for path in sorted((folder / "framing").glob("*.json"))]
        for path in sorted((folder / "messages").glob("*.json")):
            found.append((path.name.partition("_")[0], path))
    return found


def test_every_vector_file_has_the_form_of_its_kind_and_its_own_name() -> None:
    kinds = set()
    for kind, path in vector_files():
        vector = json.loads(path.read_bytes())
        vector_validator(kind).validate(vector)
        assert path.stem.endswith(vector["name"]), path
        kinds.add(kind)
    assert kinds == {"machine", "framing", "accept", "reject"}


# --- the tables of the specification ------------------------------------------------------------


def spec_messages() -> dict[str, tuple[str, set[str]]]:
    """Type → (direction, its fields) as the tables of SPEC.md name them."""
    found = {}
    rows = re.findall(r"^\| ([A-Z_]+) \| (→|←|↔) \| (.*) \|$", SPEC, re.MULTILINE)
    for message_type, direction, fields in rows:
        table = re.search(
            rf"^### {message_type} .*?\n\n(.*?)\n\n", SPEC + "\n\n", re.MULTILINE | re.DOTALL
        )
        named = (
            re.findall(r"^\| ((?:`\w+`(?:, )?)+) \|", table[1], re.MULTILINE)
            if table
            else [re.sub(r"[\[{].*?[\]}]", "", fields)]
        )
        found[message_type] = (direction, set(re.findall(r"`([a-z_]+)`", " ".join(named))))
    return found


def test_the_tables_name_the_fields_of_the_schema() -> None:
    tables, schema = spec_messages(), message_schema()
    assert sorted(tables) == sorted(message_types())
    for message_type, (_, fields) in tables.items():
        known = set(schema["$defs"][message_type]["properties"]) - {"type"}
        assert known <= fields, f"{message_type}: {known - fields} not in its table"
        values = {text.lower() for text in ("wall", "wire")} | {"clock", "config", "dry_run"}
        more = fields - known - values - {"durable"}
        assert not more, f"{message_type}: {more} only in its table"


def test_every_value_of_an_enum_stands_in_the_tables() -> None:
    for texts in enums(message_schema()):
        for text in texts:
            assert re.search(rf"\b{text}\b", SPEC), text


def test_the_table_of_codes_is_the_executors() -> None:
    rows = re.findall(r"^\| ((?:`[A-Z0-9_]+`(?:, )?)+) \| (closes|stays) \|", SPEC, re.MULTILINE)
    table = {code: what for codes, what in rows for code in re.findall(r"`(\w+)`", codes)}
    codes = CODECS["rust"].describe()["codes"]
    clause = SPEC[SPEC.index("**S2**") : SPEC.index("**S3**")]
    hello = set(re.findall(r"`([A-Z_]+)`", clause)) - {"HELLO_ACK", "HELLO_REJECT"}
    assert {c: w for c, w in codes.items() if c in table} == table
    assert set(codes) == set(table) | hello
