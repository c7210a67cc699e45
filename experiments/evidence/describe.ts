import type { Split } from './nuisance.js';
import { bestAccuracy, groupsOf, type Evidence, type Task } from './classes.js';

const KNOWN: readonly Evidence[] = ['picture', 'sound', 'untimed', 'timed'];

const percent = (fraction: number) => `${(100 * fraction).toFixed(1).replace(/\.0$/, '')} %`;

/** The best accuracies by group, as rows of a Markdown table. */
export function chanceTable(task: Task): string {
  const row = (name: string, fractions: readonly number[]) =>
    `| ${[name, ...fractions.map(percent)].join(' | ')} |`;
  return [
    '| group | picture alone | sound alone | both, without timing | both, on one clock |',
    '| --- | --- | --- | --- | --- |',
    ...groupsOf(task).map(({ name, best }) => row(name, KNOWN.map((evidence) => best[evidence]))),
    row('all classes', KNOWN.map((evidence) => bestAccuracy(evidence, task))),
  ].join('\n'); // prettier-ignore
}

/** What the sound says of the picture. */
const ABOUT: Readonly<Record<Task, string>> = {
  classes: `In the first two groups, and in pitch-with, the pitch of the voice tells the height and its loudness the
size of what is seen; in bounce-on the clicks tell when the ball is on the floor. `,
  lag: `The lag is uniform over the clip's two seconds, around its end. Both classes go through the same heights
and pitches as often. `,
};

/** What the data set says of itself in its `README.md`. */
export function describeEvidence(
  { task, ...settings }: { readonly task: Task },
  counts: Readonly<Record<Split, number>>,
): string {
  const classes = groupsOf(task).map(
    ({ name, classes, text }) => `- **${name}** (${classes.join(', ')}): ${text}.`,
  );
  return `# Does the sound help?

An audio-visual data set made by \`avme evidence\`: ${counts.train} clips to train with,
${counts.val} to choose a recipe on, ${counts.test} to test with.
\`list.jsonl\` names all of them with class, group, split and every parameter that they are made of.
Settings: \`${JSON.stringify(settings)}\`; each clip is a pure function of them, its split and its index.

${classes.join('\n')}

The best accuracy that is possible, by construction, for one who knows the group:

${chanceTable(task)}

${ABOUT[task]}Distractors, texture,
colours, camera movement, blur, grain, hum, hiss, levels and transposition are drawn alike for all classes,
and for test from other ranges than for train and val.
`;
}
