"""Mutated certificates and keys: ``ValueError`` or a verdict, and nothing else."""

from __future__ import annotations

import base64
import os
import random
import re
from contextlib import suppress

import pytest

from reconciler.rules.certificates import validity
from reconciler.rules.key_pairs import key_pair_fault
from tests.fuzz.seeds import ROOT

COUNT = int(os.environ.get("FUZZ_COUNT", "50000")) // 10
SEED = os.environ.get("FUZZ_SEED", "certificates")
_TEXT = (ROOT / "manifests/shop/certificates.yaml").read_text().replace("    ", "")
_BLOCK = re.compile(r"-----BEGIN ([A-Z ]+)-----\n(.*?)-----END", re.DOTALL)
_BLOCKS = [(kind, base64.b64decode(body)) for kind, body in _BLOCK.findall(_TEXT)]
CERTIFICATES = [block for block in _BLOCKS if block[0] == "CERTIFICATE"]
PRIVATE_KEYS = [block for block in _BLOCKS if block[0].endswith("KEY")]


def pem(kind: str, content: bytes) -> bytes:
    lines = base64.encodebytes(content).decode()
    return f"-----BEGIN {kind}-----\n{lines}-----END {kind}-----\n".encode()


def mutated(pick: random.Random, content: bytes) -> bytes:
    found = bytearray(content)
    for _ in range(pick.choice((1, 1, 2, 4))):
        at = pick.randrange(len(found))
        byte = bytes([pick.randrange(256)])
        found[at : at + pick.choice((0, 1, 1, 1, 1, 2))] = pick.choice((byte, byte, byte, b""))
    return bytes(found)


@pytest.mark.filterwarnings("ignore::UserWarning")  # cryptography's, of what is merely odd
def test_mutated_certificates_and_keys() -> None:
    unreadable = 0
    for number in range(COUNT):
        pick = random.Random(f"{SEED}/{number}")  # noqa: S311 - to be the same again
        certificate, key = pick.choice(CERTIFICATES), pick.choice(PRIVATE_KEYS)
        broken = pem(certificate[0], mutated(pick, certificate[1]))
        try:
            key_pair_fault(pem(*certificate), pem(key[0], mutated(pick, key[1])))
            unreadable += key_pair_fault(broken, pem(*key)) is not None
            with suppress(ValueError):
                validity(broken)
        except BaseException as error:
            error.add_note(f"seed {SEED!r}, number {number}: {broken!r}")
            raise
    assert unreadable > COUNT // 4
