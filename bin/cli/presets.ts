import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

/** Recipes that come with avme, `NAME.json` each: docs/reference/configs.md. */
const FOLDER = fileURLToPath(new URL('../../../configs/', import.meta.url));

/** The file of a preset. */
export const presetFile = (name: string): string => join(FOLDER, `${name}.json`);

/** Names of all presets, in alphabetical order. */
export async function presetNames(): Promise<string[]> {
  const files = await readdir(FOLDER);
  return files
    .filter((file) => file.endsWith('.json'))
    .map((file) => file.slice(0, -'.json'.length))
    .sort();
}

export interface Preset {
  readonly name: string;
  readonly description: string;
}

/** What each preset is for. */
export async function listPresets(): Promise<Preset[]> {
  const names = await presetNames();
  return Promise.all(
    names.map(async (name) => {
      const text = await readFile(presetFile(name), 'utf8');
      const { description = '' } = JSON.parse(text) as { readonly description?: string };
      return { name, description };
    }),
  );
}
