"""Makes the wheel of a compiled module: `wheel PYPROJECT VERSION TAG OUT FILE=PATH…`.

PYPROJECT names and describes it, and its README and licence lie beside it; TAG is the wheel's, for
example `cp311-abi3-manylinux_2_34_x86_64`; each FILE goes into the wheel under PATH. The same files
give the same bytes, and the same metadata as maturin writes.
"""

import os
import shutil
import subprocess
import sys
import tempfile
import tomllib
from pathlib import Path
from typing import Any


def metadata(project: dict[str, Any], version: str, readme: str) -> str:
    """Core metadata 2.4 of a `[project]` table."""
    lines = [
        "Metadata-Version: 2.4",
        f"Name: {project['name']}",
        f"Version: {version}",
        f"Summary: {project['description']}",
        f"License-Expression: {project['license']}",
        *(f"License-File: {name}" for name in project["license-files"]),
        *(f"Classifier: {name}" for name in project["classifiers"]),
        f"Requires-Python: {project['requires-python']}",
        "Description-Content-Type: text/markdown; charset=UTF-8; variant=GFM",
    ]
    return "\n".join(lines) + "\n\n" + readme


def main(arguments: list[str]) -> int:
    pyproject, version, tag, out, *files = arguments
    beside = Path(pyproject).parent
    project = tomllib.loads(Path(pyproject).read_text(encoding="utf-8"))["project"]
    with tempfile.TemporaryDirectory() as folder:
        content, packed = Path(folder, "content"), Path(folder, "packed")
        packed.mkdir()
        info = content / f"{project['name']}-{version}.dist-info"
        info.mkdir(parents=True)
        readme = (beside / project["readme"]).read_text(encoding="utf-8")
        (info / "METADATA").write_text(metadata(project, version, readme), encoding="utf-8")
        (info / "licenses").mkdir()
        for name in project["license-files"]:
            shutil.copyfile(beside / name, info / "licenses" / name)
        lines = [
            "Wheel-Version: 1.0",
            "Generator: hotloop",
            "Root-Is-Purelib: false",
            f"Tag: {tag}",
        ]
        (info / "WHEEL").write_text("\n".join(lines) + "\n", encoding="utf-8")
        for file in files:
            source, path = file.split("=")
            target = content / path
            target.parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(source, target)
        # Zip keeps no time before 1980.
        environment = {"SOURCE_DATE_EPOCH": "315532800", "PYTHONPATH": os.pathsep.join(sys.path)}
        command = [sys.executable, "-m", "wheel", "pack", "--dest-dir", str(packed), str(content)]
        subprocess.run(
            command, check=True, stdout=subprocess.DEVNULL, env={**os.environ, **environment}
        )
        shutil.move(next(packed.iterdir()), out)
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
