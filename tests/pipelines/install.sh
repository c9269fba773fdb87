#!/usr/bin/env bash
# Installs the programs that run and judge the shipped pipelines once, into a cache outside of the
# work tree, and prints their directory; with --where, only says where it is, and nothing where it
# is not. Needs Go and Node.js 20 or newer.
set -euo pipefail

programs=(github.com/nektos/act@v0.2.89 github.com/rhysd/actionlint/cmd/actionlint@v1.7.12)
packages=(zizmor==1.32.0 check-jsonschema==0.39.0)
modules=(gitlab-ci-local@4.61.0)
cache=${XDG_CACHE_HOME:-$HOME/.cache}/reconciler-tests
name=$(printf '%s\n' "${programs[@]}" "${packages[@]}" "${modules[@]}" | sha256sum | cut -c1-16)
directory=$cache/pipelines-$name
if [[ ${1:-} == --where ]]; then
  [[ ! -d $directory/ready ]] || echo "$directory/bin"
  exit 0
fi

if ! command -v rsync >/dev/null; then # with which gitlab-ci-local copies the checkout
  if [[ $EUID -ne 0 ]] || ! command -v apt-get >/dev/null; then
    echo "to install rsync takes root and apt-get" >&2
    exit 1
  fi
  export DEBIAN_FRONTEND=noninteractive
  apt-get update -qq
  apt-get install -y -qq --no-install-recommends rsync >&2
fi
if [[ ! -d $directory/ready ]]; then
  rm -rf "$directory"
  "${PYTHON:-python3}" -m venv "$directory"
  "$directory/bin/python" -m pip install --quiet --disable-pip-version-check "${packages[@]}" >&2
  npm install --silent --no-save --ignore-scripts --prefix "$directory" "${modules[@]}" >&2
  ln -s ../node_modules/.bin/gitlab-ci-local "$directory/bin/gitlab-ci-local"
  for program in "${programs[@]}"; do
    GOBIN=$directory/bin CGO_ENABLED=0 go install -trimpath -ldflags="-s -w" "$program" >&2
  done
  mkdir "$directory/ready"
fi
echo "$directory/bin"
