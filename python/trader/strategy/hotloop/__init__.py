"""The signals seam: one class, `Hotloop`, with a Rust and a pure-Python backend.

Entry points: `api.Hotloop` (what strategies hold; picks the backend), `reference.Hotloop` (the
definition, written to be read), `errors.HotloopError`, `config.read_config`. The rules both
backends follow are docs/signals.md.
"""
