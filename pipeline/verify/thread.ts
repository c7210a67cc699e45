import { parentPort, workerData } from 'node:worker_threads';
// Not by the index of the folder: a thread has no use for the rest of it, which takes time to load.
import { verifyChunk, type VerifyChunk, type VerifyRules } from '../../cache/verify/chunk.js';

/** A thread that verifies the chunks it is sent, one at a time, and answers each. */
const rules = workerData as VerifyRules;

parentPort?.on('message', (chunk: VerifyChunk) => {
  // What is thrown ends the thread, and reaches the one who waits as its error.
  void verifyChunk(chunk, rules).then((verified) => parentPort?.postMessage(verified));
});
