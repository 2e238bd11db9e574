"""This release against the compatibility matrix."""

from __future__ import annotations

from typing import Final

import yaml

from trader import __version__
from trader.compatibility import WORKS, Matrix, matrix_path, this_release
from trader.doctor.findings import Finding, fail, ok
from trader.doctor.subject import Subject

VERSIONS: Final = "versions"
_REINSTALL: Final = "install the release as a whole again (docs/upgrade.md)"


def versions(subject: Subject) -> list[Finding]:
    """Whether the matrix knows this release, and pairs its parts with this configuration."""
    path = matrix_path()
    try:
        matrix = Matrix.read(path)
    except (OSError, ValueError, yaml.YAMLError) as error:
        why = getattr(error, "strerror", None) or error
        return [fail(VERSIONS, f"{path} cannot be read: {why}", _REINSTALL)]
    release = this_release()
    if release not in matrix.releases:
        what = f"trader {__version__} as it is here is no release of {path}"
        return [fail(VERSIONS, what, _REINSTALL)]
    bundle = subject.config.bundle_version
    pair = {"hotloop_api": release["hotloop_api"], "bundle": bundle, "outcome": WORKS}
    if pair not in matrix.hotloop:
        what = f"the matrix does not pair configuration {bundle} with Hotloop API"
        return [fail(VERSIONS, f"{what} {release['hotloop_api']}", _REINSTALL)]
    wire = ", ".join(str(number) for number in release["wire_versions"])
    return [
        ok(
            VERSIONS,
            f"trader {__version__}: wire {wire}, configuration {bundle}, Hotloop API "
            f"{release['hotloop_api']}, as in compatibility.yaml",
        )
    ]
