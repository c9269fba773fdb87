"""Writes of single Docker secrets, and their errors."""

from __future__ import annotations

import base64
from collections.abc import Iterable, Mapping
from dataclasses import replace
from typing import Any

from reconciler.errors import ObjectMoved, ObjectNotFound, StoreError
from reconciler.model.objects import ObjectKey
from reconciler.model.values import SecretValue
from reconciler.stores.docker.engine import Engine, Refused
from reconciler.stores.docker.parts import Part, labels_of

NOT_FOUND, CONFLICT = 404, 409


class NameTaken(Exception):
    """A Docker secret of that name exists."""


def created(
    engine: Engine, key: ObjectKey, specification: Mapping[str, Any], content: SecretValue | None
) -> str:
    """Make a Docker secret of the object `key`; returns its id.

    Raises:
        NameTaken: there is one of that name.
        StoreError: the engine refuses it.
    """
    body = dict(specification)
    if content is not None:
        body["Data"] = base64.b64encode(content.reveal()).decode()
    try:
        answer = engine.post("/secrets/create", body)
    except Refused as refused:
        if refused.status == CONFLICT:
            raise NameTaken from None
        if "Driver" in specification:
            driver = specification["Driver"]["Name"]
            raise StoreError(
                f"{key}: the engine cannot use the secrets driver {driver!r}",
                hint=f"see whether the plugin is installed and enabled: docker plugin inspect "
                f"{driver}",
            ) from None
        # Its text is not shown: it may hold what was sent.
        raise StoreError(
            f"{key}: the engine refuses the Docker secret {body['Name']!r} ({refused.status})"
        ) from None
    identity: str = answer["ID"]
    return identity


def rewritten(engine: Engine, pairs: Iterable[tuple[Part, Part]]) -> None:
    """Replace the labels of each first part by those of the second, where they differ.

    Raises:
        ObjectMoved, ObjectNotFound: somebody else was quicker.
    """
    for part, wanted in pairs:
        labels = labels_of(wanted)
        if labels == (part.raw.get("Labels") or {}):
            continue
        try:
            engine.post(f"/secrets/{part.id}/update", {**part.raw, "Labels": labels}, part.version)
        except Refused as refused:
            raise _lost(part, refused) from None


def marked(engine: Engine, parts: Iterable[Part]) -> None:
    """Mark `parts` as the copy of an object that is to be replaced."""
    rewritten(engine, ((part, replace(part, replaced=True)) for part in parts))


def removed(engine: Engine, parts: Iterable[Part]) -> None:
    """Remove `parts`.

    Raises:
        StoreError: a service uses one of them; it and those after it are left.
    """
    for part in parts:
        try:
            engine.delete(f"/secrets/{part.id}")
        except Refused as refused:
            if refused.status == NOT_FOUND:
                continue
            raise _lost(part, refused) from None


def _lost(part: Part, refused: Refused) -> StoreError:
    if refused.user:
        return StoreError(
            f"{part.secret}: the Docker secret {part.name!r} is used by the service {refused.user}",
            hint=f"take it from the service first: docker service update --secret-rm {part.name} "
            f"{refused.user}",
        )
    if refused.out_of_sequence:
        return ObjectMoved(f"{part.secret} was changed since it was read")
    if refused.status == NOT_FOUND:
        return ObjectNotFound(f"{part.secret}: the Docker secret {part.name!r} is gone")
    return StoreError(f"{part.secret}: the engine refuses the change ({refused.status})")
