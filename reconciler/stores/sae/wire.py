"""Values as the service keeps them: a map of keys to base64, as in a Secret of Kubernetes.

The page of CreateSecret shows base64 for a registry account, and the console offers it for the
values of an Opaque Secret. A value that is no base64 was written by somebody who did not encode it,
and stands for itself.
"""

from __future__ import annotations

import base64
import binascii
import json
from collections.abc import Mapping
from datetime import UTC, datetime

from reconciler.model.values import SecretValue

Raw = Mapping[str, str]
"""The data of a Secret as it is sent and read: values in base64, in whatever spelling."""


def raw_of(data: Mapping[str, SecretValue], former: Raw | None = None) -> dict[str, str]:
    """`data` as it is sent; a value that `former` has in another spelling keeps it."""
    kept = {} if former is None else former
    return {
        key: kept[key]
        if key in kept and value_of(kept[key]) == value.reveal()
        else base64.b64encode(value.reveal()).decode()
        for key, value in data.items()
    }


def data_of(raw: Raw) -> dict[str, SecretValue]:
    """What `raw` stands for."""
    return {key: SecretValue(value_of(text)) for key, text in raw.items()}


def parameter(raw: Raw) -> str:
    """`raw` as the parameter ``SecretData`` takes it: JSON with sorted keys."""
    return json.dumps(dict(raw), sort_keys=True, separators=(",", ":"))


def time_text(milliseconds: int) -> str:
    """A time of the service in RFC 3339, to the second."""
    return datetime.fromtimestamp(milliseconds / 1000, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def value_of(text: str) -> bytes:
    """The value that `text` stands for."""
    try:
        return base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError):
        return text.encode()
