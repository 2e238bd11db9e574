"""Faults on demand: what goes wrong at the venue, by script or by chance, the same for a seed."""

from trader.simulator.exchange.faults.faulty_api import FaultyApi
from trader.simulator.exchange.faults.plan import FaultError, FaultPlan, FaultRule
from trader.simulator.exchange.faults.stream_faults import StreamFaults

__all__ = ["FaultError", "FaultPlan", "FaultRule", "FaultyApi", "StreamFaults"]
