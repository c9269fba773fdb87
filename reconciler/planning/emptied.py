"""The guard against inputs that came to nothing."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator

from reconciler.model.objects import (
    LASTING_NAMESPACES,
    NAMESPACE,
    SECRET,
    InputYield,
    ObjectKey,
)
from reconciler.model.plans import Action, Note, Reason, Refusal
from reconciler.planning.guarded import Guarded


def emptied(guarded: Guarded) -> Iterator[Refusal]:
    """A prune after inputs that came to nothing is more often a failed command than a wish.

    All inputs count together, with what ``--target`` leaves out, so that one of them may hold
    namespaces or workloads alone. An input without any object is suspect by itself, though.
    """
    options = guarded.options
    if options.destroy or options.allow_empty:
        return
    pruned = {
        change.key
        for change in guarded.changes
        if change.action is Action.DELETE
        and Reason.SUPERSEDED not in change.reasons
        and guarded.held(change.key) is not None
    }
    if not pruned:
        return
    empty = [source.path for source in guarded.inputs if source.empty]
    if not guarded.named and not _staying(guarded, pruned):
        count = f"all its {len(pruned)} objects" if len(pruned) > 1 else "its only object"
        message = f"the plan leaves nothing of the set {options.set_name!r}: it deletes {count}"
    elif all(key.kind != SECRET for key in guarded.named) and any(
        key.kind == SECRET for key in pruned
    ):
        message = "the plan deletes Secrets, and the manifests hold no Secret at all"
    elif empty:
        message = "the plan deletes what no manifest names, and one of the inputs is empty"
    else:
        return
    yield Refusal(
        "emptied",
        f"{message}{_without_secrets(guarded.inputs)}",
        "check what should have written the manifests; if that is meant, allow it with "
        "--allow-empty",
    )


def input_notices(inputs: Iterable[InputYield]) -> Iterator[Note]:
    """The inputs that held nothing, whatever the plan comes to."""
    for source in inputs:
        if source.empty:
            yield Note("input-empty", f"{source.path} holds no object at all")


def _staying(guarded: Guarded, pruned: Collection[ObjectKey]) -> set[ObjectKey]:
    """What the set owns after the plan, but for namespaces that nobody can delete."""
    held = {**guarded.snapshot.copies, **guarded.snapshot.objects}
    return {
        key
        for key, live in held.items()
        if live.applied is not None
        and live.applied.set_name == guarded.options.set_name
        and key not in pruned
        and not (key.kind == NAMESPACE and key.name in LASTING_NAMESPACES)
    }


def _without_secrets(inputs: Iterable[InputYield]) -> str:
    """The inputs that may be the reason, by name, with what they held instead of Secrets."""
    told = []
    for source in inputs:
        if source.secrets:
            continue
        rest = [
            f"{count} {words}"
            for count, words in (
                (source.others, "Namespaces or ServiceAccounts"),
                (source.skipped, "of other kinds, skipped"),
            )
            if count
        ]
        told.append(f"{source.path} holds {'no Secret, ' + ', '.join(rest) if rest else 'nothing'}")
    return f" ({'; '.join(told)})" if told else ""
