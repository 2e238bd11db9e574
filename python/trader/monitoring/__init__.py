"""What the running trader tells about itself: `metrics` (Prometheus) and `latency` (histograms).

Invariant: the hot path pays an array or integer increment; everything else happens at scrape.
"""
