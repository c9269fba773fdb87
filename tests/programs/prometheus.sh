#!/usr/bin/env bash
# Puts promtool and the node exporter of Debian, with which alerts and metrics are tested, into a
# cache outside of the work tree, and prints their directory. Nothing is installed or started. With
# --where, only says where they are, and nothing where they are not.
set -euo pipefail

packages=(prometheus prometheus-node-exporter)
directory=${XDG_CACHE_HOME:-$HOME/.cache}/reconciler-tests/prometheus-$(. /etc/os-release && echo "${VERSION_ID:-}")
if [[ ${1:-} == --where ]]; then
  [[ ! -d $directory ]] || echo "$directory"
  exit 0
fi

if [[ ! -d $directory ]]; then
  if ! command -v apt-get >/dev/null; then
    echo "promtool comes from Debian: this takes apt-get" >&2
    exit 1
  fi
  mkdir -p "$(dirname "$directory")"
  work=$(mktemp -d "$directory.XXXXXX")
  trap 'rm -rf "$work"' EXIT
  cd "$work"
  if ! apt-get download -qq "${packages[@]}" 2>/dev/null; then
    [[ $EUID -ne 0 ]] || apt-get update -qq
    apt-get download -qq "${packages[@]}" >&2
  fi
  for package in *.deb; do
    dpkg -x "$package" files
  done
  chmod 755 files
  mkdir bin
  mv files/usr/bin/promtool bin/promtool
  mv files/usr/bin/prometheus-node-exporter bin/node_exporter
  mv -T bin "$directory" 2>/dev/null || [[ -d $directory ]] # another run was quicker
fi
echo "$directory"
