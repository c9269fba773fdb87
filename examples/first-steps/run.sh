#!/usr/bin/env bash
# Applies a directory of manifests, until the store is in sync.
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"

reconciler validate "$here/manifests"
reconciler plan "$here/manifests"
reconciler apply "$here/manifests" --auto-approve
reconciler plan "$here/manifests" --detailed-exitcode # would exit with 2 on changes
