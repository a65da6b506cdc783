/** The view of what a reading command reads: tables resolved, nothing planned. */

import { planningContext } from '../../core/engine/preview.ts';
import type { ImagesMode } from '../../core/plan/make-plan.ts';
import type { LoadedPlugin } from '../../core/plugin/loaded.ts';
import { buildView } from '../../core/resolve/build-view.ts';
import type { View } from '../../core/resolve/view.ts';
import { type CommandContext, serverDir } from '../command/context.ts';
import { setUpPlugins } from '../plugins.ts';
import { pluginsOf } from '../running/engine.ts';
import { readSettings } from '../settings.ts';
import { openSource, type Source, type SourceOptions } from './source.ts';

/** What the settings beside a repository say of its images. */
export interface Builders {
  readonly plugins: readonly LoadedPlugin[];
  readonly images: ImagesMode;
}

/** Opens what the options name, gives `work` its view, and closes it again. */
export async function withView<T>(
  context: CommandContext,
  options: SourceOptions,
  work: (view: View, source: Source, builders: Builders) => T | Promise<T>,
): Promise<T> {
  const source = await openSource(context, options);
  try {
    const settings = await readSettings(serverDir(context, options));
    const plugins = setUpPlugins(await pluginsOf(settings));
    const { base } = planningContext(plugins);
    const view = await context.terminal.during('reading', buildView(source.snapshot, base));
    return await work(view, source, { plugins, images: settings.images });
  } finally {
    await source.close();
  }
}
