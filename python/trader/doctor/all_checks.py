"""The list, in the order in which it is gone through."""

from __future__ import annotations

from typing import Final

from trader.doctor import (
    addresses,
    configuration,
    credentials,
    machine,
    seam,
    sidecar,
    storage,
    venue,
    versions,
)
from trader.doctor.examination import Check

CHECKS: Final = (
    Check(configuration.NAME, configuration.valid),
    Check(configuration.OWN_EDGES, configuration.own_edges),
    Check(configuration.FLAGS, configuration.flags),
    Check(configuration.LIMITS, configuration.limits),
    Check(versions.VERSIONS, versions.versions),
    Check(seam.LOADS, seam.loads),
    Check(seam.ALIKE, seam.alike, needs=(seam.LOADS,), limit_s=60.0),
    Check(sidecar.BINARY, sidecar.binary),
    Check(sidecar.HANDSHAKE, sidecar.handshake, needs=(sidecar.BINARY,), limit_s=30.0),
    Check(credentials.FILES, credentials.files),
    Check(credentials.CERTIFICATE, credentials.certificate),
    Check(credentials.LEAKS, credentials.leaks),
    Check(storage.JOURNAL, storage.journal),
    Check(storage.JOURNAL_DISK, storage.journal_disk, needs=(storage.JOURNAL,)),
    Check(storage.BLOTTER_FOLDER, storage.blotter),
    Check(machine.DESCRIPTORS, machine.descriptors),
    Check(machine.MEMORY, machine.memory),
    Check(machine.PORTS, machine.ports),
    Check(machine.SYNCHRONISED, machine.synchronised),
    Check(machine.UNITS, machine.units),
    Check(addresses.TLS, addresses.encrypted),
    Check(addresses.REACHED, addresses.reached, needs=(addresses.TLS,), network=True, limit_s=30.0),
    Check(
        venue.LOG_IN,
        venue.log_in,
        needs=(credentials.FILES, credentials.CERTIFICATE, addresses.REACHED),
        network=True,
        limit_s=30.0,
    ),
    Check(venue.ACCOUNT, venue.account, needs=(venue.LOG_IN,), network=True, limit_s=30.0),
    Check(venue.CATALOGUE, venue.catalogue, needs=(venue.LOG_IN,), network=True, limit_s=30.0),
    Check(venue.STREAM, venue.stream, needs=(venue.CATALOGUE,), network=True, limit_s=30.0),
    Check(venue.CLOCK, venue.clock, needs=(venue.LOG_IN,), network=True),
)
