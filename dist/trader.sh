#!/bin/sh
# The trader of this release, with the interpreter and packages that the installer has put beside it.
set -eu
release="$(dirname "$(dirname "$(readlink -f "$0")")")"
if [ ! -x "$release/venv/bin/python" ]; then
  echo "trader: $release has no venv yet: run $release/install first (--help tells more)" >&2
  exit 3
fi
HOTLOOP_EXECUTOR="${HOTLOOP_EXECUTOR:-$release/bin/executor}"
PYTHONPATH="$release/python"
export HOTLOOP_EXECUTOR PYTHONPATH
exec "$release/venv/bin/python" -P -m trader.apps.trader "$@"
