/* A command that says "started" and then does not stop when it is asked to. */
import { z } from 'zod';
import { defineCommand } from '../../bin/cli/command.js';

const command = defineCommand({
  name: 'stubborn',
  example: 'stubborn',
  schema: z.object({}),
  flags: {},
  async run(_options, { report, signal }) {
    signal.addEventListener('abort', () => {
      report.line('asked to stop');
    });
    report.line('started');
    for (;;) await new Promise((resolve) => setTimeout(resolve, 1000));
  },
});
await command.parseAsync([], { from: 'user' });
