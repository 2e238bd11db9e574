"""The status page of a running trader, and the document that `trader status` reads.

- `document`: what is told, as types; published, so kept stable (docs/status.md).
- `snapshot`, `market_view`: made from a session, on the engine's thread and nowhere else.
- `board`: between that thread and the server's: snapshots and events out, controls in; bounded.
- `app`: the requests, each but the page itself with the token of `note`, the file in the run's
  folder. `service` puts the parts together.
- `page.html`, `page.css`, `*.js`: what the browser shows; nothing else is asked for anywhere.
"""
