import { existsSync, readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { z } from 'zod';
import { userData } from '../tensorflow/home.js';

/** The folder that `avme setup --gpu` puts a plugin into: `AVME_XLA`, or one of the user's. */
export const xlaHome = (): string => process.env['AVME_XLA'] ?? join(userData(), 'avme', 'xla');

/** What `setup` leaves in the folder. */
const DESCRIPTION = 'avme-xla.json';

const description = z.object({
  /** The plugin's file, seen from the folder. */
  plugin: z.string(),
  /** The package of pip that it came with; without one it is a file of the user's. */
  package: z.string().optional(),
});
export type PluginDescription = z.infer<typeof description>;

export const descriptionText = (plugin: PluginDescription): string =>
  `${JSON.stringify(plugin, null, 2)}\n`;

export const descriptionFile = (folder: string): string => join(folder, DESCRIPTION);

/**
 * The plugin that is set up in a folder, as an absolute path.
 * @returns undefined where there is none
 */
export function findPlugin(folder = xlaHome()): (PluginDescription & { readonly file: string }) | undefined {
  const path = descriptionFile(folder);
  if (!existsSync(path)) return undefined;
  const found = description.safeParse(JSON.parse(readFileSync(path, 'utf8')));
  if (!found.success) return undefined;
  return { ...found.data, file: resolve(folder, found.data.plugin) };
} // prettier-ignore
