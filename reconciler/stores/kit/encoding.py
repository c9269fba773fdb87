"""A live object as bytes, for stores that keep whole objects: they encrypt what this returns."""

from __future__ import annotations

import base64
import json

from reconciler.model.documents import from_document, to_document
from reconciler.model.objects import Applied, Live, ObjectKey
from reconciler.model.values import SecretValue


def encoded(live: Live) -> bytes:
    """`live` as JSON, with its values in clear."""
    document = to_document(live)
    document["data"] = {
        name: base64.b64encode(value.reveal()).decode() for name, value in live.data.items()
    }
    applied = live.applied or Applied(set_name="")
    content = {
        "key": live.key,
        "generateName": live.generate_name,
        "uid": live.uid,
        "resourceVersion": live.resource_version,
        "created": live.created,
        "set": live.owner_set,
        "applied": [[fingerprint, *path] for path, fingerprint in applied.fields.items()],
        "ciphertexts": [[digest, *path] for path, digest in applied.ciphertexts.items()],
        "document": document,
    }
    return json.dumps(content).encode()


def decoded(content: bytes) -> Live:
    """The object that `content`, made by `encoded`, stands for.

    Raises:
        ValueError, TypeError, KeyError: `encoded` has not made it. Their texts may hold values.
    """
    parts = json.loads(content)
    document, set_name = parts["document"], parts["set"]
    document["data"] = {
        name: SecretValue(base64.b64decode(value)) for name, value in document["data"].items()
    }
    fields = {tuple(path): fingerprint for fingerprint, *path in parts["applied"]}
    ciphertexts = {tuple(path): digest for digest, *path in parts.get("ciphertexts", ())}
    return Live.of(
        from_document(ObjectKey(*parts["key"]), document, parts["generateName"]),
        uid=parts["uid"],
        resource_version=parts["resourceVersion"],
        created=parts["created"],
        applied=None
        if set_name is None
        else Applied(set_name=set_name, fields=fields, ciphertexts=ciphertexts),
    )
