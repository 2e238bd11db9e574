"""The installer of a release: lays it out beside the former versions and switches to it.

It needs nothing but Python's standard library, and starts no service. Exit codes: 0 done, 1
`--check` found differences, 2 refused (nothing was changed), 3 failed on the way (run it again),
130 interrupted.
"""
