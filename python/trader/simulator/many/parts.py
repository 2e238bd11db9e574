"""Finished inputs, kept in the output folder until the run is complete.

Each is two files, `NNNNNN.sqlite` (its blotter) and `NNNNNN.record`; it is there when the second
is, which comes last. `manifest.json` says of which run they are: its identity, its inputs with
their sizes and times of change, and digests of the configuration and the program. Parts are gone
on with only where all of it is the same.
"""

from __future__ import annotations

import json
import pickle
import shutil
import tempfile
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import asdict, is_dataclass
from pathlib import Path
from typing import Any, Final

from trader.simulator.many.inputs import ReplayInput
from trader.simulator.many.job import BLOTTER, RECORD, PartRecord
from trader.simulator.output import IDENTITY_KEY, MANIFEST, OutputError, OutputFolder, sync

_DIFFERENCES: Final[Mapping[str, str]] = {
    "inputs": "an input has changed",
    "config": "the configuration is another",
    "program": "the program is another",
}


class Parts:
    """The parts of one run; for the process that holds the folder's lock.

    Raises `OutputError` wherever the folder cannot be used.
    """

    def __init__(
        self, output: OutputFolder, inputs: Iterable[ReplayInput], *, config: str, program: str
    ) -> None:
        """`config`, `program`: digests."""
        self._folder = output.parts
        self._shown = f"--out {output.name}"
        self._work = output.staging
        self._manifest: dict[str, Any] = {
            IDENTITY_KEY: output.identity,
            "inputs": [asdict(one) for one in inputs],
            "config": config,
            "program": program,
        }

    def begin(self, *, fresh: bool) -> list[int]:
        """Makes the folder ready; which inputs (by place, from 0) are finished already. `fresh`:
        what is there is thrown away.

        Raises `OutputError` when what is there cannot be gone on with.
        """
        try:
            path = self._folder / MANIFEST
            done = sorted(int(record.stem) for record in self._folder.glob("*.record"))
            if fresh or not done or not path.exists():
                self._clear()
                staged = self._folder / f"{MANIFEST}.new"
                staged.write_text(json.dumps(self._manifest, ensure_ascii=False))
                self._place([(staged, path)])
                return []
            former = json.loads(path.read_text())
        except (OSError, ValueError) as error:
            raise self._unusable(error) from None
        same = json.loads(json.dumps(self._manifest))
        for key, what in _DIFFERENCES.items():
            if former.get(key) != same[key]:
                raise OutputError(
                    f"{self._shown}: holds {len(done):,} finished inputs of this run, but {what} "
                    "since; --fresh begins anew"
                )
        return done

    def work_folder(self) -> Path:
        """A new folder for one worker to write in; goes when the output folder is closed."""
        try:
            return Path(tempfile.mkdtemp(prefix="work-", dir=self._work))
        except OSError as error:
            raise self._unusable(error) from None

    def put(self, number: int, folder: Path) -> None:
        """Puts what `play_input` wrote into `folder`, on the same file system, in place."""
        try:
            self._place(
                [
                    (folder / BLOTTER, self.blotter(number)),
                    (folder / RECORD, self._record(number)),
                ]
            )
        except OSError as error:
            raise self._unusable(error) from None

    def blotter(self, number: int) -> Path:
        return self._folder / f"{number:06}.sqlite"

    def record(self, number: int) -> PartRecord:
        try:
            with self._record(number).open("rb") as file:
                record = _Unpickler(file).load()
        except (OSError, EOFError, pickle.UnpicklingError, AttributeError, TypeError) as error:
            raise self._unusable(error) from None
        if not isinstance(record, PartRecord):
            raise self._unusable(ValueError(f"part {number} is not of this program"))
        return record

    def _record(self, number: int) -> Path:
        return self._folder / f"{number:06}.record"

    def _place(self, moves: list[tuple[Path, Path]]) -> None:
        """Each on the disk under its name, or not there; in this order."""
        for written, place in moves:
            sync(written)
            written.replace(place)
            sync(self._folder)

    def _clear(self) -> None:
        (self._folder / MANIFEST).unlink(missing_ok=True)  # first: without it nothing is a part
        shutil.rmtree(self._folder, ignore_errors=True)
        self._folder.mkdir(parents=True)

    def _unusable(self, error: Exception) -> OutputError:
        reason = getattr(error, "strerror", None) or str(error)
        return OutputError(f"{self._shown}: its finished inputs cannot be kept or read: {reason}")


class _Unpickler(pickle.Unpickler):
    """Makes nothing but the data that records are made of: a file may come from anywhere."""

    def find_class(self, module: str, name: str) -> Any:
        if (module, name) == ("collections", "Counter"):
            return Counter
        if module == "trader" or module.startswith("trader."):
            found = super().find_class(module, name)
            if isinstance(found, type) and (is_dataclass(found) or name in _PLAIN):
                return found
        raise pickle.UnpicklingError(f"{module}.{name} has no place in a record")


_PLAIN: Final = ("LatencyHistogram", "Runner")
"""Classes of records that are no dataclasses."""
