"""Plans in words: what the formats for people share.

Names, paths and values come from manifests and from stores, so all of them pass through `escaped`
or `quoted`: none may forge a line of a plan or drive the terminal that shows it.
"""

from __future__ import annotations

import json
import re
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from functools import lru_cache
from typing import Any, NamedTuple

from reconciler import rules
from reconciler.escapes import escaped
from reconciler.model.consumers import Consumer, Way
from reconciler.model.fields import DATA, METADATA
from reconciler.model.history import Run
from reconciler.model.objects import Diagnostic, ObjectKey, Source
from reconciler.model.options import Effect
from reconciler.model.plan_options import PLAN_OPTIONS, PlanOptions
from reconciler.model.plans import (
    Action,
    Change,
    FieldAction,
    FieldChange,
    FieldPath,
    Plan,
    Reason,
    StoreIdentity,
)
from reconciler.model.values import Nature, UidOf, ValueRef
from reconciler.planning.consumers import named_users
from reconciler.planning.reach import Reach, reach_of
from reconciler.planning.risks import removed_keys
from reconciler.rules import violations
from reconciler.views.heading import NO_HEADING, Heading

ACTION_SYMBOLS = {
    Action.NO_OP: "=",
    Action.CREATE: "+",
    Action.UPDATE: "~",
    Action.REPLACE: "-/+",
    Action.DELETE: "-",
    Action.RELEASE: ".",
    Action.RESTART: "^",
}
FIELD_SYMBOLS = {FieldAction.ADDED: "+", FieldAction.CHANGED: "~", FieldAction.REMOVED: "-"}
KEPT_SYMBOL = "="

_json_text = json.JSONEncoder(ensure_ascii=False).encode
_SHOWN_EFFECTS = {Effect.SCOPE, Effect.LOOSENS, Effect.TIGHTENS}

ACTION_WORDS = {action: action.value for action in Action} | {Action.NO_OP: "in sync"}

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
    Nature.UNKNOWN: "it cannot be told whether they differ",
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
LATER = "(known after apply)"
GENERATED = "(generated at apply)"
UNREAD = "(a value that cannot be read)"
SEALED = "(sealed)"

_MAPS = {DATA, METADATA}
_MOST_REMOVED = 5
_INDEX = re.compile("[0-9]{1,9}")


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


def quoted(text: str) -> str:
    """`text` as a JSON string that is all visible."""
    return escaped(_json_text(text))


def value_text(value: Any) -> str:  # noqa: PLR0911 - a table of cases
    """A field's value in one line, with ``(value #2)`` where a secret one stands."""
    match value:
        case None:
            return "null"
        case str():
            return quoted(value)
        case ValueRef(unread=True):
            return UNREAD
        case ValueRef(generated=True):
            return GENERATED
        case ValueRef(sealed=True):
            return SEALED
        case ValueRef():
            return f"(value #{value.number})"
        case UidOf():
            return LATER
        case dict():
            inside = (f"{quoted(name)}: {value_text(value[name])}" for name in sorted(value))
            return f"{{{', '.join(inside)}}}"
        case list() | tuple():
            return f"[{', '.join(map(value_text, value))}]"
        case _:
            return json.dumps(value)


@lru_cache(maxsize=4096)  # objects have the same few
def field_text(path: FieldPath) -> str:
    r"""``metadata.labels[app]``, ``metadata.finalizers[x]`` or ``imagePullSecrets[0].name``.

    No two paths read alike: lists are only in what is neither ``data`` nor ``metadata``, so that
    digits are an index there and a name everywhere else, and a backslash is written as two.
    """
    parts: violations.RulePath = path
    if path[0] not in _MAPS:
        parts = tuple(int(part) if _INDEX.fullmatch(part) else part for part in path)
    return escaped(violations.field_text(parts).replace("\\", r"\\"))


