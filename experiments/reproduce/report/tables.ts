import { type SystemName } from '../../../model/config.js';

import type { Measures, Trained } from '../measures.js';
import { PICTURES } from '../../../pipeline/evaluate/robustness.js';
import { comparable, hears } from '../plan.js';
import { PAPER } from '../paper.js';
import type { Block, Table } from './document.js';
import { shareInterval } from '../statistics.js';
import { CALLED, errorText, intervalText, NONE, percent, percentText } from './words.js';

const ORDER: readonly SystemName[] = ['v', 'cav-mae', 'av-no-cross', 'av-cross', 'av-self', 'av'];

/** Systems that there are results of, at the ratio of the comparison. */
export const systemsOf = (measures: Measures) =>
  ORDER.filter((variant) => measures.runs({ variant }).length > 0);

/** Ratios that AV-MaskEnhancer was trained with. */
const ratiosOf = (measures: Measures) =>
  [...new Set(measures.results.runs.filter(({ variant, sound }) => variant === 'av' && sound === 'own').map(({ maskRatio }) => maskRatio))].sort((a, b) => a - b); // prettier-ignore

export function tableI(measures: Measures): Table {
  const { maskRatio } = measures.results.protocol;
  const kinds: Trained[] = [
    ...systemsOf(measures).filter((variant) => variant !== 'av').map((variant) => ({ variant, maskRatio })),
    ...ratiosOf(measures).map((ratio) => ({ variant: 'av' as const, maskRatio: ratio })),
  ]; // prettier-ignore
  const paper = ({ variant, maskRatio }: Trained) =>
    PAPER.tableI.find((row) => row.variant === variant && (row.maskRatio === null || row.maskRatio === maskRatio))?.top1; // prettier-ignore
  return {
    kind: 'table',
    caption:
      'Table I: accuracy in per cent, mean over seeds with its 95 % interval (Student’s t, cut at 0 and 100). The last column is the paper’s, on UCF101 with ViT-B, under its own protocol: to be read beside ours, not against it.',
    head: ['system', 'masked in pre-training', 'top-1', 'top-5', 'paper’s top-1 on UCF101'],
    rows: kinds.map((kind) => [
      CALLED[kind.variant],
      percent(kind.maskRatio ?? maskRatio),
      percentText(measures.top1(kind)),
      percentText(measures.top5(kind)),
      paper(kind)?.toFixed(1) ?? NONE,
    ]),
  };
}

export function tableII(measures: Measures): Table {
  const systems: Trained[] = systemsOf(measures).filter(comparable).map((variant) => ({ variant })); // prettier-ignore
  const larger = { variant: 'av-no-cross', sizeMatched: true } as const;
  const kinds = measures.runs(larger).length > 0 ? [...systems, larger] : systems;
  const step = (kind: Trained) => {
    const runs = measures.runs(kind);
    return runs.reduce((sum, { stepSeconds }) => sum + stepSeconds, 0) / runs.length;
  };
  return {
    kind: 'table',
    caption: `Table II: what the attention layers are worth. Weights and time of a step are those of pre-training, on one of the equal shares of the cores; classifiers have no decoder, so a deeper one says nothing of top-1. Squared error of masked pixels (0 to 1) on test clips, in thousandths, at ${percent(measures.results.protocol.maskRatio)} masked. The last two columns are the paper’s: UCF101, and losses of its released logs at epoch 523 (ViT-S, 75 % masked).`,
    head: [
      'system',
      'weights',
      'ms a step',
      'error · 10⁻³',
      'top-1 %',
      'paper’s top-1',
      'paper’s logged loss',
    ],
    rows: kinds.map((kind) => {
      const { variant, sizeMatched } = kind;
      const paper = sizeMatched ? undefined : PAPER.tableII.find((row) => row.variant === variant);
      return [
        sizeMatched ? `${CALLED[variant]}, deeper decoder` : CALLED[variant],
        (measures.runs(kind)[0]?.parameters ?? 0).toLocaleString('en'),
        (1000 * step(kind)).toFixed(0),
        errorText(measures.mse(kind)),
        percentText(measures.top1(kind)),
        paper?.top1?.toFixed(1) ?? NONE,
        paper?.loggedLoss.toFixed(4) ?? NONE,
      ];
    }),
  };
}

/** What each system makes of test clips at each ratio. */
export function ratioTable(measures: Measures): Table {
  const ratios = [...new Set(measures.results.runs.flatMap(({ reconstructions }) => reconstructions.map(({ maskRatio }) => maskRatio)))].sort((a, b) => a - b); // prettier-ignore
  const common = measures.results.protocol.maskRatio;
  const kinds: Trained[] = [
    ...systemsOf(measures).filter((variant) => comparable(variant) && variant !== 'av').map((variant) => ({ variant, maskRatio: common })),
    ...ratiosOf(measures).map((ratio) => ({ variant: 'av' as const, maskRatio: ratio })),
  ]; // prettier-ignore
  return {
    kind: 'table',
    caption:
      'Error on test clips, in thousandths, by the share that is masked when it is measured.',
    head: ['system, masked in pre-training', ...ratios.map((ratio) => `${percent(ratio)} masked`)],
    rows: kinds.map((kind) => [
      `${CALLED[kind.variant]}, ${percent(kind.maskRatio ?? common)}`,
      ...ratios.map((ratio) => errorText(measures.mse(kind, { maskRatio: ratio }))),
    ]),
  };
}

