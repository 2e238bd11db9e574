"""`trader replay FILE… --out DIR`: recordings through the engine, summary, blotter, report."""

from __future__ import annotations

import argparse
import os
import sys
from typing import Any

from trader.apps.arguments import ArgumentError, user_path
from trader.apps.commands.common import (
    Run,
    configured,
    identity_of,
    opened,
    play,
    put_report,
    report,
    set_up_log,
)
from trader.apps.commands.executors import make_executor
from trader.apps.commands.start_check import check_versions
from trader.apps.interrupt import Interrupt
from trader.apps.progress import FileProgress, FilesProgress
from trader.config.schema import Config
from trader.session import Session
from trader.simulator.many.inputs import ReplayInput, find_inputs
from trader.simulator.many.job import JobSettings, program_digest
from trader.simulator.many.local import play_locally
from trader.simulator.many.ray_engine import RayEngine, import_ray
from trader.simulator.many.run import ManyInputs, default_workers, play_many
from trader.simulator.recording import Recording
from trader.simulator.replay import Replay, Source
from trader.simulator.report import replay_lines


def run(arguments: argparse.Namespace, interrupt: Interrupt) -> int:
    """Exit code 0, or 130 when interrupted; failures are raised (see `apps.trader`)."""
    config = configured(arguments)
    files = [(name, user_path(name)) for name in arguments.files]
    if arguments.engine != "ray":  # its workers look at what they have themselves
        check_versions(config)
    found = find_inputs(files)  # every file is looked at before the first is played
    identity = identity_of(
        config, "replay", [f"{path.name} ({path.stat().st_size} bytes)" for _, path in files]
    )
    many = _many(arguments, config, found.inputs)
    for note in found.notes:
        print(note, file=sys.stderr, flush=True)
    folder = user_path(arguments.out)
    with opened(config, folder, arguments.out, identity, keeps_parts=many is not None) as this:
        if many is None:
            summary = _play(this, found.inputs[0], interrupt)
        else:
            summary = _play_many(this, many, interrupt)
    lines = replay_lines(summary, arguments.out, has_page=this.has_page)
    return report(summary, lines, arguments.out)


def _many(
    arguments: argparse.Namespace, config: Config, inputs: list[ReplayInput]
) -> ManyInputs | None:
    """How several inputs are played; None for one, which is played in this process.

    Raises `ArgumentError`.
    """
    is_ray = arguments.engine == "ray"
    if arguments.ray_address is not None and not is_ray:
        raise ArgumentError("--ray-address: is for --engine ray; add that, or leave it out")
    if len(inputs) == 1 and not is_ray:
        if arguments.resume:
            raise ArgumentError(
                "--resume: is for several recordings, and this is one; leave it out"
            )
        return None
    workers = arguments.workers or default_workers()
    execution = config.execution
    if execution.backend == "rust" and execution.transport != "uds" and execution.port:
        raise ArgumentError(
            f"execution.port: {execution.port} is one port, and every worker's sidecar needs its "
            "own; set it to 0 (any free one)"
        )
    settings = JobSettings(config, "replay", make_executor, set_up_log, program_digest())
    return ManyInputs(
        inputs,
        settings,
        play=_engine(arguments) if is_ray else play_locally,
        workers=workers,
        resume=arguments.resume,
        fresh=arguments.fresh,
    )


def _engine(arguments: argparse.Namespace) -> RayEngine:
    """Raises `StartError` where Ray is not installed, before anything is begun."""
    address = arguments.ray_address or os.environ.get("RAY_ADDRESS") or None
    import_ray(address)
    return RayEngine(address)


def _play_many(run: Run, many: ManyInputs, interrupt: Interrupt) -> dict[str, Any]:
    size = sum(one.size for one in many.inputs)
    with FilesProgress(len(many.inputs), size) as progress:
        summary = play_many(
            many,
            run.output,
            run.blotter,
            run.metrics,
            stop=interrupt.requested,
            progress=progress,
        )
    run.blotter.close()
    document = summary.as_json(run.metrics)
    run.output.commit(document, is_complete=not summary.interrupted)
    put_report(run)
    return document


def _play(opened_run: Run, one: ReplayInput, interrupt: Interrupt) -> dict[str, Any]:
    with _Progress(one) as progress:
        replay = Replay(
            opened_run.config,
            command="replay",
            blotter=opened_run.blotter,
            metrics=opened_run.metrics,
            make_executor=make_executor,
            run_dir=opened_run.output.run_dir,
            stop=interrupt.requested,
            watch=progress.watch,
        )
        return play(opened_run, replay, [Source(one.name, progress.open)])


class _Progress:
    """How far the one input is read."""

    def __init__(self, one: ReplayInput) -> None:
        self._one = one
        self._shown = FileProgress(one.size)
        self._recording: Recording | None = None

    def __enter__(self) -> _Progress:
        self._shown.__enter__()
        return self

    def __exit__(self, *_: object) -> None:
        self._shown.__exit__()

    def open(self) -> Recording:
        self._recording = self._one.open()
        return self._recording  # which closes itself

    def watch(self, session: Session) -> None:
        if self._recording is not None and self._shown.is_due():
            done = self._recording.position * self._one.size // self._recording.size
            self._shown.show(self._recording.path.name, done, session.engine.counts.lines)
