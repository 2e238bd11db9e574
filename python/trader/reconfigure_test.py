"""A session takes another configuration while it runs, whole; what it cannot take is refused."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from trader.config.loading import load
from trader.config.schema import Config
from trader.execution.hedge import RunnerKey
from trader.execution.interfaces.executor import ExecutorStartError
from trader.execution.interfaces.intents import Action
from trader.execution.interfaces.reports import Status
from trader.live.reload import Reload
from trader.reconfigure import ReloadRefusedError
from trader.strategy.hotloop.errors import HotloopError
from trader.strategy.watched_edge import EdgeFailedError
from trader.testing import ANYWHERE, QUOTED, LiveScene, Scene

SHADOWED = ("hotloop.enabled=true", "hotloop.shadow=true")


def needs_rust() -> None:
    pytest.importorskip("hotloop", reason="the Rust extension `hotloop` is not installed")


def config_of(scene: Scene, *overrides: str) -> Config:
    """As the scene has it, with these."""
    dry = "true" if scene.session.settings.config.execution.dry_run else "false"
    return load(None, [*ANYWHERE, f"execution.dry_run={dry}", *overrides])


def take(scene: Scene, *overrides: str) -> None:
    settings = scene.session.settings
    plan = settings.plan(config_of(scene, *overrides))
    settings.try_on(plan)
    settings.take(plan)


def quoted(scene: Scene) -> Scene:
    scene.define(image=True, rc=QUOTED)
    return scene


# --- parts ----------------------------------------------------------------------------------------


def test_sizes_gates_and_edges_go_by_the_new_parameters(tmp_path: Path) -> None:
    scene = quoted(Scene(tmp_path))
    assert scene.open_sides() == ["BACK", "LAY"]
    take(scene, "sizer.max_stake=3", "edges.passive_maker.min_spread_ticks=9")
    scene.change([{"id": 2, "atb": [[5.0, 9.0]], "atl": [[5.5, 9.0]]}])
    assert len(scene.open_sides()) == 2, "that spread is too small by now"
    take(scene, "sizer.max_stake=3")
    scene.change([{"id": 2, "atb": [[5.0, 10.0]]}])
    sizes = [o.size_centi for o in scene.session.router.open_orders() if o.selection_id == 2]
    assert sizes == [300, 300]
    take(scene, "fee_gate.min_net_edge=0.5")
    before = len(scene.session.router.open_orders())
    scene.change([{"id": 2, "atb": [[5.0, 11.0]]}], after_ms=30_000)
    assert len(scene.session.router.open_orders()) <= before


def test_a_market_that_is_selected_no_more_loses_its_orders(tmp_path: Path) -> None:
    scene = quoted(Scene(tmp_path))
    take(scene, 'selector.market_ids=["1.9"]')
    scene.change([{"id": 1, "atb": [[3.0, 51.0]]}])
    assert scene.open_sides() == []
    take(scene)
    scene.change([{"id": 1, "atb": [[3.0, 52.0]]}])
    assert scene.open_sides() == ["BACK", "LAY"]


def test_what_is_killed_stays_killed(tmp_path: Path) -> None:
    scene = quoted(Scene(tmp_path))
    risk = scene.session.settings._parts.gates.risk
    risk.killed = "lost enough"
    take(scene, "risk.max_loss=99999")
    assert risk.killed == "lost enough"


def test_an_edge_that_is_enabled_no_more_has_its_orders_taken_away(tmp_path: Path) -> None:
    scene = LiveScene(tmp_path)
    quoted(scene)
    first, second = scene.venue.sent
    scene.venue.says(first, Status.ACCEPTED, Status.PLACED)
    scene.turns(1)
    take(scene, "edges.passive_maker.enabled=false")
    scene.turns(1)
    assert scene.venue.cancels() == [first.intent_id], "the other one is on its way"
    scene.venue.says(second, Status.ACCEPTED, Status.PLACED)
    scene.turns(2, every_ms=50)
    assert scene.venue.cancels() == [first.intent_id, second.intent_id]
    cancels = [intent for intent in scene.venue.sent if intent.target_intent_id]
    for cancel in cancels:
        scene.venue.says(cancel, Status.REJECTED, code="BUSY")
    scene.turns(1, every_ms=50)
    assert len(scene.venue.cancels()) == 2, "not at once again"
    scene.turns(4)
    assert len(scene.venue.cancels()) == 4
    for target in (first, second):
        scene.venue.says(target, Status.CANCELLED)
    scene.turns(8)
    assert len(scene.venue.cancels()) == 4
    assert not len(scene.session.engine.withdrawals)
    assert scene.session.desk.counts.cancels == {"edge_disabled": 4}


def test_an_order_that_is_moved_before_it_could_be_taken_away_goes_as_well(tmp_path: Path) -> None:
    scene = LiveScene(tmp_path)
    quoted(scene)
    for intent in list(scene.venue.sent):
        scene.venue.says(intent, Status.ACCEPTED, Status.PLACED)
    scene.turns(1)
    take(scene, 'execution.live_scope.market_ids=["1.2"]')
    before = len(scene.venue.sent)
    scene.change([{"id": 1, "atb": [[3.0, 0], [2.9, 50.0]]}])
    (move,) = scene.venue.sent[before:]
    assert move.action is Action.REPLACE
    target = next(i for i in scene.venue.sent if i.intent_id == move.target_intent_id)
    scene.venue.says(target, Status.REPLACED)
    scene.venue.says(move, Status.PLACED)
    scene.turns(1)
    assert move.intent_id in scene.venue.cancels()
    assert len(scene.venue.cancels()) == 2


def test_orders_are_taken_away_while_a_hedge_waits_for_its_market(tmp_path: Path) -> None:
    scene = LiveScene(tmp_path)
    quoted(scene)
    for intent in list(scene.venue.sent):
        scene.venue.says(intent, Status.ACCEPTED, Status.PLACED)
    scene.turns(1)
    waiting = RunnerKey("1.9", 1, 0)  # in a market that is not open
    scene.session.hedge.due[waiting] = None
    take(scene, "edges.passive_maker.enabled=false")
    scene.turns(1)
    assert waiting in scene.session.hedge.due
    assert len(scene.venue.cancels()) == 2


def test_orders_of_markets_that_leave_the_live_scope_are_taken_away(tmp_path: Path) -> None:
    scene = LiveScene(tmp_path)
    quoted(scene)
    for intent in list(scene.venue.sent):
        scene.venue.says(intent, Status.ACCEPTED, Status.PLACED)
    scene.turns(1)
    take(scene, 'execution.live_scope.market_ids=["1.1", "1.2"]')
    scene.turns(1)
    assert scene.venue.cancels() == []
    take(scene, 'execution.live_scope.market_ids=["1.2"]')
    scene.turns(1)
    assert len(scene.venue.cancels()) == 2
    assert scene.session.desk.counts.cancels == {"scope_changed": 2}


def test_an_edge_begins_to_be_hedged(tmp_path: Path) -> None:
    scene = LiveScene(tmp_path)
    quoted(scene)
    take(scene, "hedge.edges=[passive_maker]")
    back = scene.venue.sent[0]
    scene.venue.says(back, Status.ACCEPTED, Status.PLACED, Status.FILLED)
    scene.turns(4)
    assert [key.selection_id for key in scene.session.hedge.due] == [1], "when its place is free"


def test_an_edge_that_does_not_go_back_to_its_parameters_trades_no_more(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    scene = LiveScene(tmp_path)
    quoted(scene)
    for intent in list(scene.venue.sent):
        scene.venue.says(intent, Status.ACCEPTED, Status.PLACED)
    scene.turns(1)
    (edge,) = scene.session.engine.edges

    def fails(_config: object) -> None:
        raise EdgeFailedError("edge fails as its parameters change")

    monkeypatch.setattr(edge, "reconfigure", fails)
    with pytest.raises(EdgeFailedError):
        take(scene, "edges.passive_maker.min_spread_ticks=9", "hotloop.max_ttf_ms=7")
    assert scene.session.book.pfill_ttf("1.1", 1, "BACK", 3.2)[1] == 600_000.0
    assert scene.session.engine.edges == []
    scene.turns(1)
    assert len(scene.venue.cancels()) == 2
    take(scene)
    (again,) = scene.session.engine.edges
    assert again is not edge


# --- the seam -------------------------------------------------------------------------------------


def test_the_seam_takes_its_block_with_its_books_as_they_are(tmp_path: Path) -> None:
    scene = quoted(Scene(tmp_path, "hotloop.min_obs_s=0"))
    order = scene.session.router.open_orders()[0]
    runner = next(iter(scene.session.desk.orders.by_runner()))
    ahead = scene.session.desk.ahead_of(runner, order)
    take(scene, "hotloop.max_ttf_ms=7", "hotloop.pfill.horizon_ms=900")
    assert scene.session.book.pfill_ttf("1.1", 1, "BACK", 3.2)[1] == 7.0
    assert scene.session.desk.ahead_of(runner, order) == ahead is not None
    scene.change([{"id": 1, "trd": [[3.1, 30.0]]}])
    scene.define("CLOSED", winner=1)
    scene.session.engine.finish("end")


@pytest.mark.parametrize(
    ("before", "after", "key"),
    [
        ((), ("hotloop.enabled=true", "hotloop.rust=true"), "hotloop.rust"),
        (("hotloop.rust=true",), ("hotloop.rust=true", "hotloop.enabled=true"), "hotloop.enabled"),
        (("hotloop.enabled=true",), SHADOWED, "hotloop.shadow"),
        (("hotloop.shadow=true",), SHADOWED, "hotloop.enabled"),
    ],
)
def test_what_needs_another_hotloop_is_refused(
    tmp_path: Path, before: tuple[str, ...], after: tuple[str, ...], key: str
) -> None:
    scene = quoted(Scene(tmp_path, *before))
    with pytest.raises(ReloadRefusedError, match=rf"^{key}: .*restart"):
        take(scene, *after)
    assert "hotloop.enabled=true" not in before or scene.session.settings.config.hotloop.enabled


def test_the_shadow_is_promoted_and_back_and_dropped(tmp_path: Path) -> None:
    needs_rust()
    scene = quoted(Scene(tmp_path, *SHADOWED))
    shadow = scene.session.shadow
    assert shadow is not None
    runner = next(iter(scene.session.desk.orders.by_runner()))
    order = scene.session.router.open_orders()[0]
    ahead = scene.session.desk.ahead_of(runner, order)
    take(scene, *SHADOWED, "hotloop.rust=true")
    assert (shadow.used, shadow.backend) == ("rust", "python")
    scene.session.measure(now=True)
    assert scene.metrics.build["hotloop"] == "rust"
    assert scene.session.desk.ahead_of(runner, order) == ahead is not None
    scene.change([{"id": 1, "atl": [[3.2, 20.0]]}])
    take(scene, *SHADOWED, "hotloop.rust=false")
    assert shadow.used == "python"
    scene.change([{"id": 1, "atl": [[3.2, 10.0]]}])
    take(scene, *SHADOWED, "hotloop.rust=true", "hotloop.enabled=false")
    assert (shadow.used, shadow.backend) == ("python", ""), "the rollback"
    scene.change([{"id": 1, "atl": [[3.2, 9.0]]}])
    assert not shadow.differences
    with pytest.raises(ReloadRefusedError, match=r"hotloop\.rust|hotloop\.enabled"):
        take(scene, *SHADOWED, "hotloop.rust=true")


def test_a_shadow_that_is_lost_cannot_be_promoted(tmp_path: Path) -> None:
    needs_rust()
    scene = quoted(Scene(tmp_path, *SHADOWED))
    assert scene.session.shadow is not None
    scene.session.shadow.drop("it fell")
    with pytest.raises(ReloadRefusedError, match=r"the shadow is lost \(it fell\): restart"):
        take(scene, *SHADOWED, "hotloop.rust=true")


def test_a_shadow_that_is_lost_by_the_block_is_not_promoted_half_way(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    needs_rust()
    scene = quoted(Scene(tmp_path, *SHADOWED))
    shadow, before = scene.session.shadow, scene.session.settings.config
    assert shadow is not None and shadow._shadow is not None

    def refuses(_config: object) -> None:
        raise HotloopError("not that")

    monkeypatch.setattr(shadow._shadow, "update_config", refuses)
    with pytest.raises(ReloadRefusedError, match=r"^hotloop\.rust: the shadow is lost"):
        take(scene, *SHADOWED, "hotloop.rust=true", "hotloop.max_ttf_ms=7")
    assert scene.session.settings.config is before
    assert shadow.used == "python"
    assert scene.session.book.pfill_ttf("1.1", 1, "BACK", 3.2)[1] == 600_000.0
    take(scene, *SHADOWED, "hotloop.max_ttf_ms=7")
    assert scene.session.book.pfill_ttf("1.1", 1, "BACK", 3.2)[1] == 7.0


def test_with_a_shadow_that_lies_trading_is_what_it_is_without_one(tmp_path: Path) -> None:
    needs_rust()
    outcomes = []
    for name, overrides in (("alone", ()), ("shadowed", SHADOWED)):
        folder = tmp_path / name
        folder.mkdir()
        scene = Scene(folder, *overrides)
        shadow = scene.session.shadow
        if shadow is not None:
            other = shadow._shadow
            other.pfill_ttf = lambda *_, **__: (0.5, 1.0)  # type: ignore[union-attr, method-assign]
        quoted(scene)
        for size in range(40, 60):
            scene.change([{"id": 1, "atb": [[3.0, size]], "trd": [[3.1, 2.0 * size]]}])
        scene.define("CLOSED", winner=1)
        scene.session.engine.finish("end")
        outcomes.append(scene.rows("select * from intents") + scene.rows("select * from estimates"))
        if shadow is not None:
            assert set(shadow.differences_by_method) == {"pfill_ttf"}
            assert scene.metrics.shadow_differences_total == shadow.differences_by_method
    assert outcomes[0] == outcomes[1] != []


# --- all of it, or nothing ------------------------------------------------------------------------


class Asking:
    """A reload as `trader live` has it, with the executor in the test's hands."""

    def __init__(self, scene: Scene, *overrides: str) -> None:
        self.scene = scene
        self.overrides = overrides
        self.answers: list[Mapping[str, Any]] = []
        self.begun: list[tuple[str, bool]] = []
        self.told: list[bool] = []
        self.fails: Exception | None = None
        self.asked = True
        self.reload = Reload(
            scene.session,
            scene.metrics,
            asked=lambda: self.asked,
            read=lambda: config_of(scene, *self.overrides),
            begin_executor=self._begin,
            answer=self.answers.append,
            told=self.told.append,
        )

    def _begin(self, config: Config, anew: bool) -> None:
        if self.fails is not None:
            raise self.fails
        self.begun.append((config.execution.backend, anew))
        self.scene.session.executor.name = config.execution.backend  # type: ignore[misc]

    def look(self) -> Mapping[str, Any]:
        self.reload._not_before_s = 0.0
        self.reload.look()
        return self.answers[-1]


