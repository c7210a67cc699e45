import { z } from 'zod';
import { openPredictionsFile, resultFields } from '../../pipeline/predict/predictions-file.js';
import { predictOptions } from '../../pipeline/predict/predict-options.js';
import { predict } from '../../pipeline/predict/predict.js';
import type { PredictResult, VideoPrediction } from '../../pipeline/predict/results.js';
import { clipFlags, modelUse, timeWords } from '../cli/clip-flags.js';
import { defineCommand } from '../cli/command.js';
import { EXIT } from '../cli/failure.js';
import { visible, type Report } from '../cli/terminal.js';

const schema = predictOptions.safeExtend({
  ...modelUse.shape,
  out: z
    .string()
    .regex(/\.(jsonl|csv)$/i, { error: 'must end in .jsonl or .csv' })
    .optional(),
});

const time = (seconds: number) => `${seconds.toFixed(2)} s`;

/** "dance/a.mp4  jumping 91.2 %, dancing 5.0 %" */
function words({ id, start, end, failedClips, top }: VideoPrediction, windows: boolean): string {
  const ranks = top.map(({ label, probability }) => `${visible(label)} ${(100 * probability).toFixed(1)} %`); // prettier-ignore
  const place = windows ? `  ${time(start)} to ${time(end)}` : '';
  const note = failedClips > 0 ? `  (${failedClips} clips cannot be decoded)` : '';
  return `${visible(id)}${place}  ${ranks.join(', ')}${note}`;
}

function tell(report: Report, result: PredictResult, windows: boolean): void {
  report.event(result.kind, resultFields(result));
  if (result.kind === 'prediction') report.line(words(result, windows));
  else {
    const place = result.start === null ? '' : `  ${time(result.start)} to ${time(result.end ?? 0)}`; // prettier-ignore
    report.line(`${visible(result.id)}${place}  no prediction: ${result.cause}`);
  }
}

export const predictCommand = defineCommand({
  name: 'predict',
  example: 'avme predict runs/b holiday.mp4 videos/ --out predictions.csv',
  args: [
    { name: '<run>', key: 'run', text: 'a run folder of avme finetune' },
    {
      name: '<source...>',
      key: 'source',
      text: 'videos, folders or lists of videos; -: paths on stdin, one a line',
    },
  ],
  schema,
  flags: {
    out: { value: 'file', text: 'where results go as well: .jsonl or .csv' },
    top: { value: 'n', text: 'classes named of each video' },
    views: {
      value: 'TxS',
      text: 'views of a video that are averaged: T clips, S crops of each, 1 or 3 (default: all clips, one crop)',
    },
    window: {
      value: 's',
      text: 'with --every: average over the clips of so many seconds (default: none)',
    },
    ...clipFlags,
  },
  async run({ out, ...request }, { report, signal }) {
    await using file = await openPredictionsFile(out, request.top);
    const results = predict({
      ...request,
      signal,
      onEvent(event) {
        report.event(event.event, event);
        if (event.event === 'note') report.line(`note: ${event.text}`);
        else if (event.event === 'progress')
          report.progress(`${event.videos} videos, ${event.clips} clips`); // prettier-ignore
        else {
          const failed = event.failed > 0 ? `, ${event.failed} cannot be read` : '';
          report.line(`${event.videos} videos${failed}, ${event.clips} clips; ${timeWords(event)}`);
        }
      },
    });
    for await (const result of results) {
      tell(report, result, request.every !== undefined);
      await file.add(result);
    }
    return EXIT.done;
  },
});
