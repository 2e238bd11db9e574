"""Lists the hosts Bazel itself downloaded from, by the build events of a build with an empty cache.

Downloads of pip and cargo are not among them: those ask the registry that they are set up for.
Exit codes: 0 listed, 2 the events cannot be read.
"""

import json
import sys
from collections import Counter
from pathlib import Path
from urllib.parse import urlsplit


def hosts(events: Path) -> Counter[str]:
    """Successful downloads by host; a file of this machine counts under `file:`."""
    found: Counter[str] = Counter()
    for line in events.read_text(encoding="utf-8").splitlines():
        event = json.loads(line)
        fetch = event.get("id", {}).get("fetch")
        if fetch is not None and event.get("fetch", {}).get("success"):
            url = urlsplit(fetch["url"])
            found[url.netloc or f"{url.scheme}:"] += 1
    return found


def main(arguments: list[str]) -> int:
    if len(arguments) != 1:
        print("usage: sources BUILD_EVENTS.json", file=sys.stderr)
        return 2
    try:
        found = hosts(Path(arguments[0]))
    except (OSError, ValueError, KeyError) as error:
        print(f"sources: {arguments[0]} cannot be read as build events: {error}", file=sys.stderr)
        return 2
    for host, count in found.most_common():
        print(f"{count:6}  {host}")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