def test_an_executor_that_does_not_start_leaves_everything_as_it_was(tmp_path: Path) -> None:
    scene = LiveScene(tmp_path)
    scene.venue.name = "python"
    quoted(scene)
    asking = Asking(
        scene,
        *("execution.backend=rust", "hotloop.max_ttf_ms=7", "sizer.max_stake=3"),
        "edges.passive_maker.min_spread_ticks=9",
    )
    before = scene.session.settings.config
    asking.fails = ExecutorStartError("no binary")
    answer = asking.look()
    assert (answer["outcome"], answer["error"]) == ("refused", "no binary")
    assert scene.session.settings.config is before
    assert scene.session.book.pfill_ttf("1.1", 1, "BACK", 3.2)[1] == 600_000.0
    (edge,) = scene.session.engine.edges
    assert edge.config.min_spread_ticks == 2
    asking.fails = None
    answer = asking.look()
    assert answer["outcome"] == "taken"
    assert len(answer["changed"]) == 4
    assert asking.begun == [("rust", False)]
    assert scene.session.book.pfill_ttf("1.1", 1, "BACK", 3.2)[1] == 7.0
    assert edge.config.min_spread_ticks == 9
    assert scene.metrics.reloads_total == {"taken": 1, "refused": 1}
    assert asking.told == [True, False] * 2


