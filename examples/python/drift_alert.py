"""Reports drift of the objects in a directory of manifests, then applies the manifests."""

from __future__ import annotations

import os
import sys

import reconciler


def main(directory: str, store_url: str) -> int:
    """Apply the manifests in `directory`; returns how many objects drifted since the last apply."""
    loaded = reconciler.load([directory])
    for diagnostic in loaded.diagnostics:
        print(diagnostic.source, diagnostic.severity, diagnostic.message, file=sys.stderr)
    if loaded.errors:
        return 1

    options = reconciler.PlanOptions(set_name="example")
    with reconciler.open_store(store_url, os.environ) as store:
        snapshot = reconciler.read(loaded.objects, store, options)
        report = reconciler.drift(loaded.objects, snapshot, options)
        drifted = [checked.key for checked in report.objects if checked.state == "drifted"]
        for key in drifted:
            print(f"{key} was changed by somebody else")

        planned = reconciler.plan(loaded.objects, snapshot, options)
        for change in planned.plan.pending:
            print(change.action, change.key)
        if planned.blocked:
            print("refused:", *(refusal.message for refusal in planned.plan.refusals))
            return 1
        ended = reconciler.apply(planned, store)
        print("Applied:", ended.count("applied"), "of", len(ended.results), "changes")
    return len(drifted)


if __name__ == "__main__":
    raise SystemExit(main(*sys.argv[1:]))
