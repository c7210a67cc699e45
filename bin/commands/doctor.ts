import { z } from 'zod';
import { diagnose } from '../../pipeline/doctor.js';
import { defineCommand } from '../cli/command.js';
import { EXIT } from '../cli/failure.js';
import { bytes, table } from '../cli/terminal.js';

export const doctorCommand = defineCommand({
  name: 'doctor',
  example: 'avme doctor',
  schema: z.strictObject({}),
  flags: {},
  async run(_, { report }) {
    const found = await diagnose();
    report.event('doctor', { ...found });
    const { ffmpeg, products } = found;
    report.line(
      table([
        ['node', `${found.node} on ${found.platform}`],
        ['cores', String(found.cores)],
        ['memory', `${bytes(found.memory.total)}, ${bytes(found.memory.free)} free`],
        [
          'gpu',
          found.gpus.length > 0 ? found.gpus.join(', ') : 'none found (no answer from nvidia-smi)',
        ],
        ['ffmpeg', ffmpeg.problem ?? `${ffmpeg.version ?? 'unknown'} (${ffmpeg.path})`],
        ['decoder', `${found.decoder.name}: ${found.decoder.reason}`],
        ...found.backends.map((backend, i) => [
          i === 0 ? 'backends' : '',
          `${backend.name.padEnd(10)} ${backend.available ? 'yes' : 'no '}  ${backend.reason}`,
        ]),
        ['xla', `${found.xla.available ? 'yes' : 'no '}  ${found.xla.reason}`],
        ...(products === null
          ? []
          : [
              [
                'products',
                `${products.float32.toFixed(0)} GFLOP/s in float32, ${products.bfloat16.toFixed(0)} in bfloat16 (--precision)`,
              ],
            ]),
      ]),
    );
    for (const advice of found.advice) report.line(`\n${advice}`);
    return ffmpeg.problem === null ? EXIT.done : EXIT.failed;
  },
});
