import { EventFile } from './event-file.js';
import { openMetrics, type MetricsLine } from './run-folder.js';

/** Where a run writes what its steps came to: `metrics.jsonl`, and an event file for TensorBoard. */
export interface RunLog {
  write(line: MetricsLine): Promise<void>;
  close(): Promise<void>;
}

/** @param step that the run goes on from; what was logged of later ones is taken back */
export async function openRunLog(folder: string, step: number): Promise<RunLog> {
  const metrics = await openMetrics(folder, step);
  const events = await EventFile.begin(folder, step).catch(async (error: unknown) => {
    await metrics.close();
    throw error;
  });
  return {
    async write(line) {
      const { step: taken, ...scalars } = line;
      await metrics.appendFile(`${JSON.stringify(line)}\n`);
      await events.scalars(taken, scalars);
    },
    async close() {
      await Promise.all([metrics.close(), events.close()]);
    },
  };
}
