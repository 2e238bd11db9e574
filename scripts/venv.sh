#!/usr/bin/env bash
# Makes .venv for editors and plain pytest: the locked packages, the trader, the Rust extension and the executor.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

python="${PYTHON:-python3.11}"
command -v "$python" >/dev/null || { echo "venv.sh: no $python on the path; name another 3.11 in PYTHON" >&2; exit 3; }
command -v cargo >/dev/null || { echo "venv.sh: no cargo on the path (rustup.rs or your distribution has it)" >&2; exit 3; }

echo "venv.sh: installing the locked packages into .venv" >&2
"$python" -m venv .venv
.venv/bin/pip install --quiet --require-hashes -r tools/python/requirements.lock
site="$(.venv/bin/python -c 'import sysconfig; print(sysconfig.get_path("purelib"))')"
echo "$PWD/python" >"$site/hotloop-trader.pth"

scripts/build_hotloop.sh
.venv/bin/pip install --quiet --force-reinstall --no-deps dist/hotloop-*.whl
echo "venv.sh: building the executor" >&2
cargo build --quiet --release --bin executor
echo "venv.sh: ready: .venv/bin/python -m trader.apps.trader, .venv/bin/pytest" >&2
