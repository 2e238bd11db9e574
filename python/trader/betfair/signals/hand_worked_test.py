"""Matched volume worked out by hand from real messages (docs/signals.md, "Matched volume").

Each case names the recording, the publish time and the selection; its numbers are the levels that
the message changes, in hundredths, and the arithmetic is beside it. `tests/parity/recordings.py`
says where the recordings are; these tests do without them.
"""

from trader.betfair.signals.matched import Drops, Rise, Trade, revaluation, trade_of, trades
from trader.betfair.signals.settings import SignalSettings
from trader.betfair.testing import built, change, mcm, rc, signals

SETTINGS = SignalSettings()
TOLERANCE = SETTINGS.drop_tolerance_centi


# --- plain matches: the drop is half the rise ---------------------------------------------------


def test_flumine_200806927_at_1657386973239_selection_2857977() -> None:
    # trd at 4.70: 0 → 41.32, Δ = 4132. Available to back there: 20.66 → 0, a drop of 2066 = Δ/2.
    # Available to lay came (0 → 4.98): no drop. So 20.66 of resting lays were matched.
    assert trade_of(470, 4132, (0, 2066), TOLERANCE) == Trade(470, 0, 2066)


def test_flumine_200806927_at_1657545968653_selection_228749() -> None:
    # trd at 1.20: 16093.35 → 16273.67, Δ = 18032. Available to lay: 329.36 → 239.20, a drop of
    # 9016 = Δ/2: resting backs.
    assert trade_of(120, 1627367 - 1609335, (32936 - 23920, 0), TOLERANCE) == Trade(120, 9016, 0)


def test_flumine_200806927_at_1657550662268_selection_228749() -> None:
    # trd at 1.01: 19012.00 → 19016.33, Δ = 433, an odd number of hundredths. Available to lay:
    # 6580.97 → 6578.80, a drop of 217: a hundredth above ⌊Δ/2⌋, within the tolerance.
    assert trade_of(101, 433, (658097 - 657880, 0), TOLERANCE) == Trade(101, 217, 0)


def test_kelvin_241629436_at_1743512438246_selection_59626646() -> None:
    # trd at 60: 569.84 → 572.55, Δ = 271. Available to back: 1.35 → 0 (135 = ⌊Δ/2⌋), and lays
    # turned to backs: available to lay 0 → 0.77. A level consumed, with a new one behind it.
    assert trade_of(6000, 57255 - 56984, (0, 135), TOLERANCE) == Trade(6000, 0, 135)


# --- cross matches: the drop is the rise --------------------------------------------------------


def test_flumine_200806927_at_1657455127995_selection_2857977() -> None:
    # trd at 5.30: 0 → 5.70, Δ = 570. Available to lay: 5.70 → 0, a drop of Δ.
    assert trade_of(530, 570, (570, 0), TOLERANCE) == Trade(530, 570, 0)


def test_flumine_200806927_at_1657483795247_both_selections() -> None:
    # 2857977, trd at 3.60: 11.40 → 17.70, Δ = 630. Available to lay: 6.30 → 0: 6.30 of backs.
    assert trade_of(360, 1770 - 1140, (630, 0), TOLERANCE) == Trade(360, 630, 0)
    # 228749, the other side of that cross match, trd at 1.38: 0 → 16.44 (6.30 · 3.60 / 1.38 =
    # 16.43). It came in this message and never stood in the book; the rest of the order that came
    # now rests (available to lay 0 → 60.01), and nothing dropped: v = Δ/2 = 8.22, half to each.
    assert trade_of(138, 1644, (0, 0), TOLERANCE) == Trade(138, 411, 411)


def test_flumine_200806927_at_1657544602543_selection_228749() -> None:
    # trd at 1.25: 8738.23 → 8746.86, Δ = 863. Available to lay: 784.72 → 776.09, a drop of 863.
    assert trade_of(125, 874686 - 873823, (78472 - 77609, 0), TOLERANCE) == Trade(125, 863, 0)


def test_kelvin_241629436_at_1743512599053_selection_56297029() -> None:
    # trd at 2.98: 0 → 6.56, Δ = 656. Available to back: 10.20 → 3.65, a drop of 655: one hundredth
    # of a cross match lost to the exchange rate, within the tolerance.
    assert trade_of(298, 656, (0, 1020 - 365), TOLERANCE) == Trade(298, 0, 655)


# --- a trade without a visible drop -------------------------------------------------------------


def test_kelvin_241629436_at_1743511741457_selection_270592() -> None:
    # trd at 5.40: 158.91 → 168.91, Δ = 1000. Available to lay grew (149.36 → 155.19): what was
    # matched was made good in the same message. v = 5.00, and nobody knows whose: half to each.
    assert trade_of(540, 1000, (0, 0), TOLERANCE) == Trade(540, 250, 250)


def test_flumine_200806927_at_1657543144561_selection_228749() -> None:
    # trd at 1.31: 1150.13 → 1157.47, Δ = 734, no offers there. v = 367: 183 and the odd one, 184.
    assert trade_of(131, 115747 - 115013, (0, 0), TOLERANCE) == Trade(131, 183, 184)


