#!/usr/bin/env bash
# ruff.sh RUFF FILE…: lints and layout of Python files.
set -euo pipefail
ruff="$1"; shift
[ $# -gt 0 ] || { echo "ruff.sh: no file was given" >&2; exit 2; }
failed=0
"$ruff" check --config pyproject.toml --no-cache "$@" || failed=1
"$ruff" format --diff --config pyproject.toml --no-cache "$@" || failed=1
exit "$failed"
