"""The environment that the program was given, and the one that its child processes inherit.

The libraries that start programs (credential plugins of a kubeconfig, ssh, credential helpers) hand
`os.environ` on to them as it is, at any time and from any thread. So our keys leave it before the
first of them is imported.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from types import MappingProxyType

import click

_KEYS = re.compile("RECONCILER_(.*KEY.*|NOTIFY(_FILE)?)")


@contextmanager
def keys_withheld() -> Iterator[Mapping[str, str]]:
    """The whole environment; meanwhile `os.environ` lacks the variables of our keys.

    Only for the main thread of a program that has started no other.
    """
    whole = MappingProxyType(dict(os.environ))
    keys = {name: text for name, text in whole.items() if _KEYS.fullmatch(name)}
    for name in keys:
        _erase(name)
        del os.environ[name]
    try:
        yield whole
    finally:
        os.environ.update(keys)


def environ() -> Mapping[str, str]:
    """The environment that the running command was given, our keys included."""
    obj = click.get_current_context().obj
    given: Mapping[str, str] | None = getattr(obj, "environ", obj)
    return os.environ if given is None else given


def _erase(name: str) -> None:
    """Overwrite a variable where the kernel looks: a child may read ``/proc/PPID/environ``."""
    import ctypes  # only where there is a key

    libc = ctypes.CDLL(None)
    libc.getenv.restype = ctypes.c_void_p
    address = libc.getenv(os.fsencode(name))
    if address:
        ctypes.memset(address, 0, len(ctypes.string_at(address)))
