"""The edge of the race with orders keeps to its words, in the engine, on a market made for it."""

import json
import os
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from tests.bench.environments import Environments
from tests.bench.jobs import Answer, Job
from tests.bench.recordings import prepare
from tests.bench.testing import RUNNERS, contestant, write_recording

pytestmark = pytest.mark.skipif(
    "HOTLOOP_WHEEL" not in os.environ, reason="no wheel: ./bazelw test //tests/bench/... has one"
)

START_MS = 1_000_000


def replayed(folder: Path, changes: list[tuple[int, dict[str, Any]]]) -> Answer:
    """What the engine did with an image of three runners, each offered at 2.02 to lay, and then
    changes of the first of them, each so many ms after it."""
    image = write_recording(folder / "image.json").read_text(encoding="utf-8").splitlines()[0]
    lines = [image]
    for after_ms, change in changes:
        entry = {"id": "1.5", "rc": [{"id": RUNNERS[0], **change}]}
        lines.append(json.dumps({"op": "mcm", "pt": START_MS + after_ms, "mc": [entry]}))
    path = folder / "made.json"
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")
    wheel = Path(os.environ["HOTLOOP_WHEEL"]).absolute()
    orders = contestant("orders")
    environment = Environments(folder, folder / "work", wheel, print).of(orders)
    # The Python Hotloop: nothing here is about speed.
    entry_of = replace(orders, options={**orders.options, "hotloop": "python"})
    counts: Answer = Job(entry_of, environment, prepare(path, folder), 0.001).run()["counts"]
    return {name: counts[name] for name in ("placed", "moved", "cancelled", "fills")}


def test_each_runner_gets_one_order_which_stays_at_its_price(tmp_path: Path) -> None:
    changes = [(after_ms, {"atl": [[2.04, float(after_ms)]]}) for after_ms in (500, 5_000)]
    assert replayed(tmp_path, changes) == {"placed": 3, "moved": 0, "cancelled": 0, "fills": 0}


@pytest.mark.parametrize(("after_ms", "moved"), [(1_499, 0), (1_500, 1)])
def test_it_follows_the_price_once_it_is_old_enough(
    tmp_path: Path, after_ms: int, moved: int
) -> None:
    did = replayed(tmp_path, [(after_ms, {"atl": [[2.02, 0.0]]})])
    assert (did["placed"], did["moved"]) == (3, moved)


def test_what_was_matched_is_placed_again(tmp_path: Path) -> None:
    """An offer to back at our price takes our order, and the runner is without one."""
    did = replayed(tmp_path, [(500, {"atl": [[2.02, 0.0]], "atb": [[2.02, 7.0]]})])
    assert (did["fills"], did["placed"], did["moved"]) == (1, 4, 0)


def test_a_price_out_of_bounds_is_not_joined(tmp_path: Path) -> None:
    far = {"atl": [[2.02, 0.0], [2.04, 0.0], [32.0, 5.0]], "atb": [[2.02, 7.0]]}
    did = replayed(tmp_path, [(500, far)])
    assert (did["fills"], did["placed"]) == (1, 3)
