"""Operating the trader: what its operator does, with the exchange's ledger and the alerts as judges."""
