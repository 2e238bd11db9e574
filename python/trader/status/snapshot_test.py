"""The state document says how the session is, in the keys that others rely on."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import msgspec
from hypothesis import given
from hypothesis import strategies as st

from trader.betfair import ladder as ladders
from trader.monitoring.metrics import Metrics
from trader.status.board import Focus
from trader.status.document import ConfigState
from trader.status.market_view import BETWEEN_MAX, ROWS_MAX, ladder_prices
from trader.status.names import LENGTH_MAX, MARKETS_MAX, Names
from trader.status.snapshot import Teller, config_state, shadow_state
from trader.status.testing import quoting, surroundings

KEYS = {
    "": {"v", "version", "profile", "mode", "pid", "started_ms", "now_ms", "engine_ms", "uptime_s"}
    | {"hotloop", "execution", "stream", "venue", "config", "money", "counts", "decision"}
    | {"metrics", "markets"},
    "hotloop": {"backend", "lines", "seam_errors", "lost", "apply_delta", "shadow"},
    "execution": {"backend", "healthy", "reason", "dry_run", "open_orders", "in_flight", "killed"}
    | {"killed_reason", "journal", "heartbeat_age_s", "reconnects", "restarts", "switches"}
    | {"intent_ack"},
    "stream": {"up", "last_line_age_s", "markets", "stale_markets", "delayed", "resubscribes"},
    "venue": {"name", "logged_in"},
    "config": {"reloads", "refused", "last_error"},
    "money": {"gross", "commission", "net", "charges", "exposure", "matched_stake"},
    "counts": {"intents", "places", "replaces", "cancels", "reports", "fills", "rejects"}
    | {"refused", "cannibalised"},
}


def document(folder: Path) -> dict[str, Any]:
    scene = quoting(folder)
    state, _ = Teller(surroundings(scene))(scene.session, (), 0.5)
    told: dict[str, Any] = msgspec.json.decode(msgspec.json.encode(state))
    return told


def test_the_keys_are_those_promised(tmp_path: Path) -> None:
    told = document(tmp_path)
    assert told["v"] == 1
    for section, keys in KEYS.items():
        assert set(told[section] if section else told) == keys, section


def test_it_says_how_the_session_is(tmp_path: Path) -> None:
    told = document(tmp_path)
    assert told["execution"]["open_orders"] == 2
    assert told["execution"]["healthy"] is True
    assert told["counts"]["places"] == told["counts"]["intents"] == 2
    assert told["stream"] == {
        "up": True,
        "last_line_age_s": 0.5,
        "markets": 1,
        "stale_markets": 0,
        "delayed": False,
        "resubscribes": 0,
    }
    assert told["money"]["net"] == 0.0
    assert told["money"]["exposure"] > 0.0
    (market,) = told["markets"]
    assert (market["market_id"], market["status"], market["orders"]) == ("1.1", "OPEN", 2)


def test_a_ladder_has_our_orders_with_what_is_ahead_of_them(tmp_path: Path) -> None:
    scene = quoting(tmp_path)
    names = Names()
    names.named("1.1", "A race", {1: "Bold"})
    focus = Focus("1.1", 1)
    _, views = Teller(surroundings(scene, names))(scene.session, (focus,), None)
    view = views[focus]
    prices = [row.price for row in view.ladder]
    assert prices == sorted(prices, reverse=True)
    by_price = {row.price: row for row in view.ladder}
    assert by_price[3.0].back == 50.0
    assert by_price[3.2].lay == 50.0
    assert by_price[3.1].traded == 10.0
    ours = {(row.price, order.side): order for row in view.ladder for order in row.orders}
    resting = scene.session.router.open_orders()
    assert {(order.price_centi / 100, order.side.value) for order in resting} == set(ours)
    for order in resting:
        told = ours[order.price_centi / 100, order.side.value]
        runner = next(iter(scene.session.desk.orders.by_runner()))
        assert told.ahead == scene.session.desk.ahead_of(runner, order)
        assert told.remaining == order.remaining_centi / 100
    assert view.signals is not None
    assert view.signals.spread_ticks == 4
    assert view.signals.back.price == 3.2, "a back joins those who offer to be laid"
    assert view.runners[0].name == "Bold"


def test_of_no_runner_it_is_the_one_with_our_orders_and_of_no_market_the_one_we_are_in(
    tmp_path: Path,
) -> None:
    scene = quoting(tmp_path)
    foci = (Focus(), Focus("1.1", 99), Focus("9.9"))
    _, views = Teller(surroundings(scene))(scene.session, foci, None)
    assert (views[Focus()].market_id, views[Focus()].selection_id) == ("1.1", 1)
    assert views[Focus("1.1", 99)].selection_id == 1
    assert views[Focus("9.9")].runners == ()


def test_prices_between_are_shown_where_they_are_few_and_rows_are_bounded() -> None:
    assert ladder_prices([200, 198], [206], [], "CLASSIC") == [206, 204, 202, 200, 199, 198]
    assert ladder_prices([101], [100_000], [], "CLASSIC") == [100_000, 101]
    far = ladders.CLASSIC.price_at(ladders.CLASSIC.tick_of(300) + BETWEEN_MAX + 1)  # type: ignore[operator]
    assert ladder_prices([300], [far], [], "CLASSIC") == [far, 300]
    many = list(range(101, 200))
    shown = ladder_prices(many[::-1], [200], many, "CLASSIC")
    assert len(shown) == ROWS_MAX
    assert {200, 199} <= set(shown), "the outermost go"
    assert ladder_prices([], [], [], "CLASSIC") == []
    assert ladder_prices([50, 40], [75], [], "LINE_RANGE") == [75, 50, 40]


def test_reloads_are_told() -> None:
    metrics = Metrics()
    assert config_state(metrics) == ConfigState(reloads=0, refused=0, last_error="")
    metrics.reloads_total.update(taken=2, refused=1)
    metrics.reload_error = "risk: no"
    assert config_state(metrics) == ConfigState(reloads=2, refused=1, last_error="risk: no")


def test_a_shadow_is_told_with_all_its_differences(tmp_path: Path) -> None:
    alone = tmp_path / "alone"
    alone.mkdir()
    assert shadow_state(quoting(alone).session) is None
    session = quoting(tmp_path, "hotloop.enabled=true", "hotloop.shadow=true").session
    assert session.shadow is not None
    session.shadow.differences_by_method.update(best=2, pfill_ttf=1)
    told = shadow_state(session)
    assert told is not None
    assert told.backend == session.shadow.backend
    assert told.comparisons == session.shadow.comparisons > 0
    assert told.differences == 3


def test_names_are_bounded_and_shortened() -> None:
    names = Names()
    for number in range(MARKETS_MAX + 5):
        names.named(f"1.{number}", "n" * 500, {1: "r" * 500})
    assert names.market("1.0") == ""
    assert names.runner("1.4", 1) == ""
    assert len(names.market(f"1.{MARKETS_MAX}")) == LENGTH_MAX
    assert len(names.runner(f"1.{MARKETS_MAX}", 1)) == LENGTH_MAX
    assert names.runner(f"1.{MARKETS_MAX}", 2) == ""


TICKS = st.lists(st.integers(0, 349), max_size=80, unique=True)


@given(back=TICKS, lay=TICKS, ours=TICKS)
def test_a_ladder_goes_down_has_the_best_prices_and_is_bounded(
    back: list[int], lay: list[int], ours: list[int]
) -> None:
    price = ladders.CLASSIC.price_at
    backs = sorted(map(price, back), reverse=True)
    lays = sorted(map(price, lay))
    shown = ladder_prices(backs, lays, [price(tick) for tick in ours], "CLASSIC")
    assert shown == sorted(set(shown), reverse=True)
    assert len(shown) <= ROWS_MAX
    if backs and lays and backs[0] < lays[0] and len(back) + len(lay) < 8 and not ours:
        assert {backs[0], lays[0]} <= set(shown)
