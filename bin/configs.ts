import { z } from 'zod';
import { defineCommand } from './command.js';
import { EXIT } from './failure.js';
import { listPresets } from './presets.js';
import { table } from './terminal.js';

export const configsCommand = defineCommand({
  name: 'configs',
  example: 'avme configs',
  schema: z.strictObject({}),
  flags: {},
  async run(_, { report }) {
    const presets = await listPresets();
    for (const preset of presets) report.event('preset', { ...preset });
    report.line(table(presets.map(({ name, description }) => [name, description])));
    return EXIT.done;
  },
});
