import { mkdir, readFile, stat } from 'node:fs/promises';
import { availableParallelism } from 'node:os';
import { dirname, join } from 'node:path';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { z } from 'zod';
import { writeAtomically } from '../../cache/folder/atomic-file.js';
import { lockForWriting } from '../../cache/folder/lock.js';
import { classOf, TASKS } from './classes.js';
import { describeEvidence } from './describe.js';
import { encodeScene } from './encode.js';
import { SPLITS, type Split } from './nuisance.js';
import { sceneOf, type Scene } from './scene.js';
import { stage } from '../../stages/stream.js';

/** What the clips are made of; a folder holds one such set, of which more clips can be made later. */
const settingsSchema = z.object({
  /** Another seed gives other clips. */
  seed: z.coerce.number().int().min(0).max(Number.MAX_SAFE_INTEGER).default(0),
  /** The twelve classes, or two that are told apart by a lag. */
  task: z.enum(TASKS).default('classes'),
  /** Side of the pictures in pixels. */
  size: z.coerce.number().int().min(32).max(512).multipleOf(2, 'must be even').default(64),
  /** Strength of noise, hum, blur, texture, camera movement and distractors; 0: none. */
  disturbance: z.coerce.number().min(0).max(3).default(1),
  /** Share of the clips without sound, whatever their class. */
  silent: z.coerce.number().min(0).max(1).default(0),
});

export const evidenceOptions = z.strictObject({
  ...settingsSchema.shape,
  /** Clips to train with, to choose a recipe on, and to test with. */
  train: z.coerce.number().int().min(0).max(1_000_000).default(2000),
  val: z.coerce.number().int().min(0).max(1_000_000).default(0),
  test: z.coerce.number().int().min(0).max(1_000_000).default(500),
  /** Clips encoded at once. */
  jobs: z.coerce.number().int().min(1).max(256).default(availableParallelism()),
});
export type EvidenceInput = z.input<typeof evidenceOptions>;

export interface EvidenceRequest {
  /** Where clips, list and description go. */
  readonly folder: string;
  readonly options?: EvidenceInput;
  readonly onClip?: (done: number, total: number) => void;
  readonly signal?: AbortSignal;
}

export interface EvidenceSummary {
  /** Clips that were asked for. */
  readonly clips: number;
  /** Clips that were not there before. */
  readonly made: number;
  readonly seconds: number;
  /** The list for {@link preprocess}; null when interrupted. */
  readonly list: string | null;
  readonly interrupted: boolean;
}

const SETTINGS_FILE = 'evidence.json';

/** Path of a clip inside the folder, which is laid out as split/class/clip. */
function pathOf({ split, label, index }: Scene): string {
  return join(split, label, `${split}-${String(index).padStart(6, '0')}.mp4`);
}

const exists = (path: string) =>
  stat(path).then(
    () => true,
    () => false,
  );

/** @throws Error when the folder holds clips of other settings */
async function checkSettings(
  folder: string,
  settings: z.output<typeof settingsSchema>,
): Promise<void> {
  const path = join(folder, SETTINGS_FILE);
  const { task, ...others } = settings;
  // Folders of before say nothing of it.
  const text = `${JSON.stringify(task === 'classes' ? others : settings)}\n`;
  const before = (await exists(path)) ? await readFile(path, 'utf8') : text;
  if (before !== text)
    throw new Error(
      `${folder} holds clips made with ${before.trim()}, not with ${text.trim()}; choose another folder, or the same settings`,
    );
  await writeAtomically(path, text);
}

/** A path inside the set as its list names it: with "/" on every system. */
const listed = (path: string) => path.replaceAll('\\', '/');

/** Makes the clips that are missing. @returns the list's lines */
async function makeClips(
  { folder, onClip, signal }: EvidenceRequest,
  { train, val, test, jobs, ...settings }: z.output<typeof evidenceOptions>,
  onMade: () => void,
): Promise<string[]> {
  const counts: Readonly<Record<Split, number>> = { train, val, test };
  function* scenes(): Generator<Scene> {
    for (const split of SPLITS)
      for (let index = 0; index < counts[split]; index++)
        yield sceneOf({ seed: settings.seed, split, index }, settings, classOf(index, settings.task)); // prettier-ignore
  }

  async function make(scene: Scene, stopped: AbortSignal): Promise<readonly Scene[]> {
    const path = join(folder, pathOf(scene));
    if (await exists(path)) return [scene];
    await mkdir(dirname(path), { recursive: true });
    await encodeScene(scene, settings.size, path, stopped);
    onMade();
    return [scene];
  }

  const lines: string[] = [];
  await pipeline(
    Readable.from(scenes()),
    stage('encode', make, { concurrency: jobs }),
    async (made: AsyncIterable<Scene>) => {
      for await (const scene of made) {
        lines.push(JSON.stringify({ path: listed(pathOf(scene)), ...scene }));
        onClip?.(lines.length, train + val + test);
      }
    },
    { signal },
  );
  return lines;
}

/**
 * Makes the audio-visual data set that shows whether sound and cross-attention help, or the clips that
 * its folder lacks. Nothing half made is left under a clip's name, whenever it is stopped.
 * @throws Error when the folder holds a set of other settings, somebody else makes it now, or ffmpeg fails
 */
export async function makeEvidence(request: EvidenceRequest): Promise<EvidenceSummary> {
  const { folder, signal } = request;
  const options = evidenceOptions.parse(request.options ?? {});
  const { train, val, test } = options;
  const settings = settingsSchema.parse(options);
  const start = performance.now();
  let made = 0;
  const summary = (list: string | null): EvidenceSummary => {
    const seconds = (performance.now() - start) / 1000;
    return { clips: train + val + test, made, seconds, list, interrupted: list === null };
  };
  await mkdir(folder, { recursive: true });
  const unlock = await lockForWriting(folder);
  try {
    await checkSettings(folder, settings);
    const lines = await makeClips(request, options, () => made++);
    const list = join(folder, 'list.jsonl');
    await writeAtomically(list, lines.map((line) => `${line}\n`).join(''));
    await writeAtomically(
      join(folder, 'README.md'),
      describeEvidence(settings, { train, val, test }),
    );
    return summary(list);
  } catch (error) {
    if (signal?.aborted === true) return summary(null);
    throw error;
  } finally {
    await unlock();
  }
}
