"""The pre-flight list of `trader doctor`: what must be so before a trader is started, checked.

A check is a small function from a `Subject` (what is examined) to findings, each of which is one
line: a mark, a name, what was found, and where that is not well what to do. `all_checks.CHECKS` is
the list, `examination` goes through it with a time limit for each, `shown` prints.

Invariants: nothing is changed at the venue and nothing is taken from a trader that runs; a secret
is read, compared and never told; what cannot be known is skipped and says why.
"""
