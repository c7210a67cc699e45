import { z } from 'zod';
import { merge, mergeOptions, type MergeEvent } from '../../pipeline/merge.js';
import { defineCommand } from '../cli/command.js';
import { EXIT } from '../cli/failure.js';
import { bytes, visible, type Report } from '../cli/terminal.js';

const schema = mergeOptions.safeExtend({
  cache: z.string(),
  parts: z.array(z.string()).default([]),
});

/** Lines about duplicates that a person is shown; machines are told all. */
const SHOWN = 10;

function reportMerging(report: Report): (event: MergeEvent) => void {
  let told = 0;
  return (event) => {
    report.event(event.event, event);
    switch (event.event) {
      case 'duplicate':
        if (++told > SHOWN) break;
        report.line(
          `in two parts: ${visible(event.id)}, clip ${event.clip}: that of ${visible(event.of)} is kept`,
        );
        if (told === SHOWN) report.line('… further ones are counted; --json names all');
        break;
      case 'unfinished':
        report.line(`not whole: ${visible(event.part)} ${event.problem}`);
        break;
    }
  };
}

export const mergeCommand = defineCommand({
  name: 'merge',
  example: 'avme merge cache/',
  args: [
    { name: '<cache>', key: 'cache', text: 'folder of the joined cache; it holds its parts' },
    {
      name: '[parts...]',
      key: 'parts',
      text: 'caches to join (default: all parts that avme preprocess --shard made in the folder)',
    },
  ],
  schema,
  flags: {
    link: {
      text: "link the parts' files into the cache's own folder (hard links), so that the parts can be deleted",
    },
    partial: { text: 'join what there is of parts that are missing or not finished' },
  },
  async run({ cache, parts, ...options }, { report }) {
    const onEvent = reportMerging(report);
    const summary = await merge({ cache, parts, options, onEvent });
    report.event('done', summary);
    const { samples, shards, duplicates, quarantined } = summary;
    report.line(
      `joined ${summary.parts} parts: ${samples} samples in ${shards} shards, ${bytes(summary.bytes)}; ` +
        `${duplicates} were there twice, ${quarantined} videos are in quarantine`,
    );
    return EXIT.done;
  },
});
