"""The files of a new repository: settings, a first manifest, and what git is to leave alone."""

from __future__ import annotations

import json
import os
import secrets
from collections.abc import Iterator
from importlib import resources
from pathlib import Path

from reconciler.errors import FileNotWritten

_SCHEMA = ".reconciler.schema.json"
_SETTINGS = """\
# yaml-language-server: $schema={schema}
# Options that are set here need not be typed. Paths are relative to this file.
manifests: {manifests}
set: {set_name}
store: {store}
"""
_MANIFEST = """\
# An example with a random value. Replace it with a Secret of your own.
# Anyone who can read this file can read the value, so do not commit real ones.
apiVersion: v1
kind: Secret
metadata:
  name: example
  namespace: default
stringData:
  token: {token}
"""
_IGNORED = (".reconciler/", "*.plan")


def begin(manifests: str, set_name: str, store: str) -> Iterator[tuple[str, bool]]:
    """Write the files of a new repository into the current directory, over nothing that is there.

    Yields each path, and whether it was written; else it is as it was.

    The schema is that by which editors check and complete the settings. A first manifest is
    written where there is nothing at the path `manifests`; lines of ``.gitignore`` are added to
    those that it has.

    Raises:
        FileNotWritten: a file cannot be written.
    """
    settings = _SETTINGS.format(
        schema=_SCHEMA,
        manifests=json.dumps(manifests),
        set_name=json.dumps(set_name),
        store=json.dumps(store),
    )
    yield _new(Path("reconciler.yaml"), settings, 0o644)
    schema = resources.files("reconciler") / "schemas" / "configuration-v1.json"
    yield _new(Path(_SCHEMA), schema.read_text(encoding="utf-8"), 0o644)
    if os.path.lexists(manifests):
        yield manifests, False
    else:
        token = json.dumps(secrets.token_urlsafe(24))
        yield _new(Path(manifests, "example.yaml"), _MANIFEST.format(token=token), 0o600)
    yield _ignoring(Path(".gitignore"))


def _new(path: Path, text: str, mode: int) -> tuple[str, bool]:
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW, mode)
        with os.fdopen(handle, "w", encoding="utf-8") as file:
            file.write(text)
    except FileExistsError:
        return str(path), False
    except OSError as error:
        raise FileNotWritten(f"{path}: cannot be written: {error.strerror}") from None
    return str(path), True


def _ignoring(path: Path) -> tuple[str, bool]:
    """Add the lines that are missing; what is there stays as it is, byte for byte."""
    try:
        content = path.read_bytes() if path.exists() else b""
        there = {line.strip() for line in content.decode("utf-8", "replace").splitlines()}
        missing = [line for line in _IGNORED if line not in there]
        if missing:
            gap = "\n" if content and not content.endswith(b"\n") else ""
            with path.open("a", encoding="utf-8") as file:
                file.write(gap + "".join(f"{line}\n" for line in missing))
    except OSError as error:
        raise FileNotWritten(f"{path}: cannot be written: {error.strerror}") from None
    return str(path), bool(missing)
