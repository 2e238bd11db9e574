"""What `trader COMMAND --help` teaches beyond its options."""

from __future__ import annotations

from typing import Final

TRADER: Final = """\
examples:
  trader                                          the demo: a generated race, paper money
  trader --hotloop python --execution python      the same without Rust
  trader demo --seed 11 --speed max --out demo    another race, as fast as it goes
  trader replay 1.200806927.json --out out        a recording through the trader
  trader replay day/*.bz2 --out day-out --execution rust
  trader generate --out race.jsonl                a recording of a race that never was
  trader replay race.jsonl --edge mine.py --out m an edge of your own (docs/first_edge.md)
  trader parity 1.200806927.json                  Rust and Python hotloop, every answer compared
  trader report out --runner 1.200806927/228749   the run's page anew, with this runner's ladder
  trader compare out-rust out-python              two replays, row against row
  trader calibrate day/*.bz2                      fill probabilities against what traded
  trader sim-exchange --markets 5 --speed 10      a Betfair of our own, for any client
  trader config check                             every file of configs/, checked
  trader config render --profile demo             the sidecar's own configuration
  trader compat                                   which versions work together, and yours
  trader doctor --profile live.yaml               everything it needs, checked before the start
  trader live --profile live.yaml                 the venue's stream, orders by either executor
  trader config set execution.backend=rust --profile live.yaml
  trader reload --profile live.yaml               taken by the trader that runs, orders open or not
  trader status --profile live.yaml               how the trader that runs is
  trader orders --profile live.yaml               what is open at the venue, and positions
  trader cancel-all --profile live.yaml           all of it cancelled, whoever trades

exit codes: 0 done, 1 the check found a difference, 2 bad arguments, input or configuration,
3 could not start, or lost its executor or a worker, 130 interrupted after a clean stop
"""
REPORT: Final = """\
Every replay, demo and live trader writes its report.html at the end (report.enabled). This makes it
from what is in DIR again: for another runner's ladder, or of a live trader's last day while it
runs, whose files are only read. The page is one file that needs no network: profit and
drawdown, what each edge earned, orders, fees, fill estimates against what came of them, latency,
and the ladder of a runner with our orders, their queues and our fills; of many markets also a
table, and each on its own. docs/reports.md says more.

examples:
  trader report out
  trader report out --runner 1.200806927/228749
  trader report ~/.local/state/hotloop/live-live --out today.html
"""
REPLAY: Final = """\
A recording is lines of the market stream (op mcm), plain or as .gz or .bz2; of a .tar or .zip
every market recording in it is played. DIR gets summary.json, report.html (docs/reports.md) and
blotter.sqlite (tables runs, intents, estimates, cannibalisation, reports, fills, settlements,
positions; samples for the report in curve, ladders, queues); the same replay again replaces them, a
different one is refused. Several recordings are played at once, with the same result; those that
are finished when it is interrupted, or killed, are kept, and the same command goes on with the
rest.

examples:
  trader replay 1.127236622.bz2 --out out
  trader replay 1.200806927.json --out out-py --hotloop python --feed normalized
  trader replay 1.200806927.json --out wide --set edges.passive_maker.min_spread_ticks=3
  trader replay data.tar --out month --workers 8
  trader replay race.jsonl --out mine --edge mine.py --without-shipped-edges --set edges.mine.x=2

An edge of your own (--edge, or edge_files in a profile) trades beside those that ship; its file
and its parameters are part of the run: with others it is a different run, for another DIR.
"""
GENERATE: Final = """\
Races as `trader demo` has them, as a recording of the market stream for `trader replay`: the same
seed, and the same simulator.demo, give the same bytes. Of several races the offs are a minute
apart. A file that is there is left alone, unless it is the same.

examples:
  trader generate --out race.jsonl
  trader generate --out meeting.jsonl --markets 8 --seed 11 --incidents
  trader generate --out short.jsonl --set simulator.demo.pre_off_s=60
"""
LIVE: Final = """\
Logs in, asks the catalogue for what `selector` takes, and trades it until Ctrl-C (or until every
market of selector.market_ids is over and paid out). With execution.dry_run, which is the default,
nothing is sent: orders are matched here by the queue models. The profile says where the secrets
are (`betfair`), which edges trade (`edges`), where the journal of orders lies
(`execution.journal.dir`) and, to trade for real, `execution: {dry_run: false}`.

Started again after a crash it goes on: open orders, positions and hedges are taken up.
Ctrl-C cancels what rests. `trader orders` and `cancel-all` work beside it.

examples:
  trader live --profile live.yaml --set execution.dry_run=true
  trader live --profile live.yaml --record recordings
  trader live --profile live.yaml --execution rust --out day
  trader live --profile live.yaml --edge mine.py --set execution.dry_run=true
"""
STATUS: Final = """\
A live trader and the demo serve a status page on loopback (monitoring.status), and say where and
with which token in status.json (0600) of their folder. This reads it, asks the trader, and prints a
summary with the link to the page; --json prints the whole document, whose keys are stable
(docs/status.md). The folder is --out, or the one that `live` or `demo` take for the profile.

exit codes: 0 it runs and all is as expected, 1 something is not as expected, 2 bad arguments or
configuration, 3 no trader runs there, or it does not answer

examples:
  trader status
  trader status --profile live.yaml --json
  trader status --out day --expect execution.healthy=true --expect stream.last_line_age_s<=5
  trader status --out day --expect hotloop.shadow.differences=0
"""
PARITY: Final = """\
Feeds the lines of each FILE (op mcm; plain, .gz, .bz2 or .zip) to the Rust Hotloop and to the
Python reference, and compares what they answer after every line: books, signals, queue positions
of made-up orders, definitions, counts. Integers, flags and lists must be equal, floats to 1e-9
relative or 1e-12 absolute. Each feed with each queue model is a run of its own over the file; of
the second queue model on, only what a queue model can change is compared.

Stops at the first difference: file, line, market, runner, the call, both answers; exit code 1.

examples:
  trader parity 1.200806927.json
  trader parity day/*.bz2 --feed raw --queue-model prob_power
  trader parity 1.200806927.json --set hotloop.book.source=best --set hotloop.min_obs_s=0
"""
COMPARE: Final = """\
DIR_A and DIR_B are the folders of two replays of the same files with the same profile and
configuration; backends and feed may differ. Every row of both blotters is held against its
counterpart, and the table shows what two runs are accepted by:

  what was read       lines, runner changes, markets
  what was wanted     intents per minute by edge, intents by action, replace:place ratio, fee share
  what was expected   last-traded times, and the distributions of p_fill and the time to fill that
                      the books gave for each order as it was sent
  what came of it     fills, matched stake, refusals, cancels, rejects, P&L of each market
  the blotters        rows of intents, estimates, reports, fills, settlements, positions
  time                apply_delta, decision, pfill_ttf: side by side with the ratio B to A

Equal means equal; signals (p_fill, time to fill) are so to 1e-9 relative or 1e-12 absolute, as in
`trader parity`, and the table says how many differ by that rounding. Times decide nothing. The
first difference is shown with its table, run, intent and column.

Exit code 1: something differs. Exit code 2: a folder holds no whole run, or the two were given
different things to do (it says which).

examples:
  trader replay 1.200806927.json --out out-rust
  trader replay 1.200806927.json --out out-python --hotloop python --execution python
  trader compare out-rust out-python
  trader compare out-rust out-python --json | jq '.rows[] | select(.equal == false)'
"""
CALIBRATE: Final = """\
Orders are thought to join the queues of each FILE at and around the best prices. What the fill
model says of them is held against what became of them: filled when trading has reached the whole
size, as the queue model moves the queue. Nothing is placed and nothing changes the market, so the
labels are no better than that (docs/fill_model.md).

For each file and horizon: the orders judged (n) and those whose end is not known, the share filled
(base rate), the mean probability, the Brier score, its skill against the base rate and against the
model `exponential` (above 0 is better, 1 is perfect), and the expected calibration error. Of the
time to a fill: the log-likelihood per order of what was seen, against the Kaplan-Meier curve.
A recording without traded volume has nothing to judge; one that tells a second at once says n/a
for horizons that it cannot tell apart.

--fit chooses the parameters of `log_logistic`: each FILE is judged with those that the others
teach, and those of all are printed for a profile. It takes two recordings at least; with few, or
of one kind of market, trust the held-out table more than the parameters.

examples:
  trader calibrate 1.200806927.json 1.127236622.bz2
  trader calibrate day/*.bz2 --queue-model prob_power --reliability
  trader calibrate 1.200806927.json --model erlang --set hotloop.queue.window_s=30
  trader calibrate day/*.bz2 --fit --write fitted.yaml && trader replay … --profile fitted.yaml
  trader calibrate day/*.bz2 --json scores.json && jq '.queue_models.prob_log.pooled' scores.json
"""
RELOAD: Final = """\
As SIGHUP, with an answer. Everything that changed is taken, or nothing is, and one line says which
key stands in the way; docs/reload.md has the keys that need a restart. Orders stay where they are,
also when `execution.backend` or (with hotloop.shadow) `hotloop.rust` changes.

exit codes: 0 taken, 1 refused (all is as it was) or no answer in time, 3 no trader runs there

examples:
  trader config set execution.backend=rust --profile live.yaml && trader reload --profile live.yaml
  trader reload --out /var/lib/hotloop/run
"""
CONFIG_SET: Final = """\
Comments and order of the file stay. The whole configuration is checked before anything is written;
a running trader takes it with `trader reload`, another one at its next start.

exit codes: 0 written, 2 not valid (nothing was changed)

examples:
  trader config set hotloop.rust=true --profile live.yaml --dry-run
  trader config set sizer.max_stake=5 edges.scalp.enabled=true --profile live.yaml
  trader config set 'execution.live_scope.market_ids=["1.200806927"]' --profile live.yaml
"""
DESK: Final = """\
The configuration (--profile) says which journal of orders and which venue: the one that is traded
with. `orders` only reads. `cancel-all` and `kill` ask the sidecar that trades, past its trader;
where nobody trades they do it themselves; where a trader with the Python executor trades they name
it and change nothing (exit code 3): its status page has both, and when it is ended it cancels what
rests. `flatten` closes positions at the market's prices, a few ticks beyond the best at most, and
refuses while somebody trades. After `kill` nothing new is taken, also by other traders and after
restarts, until `resume`. Exit code 1: something is left. docs/runbooks: which of them is for what.

examples:
  trader orders --profile live.yaml
  trader cancel-all --profile live.yaml
  trader flatten --profile live.yaml
  trader kill --profile live.yaml
"""
COMPAT: Final = """\
Asks the Hotloops and the executor that are installed here which versions they are, then prints the
matrix of every pair that was published (proto_wire/compatibility.yaml). A pair that does not work
is refused at the start with the code it names, never at the first order.

exit codes: 0 what is installed works together, 1 it does not, or what the configuration asks for
is missing

examples:
  trader compat
  trader compat --executor /opt/hotloop/bin/executor
  trader compat --json --profile dry
"""
DOCTOR: Final = """\
One line for each check: a mark (ok, warn, FAIL, skipped), what was found and what to do. Looks at
configuration, versions, credentials, journal, executor, machine and venue as `trader live` with the
same options would find them. It logs in, and changes nothing: no order is sent, a trader that runs
keeps its session. Secrets are compared, never printed.

exit codes: 0 nothing failed (warnings may stand; --strict counts them), 1 something did, 2 the
configuration is none

examples:
  trader doctor --profile live.yaml
  trader doctor --profile live.yaml --offline --json
  trader doctor --profile live.yaml --strict --set execution.dry_run=false
"""
DEMO: Final = """\
A race of eight runners that never was, generated from a seed: ten minutes before the off, the
race in play, the settlement. It runs on a simulated exchange in this process, which the trader
reaches over sockets as it would Betfair; the exchange's time stands while the trader works, so a
seed gives one result. No account, no data, no network. With --execution rust the sidecar keeps
the orders in a dry run.

examples:
  trader demo
  trader demo --seed 11 --speed 60
  trader demo --hotloop python --execution python --speed max
  trader demo --edge mine.py --speed max
"""
EXCHANGE: Final = """\
A Betfair on this machine: the Exchange Stream API and API-NG (JSON-RPC and REST, with log-in), for
any client that can be given other addresses. Markets are recordings or generated races; your bets
queue, match, lapse, are voided and settle as they would have. Standard output has one JSON line
with addresses, account and files; a control port steps time, tells the ledger and makes faults.

  client = betfairlightweight.APIClient("hotloop", "paper-money", app_key="paper-app-key")
  client.api_uri, client.identity_uri = API + "/exchange/", API + "/api/"
  client.login_interactive()

With --tls, ca_file is the authority to trust; a client that is led here by the venue's host names
verifies them as it would there, and certs=DIR has the certificate of client.login().

Faults come from a YAML file, a list of rules, for example
  - {fault: timeout, operation: placeOrders, times: 1, executed: true}
  - {fault: duplicate, operation: ocm, probability: 0.1}

examples:
  trader sim-exchange
  trader sim-exchange --markets 20 --speed 5 --incidents
  trader sim-exchange --recording 1.200806927.json --speed 100
  trader sim-exchange --recording 1.127236622.bz2 --clock wall --tls --out exchange
  trader sim-exchange --clock stepped --faults faults.yaml
"""