def object_text(key: ObjectKey) -> str:
    """``Secret/shop/db``, ``Namespace/shop`` or ``Secret/shop/job-(known after apply)``.

    A name that is still to be generated ends with an asterisk in a plan.
    """
    text = str(key)
    return escaped(f"{text[:-1]}{LATER}" if text.endswith("*") else text)


def reasons_text(change: Change) -> str:
    """``update: data differs; metadata differs``."""
    action, reasons = ACTION_WORDS[change.action], why_text(change)
    return f"{action}: {reasons}" if reasons else action


def why_text(change: Change) -> str:
    """``data differs; metadata differs``."""
    return "; ".join(REASON_WORDS[reason] for reason in change.reasons)


def place_text(source: Source | None) -> str:
    """``manifests/db.yaml:12``, or nothing where no manifest names the object."""
    return escaped(f"{source.file}:{source.line}") if source else ""


def source_text(source: Source) -> str:
    """``manifests/db.yaml:12:3``; the file alone where no line is known."""
    return escaped(str(source) if source.line else source.file)


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


def names_text(names: Iterable[str]) -> str:
    """Names that cannot run into each other."""
    return ", ".join(name if rules.is_data_key(name) else quoted(name) for name in names)


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


def context_text(plan: Plan, heading: Heading = NO_HEADING) -> str:
    """What the plan is for, and the options and facts that decide how far to trust it."""
    where = set_text(plan.options.set_name, plan.store, heading.configuration)
    more = (
        options_text(plan.options),
        sealed_text(plan),
        *(escaped(note.message) for note in heading.origin),
    )
    return ", ".join(filter(None, (where, *more)))


def sealed_values(plan: Plan) -> int:
    """How many values of the changes are sealed."""
    return sum(
        isinstance(field.after, ValueRef) and field.after.sealed
        for change in plan.changes
        for field in change.fields
    )


def sealed_text(plan: Plan) -> str:
    """``2 objects sealed: no key at hand opens 3 values that may change``, or nothing."""
    objects, values = sum(change.sealed for change in plan.changes), sealed_values(plan)
    if not objects:
        return ""
    opens = f"no key at hand opens {counted(values, 'value')} that may change"
    return f"{counted(objects, 'object')} sealed" + (f": {opens}" if values else "")


def title_texts(plan: Plan) -> tuple[str, str]:
    """``Set shop, store state/store.db`` and ``3 to create, …; 12 in sync. Removes url.``."""
    where = escaped(f"Set {plan.options.set_name}, store {store_name(plan.store)}")
    counts = plan.counts
    if plan.options.release:
        return where, f"{counts.get(Action.RELEASE, 0)} to release"
    if not plan.pending:
        return where, f"no changes; {counts.get(Action.NO_OP, 0)} in sync"
    return where, f"{_figures_text(counts)}.{_removed_text(plan)}".removesuffix(".")


def set_text(set_name: str, store: StoreIdentity, configuration: str = "") -> str:
    """``Set shop, store state/store.db (sqlite), configuration reconciler.yaml``."""
    where = f"store {store_name(store)} ({store.scheme})"
    if not store.id:
        where += ", nothing applied yet"
    if configuration:
        where += f", configuration {configuration}"
    return escaped(f"Set {set_name}, {where}")


def store_name(store: StoreIdentity) -> str:
    """Where it is, or else which one."""
    return store.location or store.id or "without a name"


def last_text(last: Run | None, now: datetime | None) -> str:
    """A second line: ``Last applied 2026-11-25 09:12:03 UTC (3 days ago) by anna``; or nothing."""
    if last is None:
        return ""
    told = last.told(now)
    return "\n" + escaped(f"{told[0].upper()}{told[1:]}")


def options_text(options: PlanOptions) -> str:
    """``with --prune --target Secret/shop/db``: the options that make this another plan."""
    given = [
        text
        for name, option in PLAN_OPTIONS.items()
        if option.effect in _SHOWN_EFFECTS and getattr(options, name) != option.default
        for text in option.given(getattr(options, name))
    ]
    return escaped(f"with {' '.join(given)}") if given else ""


