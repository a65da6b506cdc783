#!/bin/bash
# Boots a real machine (QEMU) twice from what litehouse made of test/boot/cluster: PXE, TFTP, its answer over HTTP, NFS root.
# Exit 0: the node printed its marker at both boots. Needs root; everything runs in a private network, pid and mount namespace
# and dies with it, and nothing is written outside a temporary directory and the cache of the kernel package.
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
packages="qemu-system-x86 ipxe-qemu nfs-ganesha nfs-ganesha-vfs rpcbind dnsmasq-base pxelinux syslinux-common busybox-static kmod iproute2 util-linux e2fsprogs"
cache=${XDG_CACHE_HOME:-$HOME/.cache}/litehouse-boot
keep='' build=1
export BREAK='' WORDS='' INITRD='' LIMIT=120 MEMORY=384

usage() {
  cat >&2 <<U
usage: $0 [--install] [--keep DIR] [--rw-export] [--built] [--words TEXT] [--initrd FILE]
  --install    bring the Debian packages that are needed (no service is started)
  --keep DIR   copy console, answer and server logs there
  --rw-export  export the root read-write: the run has to fail, because the node sees it
  --built      dist is there already
  --words TEXT more words for the kernel line, such as LHNFS=vers=4.2 or lhdebug
  --initrd F   boot with this initrd for the same kernel, one that dracut made, say (slow: minutes a boot)
U
  exit 2
}
install() {
  local policy=/usr/sbin/policy-rc.d made=''
  # Packages bring services that would start; none may run on the host.
  if [ ! -e $policy ]; then
    printf '#!/bin/sh\nexit 101\n' >$policy
    chmod 755 $policy
    made=1
  fi
  apt-get update -qq
  # shellcheck disable=SC2086  # a list of words
  DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends $packages >/dev/null
  [ -z "$made" ] || rm -f $policy
}
while [ $# -gt 0 ]; do
  case $1 in
    --install) install ;;
    --keep) keep=${2:?} && shift ;;
    --rw-export) BREAK=rw-export ;;
    --built) build='' ;;
    --words) WORDS=${2:?} && shift ;;
    --initrd) INITRD=$(realpath "${2:?}") && LIMIT=400 MEMORY=1024 && shift ;;
    *) usage ;;
  esac
  shift
done
[ "$(id -u)" = 0 ] || { echo "needs root" >&2 && exit 2; }
for program in qemu-system-x86_64 ganesha.nfsd rpcbind dnsmasq busybox depmod node unshare ip ss git mkfs.ext4; do
  command -v $program >/dev/null || { echo "$program is missing: run $0 --install" >&2 && exit 2; }
done

[ -z "$build" ] || (cd "$here/../.." && npm run --silent build)
export WORK LOG HERE=$here KERNEL=$cache/kernel
WORK=$(mktemp -d -t litehouse-boot.XXXXXX)
LOG=$WORK/log
finish() {
  code=$?
  trap - EXIT
  [ -z "$keep" ] || { mkdir -p "$keep" && cp -a "$LOG"/. "$keep"/; }
  rm -rf --one-file-system "$WORK"
  exit $code
}
trap finish EXIT
trap 'exit 130' INT TERM
mkdir -p "$LOG" "$WORK/ganesha"

# The kernel comes out of its package; it is never installed on the host.
if [ ! -e "$KERNEL/.ok" ]; then
  rm -rf "$KERNEL" && mkdir -p "$KERNEL/package"
  name=$(apt-cache depends linux-image-cloud-amd64 | awk '/Depends: linux-image/ { print $2; exit }')
  (cd "$KERNEL/package" && apt-get download -qq -o APT::Sandbox::User=root "$name")
  dpkg-deb -x "$KERNEL"/package/*.deb "$KERNEL"
  rm -rf "$KERNEL/package"
  depmod -b "$KERNEL" "$(ls "$KERNEL/lib/modules")"
  touch "$KERNEL/.ok"
fi

unshare --net --pid --mount --fork --kill-child --mount-proc bash "$here/inside.sh"
