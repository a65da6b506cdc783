/** What builds wrote down about themselves, as far as the commands read it. */
import { z } from 'zod';
import type { ImageArtifact } from '../../../core/engine/types.ts';

const base = z.object({
  built: z.string().optional(),
  kernelVersion: z.string().optional(),
  packages: z.array(z.object({ name: z.string(), version: z.string(), arch: z.string() })),
  repositories: z
    .array(z.object({ alias: z.string(), url: z.string(), date: z.string().optional(), digest: z.string() }))
    .default([]),
});
const boot = z.object({ kernelVersion: z.string().optional(), modules: z.array(z.string()).optional() });
const generation = z.object({
  entries: z.array(z.object({ path: z.string(), directory: z.boolean(), kind: z.string() })),
});

export type BaseNote = z.infer<typeof base>;
export type GenerationNote = z.infer<typeof generation>;

/** Undefined: no such note, or of another plugin. */
export const baseOf = (artifact: ImageArtifact | undefined): BaseNote | undefined =>
  base.safeParse(artifact?.note).data;
export const bootOf = (artifact: ImageArtifact | undefined) => boot.safeParse(artifact?.note).data;
export const generationNoteOf = (artifact: ImageArtifact | undefined): GenerationNote | undefined =>
  generation.safeParse(artifact?.note).data;

/** `412 MB`, in powers of ten, three figures. */
export function bytesText(bytes: number): string {
  let [value, unit] = [bytes, 'B'];
  for (const next of ['kB', 'MB', 'GB', 'TB']) {
    if (value < 999.5) break;
    [value, unit] = [value / 1000, next];
  }
  const digits = unit === 'B' || value >= 99.95 ? 0 : value >= 9.995 ? 1 : 2;
  return `${value.toFixed(digits)} ${unit}`;
}
