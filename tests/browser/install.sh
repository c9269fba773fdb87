#!/usr/bin/env bash
# Installs the browser in which tests look at HTML, from Debian and as root, and axe-core, which
# judges its accessibility, from npm into a cache outside of the work tree. With --where, only says
# where axe-core is, and nothing where it is not.
set -euo pipefail

version=4.14.1
cache=${XDG_CACHE_HOME:-$HOME/.cache}/reconciler-tests/axe-core-$version
script=$cache/node_modules/axe-core/axe.min.js
if [[ ${1:-} == --where ]]; then
  [[ ! -f $script ]] || echo "$script"
  exit 0
fi

missing=()
command -v chromium >/dev/null || missing+=(chromium)
command -v npm >/dev/null || [[ -f $script ]] || missing+=(npm)
if ((${#missing[@]})); then
  if [[ $EUID -ne 0 ]] || ! command -v apt-get >/dev/null; then
    echo "to install ${missing[*]} takes root and apt-get" >&2
    exit 1
  fi
  export DEBIAN_FRONTEND=noninteractive
  apt-get update -qq
  apt-get install -y -qq --no-install-recommends "${missing[@]}"
fi
[[ -f $script ]] ||
  npm install --silent --no-save --ignore-scripts --prefix "$cache" "axe-core@$version" >&2
