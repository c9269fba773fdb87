#!/usr/bin/env bash
# What cluster.py starts in new namespaces, as their first process: it reaps, and its end ends all.
#   node.sh DIR PROGRAM LISTENER-FD CGROUP-HIERARCHIES IMAGE.tar...
set -euo pipefail
dir=$1 program=$2 listener=$3 hierarchies=$4
shift 4
here=$(dirname "$(realpath "$0")")
services=10.0.0.1 # the Service "kubernetes"
node=10.0.1.1

# Mounts: a /sys of this network, cgroups with this namespace's root, a /run and a /var of its own,
# so that nothing needs other paths than the default ones.
mount -t sysfs sysfs /sys
mount -t tmpfs tmpfs /sys/fs/cgroup
for hierarchy in $hierarchies; do
  mkdir "/sys/fs/cgroup/${hierarchy#name=}"
  mount -t cgroup -o "${hierarchy/#name=/none,name=}" cgroup "/sys/fs/cgroup/${hierarchy#name=}"
done
mount -t tmpfs tmpfs /run
mkdir -p "$dir/var/tmp" "$dir/var/log"
ln -s /run "$dir/var/run"
mount --bind "$dir/var" /var

# kubelet insists on these, and would set them for the whole machine: let it read that they are.
mkdir /run/sysctl
while read -r name value; do
  echo "$value" >"/run/sysctl/${name//\//-}"
  mount --bind "/run/sysctl/${name//\//-}" "/proc/sys/$name"
done <<<"vm/overcommit_memory 1
vm/panic_on_oom 0
kernel/panic 10
kernel/panic_on_oops 1
kernel/keys/root_maxkeys 1000000
kernel/keys/root_maxbytes 25000000"

# The network: all addresses are on its loopback, so no kube-proxy is needed to reach the API server.
hostname node
ip link set lo up
ip address add "$services/32" dev lo
ip address add "$node/32" dev lo

cat >/run/containerd.toml <<END
version = 2
oom_score = 0
[plugins."io.containerd.grpc.v1.cri"]
  sandbox_image = "registry.test/busybox:1"
  restrict_oom_score_adj = true
  [plugins."io.containerd.grpc.v1.cri".cni]
    bin_dir = "/usr/lib/cni"
    conf_dir = "/run/cni"
END
mkdir /run/cni
cat >/run/cni/10-bridge.conflist <<END
{"cniVersion": "1.0.0", "name": "pods", "plugins": [{"type": "bridge", "bridge": "cni0",
 "isGateway": true, "ipMasq": false, "ipam": {"type": "host-local",
 "ranges": [[{"subnet": "10.0.2.0/24"}]], "routes": [{"dst": "0.0.0.0/0"}]}}]}
END
cat >/run/kubelet.yaml <<END
apiVersion: kubelet.config.k8s.io/v1beta1
kind: KubeletConfiguration
address: $node
authentication: {anonymous: {enabled: true}, webhook: {enabled: false}}
authorization: {mode: AlwaysAllow}
containerRuntimeEndpoint: unix:///run/containerd/containerd.sock
cgroupDriver: cgroupfs
failCgroupV1: false
failSwapOn: false
evictionHard: {memory.available: "0%", nodefs.available: "0%", nodefs.inodesFree: "0%", imagefs.available: "0%"}
imageGCHighThresholdPercent: 100
imageGCLowThresholdPercent: 99
localStorageCapacityIsolation: false
makeIPTablesUtilChains: false
oomScoreAdj: 0
maxOpenFiles: $(ulimit -Hn)
resolvConf: ""
syncFrequency: 1s
END

await() {
  for _ in $(seq 1200); do
    if "$@" >/dev/null 2>&1; then return; fi
    sleep 0.05
  done
  echo "waited in vain for: $*"
  exit 1
}
say() { echo "$(cut -d' ' -f1 /proc/uptime) $*"; }
controllers=serviceaccount-token-controller,serviceaccount-controller,namespace-controller
controllers+=,garbage-collector-controller,root-ca-certificate-publisher-controller
controllers+=,node-lifecycle-controller,job-controller,cronjob-controller
controllers+=,deployment-controller,replicaset-controller,statefulset-controller,daemonset-controller

say start
containerd --config /run/containerd.toml >"$dir/containerd.log" 2>&1 &
"$program" --dir "$dir/control" --port 443 --controllers "$controllers" -- \
  --bind-address=0.0.0.0 --kubelet-preferred-address-types=InternalIP >"$dir/control.log" 2>&1 &
control=$!
trap 'kill -HUP "$control"' HUP
await ctr version
say containerd answers
for image in "$@"; do
  ctr --namespace k8s.io images import "$image" >/dev/null
done
say images imported
await test -s "$dir/control/kubeconfig"
say control plane ready
config=$dir/control/kubeconfig
"$program" scheduler --kubeconfig "$config" --leader-elect=false --secure-port=0 >"$dir/scheduler.log" 2>&1 &
"$program" kubelet --config /run/kubelet.yaml --kubeconfig "$config" --node-ip "$node" \
  --hostname-override node >"$dir/kubelet.log" 2>&1 &
python3 "$here/forward.py" "$listener" 127.0.0.1 443 >"$dir/forward.log" 2>&1 &
export KUBECONFIG=$config
await "$program" kubectl wait --for=condition=Ready node/node --timeout=1s
say node ready
touch "$dir/ready"
until wait -n; (($? != 128 + 1)); do :; done # the trapped signal interrupts it
say something ended
