"""A revision as a store: the objects that its manifests would have made."""

from __future__ import annotations

import secrets
from pathlib import Path

from reconciler.errors import ConfigError
from reconciler.model.fingerprints import FINGERPRINT_KEY_BYTES
from reconciler.model.opening import MadeOf, Opening
from reconciler.model.plans import Note, StoreIdentity
from reconciler.model.store import Capability, Scope, Snapshot
from reconciler.stores.git.repository import Repository
from reconciler.stores.kit.readonly import ReadOnly, assumed

CAPABILITIES = frozenset(
    {
        Capability.NAMESPACES,
        Capability.READ_VALUES,
        Capability.UPDATE_VALUES,
        Capability.METADATA,
        Capability.CIPHERTEXTS,
        Capability.PRECONDITIONS,
        Capability.MEMORY,
    }
)
_SHOWN_DIGITS = 12


def opened(opening: Opening) -> GitStore:
    """The store that the URL names.

    Raises:
        ConfigError: it names no revision, or there is no repository.
    """
    revision = opening.url.partition(":")[2]
    if not revision or revision.startswith("-") or not revision.isprintable():
        raise ConfigError("the store git: needs a revision", hint="for example git:origin/main")
    repository = Repository.around(Path.cwd(), opening.environ)
    return GitStore(revision, repository, opening.made)


class GitStore(ReadOnly):
    """The objects of the manifests of one set, as they were in a revision."""

    capabilities = CAPABILITIES

    def __init__(self, revision: str, repository: Repository, made: MadeOf | None) -> None:
        self._revision = revision
        self._repository = repository
        self._made = made
        # Nothing is ever applied, so that it need not be the same the next time.
        self._key = secrets.token_bytes(FINGERPRINT_KEY_BYTES)

    def read(self, scope: Scope) -> Snapshot:
        """The objects at the revision; what the manifests never held is taken to exist.

        Raises:
            ConfigError: nothing says what the manifests are.
            StoreError: the revision cannot be read.
        """
        if self._made is None:
            raise ConfigError(
                "the store git: holds what manifests would have made, and there are none here",
                hint="use it with plan",
            )
        commit, checkout = self._repository.commit(self._revision), str(self._repository.checkout)
        inputs = self._made.paths(checkout)
        with self._repository.files_of(commit, inputs) as tree:
            lives = self._made.lives(checkout, str(tree), self._key)
        message = (
            f"compared with the manifests of {self._revision}, commit "
            f"{commit.id[:_SHOWN_DIGITS]} of {commit.time}: for review only, apply refuses it"
        )
        return Snapshot(
            identity=StoreIdentity("git", commit.id, self._revision),
            capabilities=CAPABILITIES,
            objects=lives,
            bystanders=assumed(scope, lives),
            vanished=frozenset(),
            fingerprint_key=self._key,
            notices=(Note("review-only", message),),
        )
