/** A plugin that was checked and set up with its options. */
import type { Plugin, PluginHooks } from './plugin.ts';

export interface LoadedPlugin {
  readonly plugin: Plugin;
  readonly hooks: PluginHooks;
}
