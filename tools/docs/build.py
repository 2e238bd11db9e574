"""Makes the documentation's site of static pages: `build [--root ROOT] (--out DIR | --tar FILE)`.

Exit codes: 0 made, 2 bad arguments, or a page from which none can be made (one line: file, line,
why).
"""

from __future__ import annotations

import argparse
import io
import sys
import tarfile
from collections.abc import Mapping
from pathlib import Path

from tools.docs.markdown import DocsError
from tools.docs.pictures import find_pictures, is_picture, read_pictures
from tools.docs.site import find_pages, make_site, read_pages


def write_folder(files: Mapping[str, bytes], folder: Path) -> None:
    """Writes a site into a folder that is new or empty.

    Raises:
      ValueError: something is in it.
      OSError: it cannot be written.
    """
    if folder.exists() and any(folder.iterdir()):
        raise ValueError(f"{folder} is not empty; remove it or name another one")
    for name, data in sorted(files.items()):
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(data)


def write_tar(files: Mapping[str, bytes], path: Path) -> None:
    """Writes a site as an archive whose bytes follow from the files alone: no times, no owners.

    Raises:
      OSError: it cannot be written.
    """
    with tarfile.open(path, "w", format=tarfile.USTAR_FORMAT) as archive:
        for name, data in sorted(files.items()):
            member = tarfile.TarInfo(f"site/{name}")
            member.size, member.mode, member.mtime = len(data), 0o644, 0
            archive.addfile(member, io.BytesIO(data))


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="build",
        description="Makes the documentation's site: static pages that open without a server.",
    )
    where = parser.add_mutually_exclusive_group(required=True)
    where.add_argument("--out", type=Path, metavar="DIR", help="a new or empty folder for it")
    where.add_argument("--tar", type=Path, metavar="FILE", help="an archive for it, without times")
    parser.add_argument(
        "--root", type=Path, default=Path(), help="the repository (default: the current folder)"
    )
    parser.add_argument(
        "--repository",
        default="",
        metavar="ADDRESS",
        help="where the repository's files are shown; links to files that are no pages lead there"
        " (default: none, they become paths)",
    )
    parser.add_argument(
        "files",
        nargs="*",
        help="pages and pictures, from the root (default: all that are there)",
    )
    return parser


def main(arguments: list[str]) -> int:
    options = _parser().parse_args(arguments)
    try:
        names = options.files or find_pages(options.root) + find_pictures(options.root)
        pages = read_pages(options.root, [name for name in names if not is_picture(name)])
        pictures = read_pictures(options.root, filter(is_picture, names))
        files = make_site(pages, pictures, options.repository)
        if options.out is not None:
            write_folder(files, options.out)
        else:
            write_tar(files, options.tar)
    except (DocsError, ValueError, OSError) as error:
        print(f"build: {error}", file=sys.stderr)
        return 2
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
