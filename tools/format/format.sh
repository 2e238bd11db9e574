#!/usr/bin/env bash
# format.sh BUILDIFIER RUSTFMT RUFF: lays out every Python, Rust and build file of the workspace in place.
set -euo pipefail
buildifier="$PWD/$1"; rustfmt="$PWD/$2"; ruff="$PWD/$3"
cd "${BUILD_WORKSPACE_DIRECTORY:?run it with: ./bazelw run //tools/format}"

files() { git ls-files --cached --others --exclude-standard -z -- "$@"; }

files '*.py' '*.pyi' | xargs -0 -r "$ruff" check --quiet --fix-only
files '*.py' '*.pyi' | xargs -0 -r "$ruff" format --quiet
files '*.rs' | xargs -0 -r "$rustfmt" --config-path "$PWD"
files '*.bzl' '*BUILD.bazel' MODULE.bazel | xargs -0 -r "$buildifier" -mode=fix -lint=fix -warnings=-native-py,-native-sh-binary,-native-sh-test
