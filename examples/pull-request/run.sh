#!/usr/bin/env bash
# A plan that is reviewed first and applied later, and what happens once it is stale.
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
cp -R "$here/manifests" manifests

# In the pull request: a saved plan, and a comment for the reviewer.
reconciler plan manifests --out release.plan
reconciler show release.plan -o markdown

# After the review: just that plan is applied.
cp release.plan again.plan
reconciler apply release.plan

# Applied once more, it is stale, since the objects that it was to create exist now.
code=0
reconciler apply again.plan || code=$?
test "$code" = 4
