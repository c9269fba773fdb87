"""Typed access to the fields of one object, with a place for every complaint.

``null`` stands for an unset field throughout, and for the empty string within maps and lists, as
in Go's JSON decoder.
"""

from __future__ import annotations

import difflib
import re
from collections.abc import Collection, Iterator

from reconciler.manifests import foreign
from reconciler.manifests.entries import Entries, Entry, Problem, is_null, noun, value_mark
from reconciler.manifests.nodes import (
    MERGE,
    Document,
    Mapping,
    Mark,
    Node,
    Scalar,
    Sequence,
)
from reconciler.manifests.scalars import key_text
from reconciler.model.objects import Diagnostic, Severity, Source
from reconciler.rules import RulePath, field_text, is_data_key

_IDENTIFIER = re.compile(r"[A-Za-z][A-Za-z0-9_.$-]{0,62}")


class Fields:
    """Reads one object's fields, and collects what is wrong with them."""

    __slots__ = ("_looked_up", "document", "item", "problems", "root")

    def __init__(self, document: Document, root: Mapping, item: int | None) -> None:
        self.document = document
        self.root = root
        self.item = item
        self.problems: list[Problem] = []
        self._looked_up: dict[int, Entries] = {}

    @property
    def source(self) -> Source:
        """Where the object stands."""
        return self.document.source(self.root.mark, self.item)

    @property
    def broken(self) -> bool:
        """Whether the object has errors."""
        return any(problem.severity is Severity.ERROR for problem in self.problems)

    def complain(
        self, code: str, message: str, path: RulePath, entry: Entry, hint: str = ""
    ) -> None:
        """Note an error about what `entry` holds."""
        mark = value_mark(entry)
        self.problems.append(Problem(code, message, path, mark, hint, node=entry.node))

    def diagnostics(self, name: str) -> Iterator[Diagnostic]:
        """The complaints; a template or an encrypted value among the errors is the only one."""
        for problem in self.problems:
            if problem.severity is Severity.WARNING or problem.node is None:
                continue
            if foreign.is_directive(self.document, problem.node):
                yield foreign.unrendered(self.document, problem.mark, self.item)
                return
            if foreign.is_encrypted(problem.node):
                yield foreign.undecrypted(self.document, problem.mark, self.item)
                return
        for problem in self.problems:
            yield self.diagnostic(problem, name)

    def diagnostic(self, problem: Problem, name: str) -> Diagnostic:
        """`problem` as it is told of the object `name`."""
        return Diagnostic(
            severity=problem.severity,
            code=problem.code,
            message=problem.message,
            field=field_text(_without_strays(problem.path)),
            source=self.document.source(problem.mark, self.item),
            object=name,
            hint=problem.hint,
        )

    def entries(self, node: Mapping, path: RulePath) -> Entries:
        """The map's entries by key, with duplicates reported and merge keys applied.

        As in kubectl, what comes later wins where a merge key and an explicit one meet.
        """
        found: Entries = {}
        merged: set[str] = set()
        new = tuple.__new__
        items = iter(node.items)
        for key in items:
            entry = new(Entry, (key.mark, next(items)))
            name = key.value if type(key) is Scalar else None
            if type(name) is not str:
                if name is MERGE:
                    self._merge(found, merged, entry, path)
                    continue
                name = key_text(name)
                if name is None:
                    self._bad_key(key, path)
                    continue
            if name in found:
                if name not in merged:
                    self._duplicate(name, entry, found[name], path)
                    continue
                merged.discard(name)
            found[name] = entry
        return found

    def _merge(self, found: Entries, merged: set[str], entry: Entry, path: RulePath) -> None:
        node = entry.node
        sources = node.items[::-1] if isinstance(node, Sequence) else [node]
        for source in sources:  # those named first win
            if not isinstance(source, Mapping):
                self.complain("merge-invalid", "only maps can be merged with <<", path, entry)
                continue
            for name, inner in self.entries(source, path).items():
                if name in found and name not in merged:
                    self.problems.append(
                        Problem(
                            "merge-override",
                            "<< replaces a key that stands before it, as in kubectl",
                            (*path, name),
                            entry.key,
                            "put << first, so that the map's own keys win",
                            Severity.WARNING,
                        )
                    )
                found[name] = inner
                merged.add(name)

    def _bad_key(self, key: Node, path: RulePath) -> None:
        self.complain(
            "key-invalid",
            "a key must be a string, a number or a bool",
            path,
            Entry(key.mark, key),
            "put the key in quotes",
        )

    def _duplicate(self, name: str, entry: Entry, first: Entry, path: RulePath) -> None:
        line = self.document.source(first.key).line
        self.problems.append(
            Problem(
                "key-duplicate",
                f"this key stands in line {line} already",
                (*path, name),
                entry.key,
                "remove one of the two",
                node=entry.node,
            )
        )

    def refuse_unknown(self, entries: Entries, known: Collection[str], path: RulePath) -> None:
        """Complain about fields that are not among `known`."""
        for name, entry in entries.items():
            if name in known:
                continue
            shown = _IDENTIFIER.fullmatch(name)  # what is none may be a value gone astray
            close = difflib.get_close_matches(name, known, n=1) if shown else []
            self.problems.append(
                Problem(
                    "field-unknown",
                    f"there is no field {name!r} here" if shown else "there is no such field here",
                    (*path, name) if shown else path,
                    entry.key,
                    f"did you mean {close[0]!r}?" if close else "check the indentation",
                    node=entry.node,
                )
            )

    def text(self, entries: Entries, name: str, path: RulePath) -> str:
        """A string; empty where it is not set."""
        entry = entries.get(name)
        return "" if entry is None else self.string(entry, (*path, name))

    def string(self, entry: Entry, path: RulePath) -> str:
        """The string that `entry` holds; empty where it holds none, after a complaint."""
        node = entry.node
        if type(node) is Scalar:
            value = node.value
            if type(value) is str:
                return value
            if value is None:
                return ""
            if isinstance(value, str):  # a MERGE
                return str(value)
        hint = "put the value in quotes" if isinstance(node, Scalar) else ""
        self.complain("type-wrong", f"must be a string, not {noun(node)}", path, entry, hint)
        return ""

    def flag(self, entries: Entries, name: str, path: RulePath) -> bool | None:
        """A bool; ``None`` where it is not set."""
        entry = entries.get(name)
        if entry is None or is_null(entry.node):
            return None
        value = entry.node.value if isinstance(entry.node, Scalar) else None
        if isinstance(value, bool):
            return value
        self.complain(
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
        if entry is None or is_null(entry.node):
            return {}
        if isinstance(entry.node, Mapping):
            return self.entries(entry.node, (*path, name))
        self.complain("type-wrong", f"must be a map, not {noun(entry.node)}", (*path, name), entry)
        return {}

    def strings(self, entries: Entries, name: str, path: RulePath) -> dict[str, str]:
        """A map of strings; empty where it is not set."""
        inner = (*path, name)
        found = self.map(entries, name, path)
        return {key: self.string(entry, (*inner, key)) for key, entry in found.items()}

    def list(self, entries: Entries, name: str, path: RulePath) -> list[Entry]:
        """A list's items, each with its own place; empty where it is not set."""
        entry = entries.get(name)
        if entry is None or is_null(entry.node):
            return []
        if isinstance(entry.node, Sequence):
            return [Entry(item.mark, item) for item in entry.node.items]
        self.complain("type-wrong", f"must be a list, not {noun(entry.node)}", (*path, name), entry)
        return []

    def map_item(self, entry: Entry, path: RulePath) -> Entries:
        """The entries of a map that is a list's item."""
        if isinstance(entry.node, Mapping):
            return self.entries(entry.node, path)
        if not is_null(entry.node):
            self.complain("type-wrong", f"must be a map, not {noun(entry.node)}", path, entry)
        return {}

    def locate(self, path: RulePath, *, of_key: bool = False) -> tuple[Mark, Node | None]:
        """The place of `path`, and what stands there; else that of the nearest thing around it.

        With `of_key`, the place of the key at the end of `path` and not that of its value.
        """
        entry = Entry(self.root.mark, self.root)
        for step in path:
            inner: Entry | None = None
            if isinstance(entry.node, Mapping):
                inner = self._look_up(entry.node).get(str(step))
            elif isinstance(entry.node, Sequence) and isinstance(step, int):
                node = entry.node.items[step]
                inner = Entry(node.mark, node)
            if inner is None:
                return entry.key, None
            entry = inner
        return entry.key if of_key else value_mark(entry), entry.node

    def _look_up(self, node: Mapping) -> Entries:
        """The entries of a map that was read already: nothing is complained of twice."""
        found = self._looked_up.get(id(node.items))
        if found is None:
            found = Fields(self.document, self.root, self.item).entries(node, ())
            self._looked_up[id(node.items)] = found
        return found


def _without_strays(path: RulePath) -> RulePath:
    """`path` without a key of data that can be none.

    ``{password: one,two+}`` is a map of two keys, and nobody sees it by looking.
    """
    match path:
        case ("data" | "stringData" as field, str(key), *_) if not is_data_key(key):
            return (field,)
    return path
