"""Central lines, and how each is broken: what the tests are worth shows where none notices.

Each breaks a promise that the documentation makes, at the line that keeps it, so that the program
still runs and mostly does what it should.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Mutant:
    """`old`, which occurs once in `file` of the package, becomes `new`; `tests` should notice."""

    promise: str
    file: str
    old: str
    new: str
    tests: tuple[str, ...]


MUTANTS = (
    Mutant(
        "what goes to standard error is no workflow command",
        "cli/terminal.py",
        "click.echo(inert(message), err=True, color=is_forced() or None)",
        "click.echo(message, err=True, color=is_forced() or None)",
        ("tests/cli/test_forgery.py",),
    ),
    Mutant(
        "a plan file is no workflow command in a log",
        "planfile/envelope.py",
        "sealed = json_text(content.removesuffix(_END).decode()).encode()",
        "sealed = content.removesuffix(_END)",
        ("tests/cli/test_forgery.py",),
    ),
    Mutant(
        "an apply plans again under its lock",
        "workflow/applying.py",
        "if not snapshot.same_as(approved.snapshot):",
        "if not snapshot:",
        ("tests/cli/test_api.py", "tests/cli/test_apply.py"),
    ),
    Mutant(
        "a value is found within longer base64, wherever it begins",
        "model/spellings.py",
        "for start in range(4):",
        "for start in range(1):",
        ("tests/unit/model",),
    ),
    Mutant(
        "an owner without a uid must be among the manifests",
        "manifests/loading.py",
        "if isinstance(result, Accepted) and all(owner in sound for owner, _ in result.owners)",
        "if isinstance(result, Accepted)",
        ("tests/unit/manifests",),
    ),
    Mutant(
        "of several maps merged at once, the first wins",
        "manifests/fields.py",
        "sources = node.items[::-1] if isinstance(node, Sequence) else [node]",
        "sources = node.items if isinstance(node, Sequence) else [node]",
        ("tests/unit/manifests",),
    ),
    Mutant(
        "aliases count towards the depth of nesting",
        "manifests/yaml.py",
        "if len(around) - 1 + size.depth > MAX_DEPTH:",
        "if len(around) - 1 > MAX_DEPTH:",
        ("tests/unit/manifests",),
    ),
    Mutant(
        "a Secret may have just 1 MiB",
        "rules/secret_types.py",
        "if size > DATA_LIMIT:",
        "if size >= DATA_LIMIT:",
        ("tests/unit/rules",),
    ),
    Mutant(
        "immutable cannot be turned off",
        "rules/updates.py",
        "if live.immutable and not immutable:",
        "if False:",
        ("tests/unit/rules", "tests/unit/planning"),
    ),
    Mutant(
        "a field that left the manifest is removed, and others' fields stay",
        "planning/ownership.py",
        "elif path not in applied and not (lifecycle.exact_data and path[0] == DATA):",
        "elif not (lifecycle.exact_data and path[0] == DATA):",
        ("tests/unit/planning",),
    ),
    Mutant(
        "a field that is no longer owned leaves the record",
        "planning/records.py",
        "if len(merged.claims) != len(applied):",
        "if len(merged.claims) > len(applied):",
        ("tests/unit/planning",),
    ),
    Mutant(
        "what comes first in a chain of three comes in an earlier wave",
        "planning/order.py",
        "rank = max(rank, ranks[need] + 1)",
        "rank = max(rank, ranks[need])",
        ("tests/unit/planning",),
    ),
    Mutant(
        "a replace is refused where it would take along what the object owns",
        "planning/guards.py",
        "change for change in guarded.changes if change.action in {Action.DELETE, Action.REPLACE}",
        "change for change in guarded.changes if change.action in {Action.DELETE}",
        ("tests/unit/planning",),
    ),
    Mutant(
        "equal values have equal numbers, and different ones different numbers",
        "planning/masking.py",
        "number = self._numbers.setdefault(value, len(self._numbers) + 1)",
        "number = self._numbers.setdefault(value, len(self._references) + 1)",
        ("tests/unit/planning", "tests/laws/test_plans.py"),
    ),
    Mutant(
        "what waits for a skipped step is skipped as well",
        "execution/executor.py",
        "return ended is not None and ended.outcome is not Outcome.APPLIED",
        "return ended is not None and ended.outcome is Outcome.FAILED",
        ("tests/unit/execution",),
    ),
    Mutant(
        "a replace keeps a copy until the new object exists",
        "execution/executor.py",
        "session.delete(change.key, precondition, keep_copy=True)",
        "session.delete(change.key, precondition)",
        ("tests/unit/execution",),
    ),
    Mutant(
        "a replace creates nothing before the old object is gone",
        "execution/executor.py",
        "        if lacking:\n            kept",
        "        if lacking and not unfinished:\n            kept",
        ("tests/unit/execution",),
    ),
    Mutant(
        "a value that the store made another is told of",
        "planning/promises.py",
        "elif answered[path] != leaf and leaf_text(answered[path]) != leaf_text(leaf):",
        "elif answered[path] != leaf and isinstance(leaf, str):",
        ("tests/unit/planning",),
    ),
    Mutant(
        "what a store cannot read back raises no alarm",
        "planning/promises.py",
        "if deviation.path[0] not in unreadable",
        "if deviation.path",
        ("tests/unit/planning",),
    ),
    Mutant(
        "no warning of a store repeats a value",
        "planning/promises.py",
        "_WITHHELD if search.is_in(text) else text",
        "text",
        ("tests/unit/planning",),
    ),
    Mutant(
        "keys of others survive an interrupted replace",
        "planning/comparing.py",
        "held = self.snapshot.copies.get(key) if live is None else live",
        "held = live",
        ("tests/unit/planning",),
    ),
    Mutant(
        "a patch adds and removes maps whole",
        "planning/patching.py",
        "in_both = {*map(_group_of, live)} & {*map(_group_of, target)} | {()}",
        "in_both = {*map(_group_of, live)} | {()}",
        ("tests/unit/planning",),
    ),
    Mutant(
        "labels are masked whose names are those of annotations that keep values",
        "planning/masking.py",
        "for group in (ANNOTATIONS, LABELS) for name in COPYING_ANNOTATIONS",
        "for group in (ANNOTATIONS,) for name in COPYING_ANNOTATIONS",
        ("tests/unit/planning",),
    ),
    Mutant(
        "a fingerprint under another key tells nothing of drift",
        "planning/changes.py",
        "reference = change.before if path[0] == DATA and same_key else None",
        "reference = change.before if path[0] == DATA else None",
        ("tests/unit/planning",),
    ),
    Mutant(
        "what only the kept copy holds is told before it goes",
        "planning/diff.py",
        "    if former:\n",
        "    if former == target:\n",
        ("tests/unit/planning",),
    ),
    Mutant(
        "somebody else's key is drift",
        "planning/records.py",
        "added = is_ours and path[0] == DATA and path in fields",
        "added = False",
        ("tests/unit/planning",),
    ),
    Mutant(
        "a scrub removes every annotation that keeps values",
        "planning/scrubbing.py",
        "or path[2] not in COPYING_ANNOTATIONS",
        'or not path[2].startswith("kubectl")',
        ("tests/unit/planning",),
    ),
    Mutant(
        "an interrupt between delete and create of a replace gives up nothing",
        "execution/executor.py",
        "stop = threading.Event() if step.action is Action.REPLACE else self._stop",
        "stop = self._stop",
        ("tests/unit/execution",),
    ),
    Mutant(
        "an apply that lost its lock ends",
        "execution/lock.py",
        "        stop.set()\n",
        "",
        ("tests/unit/execution",),
    ),
    Mutant(
        "a plan with one moved object is stale, even where it was in sync before",
        "planning/staleness.py",
        "if old != new and not (_is_settled(old) and _is_settled(new)):",
        "if old != new and not (_is_settled(old) or _is_settled(new)):",
        ("tests/unit/planning", "tests/unit/planfile"),
    ),
    Mutant(
        "a plan file that was changed is refused",
        "planfile/seal.py",
        "if not hmac.compare_digest(seal, mac(sealed, key)):",
        "if not seal:",
        ("tests/unit/planfile",),
    ),
    Mutant(
        "a plan file alone does not decide on the store",
        "cli/apply.py",
        "if not is_terminal(sys.stdin):",
        "if not saved.store:",
        ("tests/cli/test_plan_files.py",),
    ),
    Mutant(
        "a plan is for one store, wherever it is",
        "planning/staleness.py",
        "return approved != fresh",
        "return approved.location != fresh.location",
        ("tests/unit/planning", "tests/unit/planfile"),
    ),
    Mutant(
        "a store knows an object that was deleted and created again",
        "stores/kit/refusals.py",
        "if uid != seen.uid:",
        "if not uid:",
        ("tests/stores", "tests/unit/stores"),
    ),
    Mutant(
        "a store notices that a row is missing",
        "stores/sqlite/tables.py",
        "if seen.count != wanted.count:",
        "if seen.count > wanted.count:",
        ("tests/unit/stores/test_sealing.py",),
    ),
    Mutant(
        "a store notices a whole row of an older file",
        "stores/sqlite/tables.py",
        "if seen.sum != wanted.sum:",
        "if seen.sum < 0:",
        ("tests/unit/stores/test_sealing.py",),
    ),
    Mutant(
        "a value put back from an older version does not open",
        "stores/sqlite/rows.py",
        'return f"{kind}\\0{namespace}\\0{name}\\0{uid}\\0{version}".encode()',
        'return f"{kind}\\0{namespace}\\0{name}\\0{uid}".encode()',
        ("tests/unit/stores/test_sealing.py",),
    ),
    Mutant(
        "an apply in part is no success, interrupted or not",
        "workflow/reports.py",
        "return ExitCode.INTERRUPTED if ended.interrupted else ExitCode.PARTIAL",
        "return ExitCode.INTERRUPTED if ended.interrupted else ExitCode.OK",
        ("tests/cli/test_apply.py", "tests/cli/test_interruptions.py"),
    ),
    Mutant(
        "a plan with problems is an error and not merely refused",
        "workflow/reports.py",
        "if self.plan is not None and self.plan.problems:",
        "if self.plan is not None and self.plan.problems and not self.plan.refusals:",
        ("tests/cli/test_apply.py", "tests/cli/test_plan.py"),
    ),
    Mutant(
        "a renewed lock that somebody else has is lost",
        "stores/kit/locks.py",
        "            if lock is None or lock.holder != holder:\n                raise lost(lock)",
        "            if lock is None:\n                raise lost(lock)",
        (
            "tests/stores/test_locks.py",
            "tests/unit/stores",
        ),
    ),
    Mutant(
        "a write whose answer was lost counts as done where the object is what it was to make",
        "execution/writes.py",
        "answer = happened() if lost else None",
        "answer = None",
        ("tests/unit/execution",),
    ),
    Mutant(
        "a write that is refused at once is never taken for one that happened",
        "execution/writes.py",
        "answer = happened() if lost else None",
        "answer = happened()",
        ("tests/unit/execution",),
    ),
    Mutant(
        "another set's object of the same fields is no write of ours",
        "execution/writes.py",
        "return live.applied == record and not wrong",
        "return not wrong",
        ("tests/unit/execution",),
    ),
    Mutant(
        "inputs without a Secret do not prune",
        "planning/emptied.py",
        "elif all(key.kind != SECRET for key in guarded.named) and any(",
        "elif not guarded.named and any(",
        ("tests/unit/planning",),
    ),
    Mutant(
        "an empty input does not prune",
        "planning/emptied.py",
        "    elif empty:\n",
        "    elif not guarded.named:\n",
        ("tests/unit/planning",),
    ),
    Mutant(
        "two owners that differ in their uid are two fields",
        "model/fields.py",
        "name = f\"{kind}/{owner['name']}/{uid}\"",
        "name = f\"{kind}/{owner['name']}\"",
        (
            "tests/unit/model",
            "tests/unit/planning",
        ),
    ),
    Mutant(
        "a lock that is held is removed only by force",
        "cli/unlock.py",
        "if lock.is_held and not force:",
        "if lock.is_held and force:",
        ("tests/cli/test_unlock.py",),
    ),
    Mutant(
        "only the lock that was shown is removed",
        "stores/kit/locks.py",
        "            lock.refuse_other(current)\n",
        "            pass\n",
        (
            "tests/stores/test_locks.py",
            "tests/unit/stores",
        ),
    ),
    Mutant(
        "a store of another user is not used",
        "stores/sqlite/owners.py",
        "if owner not in trusted:",
        "if owner in trusted and False:",
        ("tests/unit/stores/test_owners.py",),
    ),
    Mutant(
        "a store that could not be moved into its file whole gets no name",
        "stores/sqlite/birth.py",
        "if busy or logged:",
        "if False:",
        (
            "tests/unit/stores/test_opening.py",
            "tests/crashes/test_system_calls.py",
        ),
    ),
    Mutant(
        "a key is never shown as a path",
        "stores/keys.py",
        "    return bool(path) and not Path(path).is_dir()",
        "    return True",
        (
            "tests/unit/stores/test_keys.py",
            "tests/cli/test_credentials.py",
        ),
    ),
    Mutant(
        "a path is shown only where it is that of a file",
        "stores/urls.py",
        'return path if os.path.exists(path) else ""',
        "return path",
        ("tests/unit/stores/test_urls.py",),
    ),
)
