"""A release made in a test, and hands that stop, or do without the system's own tools."""

from __future__ import annotations

import base64
import hashlib
import zipfile
from io import BytesIO
from pathlib import Path
from typing import Final

from deploy.installer.errors import FailedError
from deploy.installer.hands import Hands
from deploy.installer.layout import Layout

REPOSITORY: Final = Path(__file__).absolute().parents[2]
SYSTEMD: Final = REPOSITORY / "configs/deploy/systemd"
INSTALLER: Final = REPOSITORY / "deploy/installer"


class Stopped(BaseException):
    """The installer was killed."""


class FakeHands(Hands):
    """Does all but what programs would do: a virtual environment is a file of this one's name.

    `stop_before`: killed before this act, by its number. `failing`: a word of a command that fails.
    """

    def __init__(
        self,
        layout: Layout,
        *,
        dry_run: bool = False,
        stop_before: int | None = None,
        failing: str = "",
    ) -> None:
        self.said: list[str] = []
        self._stop_before = stop_before
        self._failing = failing
        super().__init__(layout, self.said.append, dry_run=dry_run)

    def begins(self, what: str) -> bool:
        if len(self.said) == self._stop_before:
            raise Stopped
        return super().begins(what)

    def run(self, *command: str | Path) -> None:
        words = [str(word) for word in command]
        if not self.begins(f"run {' '.join(words)}"):
            return
        if self._failing and self._failing in words:
            raise FailedError(f"{words[0]} ended with code 1: ERROR: no such wheel")
        if "venv" in words:
            made = Path(words[-1]) / "bin/python"
            made.parent.mkdir(parents=True)
            made.write_text("python")
        elif "pip" in words:
            (Path(words[0]).parent / "installed").write_text("packages")


def make_release(folder: Path, version: str, **changed: str) -> Path:
    """An unpacked release of one tiny wheel; `changed`: files of `deploy/systemd` by their stem,
    with another content."""
    files: dict[str, bytes] = {
        "VERSION": f"{version} {'0' * 40}\n".encode(),
        "bin/trader": b"#!/bin/sh\necho trader\n",
        "bin/executor": b"#!/bin/sh\necho executor\n",
        "python/trader/__init__.py": b"",
        "configs/base.yaml": b"bundle_version: 1\n",
        "docs/deploy.md": b"# Running it\n",
        "install": (INSTALLER / "install").read_bytes(),
    }
    for path in sorted(INSTALLER.glob("*.py")):
        if not path.name.endswith(("_test.py", "_for_tests.py")):
            files[f"deploy/installer/{path.name}"] = path.read_bytes()
    for path in sorted(SYSTEMD.iterdir()):
        if path.suffix in (".service", ".target", ".conf", ".env", ".yaml"):
            other = changed.get(path.stem.replace("-", "_"))
            content = path.read_bytes() if other is None else other.encode()
            files[f"deploy/systemd/{path.name}"] = content
    name, wheel = _wheel(version)
    files[f"wheels/{name}"] = wheel
    digest = hashlib.sha256(wheel).hexdigest()
    files["requirements.txt"] = f"tiny=={version} --hash=sha256:{digest}\n".encode()
    for relative, content in files.items():
        path = folder / relative
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)
        path.chmod(0o755 if relative.startswith("bin/") or relative == "install" else 0o644)
    sign(folder)
    return folder


def sign(folder: Path) -> None:
    """Writes the sums of what is there."""
    lines = [
        f"{hashlib.sha256(path.read_bytes()).hexdigest()}  {path.relative_to(folder)}\n"
        for path in sorted(folder.rglob("*"))
        if path.is_file() and path.name != "SHA256SUMS"
    ]
    (folder / "SHA256SUMS").write_text("".join(lines))


def contents(layout: Layout) -> dict[str, tuple[int, str]]:
    """Everything below the root: mode, and content or where a link leads."""
    found = {}
    for path in sorted(layout.root.rglob("*")):
        told = path.lstat()
        if path.is_symlink():
            text = str(path.readlink())
        else:
            text = path.read_bytes().hex() if path.is_file() else ""
        found[str(path.relative_to(layout.root))] = (told.st_mode & 0o7777, text)
    return found


def _wheel(version: str) -> tuple[str, bytes]:
    info = f"tiny-{version}.dist-info"
    files = {
        "tiny.py": f"VERSION = {version!r}\n",
        f"{info}/METADATA": f"Metadata-Version: 2.1\nName: tiny\nVersion: {version}\n",
        f"{info}/WHEEL": "Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: py3-none-any\n",
    }
    record = "".join(f"{name},{_record(text)}\n" for name, text in files.items())
    files[f"{info}/RECORD"] = f"{record}{info}/RECORD,,\n"
    name = f"tiny-{version}-py3-none-any.whl"
    return name, _zipped(files)


def _record(text: str) -> str:
    digest = base64.urlsafe_b64encode(hashlib.sha256(text.encode()).digest()).rstrip(b"=")
    return f"sha256={digest.decode()},{len(text)}"


def _zipped(files: dict[str, str]) -> bytes:
    out = BytesIO()
    with zipfile.ZipFile(out, "w") as archive:
        for name, text in files.items():
            archive.writestr(zipfile.ZipInfo(name), text)
    return out.getvalue()
