#!/usr/bin/env bash
# Takes a snapshot of the store, without values, against which runs without credentials can plan.
set -euo pipefail
case $GITHUB_EVENT_NAME in
pull_request* | workflow_run)
  echo "::error title=reconciler::no snapshot is taken for the event $GITHUB_EVENT_NAME"
  exit 3
  ;;
esac
[[ -z ${INPUT_SET:-} ]] || export RECONCILER_SET=$INPUT_SET
[[ -z ${INPUT_STORE:-} ]] || export RECONCILER_STORE=$INPUT_STORE
[[ -z ${INPUT_CONFIG:-} ]] || export RECONCILER_CONFIG=$INPUT_CONFIG
paths=()
while IFS= read -r path; do
  [[ -z ${path// /} ]] || paths+=("$path")
done <<<"${INPUT_PATHS:-}"
mkdir -p "$SNAPSHOTS"
reconciler snapshot "${paths[@]}" --out "$SNAPSHOTS/snapshot.json"
