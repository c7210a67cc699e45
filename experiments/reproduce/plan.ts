import { type SystemName } from '../../model/config.js';

import type { AudioChoice } from '../../stages/batch/clip-parts.js';
import type { ReproduceOptions } from './options.js';
import { PAPER } from './paper.js';

/** One system, as it is trained once. */
export interface Subject {
  readonly variant: SystemName;
  readonly maskRatio: number;
  /** What it hears as it learns. */
  readonly sound: AudioChoice;
  readonly seed: number;
  /** Instead of the recipe's; such a system is pre-trained alone, as classifiers have no decoder. */
  readonly decoderDepth?: number;
}

/** How a subject is looked at. */
export interface View {
  /** Folder of what comes out of it, inside the subject's. */
  readonly name: string;
  readonly of: 'pretrain' | 'finetune';
  readonly sound: AudioChoice;
  readonly maskRatio?: number;
  /** On worse and worse pictures, with sound and without. */
  readonly robustness?: true;
}

/** One command of avme. */
export interface Job {
  /** Its folder, inside that of all; unique. */
  readonly id: string;
  readonly command: 'pretrain' | 'finetune' | 'evaluate';
  /** What it is a part of. */
  readonly of: View['of'];
  /** With `{out}` where the folder of all stands. */
  readonly args: readonly string[];
  /** The options that it takes from the recipe. */
  readonly recipe?: unknown;
  /** The job that has to be done before. */
  readonly after?: string;
}

export interface PlannedSubject {
  readonly subject: Subject;
  /** Its folder, inside that of all. */
  readonly folder: string;
  readonly views: readonly View[];
}

/** Options of commands that hold for all systems. */
export interface Recipe {
  /** The file or preset, as given. */
  readonly given: string;
  /** By the name of the command. */
  readonly sections: Readonly<Record<string, unknown>>;
}

/** What a plan is made from besides the options. */
export interface Setting {
  /** Of the seeds, in turn: different clips for different seeds. */
  readonly caches: readonly [string, ...string[]];
  /** Of the classifiers; the paper's are pre-trained on one data set and fine-tuned on another. */
  readonly finetuneCaches: readonly [string, ...string[]];
  readonly recipe?: Recipe | undefined;
  readonly systems: readonly SystemName[];
  readonly maskRatio: number;
  /** Depth of the decoder at which `av-no-cross` has as many weights as `av`. */
  readonly matchedDepth?: number | undefined;
}

/** The one of a seed. */
const turn = (caches: readonly [string, ...string[]], seed: number) => caches[seed % caches.length] ?? caches[0]; // prettier-ignore

/** Systems whose masks hide tubes of all frames, so that their errors can be compared. */
export const comparable = (variant: SystemName) => variant !== 'cav-mae';
export const hears = (variant: SystemName) => variant !== 'v';

/**
 * Everything that is trained, what decides most first: the systems side by side, the controls, then the
 * mask ratios; of each of these all seeds before the next.
 */
export function planSubjects(options: ReproduceOptions, setting: Setting): Subject[] {
  const { systems, maskRatio } = setting;
  type Kind = Omit<Subject, 'seed'>;
  const main = systems.map((variant): Kind => ({ variant, maskRatio, sound: 'own' }));
  const seeds = Array.from({ length: options.seeds }, (_, seed) => seed);
  const each = (kinds: readonly Kind[]) => seeds.flatMap((seed) => kinds.map((kind) => ({ ...kind, seed }))); // prettier-ignore
  if (!systems.includes('av')) return each(main);
  const heard = options.controls ? (['shuffled', 'presence'] as const) : [];
  const controls = heard.map((sound): Kind => ({ variant: 'av', maskRatio, sound }));
  const others = options.maskRatios.filter((ratio) => ratio !== maskRatio);
  const ratios = others.flatMap((ratio): Kind[] => [
    { variant: 'av', maskRatio: ratio, sound: 'own' },
    ...(ratio === PAPER.tableIIRatio && systems.includes('av-no-cross') ? [{ variant: 'av-no-cross', maskRatio: ratio, sound: 'own' } as const] : []),
  ]); // prettier-ignore
  const { matchedDepth } = setting;
  const matched = options.sizeMatched && matchedDepth !== undefined && systems.includes('av-no-cross'); // prettier-ignore
  const larger: Kind[] = matched ? [{ variant: 'av-no-cross', maskRatio, sound: 'own', decoderDepth: matchedDepth }] : []; // prettier-ignore
  return [...each(main), ...each(larger), ...each(controls), ...each(ratios)];
}

/** Whether it takes part in the comparison of the systems themselves. */
const isMain = ({ sound, maskRatio, decoderDepth }: Subject, setting: Setting) =>
  sound === 'own' && maskRatio === setting.maskRatio && decoderDepth === undefined;

