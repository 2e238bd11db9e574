"""Shows the built site on loopback until it is interrupted: `serve SITE.tar [--port N]`."""

from __future__ import annotations

import argparse
import functools
import http.server
import signal
import sys
import tarfile
import tempfile
from pathlib import Path


def main(arguments: list[str]) -> int:
    parser = argparse.ArgumentParser(prog="serve", description="Shows the site on 127.0.0.1.")
    parser.add_argument("site", type=Path, help="the archive that `build --tar` made")
    parser.add_argument("--port", type=int, default=0, help="default: any free one")
    options = parser.parse_args(arguments)
    # Also where whoever started this ignores it, as a shell does in the background.
    signal.signal(signal.SIGINT, signal.default_int_handler)
    with tempfile.TemporaryDirectory(prefix="hotloop-docs-") as folder:
        with tarfile.open(options.site) as archive:
            archive.extractall(folder)  # our own archive; bookworm's Python has no filters
        handler = functools.partial(
            http.server.SimpleHTTPRequestHandler, directory=str(Path(folder, "site"))
        )
        with http.server.ThreadingHTTPServer(("127.0.0.1", options.port), handler) as server:
            print(f"http://127.0.0.1:{server.server_port}/  (Ctrl-C ends it)", flush=True)
            try:
                server.serve_forever()
            except KeyboardInterrupt:
                return 130
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
