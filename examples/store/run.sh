#!/usr/bin/env bash
# A store from another package: installed, used, and in sync.
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"

# The Python beside the `reconciler` on the PATH is the one that has the package. A real
# installation is `pip install` into the same environment.
python="$(dirname "$(command -v reconciler)")/python"
"$python" -m pip install --quiet --disable-pip-version-check --no-index --no-deps \
  --no-build-isolation --target site "$here"
export PYTHONPATH="$work/site${PYTHONPATH:+:$PYTHONPATH}"

RECONCILER_FILES_KEY=$("$python" -c 'from cryptography.fernet import Fernet as F; print(F.generate_key().decode())')
export RECONCILER_FILES_KEY RECONCILER_STORE=files:store
reconciler plan "$here/manifests"
reconciler apply "$here/manifests" --auto-approve
reconciler plan "$here/manifests" --detailed-exitcode # would exit with 2 on changes
ls store
