# Read inside the namespaces: DHCP and NFS, configured by what litehouse wrote and by the few lines that are the administrator's.

# litehouse pokes services by systemctl; nothing but their processes is here.
stand_in_for_systemd() {
  cat >"$WORK/bin/systemctl" <<S
#!/bin/sh
case "\$1 \$2" in
  'restart dnsmasq') pid=\$(cat "$WORK/pids/dnsmasq" 2>/dev/null) && kill "\$pid" ;;
  'reload dnsmasq') pid=\$(cat "$WORK/pids/dnsmasq" 2>/dev/null) && kill -HUP "\$pid" ;;
  'reload nfs-ganesha') pid=\$(cat "$WORK/pids/ganesha" 2>/dev/null) && kill -HUP "\$pid" ;;
  *) echo "systemctl: \$* is not known here" >&2 && exit 1 ;;
esac
# As for a unit that is not running.
exit 0
S
  chmod 755 "$WORK/bin/systemctl"
}

# Ranges, reservations and boot files are litehouse's; interface, log and what spares iPXE its waits are the administrator's.
start_dhcp() {
  cat >"$WORK/dnsmasq.conf" <<D
port=0
user=root
pid-file=$WORK/pids/dnsmasq
leasefile-ro
log-facility=-
log-dhcp
interface=br0
bind-interfaces
dhcp-authoritative
no-ping
dhcp-option=encap:175,176,1b
enable-ra
dhcp-range=fd77::,ra-stateless,64
conf-file=$world/dnsmasq/litehouse.conf
D
  again dnsmasq -k --conf-file="$WORK/dnsmasq.conf" >>"$LOG/dnsmasq.log" 2>&1 &
}

# start_nfs [EXPORTS]: clients ask for the logical path (/install); litehouse's own file says which one on this disk it stands for.
configure_nfs() {
  cat >"$WORK/ganesha.conf" <<G
NFS_CORE_PARAM { Bind_addr = $server; Protocols = 3,4; NFS_Port = 2049; MNT_Port = 20048; Mount_Path_Pseudo = true; Enable_NLM = false; Enable_RQUOTA = false; Enable_UDP = false; }
NFSV4 { Graceless = true; RecoveryBackend = fs; RecoveryRoot = "$WORK/recovery"; Only_Numeric_Owners = true; }
# Its own cache would show a file that was replaced for a minute more; litehouse replaces files behind its back.
EXPORT_DEFAULTS { Attr_Expiration_Time = 1; }
NFS_KRB5 { Active_krb5 = false; }
LOG { Default_Log_Level = EVENT; }
%include "${1:-$world/exports.d/litehouse.ganesha.conf}"
G
}
start_nfs() {
  mkdir -p "$WORK/recovery"
  rpcbind -w -f >"$LOG/rpcbind.log" 2>&1 &
  until_true 20 rpcbind test -S /run/rpcbind.sock
  configure_nfs
  again ganesha.nfsd -F -L "$LOG/ganesha.log" -f "$WORK/ganesha.conf" -p "$WORK/pids/ganesha" >/dev/null 2>&1 &
  until_true 60 "NFS server" listening 2049
}
# restart_nfs [EXPORTS]
restart_nfs() {
  configure_nfs "$@"
  kill "$(cat "$WORK/pids/ganesha")"
  until_true 60 "the end of the NFS server" not_listening 2049
  until_true 60 "NFS server" listening 2049
}
not_listening() { ! listening "$1"; }

# All services; the loader is the one thing in root tftp that the administrator brings.
start_servers() {
  cp /usr/lib/PXELINUX/pxelinux.0 /usr/lib/syslinux/modules/bios/ldlinux.c32 "$world/tftpboot/"
  start_dhcp
  start_nfs
  tell "DHCP by litehouse's configuration, NFS by its exports; TFTP is litehouse's own"
}
