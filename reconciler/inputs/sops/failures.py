"""How calls of the key service fail; what the service said is not kept."""

from __future__ import annotations


class CallFailed(Exception):
    """The service refused the call: it has no key for it."""


class ServiceLost(CallFailed):
    """The service has ended, does not answer in time, or does not speak its protocol."""
