#!/usr/bin/env bash
# Reviews a plan, applies it, and shows that it is stale afterwards.
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
cp -R "$here/manifests" manifests

# In the pull request: a saved plan, and a comment for the reviewer.
reconciler plan manifests --out release.plan
reconciler show release.plan -o markdown

# After the review, exactly that plan is applied.
cp release.plan again.plan
reconciler apply release.plan

# A second time, the plan is stale: the objects that it creates exist now.
code=0
reconciler apply again.plan || code=$?
test "$code" = 4
