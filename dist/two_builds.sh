#!/usr/bin/env bash
# Builds the release of this commit in two folders, from nothing each, and compares the bytes. Minutes each.
set -euo pipefail
here="${BUILD_WORKSPACE_DIRECTORY:?run it with ./bazelw run //dist:two_builds}"
scratch="$(mktemp -d "${TMPDIR:-/tmp}/two-builds.XXXXXX")"
trap 'chmod -R u+w "$scratch"; rm -rf "$scratch"' EXIT

build() {
  local clone="$scratch/$1"
  git -c advice.detachedHead=false clone --quiet "$here" "$clone"
  (
    cd "$clone"
    # A server and an output folder of its own: nothing of another build is at hand.
    ./bazelw --output_base="$scratch/output-$2" build //dist:release --curses=no --show_progress_rate_limit=60
    cp bazel-bin/dist/SHA256SUMS "$scratch/sums-$2"
    ./bazelw --output_base="$scratch/output-$2" shutdown
  )
}

build hotloop first
build somewhere/else/entirely second
cat "$scratch/sums-first"
if diff "$scratch/sums-first" "$scratch/sums-second"; then
  echo "two builds, the same bytes"
else
  echo "two_builds: the two builds differ" >&2
  exit 1
fi
