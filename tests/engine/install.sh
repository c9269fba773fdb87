#!/usr/bin/env bash
# Installs Debian's Docker Engine where there is none; the tests start one of their own, as root.
set -euo pipefail
command -v dockerd >/dev/null && exit 0
if [[ $EUID -ne 0 ]] || ! command -v apt-get >/dev/null; then
  echo "no dockerd, and to install it takes root and apt-get" >&2
  exit 1
fi
export DEBIAN_FRONTEND=noninteractive
apt-get update -qq
apt-get install -y -qq --no-install-recommends docker.io
