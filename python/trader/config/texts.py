"""The configuration as it was written: the texts that `loading.load` makes it from."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from trader.config.loading import profile_path, repository_root


def texts(
    profile: str | None, overrides: Iterable[str] = (), configs_dir: Path | None = None
) -> dict[str, str]:
    """Text by name: base, profile and each override. For a configuration that was loaded."""
    folder = configs_dir if configs_dir is not None else repository_root() / "configs"
    files = [folder / "base.yaml"]
    if profile is not None:
        files.append(profile_path(profile, folder))
    found = {str(path): path.read_text(errors="replace") for path in files}
    for override in overrides:
        key, _, value = override.partition("=")
        found[f"--set {key.strip()}"] = value
    return found
