"""Typed access to the fields of one object, with a place for every problem.

``null`` stands for an unset field throughout, and for the empty string within maps and lists, as
in Go's JSON decoder.
"""

from __future__ import annotations

import difflib
import re
from collections.abc import Collection, Iterable, Iterator
from typing import Any

from reconciler.manifests import foreign, keys
from reconciler.manifests.entries import Entries, Problem, noun, shown_place
from reconciler.manifests.nodes import (
    MERGE,
    Document,
    Entry,
    Mapping,
    Node,
    Sequence,
    item_of,
)
from reconciler.manifests.scalars import key_text
from reconciler.model.objects import Diagnostic, Severity, Source
from reconciler.rules import RulePath, field_text, is_data_key

_FIELDS_OF_OTHERS = {"binaryData": "data"}  # what a ConfigMap calls it
_IDENTIFIER = re.compile(r"[A-Za-z][A-Za-z0-9_.$-]{0,62}")


class Fields:
    """Reads the fields of an object and collects the problems with them."""

    __slots__ = ("_looked_up", "document", "item", "problems", "root")

    def __init__(self, document: Document, root: Mapping, item: int | None) -> None:
        self.document = document
        self.root = root
        self.item = item
        self.problems: list[Problem] = []
        self._looked_up: dict[int, Entries] = {}

    @property
    def source(self) -> Source:
        """The place of the object."""
        return self.document.source(self.root.place, self.item)

    @property
    def broken(self) -> bool:
        """Whether the object has errors."""
        return any(problem.severity is Severity.ERROR for problem in self.problems)

    def error(self, code: str, message: str, path: RulePath, entry: Entry, hint: str = "") -> None:
        """Record an error about the value of `entry`."""
        place = shown_place(entry)
        self.problems.append(Problem(code, message, path, place, hint, node=entry.node))

    def diagnostics(self, name: str) -> Iterator[Diagnostic]:
        """The problems, or only the first template or encrypted value that causes an error."""
        for problem in self.problems:
            if problem.severity is Severity.WARNING or problem.node is None:
                continue
            if foreign.is_directive(self.document, problem.place, problem.node):
                yield foreign.unrendered(self.document, problem.place, self.item, problem.node)
                return
            sealed = problem.node.place in self.document.ciphertexts
            if foreign.is_encrypted(problem.node) and not sealed:
                yield foreign.undecrypted(self.document, problem.place, self.item)
                return
        for problem in self.problems:
            yield self.diagnostic(problem, name)

    def diagnostic(self, problem: Problem, name: str) -> Diagnostic:
        """`problem` as a diagnostic of the object `name`."""
        return Diagnostic(
            severity=problem.severity,
            code=problem.code,
            message=problem.message,
            field=field_text(_without_strays(problem.path)),
            source=self.document.source(problem.place, self.item),
            object=name,
            hint=problem.hint,
        )

    def entries(self, node: Mapping, path: RulePath) -> Entries:
        """The map's entries by key, with duplicates reported and merge keys applied.

        As in kubectl, the later entry wins where a merge key and an explicit key collide.
        """
        return self._mixed_entries(node.mixed, path) if node.mixed else node.entries

    def _mixed_entries(self, mixed: Iterable[Entry], path: RulePath) -> Entries:
        by_name: Entries = {}
        merged: set[str] = set()
        for entry in mixed:
            if entry.key is MERGE:
                self._merge(by_name, merged, entry, path)
                continue
            name = key_text(entry.key)
            if name is None:
                self._bad_key(entry, path)
            elif name not in by_name or name in merged:
                merged.discard(name)
                by_name[name] = entry
                self._warn_of_rename(entry, name, path)
            else:
                first = by_name[name]
                self.problems.append(keys.duplicate(self.document, entry, first, name, path))
        return by_name

    def _merge(self, by_name: Entries, merged: set[str], entry: Entry, path: RulePath) -> None:
        node = entry.node
        sources = node.items[::-1] if isinstance(node, Sequence) else [node]
        for source in sources:  # those named first win
            if not isinstance(source, Mapping):
                self.error("merge-invalid", "only maps can be merged with <<", path, entry)
                continue
            for name, inner in self.entries(source, path).items():
                if name in by_name and name not in merged:
                    self.problems.append(
                        Problem(
                            "merge-override",
                            "<< overrides a key that comes before it, as in kubectl",
                            (*path, name),
                            entry.place,
                            "put << first, so that the map's own keys win",
                            Severity.WARNING,
                        )
                    )
                by_name[name] = inner
                merged.add(name)

    def _warn_of_rename(self, entry: Entry, name: str, path: RulePath) -> None:
        """Warn once of a key that YAML has changed; a map may be merged into several others."""
        if type(entry.key) is str:
            return
        problem = keys.renamed(self.document, entry, name, path)
        if problem and all(problem.place != other.place for other in self.problems):
            self.problems.append(problem)

    def _bad_key(self, entry: Entry, path: RulePath) -> None:
        self.error(
            "key-invalid",
            "a key must be a string, a number or a bool",
            path,
            item_of(entry.key_node),
            "put the key in quotes",
        )

    def refuse_unknown(self, entries: Entries, allowed: Collection[str], path: RulePath) -> None:
        """Report fields that are not `allowed`."""
        for name, entry in entries.items():
            if name in allowed:
                continue
            shown = _IDENTIFIER.fullmatch(name)  # anything else may be a misplaced value
            close = difflib.get_close_matches(name, allowed, n=1) if shown else []
            if name in _FIELDS_OF_OTHERS and _FIELDS_OF_OTHERS[name] in allowed:
                close = [_FIELDS_OF_OTHERS[name]]
            self.problems.append(
                Problem(
                    "field-unknown",
                    f"there is no field {name!r} here" if shown else "there is no such field here",
                    (*path, name) if shown else path,
                    entry.place,
                    _hint_for(name, close),
                    node=entry.node,
                )
            )

    def text(self, entries: Entries, name: str, path: RulePath) -> str:
        """A string; empty where it is not set."""
        entry = entries.get(name)
        if entry is None:
            return ""
        value = entry.value
        return value if type(value) is str else self.string(entry, (*path, name))

    def string(self, entry: Entry, path: RulePath) -> str:
        """The string in `entry`; empty, with an error, if the value is not a string."""
        value = entry.value
        if type(value) is str:
            return value
        if value is None:
            return ""
        if isinstance(value, str):
            return str(value)  # a MERGE becomes plain text
        hint = "" if isinstance(value, Sequence | Mapping) else "put the value in quotes"
        self.error("type-wrong", f"must be a string, not {noun(entry.node)}", path, entry, hint)
        return ""

    def flag(self, entries: Entries, name: str, path: RulePath) -> bool | None:
        """A bool; ``None`` where it is not set."""
        entry = entries.get(name)
        if entry is None or entry.value is None:
            return None
        value = entry.value
        if isinstance(value, bool):
            return value
        self.error(
            "type-wrong",
            f"must be true or false, not {noun(entry.node)}",
            (*path, name),
            entry,
            "remove the quotes" if isinstance(value, str) else "",
        )
        return None

    def map(self, entries: Entries, name: str, path: RulePath) -> Entries:
        """A map's entries; empty where it is not set."""
        entry = entries.get(name)
        if entry is None:
            return {}
        value = entry.value
        if isinstance(value, Mapping):
            return self.entries(value, (*path, name)) if value.mixed else value.entries
        if value is not None:
            self.error("type-wrong", f"must be a map, not {noun(entry.node)}", (*path, name), entry)
        return {}

    def strings(self, entries: Entries, name: str, path: RulePath) -> dict[str, str]:
        """A map of strings; empty where it is not set."""
        inner = self.map(entries, name, path)
        values: dict[str, Any] = {key: entry.value for key, entry in inner.items()}
        for value in values.values():
            if type(value) is not str:
                break
        else:
            return values
        return {key: self.string(entry, (*path, name, key)) for key, entry in inner.items()}

    def list(self, entries: Entries, name: str, path: RulePath) -> list[Entry]:
        """A list's items, each with its own place; empty where it is not set."""
        entry = entries.get(name)
        if entry is None or entry.value is None:
            return []
        if isinstance(entry.value, Sequence):
            return [item_of(item) for item in entry.value.items]
        self.error("type-wrong", f"must be a list, not {noun(entry.node)}", (*path, name), entry)
        return []

    def map_item(self, entry: Entry, path: RulePath) -> Entries:
        """The entries of a map that is a list's item."""
        if isinstance(entry.value, Mapping):
            return self.entries(entry.value, path)
        if entry.value is not None:
            self.error("type-wrong", f"must be a map, not {noun(entry.node)}", path, entry)
        return {}

    def locate(self, path: RulePath, *, of_key: bool = False) -> tuple[int, Node | None]:
        """The place and the node of `path`, or the place of its nearest existing parent.

        With `of_key`, the place of the key at the end of `path` and not that of its value.
        """
        entry = item_of(self.root)
        for step in path:
            inner: Entry | None = None
            if isinstance(entry.value, Mapping):
                inner = self._look_up(entry.value).get(str(step))
            elif isinstance(entry.value, Sequence) and isinstance(step, int):
                inner = item_of(entry.value.items[step])
            if inner is None:
                return entry.place, None
            entry = inner
        return entry.place if of_key else shown_place(entry), entry.node

    def _look_up(self, node: Mapping) -> Entries:
        """The entries of a map that was read before: no problem is reported twice."""
        if not node.mixed:
            return node.entries
        entries = self._looked_up.get(id(node.mixed))
        if entries is None:
            entries = Fields(self.document, self.root, self.item).entries(node, ())
            self._looked_up[id(node.mixed)] = entries
        return entries


def _hint_for(name: str, close: Collection[str]) -> str:
    """What to do about the field `name`, which is unknown; `close` are names that are like it."""
    if close:
        return f"did you mean {next(iter(close))!r}?"
    if name[:1].isspace():  # YAML takes plain spaces alone for indentation
        return (
            "use plain spaces: the line begins with a character that YAML does not take for one, "
            "such as a no-break space"
        )
    return "check the indentation"


def _without_strays(path: RulePath) -> RulePath:
    """`path` without a data key that is not valid, since it may be part of a value.

    ``{password: one,two+}`` looks like a map with one key and has two.
    """
    match path:
        case ("data" | "stringData" as field, str(key), *_) if not is_data_key(key):
            return (field,)
    return path
