#!/usr/bin/env bash
# The tour of `make demo`: plans the manifests of this repository, applies the plan to an embedded
# store, and then changes things. Everything happens in a temporary directory.
set -euo pipefail

manifests=$(cd "$(dirname "$0")/../manifests" && pwd)
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cp -R "$manifests" "$work/manifests"
cd "$work"

step() { printf '\n\033[1m== %s\033[0m\n' "$*"; }
run() {
  printf '\n$ reconciler %s\n' "$*"
  reconciler "$@"
}
# For commands that are expected to fail: refused CODE ARGUMENT...
refused() {
  local expected=$1 code=0
  shift
  run "$@" || code=$?
  if [ "$code" != "$expected" ]; then
    echo "expected exit code $expected and got $code" >&2
    exit 1
  fi
  echo "(exit code $code)"
}

# change FILE FROM TO
change() {
  printf '\n(a value in %s is changed)\n' "$1"
  sed "s/$2/$3/" "$1" >changed && mv changed "$1"
}

step "The manifests are checked as an API server would check them"
run validate manifests

step "A plan shows each key that would change, and no value"
run plan manifests

step "The plan is applied"
run apply manifests --auto-approve

step "A second plan is empty"
run plan manifests --detailed-exitcode

step "One key changes: planned, reviewed, and applied exactly as reviewed"
change manifests/shop/storefront.yaml not-a-real-api-key another-unreal-api-key
run plan manifests --out change.plan
run apply change.plan

step "A change of an immutable Secret is refused, since it needs a delete and a create"
change manifests/shop/checkout.yaml not-a-real-client-secret another-unreal-client-secret
refused 3 apply manifests --auto-approve

step "With --allow-replace, the Secret is replaced"
run apply manifests --auto-approve --allow-replace
run plan manifests --detailed-exitcode

printf '\nDone. Nothing is left behind: the store was in a temporary directory.\n'