/** How a subject is looked at: its error at each ratio, its accuracy, and what its sound is worth to it. */
export function planViews(subject: Subject, options: ReproduceOptions, setting: Setting): View[] {
  const { variant, sound, maskRatio, decoderDepth } = subject;
  const views: View[] = [];
  const main = isMain(subject, setting);
  const others = hears(variant) && main ? (['mute', 'shuffled', 'presence'] as const) : [];
  const ratios = comparable(variant) ? [...new Set([setting.maskRatio, ...options.maskRatios])] : [maskRatio]; // prettier-ignore
  for (const ratio of ratios)
    views.push({ name: `masked-${ratio}`, of: 'pretrain', sound, maskRatio: ratio });
  for (const other of others)
    views.push({ name: `masked-${setting.maskRatio}-${other}`, of: 'pretrain', sound: other, maskRatio: setting.maskRatio }); // prettier-ignore
  if (!options.finetune || decoderDepth !== undefined) return views;
  views.push({ name: 'classes', of: 'finetune', sound });
  for (const other of others) views.push({ name: `classes-${other}`, of: 'finetune', sound: other }); // prettier-ignore
  if (main && (variant === 'av' || variant === 'v'))
    views.push({ name: 'robustness', of: 'finetune', sound, robustness: true });
  return views;
}

/** Folder of a subject, inside that of all. */
export function folderOf({ variant, maskRatio, sound, seed, decoderDepth }: Subject): string {
  const larger = decoderDepth === undefined ? '' : `-depth-${decoderDepth}`;
  return `runs/${variant}${larger}-${maskRatio}${sound === 'own' ? '' : `-${sound}`}/seed-${seed}`;
}

export function planAll(options: ReproduceOptions, setting: Setting): PlannedSubject[] {
  return planSubjects(options, setting).map((subject) => ({
    subject,
    folder: folderOf(subject),
    views: planViews(subject, options, setting),
  }));
}

const flags = (values: Readonly<Record<string, string | number | true | undefined>>) =>
  Object.entries(values).flatMap(([name, value]) =>
    value === undefined ? [] : [`--${name}`, ...(value === true ? [] : [String(value)])],
  );

/** The commands for one subject. */
export function jobsOf(
  { subject, folder, views }: PlannedSubject,
  options: ReproduceOptions,
  { caches, finetuneCaches, recipe }: Setting,
): Job[] {
  const { variant, maskRatio, seed, decoderDepth } = subject;
  const common = (of: View['of']) => ({ config: recipe?.given, cache: turn(of === 'finetune' ? finetuneCaches : caches, seed) }); // prettier-ignore
  const sound = subject.sound === 'own' ? undefined : subject.sound;
  const train = (of: View['of']) => ({ ...common(of), splits: options.splits.join(','), seed, sound }); // prettier-ignore
  const run = (kind: View['of']) => `${folder}/${kind}`;
  const jobs: Job[] = [
    {
      id: run('pretrain'),
      command: 'pretrain',
      of: 'pretrain',
      args: flags({ ...train('pretrain'), run: `{out}/${run('pretrain')}`, variant, 'mask-ratio': maskRatio, 'decoder-depth': decoderDepth, steps: options.steps }), // prettier-ignore
    },
  ];
  if (options.finetune && decoderDepth === undefined)
    jobs.push({
      id: run('finetune'),
      command: 'finetune',
      of: 'finetune',
      args: flags({ ...train('finetune'), run: `{out}/${run('finetune')}`, init: `{out}/${run('pretrain')}`, steps: options.finetuneSteps }), // prettier-ignore
      after: run('pretrain'),
    });
  for (const { name, of, sound, maskRatio, robustness } of views)
    jobs.push({
      id: `${folder}/${name}`,
      command: 'evaluate',
      of,
      // The last checkpoint: the best one would have been chosen on the clips that are measured here.
      args: flags({ ...common(of), splits: options.testSplits.join(','), run: `{out}/${run(of)}`, out: `{out}/${folder}/${name}`, checkpoint: 'last', sound: robustness ? undefined : sound, 'mask-ratio': maskRatio, robustness }), // prettier-ignore
      after: run(of),
    });
  return jobs.map((job) => ({ ...job, recipe: recipe?.sections[job.command] }));
}

/**
 * All commands, in the order in which they are begun: of controls and mask ratios all that is about
 * reconstruction comes before the classifiers.
 */
export function planJobs(subjects: readonly PlannedSubject[], options: ReproduceOptions, setting: Setting): Job[] {
  const main = ({ subject }: PlannedSubject) => isMain(subject, setting);
  const jobs = (part: readonly PlannedSubject[]) => part.flatMap((subject) => jobsOf(subject, options, setting)); // prettier-ignore
  const more = jobs(subjects.filter((subject) => !main(subject)));
  return [
    ...jobs(subjects.filter(main)),
    ...more.filter(({ of }) => of === 'pretrain'),
    ...more.filter(({ of }) => of === 'finetune'),
  ];
} // prettier-ignore
