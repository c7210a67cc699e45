/** What one can know of a clip at best when some of it is left out. */
export type Evidence = 'picture' | 'sound' | 'untimed' | 'timed';

/** Classes that look or sound alike but for one thing; within a group each is as frequent as the others. */
export interface ClassGroup {
  readonly name: string;
  readonly classes: readonly string[];
  /** What tells its classes apart, for the data set's own description. */
  readonly text: string;
  /**
   * The best accuracy within the group that is possible from the picture alone, the sound alone, both
   * without knowing what happens at the same time, and both on one clock. Known by construction.
   */
  readonly best: Readonly<Record<Evidence, number>>;
}

const THIRD = 1 / 3;

/** All groups; a clip's class is its index modulo the number of classes. */
export const GROUPS = [
  {
    name: 'voice',
    classes: ['voice-pure', 'voice-buzz', 'voice-pulse'],
    text: 'a disc wanders up and down; its voice is a pure tone, a buzz of many harmonics, or a tone that pulses',
    best: { picture: THIRD, sound: 1, untimed: 1, timed: 1 },
  },
  {
    name: 'shape',
    classes: ['shape-ring', 'shape-cross', 'shape-pair'],
    text: 'what wanders is a ring, a cross, or a pair of discs; the voice is the same',
    best: { picture: 1, sound: THIRD, untimed: 1, timed: 1 },
  },
  {
    name: 'bounce',
    classes: ['bounce-on', 'bounce-late', 'bounce-early'],
    text: 'a disc bounces on a floor; a click comes at each bounce, a third of a second after it, or as much before it',
    best: { picture: THIRD, sound: THIRD, untimed: THIRD, timed: 1 },
  },
  {
    name: 'pitch',
    classes: ['pitch-with', 'pitch-against', 'pitch-beside'],
    text: 'a square wanders up and down; its pitch follows the height, goes against it, or is half a second early or late, which is uncorrelated',
    best: { picture: THIRD, sound: THIRD, untimed: THIRD, timed: 1 },
  },
] as const satisfies readonly ClassGroup[];

/**
 * What tells these apart is neither in what goes on at the same time, nor in what is seen or heard as a
 * whole: the sound has to be laid along the picture, at a lag that is another one in each clip.
 */
const LAG_GROUPS = [
  {
    name: 'lag',
    classes: ['lag-follows', 'lag-reversed'],
    text: 'a diamond wanders up and down; its pitch goes the same way, at an unknown lag, or the same way backwards',
    best: { picture: 0.5, sound: 0.5, untimed: 0.5, timed: 1 },
  },
] as const satisfies readonly ClassGroup[];

const ALL = [...GROUPS, ...LAG_GROUPS];
export type GroupName = (typeof ALL)[number]['name'];
export type ClassName = (typeof ALL)[number]['classes'][number];

/** What a data set asks: the twelve classes, or the two of a lag. */
export const TASKS = ['classes', 'lag'] as const;
export type Task = (typeof TASKS)[number];

export const groupsOf = (task: Task): typeof GROUPS | typeof LAG_GROUPS =>
  task === 'lag' ? LAG_GROUPS : GROUPS;

/** Every one of the twelve classes, in the order of the groups. */
export const CLASSES: readonly ClassName[] = GROUPS.flatMap(({ classes }) => classes);

/** @returns the class that a clip of this index has; each is as frequent as any other */
export function classOf(index: number, task: Task = 'classes'): ClassName {
  // Neighbours in the list are of different groups, so that any beginning of it is mixed.
  const groups: readonly { readonly classes: readonly ClassName[] }[] = groupsOf(task);
  const classes = groups[index % groups.length]?.classes ?? CLASSES;
  return classes[Math.floor(index / groups.length) % classes.length] ?? 'voice-pure';
}

/** @returns the group that a class belongs to */
export function groupOf(label: ClassName): GroupName {
  const found = ALL.find(({ classes }) => (classes as readonly ClassName[]).includes(label));
  return (found ?? GROUPS[0]).name;
}

/** The best accuracy over all classes that some evidence allows: the mean over the groups. */
export function bestAccuracy(evidence: Evidence, task: Task = 'classes'): number {
  const groups: readonly ClassGroup[] = groupsOf(task);
  return groups.reduce((sum, { best }) => sum + best[evidence], 0) / groups.length;
}
