/** Checking and planning snapshots with the plugins of a server directory, without a server. */
import { planningContext, previewSnapshot } from '../../core/engine/preview.ts';
import type { Preview } from '../../core/engine/types.ts';
import type { World } from '../../core/plan/world.ts';
import type { Snapshot } from '../../core/repo/snapshot.ts';
import { type CommandContext, serverDir } from '../command/context.ts';
import { setUpPlugins } from '../plugins.ts';
import { pluginsOf } from '../running/engine.ts';
import { readSettings } from '../settings.ts';

/** What a snapshot would be, against `base` or against nothing. */
export type Previewer = (snapshot: Snapshot, base?: World) => Promise<Preview>;

/** A previewer with the settings of `--dir`, where there are any. */
export async function openPreviewer(context: CommandContext, options: { readonly dir?: string }): Promise<Previewer> {
  const settings = await readSettings(serverDir(context, options));
  const plugins = setUpPlugins(await pluginsOf(settings));
  const planning = planningContext(plugins, { images: settings.images });
  return (snapshot, base) => previewSnapshot(snapshot, { plugins, context: planning, base });
}
