#!/bin/bash
# dracut module of litehouse: the node's boot program as a pre-pivot hook, with the busybox that it runs by.
check() { return 255; }
depends() { echo network nfs; }
installkernel() {
    . "$moddir/litehouse.conf"
    hostonly='' instmods nfs nfsv3 nfsv4 sunrpc lockd nfs_acl af_packet virtio_pci
    if [ -n "$netdrivers" ]; then hostonly='' instmods $netdrivers
    else hostonly='' instmods =drivers/net/ethernet virtio_net vmxnet3 hv_netvsc xen-netfront; fi
    hostonly='' instmods $diskdrivers
}
install() {
    inst_simple "$moddir/litehouse.conf" /etc/litehouse.conf
    inst_simple "$moddir/busybox" /usr/lib/litehouse/busybox
    inst_simple "$moddir/statelite" /usr/lib/litehouse/statelite
    # Without it mount.nfs does not find its protocols.
    inst_simple /etc/protocols
    inst_simple /etc/netconfig
    inst_hook cmdline 10 "$moddir/parse-statelite.sh"
    inst_hook pre-pivot 50 "$moddir/pre-pivot.sh"
}
