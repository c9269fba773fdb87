"""A change in words: why it is made, its fields, and what stands below them."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from typing import NamedTuple

from reconciler.escapes import escaped
from reconciler.model.consumers import Consumer, Way
from reconciler.model.objects import Diagnostic
from reconciler.model.plans import Action, Change, FieldAction, FieldChange, Reason
from reconciler.model.values import Nature
from reconciler.planning.consumers import named_users
from reconciler.planning.reach import Reach, reach_of
from reconciler.views.words import ACTION_WORDS, field_text, names_text, value_text

FIELD_SYMBOLS = {FieldAction.ADDED: "+", FieldAction.CHANGED: "~", FieldAction.REMOVED: "-"}
KEPT_SYMBOL = "="
REASON_WORDS = {
    Reason.MISSING: "not in the store",
    Reason.VANISHED: "deleted outside of this tool since the last apply",
    Reason.DATA: "data differs",
    Reason.SEALED: "sealed values may differ",
    Reason.UNREAD: "values cannot be compared",
    Reason.METADATA: "metadata differs",
    Reason.SEAL: "becomes immutable, which cannot be undone",
    Reason.IMMUTABLE: "immutable in the store",
    Reason.UNSEAL: "immutable in the store, but not in the manifest",
    Reason.TYPE: "the type differs",
    Reason.VALUES: "values cannot be changed in this store",
    Reason.FIXED: "an annotation differs that counts only when the object is made",
    Reason.ADOPT: "not owned by this set yet",
    Reason.TRANSFER: "moved here from another set",
    Reason.ROTATION: "old versions are left",
    Reason.RECORD: "only the record of the last apply is renewed",
    Reason.PRUNE: "no manifest names it any more",
    Reason.DESTROY: "the set is to be destroyed",
    Reason.RELEASE: "the set is to let go of it",
    Reason.VERSIONED: "a new version under another name",
    Reason.SUPERSEDED: "a newer version has taken its place",
    Reason.INTERRUPTED: "a replace of it was interrupted",
    Reason.STALE_PODS: "its Pods would keep old values",
    Reason.OWED: "an earlier apply did not come to it",
}

NATURE_WORDS = {
    Nature.CONTENT: "",
    Nature.WHITESPACE: "only white space differs",
    Nature.ENCODING: "only the encoding differs",
    Nature.CIPHERTEXT: "changed, or encrypted anew",
    Nature.UNKNOWN: "cannot tell whether they differ",
    Nature.ENCODED: "now the base64 of the old value",
    Nature.DECODED: "the old value was the base64 of this one",
}

WAY_WORDS = {
    Way.VARIABLE: "in variables ",
    Way.SUB_PATH: "with subPath ",
    Way.VOLUME: "in a volume ",
    Way.DRIVER: "to mount a volume ",
    Way.PULL: "to pull images ",
    Way.ACCOUNT: "to pull images for its Pods ",
    Way.OTHER: "",
}

REACH_WORDS = {
    Reach.RESTART: ": running Pods keep the old value until they are restarted",
    Reach.NAME: ": Pods keep the old value, and a node gives it to new Pods as well, as long as "
    "any Pod there refers to the name",
    Reach.SYNC: ": running Pods see the new value once their kubelet has synchronised, by default "
    "after 60 to 75 s at most",
    Reach.PULL: ": the next pull uses the new value",
    Reach.MOUNT: ": the next mount uses the new value",
    Reach.UNKNOWN: "",
}

DRIFT_WORDS = "changed outside of this tool since the last apply"
RESTORES_WORDS = "back to what was applied last"
NEW_WORDS = "to a new value"
MANAGER_WORDS = "last written by {}"
KEPT_WORDS = "kept: not ours"


class Row(NamedTuple):
    """A field below an object: its symbol, its name, its values, and a remark in brackets."""

    symbol: str
    name: str
    values: str
    remark: str = ""

    @property
    def text(self) -> str:
        """``(value #1) → (value #2)  (only white space differs)``."""
        remark = f"({self.remark})" if self.remark else ""
        return "  ".join(filter(None, (self.values, remark)))


class Line(NamedTuple):
    """A line below an object: its symbol, and what follows it."""

    symbol: str
    text: str


def reasons_text(change: Change) -> str:
    """``update: data differs; metadata differs``."""
    action, reasons = ACTION_WORDS[change.action], why_text(change)
    return f"{action}: {reasons}" if reasons else action


def why_text(change: Change) -> str:
    """``data differs; metadata differs``."""
    return "; ".join(REASON_WORDS[reason] for reason in change.reasons)


def change_rows(change: Change) -> list[Row]:
    """The fields that change, and those of others that stay."""
    rows = [
        field_row(field, value_text(field.before), value_text(field.after))
        for field in change.fields
    ]
    return [*rows, *kept_rows(change)]


def field_row(field: FieldChange, before: str, after: str) -> Row:
    """A field that changes, with its values as they are to be shown."""
    remarks = (NATURE_WORDS[field.nature], _drift_words(field), manager_text(field.manager))
    return Row(
        FIELD_SYMBOLS[field.action],
        field_text(field.path),
        _values_text(field, before, after),
        "; ".join(filter(None, remarks)),
    )


def kept_rows(change: Change) -> list[Row]:
    """The fields of others that stay."""
    return [Row(KEPT_SYMBOL, field_text(path), KEPT_WORDS) for path in change.kept]


def remark_texts(change: Change) -> list[str]:
    """What stands below the fields of a change: warnings, what is lost, notes, and who uses it."""
    return [*map(warning_text, change.warnings), *note_texts(change)]


def note_texts(change: Change) -> list[str]:
    """What stands below the fields of a change besides the warnings of its manifest."""
    notes = [escaped(note.message) for note in change.notes]
    if change.restarted_for:
        notes.append(escaped(f"for {', '.join(map(str, change.restarted_for))}"))
    return [*removal_texts(change), *notes, *consumers_texts(change)]


def warning_text(warning: Diagnostic) -> str:
    """``warning[tls-key-mismatch] data[tls.crt]: the key does …``, with what to do."""
    where = f"{warning.field}: " if warning.field else ""
    hint = f" ({warning.hint})" if warning.hint else ""
    return escaped(f"warning[{warning.code}] {where}{warning.message}{hint}")


def removal_texts(change: Change) -> list[str]:
    """What a change takes out of the store, and whether it is held anywhere else."""
    removal = change.removal
    if removal is None:
        return []
    texts = []
    if change.action in {Action.DELETE, Action.REPLACE} and removal.type:
        keys = f"keys: {names_text(removal.keys)}" if removal.keys else "no keys"
        texts.append(f"type {removal.type}; {keys}")
    if removal.foreign:
        names = names_text(removal.foreign)
        texts.append(f"somebody else added these keys, which are deleted with it: {names}")
    if removal.takes:
        texts.append(f"also deletes what belongs to it: {', '.join(map(str, removal.takes))}")
    if removal.lost:
        texts.append(f"no other copy is known of these values: {names_text(removal.lost)}")
    if removal.copies:
        which = "the other values" if removal.lost else "these values"
        texts.append(f"{which} are also in: {', '.join(map(str, removal.copies))}")
    return [escaped(text) for text in texts]


def consumers_texts(change: Change) -> list[str]:
    """Who uses what changes, a line for each way and what that means; the first few by name."""
    if Reason.VERSIONED in change.reasons and change.consumers:
        return [escaped(f"the version before is used by {named_users(change.consumers)}")]
    users: dict[tuple[Reach, Way], list[Consumer]] = defaultdict(list)
    for user in change.consumers:
        reach = reach_of(change, user)
        users[reach, Way.OTHER if reach is Reach.UNKNOWN else user.way].append(user)
    ranks = [*Reach]
    ordered = sorted(users.items(), key=lambda item: (ranks.index(item[0][0]), item[0][1]))
    texts = (
        f"used {WAY_WORDS[way]}by {named_users(group)}{REACH_WORDS[reach]}"
        for (reach, way), group in ordered
    )
    return [escaped(text) for text in texts]


def aligned(rows: Iterable[Row]) -> list[Line]:
    """Lines of symbols, names and what is said about them, which begins in one column."""
    rows = list(rows)
    width = max((len(row.name) for row in rows), default=0)
    return [Line(row.symbol, f"{row.name:<{width}}  {row.text}".rstrip()) for row in rows]


def manager_text(manager: str) -> str:
    """``last written by kubectl-edit``, or nothing where nobody else is known to have written."""
    return MANAGER_WORDS.format(escaped(manager)) if manager else ""


def _values_text(field: FieldChange, before: str, after: str) -> str:
    match field.action:
        case FieldAction.ADDED:
            return after
        case FieldAction.CHANGED:
            return f"{before} → {after}"
        case FieldAction.REMOVED:
            return "" if field.before is None else before


def _drift_words(field: FieldChange) -> str:
    if not field.drift:
        return ""
    if field.restores:
        return f"{DRIFT_WORDS}; {RESTORES_WORDS}"
    unsure = field.nature in {Nature.CIPHERTEXT, Nature.UNKNOWN}
    if unsure or field.action is FieldAction.REMOVED:
        return DRIFT_WORDS
    return f"{DRIFT_WORDS}; {NEW_WORDS}"
