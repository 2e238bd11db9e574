"""The first look: is it there, is it well, what has it earned."""

from __future__ import annotations

from typing import Final

from tools.dashboards.model import Board, Panel, Query, Row
from tools.dashboards.queries import DESK, PROCESS, most, percentiles

_YES_NO: Final = {"0": "no", "1": "yes"}

_STATE: Final = (
    Panel(
        title="Trader",
        description="Whether the trader's page answers.",
        kind="stat",
        queries=(Query(f'max by (desk) (up{{job="trader", {DESK}}})'),),
        unit="none",
        words={"0": "down", "1": "up"},
        limit=1.0,
        is_bad="below",
        alerts=("TraderDown", "TraderRestarting"),
        width=3,
        height=4,
    ),
    Panel(
        title="Executor",
        description="Whether the trader has a healthy executor, the sidecar or the Python one.",
        kind="stat",
        queries=(Query(most("hotloop_executor_up")),),
        unit="none",
        words={"0": "unhealthy", "1": "healthy"},
        limit=1.0,
        is_bad="below",
        alerts=("ExecutorUnhealthy", "ExecutorDown"),
        width=3,
        height=4,
    ),
    Panel(
        title="Market stream",
        description="Whether the subscription stands. With no market subscribed it does not, "
        "and nothing is wrong.",
        kind="stat",
        queries=(Query(most("hotloop_stream_up")),),
        unit="none",
        words={"0": "down", "1": "up"},
        limit=1.0,
        is_bad="below",
        alerts=("StreamDown", "DataStale"),
        width=3,
        height=4,
    ),
    Panel(
        title="Real money",
        description="no: a dry run, a replay or a demo. What then goes wrong wakes nobody.",
        kind="stat",
        queries=(Query(f"hotloop:live{{{DESK}}}"),),
        unit="none",
        words=_YES_NO,
        width=3,
        height=4,
    ),
    Panel(
        title="Halted",
        description="yes: the executor places nothing until trader resume.",
        kind="stat",
        queries=(Query(most("hotloop_executor_halted")),),
        unit="none",
        words=_YES_NO,
        limit=1.0,
        alerts=("VenueHalted", "Killed"),
        width=3,
        height=4,
    ),
    Panel(
        title="Profit and loss",
        description="Of markets that are over, after commission, in the account's currency.",
        kind="stat",
        queries=(Query(most("hotloop_pnl")),),
        alerts=("LossOfRun", "LossOfAnHour"),
        width=3,
        height=4,
    ),
    Panel(
        title="Exposure",
        description="The worst outcome of all that is matched or rests, in the account's currency.",
        kind="stat",
        queries=(Query(most("hotloop_exposure")),),
        width=3,
        height=4,
    ),
    Panel(
        title="Open orders",
        description="Resting orders, as the trader knows them.",
        kind="stat",
        queries=(Query(most("hotloop_open_orders")),),
        width=3,
        height=4,
    ),
)

_ALERTS: Final = (
    Panel(
        title="Alerts",
        description="What fires now and fired before, whether or not an Alertmanager hears it.",
        kind="state-timeline",
        queries=(
            Query(
                f'max by (desk, alertname, severity) (ALERTS{{alertstate="firing", {DESK}}})',
                "{{desk}} {{alertname}} ({{severity}})",
            ),
        ),
        unit="none",
        words={"1": "firing"},
        limit=1.0,
        width=24,
    ),
)

_FLOW: Final = (
    Panel(
        title="Stream lines",
        description="Lines of the market stream taken, a second.",
        queries=(Query(f"hotloop:messages:rate1m{{{DESK}}}"),),
        unit="ops",
        alerts=("DataStale",),
    ),
    Panel(
        title="Intents by edge",
        description="Intents sent to the executor, a second, by the edge that wants them.",
        queries=(Query(f"hotloop:intents_by_edge:rate1m{{{DESK}}}", "{{desk}} {{edge}}"),),
        unit="ops",
        is_stacked=True,
    ),
    Panel(
        title="Intent to first word",
        description="Wall time from an intent's sending to the first word on it.",
        queries=percentiles("intent_ack_seconds"),
        unit="s",
        alerts=("IntentAckSlow",),
        limit="intent_ack_p99_seconds",
    ),
)

_PROCESSES: Final = (
    Panel(
        title="Memory",
        description="Resident memory of each process.",
        queries=(Query(f"process_resident_memory_bytes{{{PROCESS}}}", "{{desk}} {{job}}"),),
        unit="bytes",
        alerts=("MemoryGrowing",),
        limit="memory_bytes",
        width=6,
    ),
    Panel(
        title="Processor",
        description="Processor time used a second; 100 % is one core.",
        queries=(
            Query(
                f"rate(process_cpu_seconds_total{{{PROCESS}}}[$__rate_interval])",
                "{{desk}} {{job}}",
            ),
        ),
        unit="percentunit",
        width=6,
    ),
    Panel(
        title="File descriptors",
        description="Share of those that the process may have that are open.",
        queries=(
            Query(
                f"process_open_fds{{{PROCESS}}} / process_max_fds{{{PROCESS}}}",
                "{{desk}} {{job}}",
            ),
        ),
        unit="percentunit",
        alerts=("FileDescriptorsLow",),
        limit="open_fds_share",
        width=6,
    ),
    Panel(
        title="Running for",
        description="Time since each process was started.",
        queries=(Query(f"time() - process_start_time_seconds{{{PROCESS}}}", "{{desk}} {{job}}"),),
        unit="s",
        alerts=("TraderRestarting", "ExecutorRestarting"),
        width=6,
    ),
    Panel(
        title="Versions",
        description="What runs: the trader's version and its backends, and the executor's.",
        kind="stat",
        queries=(
            Query(
                f"max by (desk, version, hotloop, execution) (hotloop_build_info{{{DESK}}})",
                "{{desk}} trader {{version}}, hotloop {{hotloop}}, execution {{execution}}",
            ),
            Query(
                f"max by (desk, version, backend) (hotloop_executor_build_info{{{DESK}}})",
                "{{desk}} executor {{version}} ({{backend}})",
            ),
        ),
        unit="none",
        words={"1": "runs"},
        width=12,
        height=4,
    ),
    Panel(
        title="Configurations given while running",
        description="Taken and refused by the trader, and those that the sidecar refused.",
        queries=(
            Query(
                f"sum by (desk, outcome) (increase(hotloop_reloads_total{{{DESK}}}[1h]))",
                "{{desk}} {{outcome}}",
            ),
            Query(
                f"sum by (desk) (increase(hotloop_executor_configs_refused_total{{{DESK}}}[1h]))",
                "{{desk}} refused by the executor",
            ),
        ),
        alerts=("ReloadRefused",),
        width=12,
        height=4,
    ),
)

OVERVIEW: Final = Board(
    "overview",
    "overview",
    "Whether everything is there and well, and what it has earned.",
    (
        Row("State", _STATE),
        Row("Alerts", _ALERTS),
        Row("Flow", _FLOW),
        Row("Processes", _PROCESSES),
    ),
)
