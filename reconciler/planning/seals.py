"""Sealed values: what the record of the last apply tells of values that nobody here can decrypt."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace

from reconciler.model.ciphertexts import recorded_digest
from reconciler.model.fields import DATA, Leaf
from reconciler.model.objects import Desired, Live
from reconciler.model.plans import Note
from reconciler.model.values import Nature, SealedValue, SecretValue
from reconciler.planning.records import FingerprintCheck

_UNCHANGED, _ANEW, _UNKNOWN = "surely unchanged", "changed or encrypted anew", "not comparable"
_NEW, _DRIFTED = "new", "unchanged in the manifest but not in the store"
_BY_NATURE = {Nature.CIPHERTEXT: _ANEW, Nature.UNKNOWN: _UNKNOWN, Nature.CONTENT: _DRIFTED}


def is_unsure(leaf: Leaf) -> bool:
    """Whether `leaf` is a sealed value of which nothing tells whether it is another one."""
    return isinstance(leaf, SealedValue) and leaf.nature is not Nature.CONTENT


def settled(resource: Desired, live: Live, check: FingerprintCheck) -> Desired:
    """`resource` with what the record of `live` tells of its sealed values.

    A value whose ciphertext was applied, and that is live as it was applied, is the live one.
    """
    if not resource.sealed:
        return resource
    data = {
        key: _settled(key, value, live, check) if isinstance(value, SealedValue) else value
        for key, value in resource.data.items()
    }
    return replace(resource, data=data)


def _settled(key: str, value: SealedValue, live: Live, check: FingerprintCheck) -> SecretValue:
    path = (DATA, key)
    fingerprint = check.applied(live).get(path)
    recorded = live.applied.ciphertexts.get(path) if live.applied else None
    if fingerprint is None or recorded is None:
        return value
    if recorded != recorded_digest(value.digest, fingerprint):
        return SealedValue(value.digest, recorded=True)
    held = live.data.get(key)
    if held is not None:
        if check.fingerprinter.of(live.namespace, path, held) == fingerprint:
            return held
        if not check.can_read(live):
            return value
    return SealedValue(value.digest, fingerprint=fingerprint, recorded=True)


def standings(
    wanted: Mapping[str, SecretValue], settled: Mapping[str, SecretValue], *, is_new: bool
) -> Iterator[str]:
    """What there is to say of each sealed value among `wanted`, by what is `settled` of it."""
    for key, value in wanted.items():
        if isinstance(value, SealedValue):
            seen = settled[key]
            if is_new:
                yield _NEW
            else:
                yield _BY_NATURE[seen.nature] if isinstance(seen, SealedValue) else _UNCHANGED


def notices(counts: Mapping[str, int]) -> Iterator[Note]:
    """How the sealed values of a plan stand to what was applied; `counts` is of `standings`."""
    texts = [
        f"{counts[standing]} {standing}"
        for standing in (_UNCHANGED, _ANEW, _UNKNOWN, _DRIFTED, _NEW)
        if counts.get(standing)
    ]
    if texts:
        yield Note("values-sealed", f"of the values that could not be seen: {', '.join(texts)}")
