#!/usr/bin/env bash
# An immutable Secret can only be replaced, and only with consent.
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
cp "$here/license.yaml" .
reconciler apply license.yaml --auto-approve

sed 's/not-a-real-license/a-renewed-unreal-license/' "$here/license.yaml" > license.yaml
code=0
reconciler plan license.yaml || code=$?
test "$code" = 3

reconciler apply license.yaml --allow-replace --auto-approve
reconciler plan license.yaml --detailed-exitcode
