#!/usr/bin/env bash
# A set owns the objects that it created. Existing ones are adopted, removed ones pruned.
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
cp -R "$here/before" manifests
reconciler apply manifests --set blue --auto-approve

# Another set may not change objects that the first one owns.
code=0
reconciler plan manifests --set green || code=$?
test "$code" = 3

# A Secret that was removed from the manifests stays until --prune, which --max-deletes limits.
rm manifests/cache.yaml
reconciler plan manifests --set blue
reconciler apply manifests --set blue --prune --max-deletes 1 --auto-approve

# Every new store has the namespace `default`, which no set owns: adopting it takes --adopt.
cp "$here/default-namespace.yaml" manifests
code=0
reconciler plan manifests --set blue || code=$?
test "$code" = 3
reconciler apply manifests --set blue --adopt --auto-approve
reconciler plan manifests --set blue --detailed-exitcode
