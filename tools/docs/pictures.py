"""Pictures of pages: PNG files of `docs/pictures`, each with words for those who do not see it.

A picture `x-light.png` beside which there is an `x-dark.png` is two of the same: a page names the
light one, and the site shows whichever fits the reader's scheme.
"""

from __future__ import annotations

import html
import posixpath
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from tools.docs.markdown import DocsError, Picture, is_outside, place

FOLDER: Final = "docs/pictures"
MAX_PICTURE_BYTES: Final = 2 * 1024 * 1024
MAX_SIDE: Final = 10_000
_SIGNATURE: Final = b"\x89PNG\r\n\x1a\n\x00\x00\x00\rIHDR"
_LIGHT, _DARK = "-light.png", "-dark.png"


@dataclass(frozen=True)
class Image:
    """A picture's file; `width` and `height` in its own pixels."""

    data: bytes
    width: int
    height: int


def is_picture(path: str) -> bool:
    """Whether a file of the repository is a picture that pages may show."""
    return posixpath.dirname(path) == FOLDER and path.endswith(".png")


def find_pictures(root: Path) -> list[str]:
    """Paths of all pictures below the repository's root, sorted."""
    return sorted(path.relative_to(root).as_posix() for path in root.glob(f"{FOLDER}/*.png"))


def read_pictures(root: Path, paths: Iterable[str]) -> dict[str, Image]:
    """Pictures by path.

    Raises:
      OSError: one cannot be read.
      ValueError: one is no picture, is no PNG, or is larger than 2 MiB or 10,000 pixels a side.
    """
    images = {}
    for path in paths:
        if not is_picture(path):
            raise ValueError(f"{path} is no picture of the site; these are {FOLDER}/*.png")
        images[path] = _image(path, (root / path).read_bytes())
    return images


def _image(path: str, data: bytes) -> Image:
    if len(data) > MAX_PICTURE_BYTES:
        raise ValueError(f"{path} has {len(data):,} bytes, {MAX_PICTURE_BYTES:,} are allowed")
    sides = data[len(_SIGNATURE) : len(_SIGNATURE) + 8]
    if not data.startswith(_SIGNATURE) or len(sides) < 8:
        raise ValueError(f"{path} is no PNG, whatever its name; save it as one")
    width, height = int.from_bytes(sides[:4], "big"), int.from_bytes(sides[4:], "big")
    if not (1 <= width <= MAX_SIDE and 1 <= height <= MAX_SIDE):
        raise ValueError(f"{path} has {width} x {height} pixels, 1 to {MAX_SIDE:,} are allowed")
    return Image(data, width, height)


def shown(source: str, picture: Picture) -> str:
    """The path of the picture that a page shows.

    Raises:
      DocsError: it has no words, or is no file of `docs/pictures`.
    """
    where = f"{source}:{picture.line}: the picture {picture.target}"
    if not picture.words.strip():
        raise DocsError(f"{where} has no words; say what is on it: ![WORDS]({picture.target})")
    if is_outside(picture.target):
        raise DocsError(f"{where} is somewhere else; put it into {FOLDER}")
    try:
        path = place(source, picture.target).path
    except ValueError as error:
        raise DocsError(f"{where} {error}") from error
    if not is_picture(path):
        raise DocsError(f"{where} is {path}; pictures are {FOLDER}/*.png")
    return path


def dark_of(path: str) -> str:
    """The picture for the dark scheme that would belong to this one; "" where none could."""
    return path.removesuffix(_LIGHT) + _DARK if path.endswith(_LIGHT) else ""


def drawn(source: str, picture: Picture, images: Mapping[str, Image], folder: str) -> str:
    """A picture as HTML, for a page in `folder`.

    Raises:
      DocsError: it has no words, or is not among `images`.
    """
    path = shown(source, picture)
    image = images.get(path)
    if image is None:
        raise DocsError(
            f"{source}:{picture.line}: the picture {picture.target} leads to {path},"
            " which is not there"
        )
    img = (
        f'<img src="{html.escape(posixpath.relpath(path, folder))}"'
        f' alt="{html.escape(picture.words)}" width="{image.width}" height="{image.height}"'
        ' loading="lazy">'
    )
    dark = dark_of(path)
    if dark not in images:
        return img
    # As in site.css, paper is light.
    return (
        '<picture><source media="screen and (prefers-color-scheme: dark)"'
        f' srcset="{html.escape(posixpath.relpath(dark, folder))}">{img}</picture>'
    )