def summary_text(plan: Plan) -> str:
    """``Plan: 3 to create, …; 12 in sync.`` or ``No changes. 12 objects in sync.``."""
    counts = plan.counts
    in_sync = counts.get(Action.NO_OP, 0)
    if not (plan.pending or plan.problems or plan.refusals):
        return f"No changes. {counted(in_sync, 'object')} in sync."
    if plan.options.release:
        return f"Plan: {counts.get(Action.RELEASE, 0)} to release."
    return f"Plan: {_figures_text(counts)}.{_removed_text(plan)}"


def total_text(plans: Sequence[Plan]) -> str:
    """``3 plans, 2 with changes: 3 to create, …; 12 in sync. 1 plan cannot be applied.``."""
    counts: Counter[Action] = Counter()
    for plan in plans:
        counts.update(plan.counts)
    changing = sum(bool(plan.pending) for plan in plans)
    figures = _figures_text(counts)
    if counts.get(Action.RELEASE):
        figures += f", {counts[Action.RELEASE]} to release"
    blocked = sum(bool(plan.refusals or plan.problems) for plan in plans)
    rest = f" {counted(blocked, 'plan')} cannot be applied." if blocked else ""
    return f"{counted(len(plans), 'plan')}, {changing or 'none'} with changes: {figures}.{rest}"


def _figures_text(counts: Mapping[Action, int]) -> str:
    """``3 to create, 1 to update, 0 to replace, 0 to delete; 12 in sync``."""
    actions = (Action.CREATE, Action.UPDATE, Action.REPLACE, Action.DELETE)
    figures = ", ".join(f"{counts.get(action, 0)} to {action.value}" for action in actions)
    if counts.get(Action.RESTART):
        figures += f", {counts[Action.RESTART]} to restart"
    return f"{figures}; {counts.get(Action.NO_OP, 0)} in sync"


def _removed_text(plan: Plan) -> str:
    """``Removes url.``: which keys are removed from Secrets that stay."""
    names = dict.fromkeys(name for change in plan.changes for name in removed_keys(change))
    if not names:
        return ""
    more = len(names) - _MOST_REMOVED
    shown = names_text([*names][:_MOST_REMOVED])
    return f" Removes {shown} and {more} more keys." if more > 0 else f" Removes {shown}."


def drift_text(plan: Plan) -> str:
    """How many fields drifted and objects vanished, in one sentence; nothing where none did."""
    drifted = [
        sum(field.drift for field in change.fields)
        for change in plan.changes
        if any(field.drift for field in change.fields)
    ]
    vanished = sum(Reason.VANISHED in change.reasons for change in plan.changes)
    parts = []
    if drifted:
        fields, objects = counted(sum(drifted), "field"), counted(len(drifted), "object")
        parts.append(f"{fields} of {objects} changed")
    if vanished:
        parts.append(f"{counted(vanished, 'object')} deleted")
    if not parts:
        return ""
    return f"Drift: {' and '.join(parts)} outside of this tool since the last apply."


def obstacles_text(plan: Plan) -> str:
    """Why the plan cannot be applied, in one sentence; nothing where it can."""
    texts = [
        counted(len(obstacles), noun)
        for obstacles, noun in ((plan.problems, "problem"), (plan.refusals, "refusal"))
        if obstacles
    ]
    return f"This plan cannot be applied: {' and '.join(texts)}." if texts else ""


def manager_text(manager: str) -> str:
    """``last written by kubectl-edit``, or nothing where nobody else is known to have written."""
    return MANAGER_WORDS.format(escaped(manager)) if manager else ""


def counted(number: int, noun: str) -> str:
    """``1 object``, ``2 objects``."""
    return f"{number} {noun}" if number == 1 else f"{number} {noun}s"


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
