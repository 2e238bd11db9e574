"""Makes the wheel as a person does, with scripts/build_hotloop.sh, from a copy of the sources."""

import os
import pwd
import shutil
import subprocess
import tomllib
from pathlib import Path

# What a copy of the repository has of it, as far as the targets' `data` names it.
SOURCES = (".cargo", "Cargo.lock", "Cargo.toml", "rust", "scripts")
# Which way the network is, where cargo needs it.
PASSED_ON = ("HTTP_PROXY", "HTTPS_PROXY", "NO_PROXY", "http_proxy", "https_proxy", "no_proxy")


def built_by_script(scratch: Path) -> Path:
    """The wheel that the script leaves in dist/.

    Raises `RuntimeError` with what cargo and maturin said.
    """
    source = copied(scratch / "source")
    passed = {name: os.environ[name] for name in PASSED_ON if name in os.environ}
    maturin = Path(os.environ["HOTLOOP_MATURIN"]).absolute().parent
    done = subprocess.run(
        [source / "scripts/build_hotloop.sh"],
        capture_output=True,
        text=True,
        check=False,
        env={
            **passed,
            "CARGO_HOME": str(cargo_home(scratch / "cargo")),
            "CARGO_TARGET_DIR": str(scratch / "target"),
            "CARGO_TERM_COLOR": "never",
            "HOME": str(scratch),
            "LANG": "C.UTF-8",
            "PATH": f"{maturin}:/usr/bin:/usr/sbin",
        },
    )
    if done.returncode != 0:
        raise RuntimeError(f"build_hotloop.sh: {done.returncode}\n{done.stdout}\n{done.stderr}")
    (wheel,) = (source / "dist").glob("*.whl")
    return wheel


def copied(target: Path) -> Path:
    """The sources; of members that the wheel has nothing of, the manifests.

    Cargo resolves the workspace whole, so that it wants to see every member, with something in it.
    """
    target.mkdir(parents=True)
    for name in SOURCES:
        if Path(name).is_dir():
            shutil.copytree(name, target / name, ignore=shutil.ignore_patterns("*.whl", "*.so"))
        else:
            shutil.copyfile(name, target / name)
    workspace = tomllib.loads((target / "Cargo.toml").read_text())["workspace"]
    for member in workspace["members"]:
        folder = target / member
        if not (folder / "Cargo.toml").exists():
            raise RuntimeError(f"{member}: add its :manifests to MANIFESTS in BUILD.bazel")
        if not (folder / "src").exists():
            (folder / "src").mkdir()
            (folder / "src/lib.rs").touch()
            (folder / "src/main.rs").touch()
    return target


def cargo_home(target: Path) -> Path:
    """A folder for cargo to write in, with what the machine has for it already.

    The crates that Bazel's own resolution fetched lie in its `CARGO_HOME`: with them nothing is
    left to be downloaded. A registry that the user has chosen is named in the user's configuration.
    """
    target.mkdir(parents=True)
    given = Path(os.environ.get("CARGO_HOME", "none"), "registry")
    for name in ("cache", "index"):
        if (given / name).is_dir():
            shutil.copytree(given / name, target / "registry" / name, symlinks=True)
    configuration = Path(pwd.getpwuid(os.getuid()).pw_dir, ".cargo/config.toml")
    if configuration.is_file():
        shutil.copyfile(configuration, target / "config.toml")
    return target
