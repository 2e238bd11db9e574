#!/usr/bin/env bash
# Runs shellcheck over the scripts it is given.
set -euo pipefail
[ $# -gt 0 ] || { echo "shellcheck.sh: no file was given" >&2; exit 2; }
exec shellcheck --external-sources --shell=bash "$@"
