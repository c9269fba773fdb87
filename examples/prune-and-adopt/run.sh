#!/usr/bin/env bash
# A set owns what it made: adopting what exists, pruning what left the manifests.
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
cp -R "$here/before" manifests
reconciler apply manifests --set blue --auto-approve

# Another set may not touch what the first one owns.
code=0
reconciler plan manifests --set green || code=$?
test "$code" = 3

# One Secret leaves the manifests: it stays until --prune, which --max-deletes bounds.
rm manifests/cache.yaml
reconciler plan manifests --set blue
reconciler apply manifests --set blue --prune --max-deletes 1 --auto-approve

# Every store is born with the namespace `default`, which no set owns: it is taken over on request.
cp "$here/default-namespace.yaml" manifests
code=0
reconciler plan manifests --set blue || code=$?
test "$code" = 3
reconciler apply manifests --set blue --adopt --auto-approve
reconciler plan manifests --set blue --detailed-exitcode
