#!/usr/bin/env bash
# The order of an apply: kinds, token Secrets, depends-on.
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"

reconciler plan "$here/manifests" --verbose
reconciler apply "$here/manifests" --auto-approve --parallelism 4