/** What is left without the right sound. */
export function controlTable(measures: Measures): Table {
  const rows: string[][] = [];
  const row = (name: string, trained: Trained, sound?: 'mute' | 'shuffled' | 'presence') => {
    const look = sound === undefined ? {} : { sound };
    const [mse, top1] = [measures.mse(trained, look), measures.top1(trained, look)];
    if (mse.size + top1.size > 0) rows.push([name, errorText(mse), percentText(top1)]);
  };
  for (const variant of systemsOf(measures).filter(hears)) {
    row(`${CALLED[variant]}, its own sound`, { variant });
    row('… muted', { variant }, 'mute');
    row('… with the sounds of other clips', { variant }, 'shuffled');
    row('… knowing only that there is sound', { variant }, 'presence');
  }
  row('trained on the sounds of other clips', { variant: 'av', sound: 'shuffled' });
  row('trained on the presence of sound alone', { variant: 'av', sound: 'presence' });
  row('VideoMAE, which hears nothing', { variant: 'v' });
  return {
    kind: 'table',
    caption:
      'Controls. Errors of CAV-MAE are those of single frames under masks of their own, and stand in no order with the others.',
    head: ['system', 'error · 10⁻³', 'top-1 %'],
    rows,
  };
}

/** What sound adds when the picture is bad. */
export function robustnessTable(measures: Measures): Table | undefined {
  const [av, v] = [{ variant: 'av' }, { variant: 'v' }] as const;
  const rows = PICTURES.map(({ picture, blur, lowRes }) => [
    picture,
    percentText(measures.top1(av, { blur, lowRes })),
    percentText(measures.top1(av, { blur, lowRes, sound: 'mute' })),
    percentText(measures.top1(v, { blur, lowRes })),
  ]);
  if (measures.top1(av).size === 0) return undefined;
  return {
    kind: 'table',
    caption: 'Top-1 in per cent where the pictures are worse than those that were learned from.',
    head: ['pictures', 'AV-MaskEnhancer', '… muted', 'VideoMAE'],
    rows,
  };
}

/** Classes whose labels begin alike, as `voice-pure` and `voice-buzz`; none where that says nothing. */
export function groupsOf(classes: readonly string[]): Map<string, number[]> {
  const groups = new Map<string, number[]>();
  classes.forEach((label, i) => {
    const at = label.indexOf('-');
    const group = at < 0 ? label : label.slice(0, at);
    groups.set(group, [...(groups.get(group) ?? []), i]);
  });
  const tells = groups.size > 1 && [...groups.values()].every((members) => members.length > 1);
  return tells ? groups : new Map<string, number[]>();
}

export function classBlocks(measures: Measures): Block[] {
  const { classes } = measures.results;
  const systems = systemsOf(measures).filter((variant) => measures.top1({ variant }).size > 0);
  if (systems.length === 0) return [];
  const table = (caption: string, first: string, parts: [string, number[]][]): Table => ({
    kind: 'table',
    caption,
    head: [first, ...systems.map((variant) => CALLED[variant])],
    rows: parts.map(([name, members]) => [name, ...systems.map((variant) => percentText(measures.classes({ variant }, members)))]), // prettier-ignore
  });
  const groups = groupsOf(classes);
  const each = table('Accuracy of each class, in per cent.', 'class', classes.map((label, i) => [label, [i]])); // prettier-ignore
  return [
    ...(groups.size > 0 ? [table('Accuracy of groups of classes whose labels begin alike, in per cent.', 'group', [...groups])] : []), // prettier-ignore
    { kind: 'details', summary: `Each of the ${classes.length} classes`, blocks: [each] },
  ];
}

/** Every number by itself. */
export function seedTable(measures: Measures): Table {
  return {
    kind: 'table',
    caption:
      'Each training by itself. The interval of top-1 is Clopper and Pearson’s: what other videos of the same kind would make of this one model.',
    head: ['system', 'masked', 'heard', 'seed', 'error · 10⁻³', 'top-1 %', 'videos', 'minutes'],
    rows: measures.results.runs.map((run) => {
      const own = run.classifications.find(({ sound, blur, lowRes }) => sound === run.sound && blur === 0 && lowRes === 1); // prettier-ignore
      const mse = run.reconstructions.find(({ sound, maskRatio }) => sound === run.sound && maskRatio === measures.results.protocol.maskRatio)?.mse; // prettier-ignore
      return [
        run.decoderDepth === undefined
          ? CALLED[run.variant as SystemName]
          : `${CALLED[run.variant as SystemName]}, decoder depth ${run.decoderDepth}`,
        percent(run.maskRatio),
        run.sound,
        String(run.seed),
        mse === undefined ? NONE : (1000 * mse).toFixed(2),
        own === undefined
          ? NONE
          : `${(100 * own.top1).toFixed(1)} ${intervalText(shareInterval(Math.round(own.top1 * own.videos), own.videos), 100, 1)}`,
        own === undefined ? NONE : String(own.videos),
        (run.seconds / 60).toFixed(1),
      ];
    }),
  };
}
