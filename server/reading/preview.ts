/** Checking and planning snapshots with the plugins of a server directory, without a server. */
import { placeOf, planningContext, previewSnapshot } from '../../core/engine/preview.ts';
import type { Preview } from '../../core/engine/types.ts';
import type { ImagesMode } from '../../core/plan/make-plan.ts';
import type { World } from '../../core/plan/world.ts';
import type { Snapshot } from '../../core/repo/snapshot.ts';
import { type CommandContext, serverDir } from '../command/context.ts';
import { setUpPlugins } from '../plugins.ts';
import { pluginsOf } from '../running/engine.ts';
import { engineSettings, readSettings } from '../settings.ts';
import { bootedWith } from './holds.ts';

/** What a snapshot would be, against `base` or against nothing. */
export type Previewer = (snapshot: Snapshot, base?: World) => Promise<Preview>;

/**
 * A previewer with the settings of `--dir`, where there are any. `running`: a server runs on them; then paths are those of its disk,
 * as in what it prints for a push, and what its nodes booted with is held. `images` goes over their setting.
 */
export async function openPreviewer(
  context: CommandContext,
  options: { readonly dir?: string; readonly running?: boolean; readonly images?: ImagesMode },
): Promise<Previewer> {
  const settings = await readSettings(serverDir(context, options));
  const plugins = setUpPlugins(await pluginsOf(settings));
  const booted = options.running === true ? await bootedWith(settings) : undefined;
  const place = booted === undefined ? undefined : placeOf(engineSettings(settings));
  const planning = planningContext(plugins, { images: options.images ?? settings.images, place });
  return (snapshot, base) => previewSnapshot(snapshot, { plugins, context: planning, base, booted });
}