def test_a_block_that_the_seam_refuses_leaves_everything_as_it_was(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    scene = LiveScene(tmp_path)
    quoted(scene)

    def refuses(_config: object) -> None:
        error = HotloopError("not that")
        error.field = "max_ttf_ms"
        error.message = "not that"
        raise error

    monkeypatch.setattr(scene.session.book, "update_config", refuses)
    answer = Asking(scene, "hotloop.max_ttf_ms=7", "execution.backend=rust").look()
    assert answer["error"] == "hotloop.max_ttf_ms: not that"


@pytest.mark.parametrize(
    ("overrides", "begun"),
    [
        (("sizer.max_stake=3",), []),
        (("execution.backend=rust",), [("rust", False)]),
        (("execution.pacing.per_second=3",), [("python", True)]),
        (("execution.live_scope.event_types=[7]",), []),  # not valid
        (("execution.restarts=3",), [("python", False)]),
        (("execution.backend=rust", "execution.log.level=info"), [("rust", True)]),
    ],
)
def test_the_executor_begins_again_only_where_its_own_keys_changed(
    tmp_path: Path, overrides: tuple[str, ...], begun: list[tuple[str, bool]]
) -> None:
    scene = LiveScene(tmp_path)
    scene.venue.name = "python"
    asking = Asking(scene, *overrides)
    asking.look()
    assert asking.begun == begun


def test_after_a_fallback_a_reload_tries_the_configured_executor_again(tmp_path: Path) -> None:
    scene = LiveScene(tmp_path, "execution.backend=rust")
    scene.venue.name = "python"
    asking = Asking(scene, "execution.backend=rust")
    answer = asking.look()
    assert answer["changed"] == []
    assert asking.begun == [("rust", False)]
    asking.look()
    assert len(asking.begun) == 1, "it runs"


def test_however_often_it_is_asked_it_reads_once_a_second_at_most(tmp_path: Path) -> None:
    asking = Asking(LiveScene(tmp_path))
    for _ in range(100):
        asking.reload.look()
    assert Counter(answer["outcome"] for answer in asking.answers) == {"taken": 1}


def test_a_dry_run_gives_its_executor_other_limits(tmp_path: Path) -> None:
    scene = quoted(Scene(tmp_path))
    asking = Asking(scene, "execution.limits.max_open_orders=2")
    assert asking.look()["outcome"] == "taken"
    scene.change([{"id": 2, "atb": [[5.0, 9.0]], "atl": [[6.0, 9.0]]}])
    assert len(scene.open_sides()) == 2
    asking.overrides = ("execution.backend=rust",)
    assert "dry run" in asking.look()["error"]


def test_the_last_live_market_is_not_taken_out_of_a_trader_that_runs(tmp_path: Path) -> None:
    """An empty scope is everywhere."""
    scene = LiveScene(tmp_path, 'execution.live_scope.market_ids=["1.1"]')
    asking = Asking(scene, "sizer.max_stake=3")
    assert asking.look()["error"].startswith("execution.live_scope.market_ids: an empty list is")
    assert asking.begun == []
    assert scene.session.settings.config.execution.live_scope.market_ids == ("1.1",)
    asking.overrides = ("execution.live_scope.everywhere=true",)
    assert asking.look()["outcome"] == "taken"
    assert asking.begun == [("python", True)]
