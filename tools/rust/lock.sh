#!/usr/bin/env bash
# Brings Cargo.lock to what the Cargo.toml files ask for; versions that still fit stay.
set -euo pipefail
cd "${BUILD_WORKSPACE_DIRECTORY:?run it with: ./bazelw run //tools/rust:lock}"
CARGO_HOME="${HOTLOOP_CACHE:?}/cargo-home" exec cargo update --workspace
