#!/usr/bin/env bash
# Applies the plan file of an earlier job. With a fingerprint key of one's own, only a plan that is
# sealed with it.
set -euo pipefail
case $GITHUB_EVENT_NAME in
pull_request* | workflow_run)
  echo "::error title=reconciler::nothing is applied for the event $GITHUB_EVENT_NAME"
  exit 3
  ;;
esac
options=()
[[ -z ${INPUT_SET:-} ]] || export RECONCILER_SET=$INPUT_SET
[[ -z ${INPUT_STORE:-} ]] || export RECONCILER_STORE=$INPUT_STORE
[[ -z ${INPUT_CONFIG:-} ]] || export RECONCILER_CONFIG=$INPUT_CONFIG
[[ -z ${RECONCILER_FINGERPRINT_KEY:-}${RECONCILER_FINGERPRINT_KEY_FILE:-} ]] || options+=(--require-sealed)
reconciler apply "$PLAN" "${options[@]}"
