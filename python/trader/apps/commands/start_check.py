"""Whether what a run is going to use works together: asked before anything of it is begun.

Afterwards everybody looks once more at whom they have: `Hotloop` when it is made, the executor at
HELLO (proto_wire/SPEC.md, S2). Here it is one line and exit code 3 before a folder is made, the
venue is logged in at, or an order of the run before is taken up.
"""

from __future__ import annotations

import logging
from typing import Final

from trader import __version__
from trader.apps.commands.common import set_up_log
from trader.apps.commands.executors import executor_binary
from trader.compatibility import IncompatibleError, UnknownVersionError, check_installed
from trader.config.schema import Config
from trader.session import StartError, open_book

_log: Final = logging.getLogger("trader.apps")


def check_versions(config: Config) -> None:
    """Raises `StartError` for a part that is missing, or of a version that does not work."""
    set_up_log(config.monitoring.log)
    open_book(config)
    execution = config.execution
    if execution.backend != "rust":
        return
    if execution.supervise == "external" and not execution.dry_run:
        return  # its binary is somebody else's: it says at HELLO what it is
    try:
        versions = check_installed(executor_binary(), config.bundle_version)
    except (IncompatibleError, UnknownVersionError) as error:
        raise StartError(str(error)) from None
    if versions.version != __version__:
        _log.warning(
            "trader %s with executor %s: they work together, but are of two releases",
            __version__,
            versions.version,
        )
