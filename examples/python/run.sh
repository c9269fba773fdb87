#!/usr/bin/env bash
# The Python API: load, read, drift, plan, apply.
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"

# The Python beside the `reconciler` on the PATH is the one that has the package.
python="$(dirname "$(command -v reconciler)")/python"
"$python" "$here/drift_alert.py" "$here/../first-steps/manifests" sqlite:store.db
"$python" "$here/drift_alert.py" "$here/../first-steps/manifests" sqlite:store.db
