"""The guide's acceptance: every recording, with either half in Rust, against Python in both halves;
all rows equal."""

from __future__ import annotations

from pathlib import Path

from tests.e2e.trader_process import need_executor, need_rust_hotloop, succeed
from tests.parity.recordings import market_streams, per_recording

OTHERS = (("python", "rust"), ("rust", "python"), ("rust", "rust"))


@per_recording
def test_every_combination_of_backends_comes_to_the_same(name: str, tmp_path: Path) -> None:
    recording = market_streams() / name
    need_rust_hotloop()
    need_executor()
    reference = tmp_path / "python-python"
    for hotloop, execution in (("python", "python"), *OTHERS):
        out = tmp_path / f"{hotloop}-{execution}"
        backends = ("--hotloop", hotloop, "--execution", execution)
        succeed("replay", str(recording), "--out", str(out), *backends)
        if out != reference:
            assert "\nequal: all " in succeed("compare", str(reference), str(out))
