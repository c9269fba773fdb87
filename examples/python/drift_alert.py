"""Applies the manifests of a directory, then looks what became of them: without a command line."""

from __future__ import annotations

import os
import sys

import reconciler


def main(directory: str, store_url: str) -> int:
    """Apply what the directory says; returns how many objects have drifted since the last time."""
    loaded = reconciler.load([directory])
    for diagnostic in loaded.diagnostics:
        print(diagnostic.source, diagnostic.severity, diagnostic.message, file=sys.stderr)
    if loaded.errors:
        return 1

    options = reconciler.PlanOptions(set_name="example")
    with reconciler.open_store(store_url, os.environ) as store:
        snapshot = reconciler.read(loaded.objects, store, options)
        report = reconciler.drift(loaded.objects, snapshot, options)
        drifted = [found.key for found in report.objects if found.state == "drifted"]
        for key in drifted:
            print(f"somebody has touched {key}")

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
