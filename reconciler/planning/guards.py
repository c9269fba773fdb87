"""Guards refuse changes that need explicit consent. Each one sees the whole plan."""

from __future__ import annotations

import shlex
from collections import defaultdict
from collections.abc import Callable, Iterator

from reconciler.model.consumers import Consumer
from reconciler.model.lifecycle import lifecycle
from reconciler.model.plans import SEALED_GUARD, Action, Reason, Refusal
from reconciler.planning.cascades import cascades
from reconciler.planning.consumers import named_users
from reconciler.planning.emptied import emptied
from reconciler.planning.guarded import Guarded
from reconciler.planning.risks import removed_keys
from reconciler.planning.rotation import allows_replace

_MOST_NAMED = 3
_FEW = 10
"""A percentage does not apply to fewer objects than this."""


Guard = Callable[[Guarded], Iterator[Refusal]]


def refusals(guarded: Guarded) -> tuple[Refusal, ...]:
    """All refusals, in the order of the guards and of the changes."""
    return tuple(refusal for guard in _GUARDS for refusal in guard(guarded))


def adoption(guarded: Guarded) -> Iterator[Refusal]:
    """An object of no set, or of another one, is touched only on request.

    The copy that an interrupted replace left is its set's as the object was.
    """
    for change in guarded.changes:
        live = None if change.action is Action.NO_OP else guarded.held(change.key)
        if live is None:
            continue
        if live.applied is None:
            if guarded.options.adopt or guarded.live(change.key) is None:
                continue
            yield Refusal(
                "adopt",
                f"{change.key} exists already and no set owns it",
                "take it over with --adopt, or rename the manifest's object",
                change.key,
            )
        elif live.applied.set_name not in {guarded.options.set_name, guarded.options.adopt_from}:
            yield Refusal(
                "other-set",
                f"{change.key} belongs to the set {live.applied.set_name!r}",
                f"move it to this set with --adopt-from {shlex.quote(live.applied.set_name)}, and "
                "take it out of the manifests of the other one",
                change.key,
            )


def interrupted_release(guarded: Guarded) -> Iterator[Refusal]:
    """What an interrupted replace has left is held by nobody but the set."""
    for change in guarded.changes:
        if change.action is Action.RELEASE and Reason.INTERRUPTED in change.reasons:
            yield Refusal(
                "interrupted",
                f"a replace of {change.key} was interrupted: the set keeps the only copy of it",
                "apply its manifest, which creates it again, and release it then",
                change.key,
            )


def replacement(guarded: Guarded) -> Iterator[Refusal]:
    """A replace needs the option or the annotation."""
    for change in guarded.changes:
        if change.action is not Action.REPLACE or guarded.options.allow_replace:
            continue
        if guarded.lifecycle(change.key).replace_allowed:
            continue
        if allows_replace(change, guarded.snapshot, guarded.options):
            continue
        why = " and ".join(
            _WHY_REPLACE[reason] for reason in change.reasons if reason in _WHY_REPLACE
        )
        yield Refusal(
            "replace",
            f"{change.key} can only be replaced, that is deleted and created anew: {why}",
            "allow it with --allow-replace, or with the annotation reconciler/replace: allowed",
            change.key,
        )


def destruction(guarded: Guarded) -> Iterator[Refusal]:
    """``reconciler/prevent-destroy``, in the manifest or on the live object, stops both ways."""
    for change in guarded.changes:
        if change.action not in {Action.REPLACE, Action.DELETE}:
            continue
        live = guarded.held(change.key)
        prevented = guarded.lifecycle(change.key).prevent_destroy
        if Reason.SUPERSEDED in change.reasons:
            continue  # of old versions, the manifest of the current one decides
        if prevented or (live is not None and lifecycle(live).prevent_destroy):
            yield Refusal(
                "prevent-destroy",
                f"{change.key} may not be deleted, and this plan would {change.action} it",
                'set reconciler/prevent-destroy to "false" in its manifest (put back where it is '
                "gone), and apply that first",
                change.key,
            )


def dependents(guarded: Guarded) -> Iterator[Refusal]:
    """Objects that a delete would also delete must be in the plan as deletes of their own.

    A replace gives the object a new uid, so the old one must not own anything.
    """
    deleted = {change.key for change in guarded.changes if change.action is Action.DELETE}
    touched = [
        change for change in guarded.changes if change.action in {Action.DELETE, Action.REPLACE}
    ]
    if not touched:
        return
    taken = cascades(guarded.named, guarded.snapshot)
    for change in touched:
        for key in sorted(taken(change.key) - deleted):
            yield Refusal(
                "takes-along",
                f"to {change.action} {change.key} would take {key} along, which this plan "
                "does not delete",
                f"move or delete {key} first, or keep {change.key}",
                change.key,
            )


