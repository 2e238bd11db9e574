"""The command line: `trader` builds the commands' arguments and turns every failure into one clear
line on standard error and an exit code.

Entry point: `trader.main`. One module per command in `commands`.

Exit codes: 0 done, 1 the check found a difference, 2 bad arguments, input or configuration,
3 could not start (or lost its executor or a worker: what was done until then is kept),
130 interrupted after a clean stop.
"""
