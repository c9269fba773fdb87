"""The surroundings of programs that must neither execute nor fetch anything else.

What they are given to read is looked at before; this is for what such a look may miss.
"""

from __future__ import annotations

from pathlib import Path

_NOBODY = "http://127.0.0.1:9"  # the port of "discard", where nothing listens


def confined(private: Path) -> dict[str, str]:
    """An environment without programs, credentials, plug-ins, caches and ways to a network.

    `private` is an empty directory, which stands in for all that a program may look up or keep.
    """
    place = str(private)
    proxies = ("HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY", "http_proxy", "https_proxy", "all_proxy")
    homes = ("HOME", "TMPDIR", "XDG_CONFIG_HOME", "XDG_CACHE_HOME", "XDG_DATA_HOME")
    return {
        "PATH": str(private / "empty"),
        "LC_ALL": "C.UTF-8",
        **dict.fromkeys(homes, place),
        **dict.fromkeys(proxies, _NOBODY),
    }
