"""What ends a run early: one line for people, and the exit code of the command."""

from typing import ClassVar


class BenchError(Exception):
    exit_code: ClassVar[int]


class WrongAnswerError(BenchError):
    """Ours gave other counts than the file holds, or refused it: its speed means nothing."""

    exit_code = 1


class BadArgumentsError(BenchError):
    exit_code = 2


class CannotStartError(BenchError):
    """A file, an environment or a worker is not there or does not work."""

    exit_code = 3
