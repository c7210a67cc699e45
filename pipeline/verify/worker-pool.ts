import { Worker } from 'node:worker_threads';
import type { VerifiedChunk, VerifyChunk, VerifyRules } from '../../cache/verify/chunk.js';

/** A thread that verifies one chunk at a time. */
class VerifyThread {
  private readonly worker: Worker;

  constructor(rules: VerifyRules) {
    this.worker = new Worker(new URL('./thread.js', import.meta.url), {
      workerData: rules,
      name: 'avme verify',
    });
  }

  verify(chunk: VerifyChunk): Promise<VerifiedChunk> {
    const { worker } = this;
    return new Promise((resolve, reject) => {
      const settle = () => worker.off('message', done).off('error', failed).off('exit', ended);
      const done = (verified: VerifiedChunk) => {
        settle();
        resolve(verified);
      };
      const failed = (error: Error) => {
        settle();
        reject(error);
      };
      const ended = (code: number) => {
        failed(new Error(`a thread that verified ${chunk.path} ended by itself with code ${code}`));
      };
      worker.on('message', done).on('error', failed).on('exit', ended);
      worker.postMessage(chunk);
    });
  }

  async close(): Promise<void> {
    await this.worker.terminate();
  }
}

/**
 * Verifies chunks in threads.
 * @param chunks taken one by one, as threads come free
 * @param onVerified told of each as it is done, in any order
 * @param signal ends it between two chunks
 */
export async function verifyInThreads<Chunk extends VerifyChunk>(
  chunks: Iterator<Chunk>,
  rules: VerifyRules,
  jobs: number,
  onVerified: (chunk: Chunk, verified: VerifiedChunk) => void,
  signal?: AbortSignal,
): Promise<void> {
  let failed = false;
  const work = async (): Promise<void> => {
    const thread = new VerifyThread(rules);
    try {
      while (signal?.aborted !== true && !failed) {
        const next = chunks.next();
        if (next.done === true) return;
        onVerified(next.value, await thread.verify(next.value));
      }
    } catch (error) {
      failed = true;
      throw error;
    } finally {
      await thread.close();
    }
  };
  await Promise.all(Array.from({ length: jobs }, work));
}
