"""`trader calibrate --fit`: parameters chosen on some files, judged on another, each in turn."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

from trader.apps.commands.calibrate_read import Files, Reader, make_judge
from trader.betfair.signals.log_logistic import Coefficients
from trader.betfair.signals.settings import FillModel, QueueModel
from trader.calibration.fitting import (
    FILES_MIN,
    FileSamples,
    FitError,
    Gatherer,
    fit,
    with_coefficients,
)
from trader.calibration.judging import Block, Judged, blocks_of
from trader.calibration.sampling import Plan


@dataclass(slots=True)
class Fitted:
    """The files judged with parameters of the others, those parameters by file, and the parameters
    of all files; None when it was interrupted."""

    judged: list[Judged] = field(default_factory=list)
    held_out: dict[str, Coefficients] = field(default_factory=dict)
    coefficients: Coefficients | None = None

    def by_name(self) -> dict[str, Coefficients]:
        """Those that each file was judged with, and last those of all."""
        of_all = {} if self.coefficients is None else {"all": self.coefficients}
        return {**self.held_out, **of_all}


class Fitting:
    """Reads every file twice: for its orders, then with the parameters of the others."""

    def __init__(
        self,
        reader: Reader,
        block: Block,
        models: Sequence[FillModel],
        queue_model: QueueModel,
        plan: Plan,
        *,
        rust: bool,
    ) -> None:
        self._reader = reader
        self._block = {**block, "queue": {**block["queue"], "model": queue_model}}
        self._models = models
        self._queue_model = queue_model
        self._plan = plan
        self._rust = rust
        self._result = Fitted()

    def run(self, files: Files, shown: Sequence[str]) -> Fitted:
        """`shown`: what each file is called in tables. Raises `FitError`, and what `make_judge`
        does."""
        samples: list[FileSamples | None] = []
        for (name, path), called in zip(files, shown, strict=True):
            gatherer = Gatherer(called, self._block, self._plan)
            if not self._reader.read(name, path, "orders", gatherer.line):
                return self._result
            samples.append(gatherer.result())
        usable = [one for one in samples if one is not None]
        if len(usable) < FILES_MIN:
            raise FitError(
                f"--fit: needs {FILES_MIN} recordings with traded volume, to choose parameters on "
                f"one and judge them on another; {len(usable)} of these {len(files)} have it"
            )
        for (name, path), called, one in zip(files, shown, samples, strict=True):
            others = [other for other in usable if other is not one]
            if not self._judge(name, path, called, fit(others)):
                return self._result
        self._result.coefficients = fit(usable)
        return self._result

    def _judge(self, name: str, path: Path, called: str, coefficients: Coefficients) -> bool:
        """Judges one file by what the others taught; False when it was interrupted."""
        block = with_coefficients(self._block, coefficients)
        blocks = blocks_of(block, self._models, self._queue_model)
        judge = make_judge(called, blocks, self._plan, rust=self._rust)
        if not self._reader.read(name, path, "held out", judge.line):
            return False
        self._result.judged.append(judge.result())
        self._result.held_out[called] = coefficients
        return True
