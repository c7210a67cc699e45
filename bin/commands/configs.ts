import { z } from 'zod';
import { defineCommand } from '../cli/command.js';
import { EXIT } from '../cli/failure.js';
import { listPresets } from '../cli/presets.js';
import { table } from '../cli/terminal.js';

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
