# Read by run.sh and matrix.sh: the Debian packages of the lab, and the kernel that its machines boot.
# What every scenario needs: a program or a file, and the package that brings it. A scenario says what it needs besides in a line
# `# needs:` of its own.
needs="qemu-system-x86_64:qemu-system-x86 ganesha.nfsd:nfs-ganesha rpcbind:rpcbind dnsmasq:dnsmasq-base busybox:busybox-static
  depmod:kmod ip:iproute2 unshare:util-linux mkfs.ext4:e2fsprogs git:git xz:xz-utils /etc/services:netbase
  /usr/lib/PXELINUX/pxelinux.0:pxelinux /usr/lib/syslinux/modules/bios/ldlinux.c32:syslinux-common
  /usr/lib/ipxe/qemu/pxe-virtio.rom:ipxe-qemu /usr/lib/x86_64-linux-gnu/ganesha/libfsalvfs.so:nfs-ganesha-vfs"
# What package scripts ask whether they may start a service.
policy=/usr/sbin/policy-rc.d

# lacking SCENARIO...: names of the packages that this machine lacks for these scenarios, one a line.
lacking() {
  local name pair all=$needs
  for name; do all+=" $(sed -n 's/^# needs: //p' "$here/scenarios/$name.sh")"; done
  for pair in $all; do
    case $pair in
      /*) [ -e "${pair%%:*}" ] ;;
      *) command -v "${pair%%:*}" >/dev/null ;;
    esac || echo "${pair#*:}"
  done | sort -u
}

# install_packages SCENARIO...: brings what these scenarios lack, and says what that is.
install_packages() {
  local packages
  packages=$(lacking "$@" | tr '\n' ' ')
  [ -n "$packages" ] || return 0
  echo "installing with apt-get, starting nothing of it: $packages"
  (
    # Packages bring services that would start; none may run on the host.
    if [ ! -e "$policy" ]; then
      trap 'rm -f "$policy"' EXIT
      printf '#!/bin/sh\nexit 101\n' >"$policy"
      chmod 755 "$policy"
    fi
    apt-get update -qq
    # shellcheck disable=SC2086  # a list of words
    DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends $packages >/dev/null
  )
}

# fetch_debs DIRECTORY PACKAGE...: Debian's packages with all that they need, for an image; the namespaces have no way out.
fetch_debs() {
  local directory=$1
  shift
  mkdir -p "$directory/partial"
  # As on a machine where nothing is installed.
  apt-get -qq -y -o Dir::State::status=/dev/null -o "Dir::Cache::archives=$directory" -o APT::Sandbox::User=root -o Debug::NoLocking=true \
    -o APT::Install-Recommends=false -o APT::Keep-Downloaded-Packages=true --download-only install '?essential' usr-is-merged "$@" >/dev/null
}

# The kernel comes out of its package, into a cache; it is never installed on the host.
unpack_kernel() {
  [ ! -e "$1/.ok" ] || return 0
  rm -rf "$1"
  mkdir -p "$1/package"
  local name try
  for try in 1 2; do
    name=$(apt-cache depends linux-image-cloud-amd64 2>/dev/null | awk '/Depends: linux-image/ { print $2; exit }')
    # A machine that lacked nothing may have package lists that are gone, or older than the archive.
    if [ -n "$name" ] && (cd "$1/package" && apt-get download -qq -o APT::Sandbox::User=root "$name"); then break; fi
    [ $try = 1 ] || return 1
    apt-get update -qq
  done
  dpkg-deb -x "$1"/package/*.deb "$1"
  rm -rf "$1/package"
  depmod -b "$1" "$(ls "$1/lib/modules")"
  touch "$1/.ok"
}
