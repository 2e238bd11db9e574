"""The profile that docs/live.md shows, and people copy, is valid and trades nothing."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Final

from trader.config.loading import load

PAGE: Final = (Path(__file__).parents[3] / "docs" / "live.md").read_text(encoding="utf-8")


def test_the_profile_is_a_dry_run_by_the_python_paths_with_passive_maker_alone(
    tmp_path: Path,
) -> None:
    (text,) = re.findall(r"^```yaml live\.yaml\n(.*?)^```$", PAGE, re.MULTILINE | re.DOTALL)
    profile = tmp_path / "live.yaml"
    profile.write_text(text)
    config = load(str(profile))
    assert config.execution.dry_run
    assert (config.hotloop.backend, config.execution.backend) == ("python", "python")
    assert [name for name, edge in config.edges.items() if edge.enabled] == ["passive_maker"]
    assert config.betfair.session.key_file == "/etc/hotloop/secrets/client.key"
    assert config.selector.countries == ("GB", "IE")