def consumers(guarded: Guarded) -> Iterator[Refusal]:
    """Secrets and keys must not be deleted while a consumer that stays requires them."""
    if guarded.options.force_consumers or not guarded.users.everybody:
        return
    deleted = {str(change.key) for change in guarded.changes if change.action is Action.DELETE}
    for change in guarded.changes:
        if change.action is Action.NO_OP:
            continue
        required: dict[str, list[Consumer]] = defaultdict(list)
        removed = removed_keys(change)
        for user in guarded.users.of(change.key):
            if user.optional or str(user) in deleted:
                continue
            if change.action is Action.DELETE:
                required[""].append(user)
            elif user.key in removed:
                required[user.key].append(user)
        for key, users in sorted(required.items()):
            what = f"the key {key!r} of {change.key}" if key else str(change.key)
            yield Refusal(
                "consumers",
                f"the plan deletes {what}, and it is required by {named_users(users)}",
                "change what uses it first, or go on with --force-consumers",
                change.key,
            )


def foreign_keys(guarded: Guarded) -> Iterator[Refusal]:
    """Keys that somebody else added to a Secret are deleted with it, and exist nowhere else."""
    if guarded.options.force_foreign:
        return
    for change in guarded.changes:
        if change.action is not Action.DELETE or not change.removal or not change.removal.foreign:
            continue
        keys = ", ".join(map(repr, change.removal.foreign))
        yield Refusal(
            "foreign-keys",
            f"the plan deletes {change.key}, and with it what somebody else added: {keys}",
            "take these keys into a manifest or remove them first, or go on with --force-foreign",
            change.key,
        )


def warned(guarded: Guarded) -> Iterator[Refusal]:
    """With ``--strict-changed``, a warning about an object that changes is a refusal."""
    if not guarded.options.strict_changed:
        return
    for change in guarded.changes:
        if change.action is Action.NO_OP or not change.warnings:
            continue
        codes = ", ".join(dict.fromkeys(warning.code for warning in change.warnings))
        yield Refusal(
            "strict-changed",
            f"{change.key} changes, and its manifest has warnings: {codes}",
            "mend the manifest, or go on with --no-strict-changed",
            change.key,
        )


def many_deletes(guarded: Guarded) -> Iterator[Refusal]:
    """A plan that deletes more than the limit is more likely a mistake than intended."""
    deletes = sum(
        change.action is Action.DELETE and guarded.held(change.key) is not None
        for change in guarded.changes
    )
    if not deletes:
        return
    limit = guarded.options.max_deletes
    owned = sum(
        live.applied is not None and live.applied.set_name == guarded.options.set_name
        for live in guarded.snapshot.objects.values()
    )
    if limit.percent:
        if owned < _FEW and limit.amount > 0:
            return
        allowed = owned * limit.amount // 100
    else:
        allowed = limit.amount
    if deletes > allowed:
        yield Refusal(
            "max-deletes",
            f"the plan deletes {deletes} of the set's {owned} objects, and --max-deletes allows "
            + (f"{limit}, that is {allowed}" if limit.percent else str(allowed)),
            f"if that is meant, raise the limit: --max-deletes {deletes}",
        )


def sealed(guarded: Guarded) -> Iterator[Refusal]:
    """What nobody here can decrypt can be reviewed, and not written."""
    keys = [str(change.key) for change in guarded.changes if change.sealed]
    if keys:
        named = ", ".join(keys[:_MOST_NAMED])
        more = f" and {len(keys) - _MOST_NAMED} more" if len(keys) > _MOST_NAMED else ""
        yield Refusal(
            SEALED_GUARD,
            f"{named}{more} cannot be written: no key is at hand that opens the manifest",
            "make a key available to sops, for example in SOPS_AGE_KEY_FILE, or install what a "
            "notice says is missing, and plan again",
        )


_WHY_REPLACE = {
    Reason.IMMUTABLE: "it is immutable and its data changes",
    Reason.UNSEAL: "immutable cannot be turned off",
    Reason.TYPE: "its type changes",
    Reason.VALUES: "its data changes, and this store cannot change data",
    Reason.FIXED: "an annotation changes that counts only when the object is made",
}

_GUARDS: tuple[Guard, ...] = (
    adoption,
    interrupted_release,
    replacement,
    destruction,
    dependents,
    consumers,
    foreign_keys,
    warned,
    emptied,
    many_deletes,
    sealed,
)
