"""Orders and money: what was wanted, what became of it, what it has paid."""

from __future__ import annotations

from typing import Final

from tools.dashboards.model import Board, Panel, Query, Row
from tools.dashboards.queries import DESK, most, rate

_MONEY: Final = (
    Panel(
        title="Profit and loss",
        description="Of markets that are over, in the account's currency; after commission, and "
        "before it.",
        queries=(
            Query(most("hotloop_pnl"), "{{desk}} after commission"),
            Query(most("hotloop_gross_profit"), "{{desk}} before"),
        ),
        alerts=("LossOfRun",),
    ),
    Panel(
        title="Below the best of the last hour",
        description="How much was lost since the result was best within an hour. Not said of a "
        "trader that was started within it.",
        queries=(Query(f"hotloop:pnl:drop1h{{{DESK}}}"),),
        alerts=("LossOfAnHour",),
        limit="loss_1h",
    ),
    Panel(
        title="Fee share",
        description="Commission as a share of the profit before it; nothing without profit.",
        queries=(Query(f"hotloop:fee_share:ratio{{{DESK}}}"),),
        unit="percentunit",
    ),
    Panel(
        title="Exposure",
        description="The worst outcome of all that is matched or rests, as the trader and as the "
        "executor work it out.",
        queries=(
            Query(most("hotloop_exposure"), "{{desk}} trader"),
            Query(f"hotloop:executor_exposure{{{DESK}}}", "{{desk}} executor"),
        ),
    ),
    Panel(
        title="Funds: the account minus us",
        description="By how much the venue's exposure of the account is outside of what our "
        "orders may cost. Beyond the tolerance nothing more is placed.",
        queries=(Query(most("hotloop_executor_funds_difference")),),
        alerts=("FundsDifference", "FundsTripwire", "UnknownBets"),
        limit="funds_difference",
    ),
    Panel(
        title="Transactions of this hour",
        description="As the venue counts them; beyond the free ones each bet is charged for.",
        queries=(Query(most("hotloop_executor_hour_transactions")),),
        alerts=("TransactionChargeNear",),
        limit="hour_transactions",
    ),
)

_INTENTS: Final = (
    Panel(
        title="Intents by edge",
        description="Intents sent to the executor, a second.",
        queries=(Query(rate("hotloop_intents_total", "desk, edge"), "{{desk}} {{edge}}"),),
        unit="ops",
        is_stacked=True,
    ),
    Panel(
        title="Intents by action",
        description="Orders placed, moved and cancelled, a second.",
        queries=(Query(rate("hotloop_intents_total", "desk, action"), "{{desk}} {{action}}"),),
        unit="ops",
        is_stacked=True,
    ),
    Panel(
        title="Replace to place",
        description="Intents that move an order for each that places one, over 15 minutes.",
        queries=(Query(f"hotloop:replace_place:ratio15m{{{DESK}}}"),),
    ),
    Panel(
        title="Fills by edge",
        description="Reports with something matched, a second, over five minutes.",
        queries=(Query(f"hotloop:fills_by_edge:rate5m{{{DESK}}}", "{{desk}} {{edge}}"),),
        unit="ops",
        is_stacked=True,
    ),
    Panel(
        title="Reports by status",
        description="What became of intents, a second.",
        queries=(Query(rate("hotloop_reports_total", "desk, status"), "{{desk}} {{status}}"),),
        unit="ops",
        is_stacked=True,
    ),
    Panel(
        title="Open orders",
        description="Resting orders, as the trader and as the executor know them.",
        queries=(
            Query(most("hotloop_open_orders"), "{{desk}} trader"),
            Query(most("hotloop_executor_open_orders"), "{{desk}} executor"),
        ),
    ),
)

_TROUBLE: Final = (
    Panel(
        title="Rejects by code",
        description="Intents refused, a second, by the code of whoever refused.",
        queries=(Query(rate("hotloop_rejects_total", "desk, code"), "{{desk}} {{code}}"),),
        unit="ops",
        alerts=("RejectsRising",),
        is_stacked=True,
    ),
    Panel(
        title="Share of intents refused, by code",
        description="Over ten minutes. The alert also wants ten of them, and three times the "
        "share of the hours before.",
        queries=(Query(f"hotloop:reject_share_by_code:ratio10m{{{DESK}}}", "{{desk}} {{code}}"),),
        unit="percentunit",
        alerts=("RejectsRising",),
        limit="reject_share",
    ),
    Panel(
        title="Rejects by class",
        description="What the executor makes of them, a second, over five minutes.",
        queries=(Query(f"hotloop:rejects_by_class:rate5m{{{DESK}}}", "{{desk}} {{class}}"),),
        unit="ops",
        alerts=("RejectsRising",),
        is_stacked=True,
    ),
    Panel(
        title="Cannibalisation",
        description="Times one edge was in another one's way, a second, by kind.",
        queries=(Query(rate("hotloop_cannibalisation_total", "desk, kind"), "{{desk}} {{kind}}"),),
        unit="ops",
        alerts=("CannibalisationRising",),
        is_stacked=True,
    ),
    Panel(
        title="Cannibalisation for each intent",
        description="Over ten minutes.",
        queries=(Query(f"hotloop:cannibalisation_share:ratio10m{{{DESK}}}"),),
        unit="percentunit",
        alerts=("CannibalisationRising",),
        limit="cannibalisation_share",
    ),
    Panel(
        title="Kills",
        description="Times risk has ended all trading since the trader began.",
        queries=(Query(most("hotloop_kills_total")),),
        alerts=("Killed",),
    ),
)

TRADING: Final = Board(
    "trading",
    "trading",
    "What the edges want, what becomes of it, and what it has paid.",
    (Row("Money", _MONEY), Row("Orders", _INTENTS), Row("What goes wrong", _TROUBLE)),
)
