import type { ListAnswer, ListedSample, Neighbour, SampleAnswer } from '../views/answers.js'; // prettier-ignore
import { filterTest, readFilter } from '../views/cache/filter.js';
import type { Embedded } from './embedded.js';

function readEmbedded(): Embedded | undefined {
  const text = document.getElementById('embedded')?.textContent;
  return text === undefined ? undefined : (JSON.parse(text) as Embedded);
}

export const embedded = readEmbedded();

/** Where a picture is. */
export function pictureAt(asked: string): string {
  if (embedded === undefined) return `/api/${asked}`;
  const [path = ''] = asked.split('?');
  return embedded.pictures[asked] ?? embedded.pictures[path] ?? '';
}

/** Asks the server, or the file that the page is in. @throws Error with the words to show */
export async function ask<T>(asked: string, signal?: AbortSignal): Promise<T> {
  if (embedded !== undefined) return askEmbedded(embedded, asked) as T;
  const response = await fetch(`/api/${asked}`, signal === undefined ? {} : { signal }).catch(
    (error: unknown) => {
      if (signal?.aborted === true) throw error;
      throw new Error('The inspector does not answer. Is avme inspect still running?');
    },
  );
  const answer = (await response.json()) as T & { readonly error?: string };
  if (!response.ok) throw new Error(answer.error ?? `The inspector answered ${response.status}.`);
  return answer;
}

/** The sound of a clip as an address to play. @throws Error with the words to show */
export async function askSound(asked: string): Promise<string> {
  const response = await fetch(`/api/${asked}`);
  if (response.ok) return URL.createObjectURL(await response.blob());
  const { error } = (await response.json()) as { error?: string };
  throw new Error(error ?? 'The sound cannot be had.');
}

/** A file answers what a server would: lists are filtered here. */
function askEmbedded(from: Embedded, asked: string): unknown {
  const [path = '', text = ''] = asked.split('?');
  const query = new URLSearchParams(text);
  const list = /^(caches\/\d+\/samples)(?:\/(\d+))?$/.exec(path);
  const whole = from.answers[list?.[1] ?? ''] as ListAnswer | undefined;
  if (list !== null && whole !== undefined) {
    const test = filterTest(readFilter(query));
    const items = whole.items.filter((item) => test({ ...item, path: item.id }));
    if (list[2] !== undefined) return sampleIn(from, path, items, Number(list[2]));
    const start = Number(query.get('from') ?? 0);
    const end = start + Number(query.get('count') ?? 100);
    return { ...whole, total: items.length, from: start, items: items.slice(start, end) };
  }
  const find = /^(caches\/\d+)\/find$/.exec(path);
  const listed = from.answers[`${find?.[1] ?? ''}/samples`] as ListAnswer | undefined;
  const item = listed?.items.find(({ key }) => key === query.get('key'));
  if (item !== undefined) return { index: item.index };
  const found = from.answers[asked] ?? from.answers[path];
  if (found === undefined) throw new Error('This is not in the file; avme inspect shows it.');
  return found;
}

function sampleIn(
  from: Embedded,
  path: string,
  items: readonly ListedSample[],
  index: number,
): SampleAnswer {
  const sample = from.answers[path] as SampleAnswer | undefined;
  if (sample === undefined)
    throw new Error('This sample is not in the file; avme inspect shows it.');
  const position = items.findIndex((item) => item.index === index);
  const at = (place: number): Neighbour | null => (position < 0 ? null : (items[place] ?? null));
  return {
    ...sample,
    position: position < 0 ? null : position,
    total: items.length,
    previous: at(position - 1),
    next: at(position + 1),
  };
}
