import { chanceText, claimsOf, RULE } from '../claims.js';
import { Measures } from '../measures.js';
import { PROTOCOL_REMARKS } from '../paper.js';
import type { Clips, Figure, Results } from '../results.js';
import type { Block, Report } from './document.js';
import { toHtml } from './html.js';
import { toMarkdown } from './markdown.js';
import { lossPlot, ratioPlots } from './plots.js';
import { classBlocks, controlTable, ratioTable, robustnessTable, seedTable, tableI, tableII } from './tables.js'; // prettier-ignore
import { NONE, percent, span } from './words.js';

/** What people read, and the plots that the Markdown shows as files. */
export interface RenderedReport {
  readonly html: string;
  readonly markdown: string;
  /** SVG by file, relative to the report. */
  readonly plots: ReadonlyMap<string, string>;
}

/** How many clips there are, in words. */
const counted = ({ train, test, sounding }: Clips) =>
  `${train.toLocaleString('en')} clips to learn from, ${test.toLocaleString('en')} to be measured on, ${percent(sounding)} of them with sound`;

/** What clips are for, and of which seed where there are several sets. */
const nameOf = (what: string, i: number, of: readonly Clips[]) =>
  of.length > 1 ? `${what} of seed ${i}` : what;

function settingOf({ results }: Measures): Block[] {
  const { caches, finetuneCaches, classes, protocol, seconds, avme, runs } = results;
  const { seeds, testSplits, steps, finetuneSteps, batch, maskRatio, backend, cores, jobs } = protocol; // prettier-ignore
  const tuned = finetuneSteps > 0 ? `, then fine-tuned for ${finetuneSteps.toLocaleString('en')} steps` : ''; // prettier-ignore
  return [
    {
      kind: 'text',
      text: `Every system was pre-trained for ${steps.toLocaleString('en')} steps of ${batch} clips${tuned}, with the same options, from ${seeds.length === 1 ? 'one seed' : `${seeds.length} seeds`}, and measured on clips that none has learned from, with masks that no training draws: ${percent(maskRatio)} of the positions where nothing else is said. What is measured is the last checkpoint of each, not one that was chosen by its results.`,
    },
    {
      kind: 'list',
      items: [
        ...caches.map((cache, i) => `${nameOf('clips', i, caches)}: ${counted(cache)}${classes.length > 0 ? `; ${classes.length} classes` : ''}; cache ${cache.fingerprint.slice(0, 12)}`), // prettier-ignore
        ...finetuneCaches.map((cache, i) => `${nameOf('classifiers, and all accuracy', i, finetuneCaches)}: ${counted(cache)}; cache ${cache.fingerprint.slice(0, 12)}`), // prettier-ignore
        `measured on the split ${testSplits.join(' and ')}; a recipe is to be chosen on another one (val), and this one looked at once`,
        caches.length > 1
          ? 'a seed decides first weights, order and masks, and has clips of its own'
          : 'a seed decides first weights, order and masks; all seeds have the same clips, so that intervals say nothing of other clips',
        `${runs.length} trainings; all commands one after another take ${span(seconds)} on one of ${jobs} equal shares of ${cores} cores, so about ${span(seconds / jobs)} together (${backend}, avme ${avme})`,
      ],
    },
  ];
}

function verdictsOf(measures: Measures): Block[] {
  const claims = claimsOf(measures);
  return [
    {
      kind: 'table',
      caption: RULE,
      head: ['claim', 'verdict', 'gap', 'seeds', 'p', 'only one right'],
      rows: claims.map(({ text, verdict, gap, n, p, discordant }) => [
        text,
        verdict,
        gap,
        n === 0 ? NONE : String(n),
        p === null ? NONE : chanceText(p),
        discordant,
      ]),
    },
  ];
}

const section = (text: string, blocks: readonly (Block | undefined)[]): Block[] => {
  const shown = blocks.filter((block) => block !== undefined);
  return shown.length === 0 ? [] : [{ kind: 'heading', text }, ...shown];
};

function reportOf(results: Results, figures: readonly Figure[]): Report {
  const measures = new Measures(results);
  const pictures = figures.map((figure): Block => ({ kind: 'picture', ...figure }));
  return {
    title: 'AV-MaskEnhancer and the systems it is compared with',
    blocks: [
      ...verdictsOf(measures),
      ...section('What was run', settingOf(measures)),
      ...section('Systems', [tableI(measures)]),
      ...section('Cross-attention', [tableII(measures), ...lossPlot(measures)]),
      ...section('What they make of what they do not see', pictures),
      ...section('Mask ratios', [...ratioPlots(measures), ratioTable(measures)]),
      ...section('Is it the sound?', [controlTable(measures)]),
      ...section('When the picture is bad', [robustnessTable(measures)]),
      ...section('Classes', classBlocks(measures)),
      ...section('How to read this', [
        {
          kind: 'list',
          items: [
            'These are models of the size, and clips of the kind, that are named above: an order between systems here says that the method does what it is said to do, not how far it carries on other data.',
            'A model that never went without its sound as it learned loses more than the sound where it is muted: it meets what it has not met. What sound is worth is the gap to VideoMAE; training with --sound-dropout gives a model that can do without.',
            'CAV-MAE sees one frame a step and reconstructs it under scattered masks; its accuracy can be compared, its error cannot.',
            ...PROTOCOL_REMARKS,
          ],
        },
      ]),
      ...section('Behind the numbers', [
        { kind: 'details', summary: `All ${results.runs.length} trainings`, blocks: [seedTable(measures)] }, // prettier-ignore
        { kind: 'details', summary: `The ${results.commands.length} commands ({out} is the folder of this report)`, blocks: [{ kind: 'code', lines: results.commands }] }, // prettier-ignore
      ]),
    ],
  };
}

/** Says what came out, as a page and as Markdown. */
export function renderReport(results: Results, figures: readonly Figure[]): RenderedReport {
  const report = reportOf(results, figures);
  const plots = report.blocks.flatMap((block) => block.kind === 'plot' ? [[block.name, block.svg] as const] : []); // prettier-ignore
  return { html: toHtml(report), markdown: toMarkdown(report), plots: new Map(plots) };
}
