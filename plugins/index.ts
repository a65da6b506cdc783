/** The plugins that come with litehouse, in load order. */
import type { Plugin } from '../core/plugin/plugin.ts';
import { debian } from './debian/index.ts';
import { dnsmasq } from './dnsmasq/index.ts';
import { nfsExports } from './nfs-exports/index.ts';
import { pxelinux } from './pxelinux/index.ts';
import { rh } from './rh/index.ts';
import { sles } from './sles/index.ts';
import { syncdirs } from './syncdirs/index.ts';
import { yaboot } from './yaboot/index.ts';

/** Overlays before exports and boot files: nothing needs that order, it is the one in which a person would set them up. */
export const ownPlugins: readonly Plugin[] = [syncdirs, nfsExports, pxelinux, yaboot, dnsmasq, debian, rh, sles];
