#!/usr/bin/env bash
# buildifier.sh BUILDIFIER FILE…: layout and lints of the build files.
set -euo pipefail
buildifier="$1"; shift
[ $# -gt 0 ] || { echo "buildifier.sh: no file was given" >&2; exit 2; }
# The packaged Bazel has these rules built in; where they are to be loaded from one day is not settled here.
exec "$buildifier" -mode=diff -lint=warn -warnings=-native-py,-native-sh-binary,-native-sh-test "$@"
