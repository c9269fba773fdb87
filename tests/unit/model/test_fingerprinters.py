"""What a fingerprinter remembers goes with it."""

from __future__ import annotations

import gc
import weakref

from reconciler.model.fingerprints import Fingerprinter
from reconciler.model.values import SecretValue


def test_a_fingerprinter_needs_no_search_for_cycles() -> None:
    fingerprinter = Fingerprinter(b"a key of some length")
    texts = [fingerprinter.of("shop", ("type",), "Opaque") for _ in range(2)]
    value = fingerprinter.of("shop", ("data", "type"), SecretValue(b"Opaque"))
    assert texts[0] == texts[1] != value
    memory = weakref.ref(fingerprinter._of_text)
    gc.disable()
    try:
        del fingerprinter
        assert memory() is None
    finally:
        gc.enable()
