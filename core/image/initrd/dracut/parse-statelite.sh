#!/bin/sh
# cmdline hook (sourced): NFSROOT=server:/directory becomes dracut's root=, and the boot interface asks for an address.
litehouse_root=$(getarg NFSROOT=)
if [ -n "$litehouse_root" ]; then
    . /etc/litehouse.conf
    litehouse_options=$(getarg LHNFS=)
    case ,$litehouse_options in
        *,vers=4* | *,nfsvers=4*) root="nfs:$litehouse_root/rootimg:ro,$litehouse_options" ;;
        *) root="nfs:$litehouse_root/rootimg:ro,vers=3,nolock,noacl,proto=tcp${litehouse_options:+,$litehouse_options}" ;;
    esac
    mkdir -p /etc/cmdline.d
    {
        if [ -n "$bootif" ]; then printf 'ip=%s:dhcp' "$bootif"; else printf 'ip=dhcp'; fi
        for name in $otherifs; do printf ' ip=%s:dhcp' "$name"; done
        echo ' rd.neednet=1'
    } >/etc/cmdline.d/10-litehouse.conf
    unset CMDLINE
    echo "[initrd] litehouse root=$root" >/dev/console
fi
