"""Hotloop beside its peers: what a message costs each of them, on the same lines, in one run."""
