#!/usr/bin/env bash
# Builds the wheel of the Rust Hotloop into dist/ with maturin; the same module as //rust/hotloop-py:wheel.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

maturin="$(command -v maturin || true)"
[ -n "$maturin" ] || maturin="$PWD/.venv/bin/maturin"
[ -x "$maturin" ] || { echo "build_hotloop.sh: no maturin: run scripts/venv.sh, or pip install maturin" >&2; exit 3; }
exec "$maturin" build --release --locked --quiet --out dist --manifest-path rust/hotloop-py/Cargo.toml "$@"
