"""Names for objects that leave theirs to the server, drawn here where a store has no server to."""

from __future__ import annotations

import secrets

from reconciler import rules


def drawn_name(prefix: str) -> str:
    """A name for ``generateName``, with as many random letters of the same kind as a server's."""
    suffix = "".join(secrets.choice(rules.SUFFIX_ALPHABET) for _ in range(rules.SUFFIX_LENGTH))
    return rules.generated_name(prefix, suffix)
