/** Which kernel modules an initrd takes, by name: what every node needs, and the network drivers where an image names none. */

/** Buses and protocols without which nothing boots from NFS. Each may be built in, or not exist in this kernel. */
export const needed: readonly string[] = [
  ...['virtio_pci', 'virtio_mmio', 'hv_vmbus', 'af_packet', 'ipv6'],
  ...['sunrpc', 'lockd', 'grace', 'nfs_acl', 'nfs', 'nfsv3', 'nfsv4'],
];

/** Loaded by name, since no device asks for them. nfsv4 is loaded by the kernel when a mount asks for it. */
export const loadedByName: readonly string[] = ['af_packet', 'ipv6', 'nfs', 'nfsv3'];

/** Ethernet drivers of machines that clusters are made of, and of the usual virtual machines; those that exist are taken. */
export const usualNetdrivers: readonly string[] = [
  ...['virtio_net', 'vmxnet3', 'hv_netvsc', 'xen-netfront', 'ena', 'gve', 'mana', 'ibmveth', 'ibmvnic'],
  ...['e1000', 'e1000e', 'igb', 'igbvf', 'igc', 'ixgbe', 'ixgbevf', 'i40e', 'iavf', 'ice', 'e100'],
  ...['tg3', 'bnx2', 'bnx2x', 'bnxt_en', 'be2net', 'cxgb4', 'enic', 'qede', 'qlcnic', 'netxen_nic', 'sfc'],
  ...['mlx4_en', 'mlx5_core', 'r8169', '8139too', '8139cp', 'forcedeth', 'sky2', 'skge', 'pcnet32', 'tulip'],
  ...['amd-xgbe', 'atlantic', 'atl1c', 'atl1e', 'alx', 'jme', 'via-rhine', 'via-velocity', 'ehea', 'hns3', 'macb'],
];

/** For bind+localdisk: disks, and the filesystems that are made on them. */
export const diskModules: readonly string[] = [
  ...['virtio_blk', 'virtio_scsi', 'sd_mod', 'ahci', 'ata_piix', 'nvme', 'mpt3sas', 'megaraid_sas', 'hv_storvsc'],
  ...['xen-blkfront', 'vmw_pvscsi', 'ext4', 'xfs'],
];
