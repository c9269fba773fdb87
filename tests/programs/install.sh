#!/usr/bin/env bash
# Installs from Debian what some tests run and the machine has not: the Docker Engine and a node's
# containerd, of which they start one of their own, as root, and the shells that complete options.
set -euo pipefail
missing=()
command -v dockerd >/dev/null || missing+=(docker.io)
command -v runc >/dev/null || missing+=(runc)
command -v containerd >/dev/null || missing+=(containerd)
command -v iptables >/dev/null || missing+=(iptables)
[[ -x /usr/lib/cni/bridge ]] || missing+=(containernetworking-plugins)
command -v busybox >/dev/null || missing+=(busybox-static)
for shell in zsh fish; do
  command -v "$shell" >/dev/null || missing+=("$shell")
done
((${#missing[@]})) || exit 0
if [[ $EUID -ne 0 ]] || ! command -v apt-get >/dev/null; then
  echo "to install ${missing[*]} takes root and apt-get" >&2
  exit 1
fi
export DEBIAN_FRONTEND=noninteractive
apt-get update -qq
apt-get install -y -qq --no-install-recommends "${missing[@]}"