# --- a fall -------------------------------------------------------------------------------------


def test_flumine_200806927_at_1657192717538_both_selections() -> None:
    # trd at 9.00: 1.34 → 1.33. A correction: no rise, so no trade; available to back at 1.01 fell
    # by 0.43 in the same message, which is another matter.
    builder = built(mcm(change(rc(atb=[[1.01, 227.49]], trd=[[9, 1.34]]))))
    builder.apply_delta(mcm(change(rc(atb=[[1.01, 227.06]], trd=[[9, 1.33]])), pt=2_000))
    assert signals(builder).last_traded_ms is None
    assert signals(builder).rates.read(None, None, 2_000, 10.0) == 0.0


# --- revaluations -------------------------------------------------------------------------------


def test_kelvin_241629436_at_1743512403644_selection_40389088() -> None:
    # 24 levels rise in one message, 23 of them by 0.005 % to 0.035 % (1.00 in 20,000): the hourly
    # exchange rates. The largest of them are at 11.50 and 12, by 24 and 22 hundredths.
    revalued: list[Rise] = [
        (740, 8085, 8087), (760, 16443, 16447), (780, 8270, 8271), (800, 5730, 5731),
        (820, 5694, 5696), (840, 14177, 14179), (860, 12358, 12361), (880, 19260, 19263),
        (900, 20504, 20505), (920, 9885, 9887), (960, 16867, 16869), (1000, 12927, 12930),
        (1050, 9131, 9132), (1100, 84850, 84854), (1150, 254279, 254303), (1200, 199115, 199137),
        (1250, 56772, 56775), (1300, 27133, 27135), (1350, 33895, 33898), (1400, 27034, 27037),
        (1550, 13433, 13434), (1600, 7050, 7051), (1650, 10372, 10374),
    ]  # fmt: skip
    # At 15 somebody traded: 146.81 → 149.40, Δ = 259 (1.76 %). Available to lay: 19.12 → 17.08, a
    # drop of 204, between Δ/2 = 129.5 and Δ: resting backs.
    traded: Rise = (1500, 14681, 14940)
    drops: dict[int, Drops] = {
        1500: (1912 - 1708, 0),
        1150: (0, 2939 - 2864),
        1550: (1136 - 1061, 0),
        1600: (3163 - 1898, 0),
        1650: (2546 - 1432, 0),
    }
    assert revaluation([*revalued, traded], SETTINGS) == {price for price, _, _ in revalued}
    found = trades([*revalued, traded], lambda price: drops.get(price, (0, 0)), SETTINGS)
    assert found == [Trade(1500, 204, 0)]


def test_flumine_200806927_at_1657540803154_selection_2857977() -> None:
    # Seconds after 12:00:00: 25 levels rise. 23 by less than 0.25 %, two by a single hundredth,
    # which at these small levels is more than 0.5 %: 1.67 → 1.68 (0.6 %) and 0.92 → 0.93 (1.1 %).
    rises: list[Rise] = [
        (410, 2356, 2359), (420, 16211, 16212), (430, 27427, 27432), (440, 3399, 3403),
        (450, 4044, 4047), (470, 5757, 5764), (500, 1594, 1595), (530, 1628, 1630),
        (540, 1433, 1434), (570, 1902, 1904), (640, 1636, 1640), (680, 19045, 19046),
        (720, 82528, 82530), (760, 30524, 30526), (800, 151275, 151279), (860, 4988, 4989),
        (880, 167, 168), (920, 110610, 110615), (940, 1692, 1694), (1000, 163958, 163966),
        (1100, 1590, 1591), (1150, 1749, 1750), (1200, 5239, 5242), (1300, 92, 93),
        (1350, 1835, 1838),
    ]  # fmt: skip
    assert {price for price, _, _ in rises} - revaluation(rises, SETTINGS) == {880, 1300}
    # A rise of one hundredth without a drop is ⌊1/2⌋ = 0: no trade either.
    assert trades(rises, lambda _: (0, 0), SETTINGS) == []


def test_flumine_200806927_at_1657544403744_selection_228749() -> None:
    # Seconds after 13:00:00: 19 levels rise, 18 by less than 0.1 %, and 0.25 → 0.26 (4 %) at 1.65.
    rises: list[Rise] = [
        (107, 17651, 17654), (108, 1014870, 1014913), (109, 308456, 308491),
        (110, 578438, 578449), (111, 2025347, 2025360), (112, 1482122, 1482152),
        (114, 1435939, 1435953), (116, 687427, 687458), (118, 203921, 203940),
        (129, 558407, 558440), (130, 522707, 522721), (134, 51157, 51160), (138, 1793, 1794),
        (161, 1806, 1807), (165, 25, 26), (166, 4951, 4953), (168, 1173, 1174),
        (170, 3612, 3613), (180, 9596, 9599),
    ]  # fmt: skip
    assert len(revaluation(rises, SETTINGS)) == 18
    assert trades(rises, lambda _: (0, 0), SETTINGS) == []
