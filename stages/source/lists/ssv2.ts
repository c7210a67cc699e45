import { dirname, join } from 'node:path';
import { z } from 'zod';
import { jsonItems } from './json.js';
import { LineError, WrongLines } from './line-error.js';
import { problemsOf } from './listed-entry.js';
import { splitOfFile } from './split.js';
import { once, videosByStem } from './stems.js';
import type { VideoSource } from '../video-source.js';

const itemSchema = z.object({
  id: z.union([z.string().min(1), z.number().transform(String)]),
  /** "Holding [something] next to [something]": the class. */
  template: z.string().nullish(),
});

/** @throws LineError */
function itemOf(value: unknown, place: string): z.output<typeof itemSchema> {
  const checked = itemSchema.safeParse(value);
  if (checked.success) return checked.data;
  throw new LineError(
    place,
    JSON.stringify(value),
    `${problemsOf(checked.error)}; a video is like {"id": "78687", "template": "Holding [something]"}`,
  );
}

/**
 * The lists of Something-Something v2: a JSON array of `{id, template}`. A class is its template
 * without brackets, as in the official list of classes; the split is told by the list's name.
 * @param list absolute path
 * @param root folder of the videos, which are found by id; default: the list's own
 */
export function ssv2Source(list: string, root = dirname(list)): VideoSource {
  const split = splitOfFile(list);
  const index = once(() => videosByStem(root));
  return {
    kind: 'ssv2',
    path: list,
    root,
    async *entries(_ignored, wrong) {
      const lines = new WrongLines(wrong);
      const files = await index();
      for await (const { key, value } of jsonItems(list, 'array')) {
        const item = lines.read(() => itemOf(value, `${list}, item ${Number(key) + 1}`));
        if (item === undefined) continue;
        const { id, template } = item;
        const label = template?.replace(/[[\]]/g, '') ?? null;
        yield { path: files.get(id) ?? join(root, `${id}.webm`), id, label, split, start: null, end: null }; // prettier-ignore
      }
      lines.end();
    },
    fileOf: ({ id }) => id,
  };
}
