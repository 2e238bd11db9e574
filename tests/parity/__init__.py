"""The Rust core, the Python reference and betfairlightweight's cache, over the same lines."""
