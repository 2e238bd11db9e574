"""A sample ends with the write that has the intents; what was waited for before is told apart."""

from tests.bench.workers.engine_decision import Probe, nearest, spread


def taken(probe: Probe) -> tuple[int, int]:
    return len(probe.samples["all"]), len(probe.samples["one"])


def test_a_write_without_intents_is_no_sample() -> None:
    probe = Probe()
    probe.begin()
    probe.written(probe.begun_ns + 5)
    assert taken(probe) == (0, 0)


def test_a_line_with_one_intent_is_one() -> None:
    probe = Probe()
    probe.begin()
    probe.submitted()
    probe.written(probe.begun_ns + 5)
    assert taken(probe) == (1, 1)
    assert probe.samples["all"] == probe.samples["one"]
    assert probe.samples["ready"] == [5]
    probe.written(probe.begun_ns + 5)  # the next write has other things
    assert taken(probe) == (1, 1)


def test_what_was_written_before_or_with_another_intent_is_not_one() -> None:
    probe = Probe()
    probe.begin()
    probe.written(probe.begun_ns + 5)
    probe.submitted()
    probe.written(probe.begun_ns + 5)
    assert taken(probe) == (1, 0)
    probe.begin()
    probe.submitted()
    probe.submitted()
    probe.written(probe.begun_ns + 5)
    assert taken(probe) == (2, 0)


def test_the_next_line_begins_anew() -> None:
    probe = Probe()
    probe.begin()
    probe.submitted()
    probe.begin()
    probe.written(probe.begun_ns + 5)
    assert taken(probe) == (0, 0)


def test_percentiles_are_samples_by_nearest_rank() -> None:
    hundred = list(range(1, 101))
    assert [nearest(hundred, share) for share in (0.5, 0.95, 0.99)] == [50, 95, 99]
    assert spread([30, 10, 20]) == {"p50": 20, "p95": 30, "p99": 30, "max": 30, "samples": 3}
    assert spread([]) is None
