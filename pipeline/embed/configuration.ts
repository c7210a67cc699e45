import { createHash } from 'node:crypto';
import { resolve } from 'node:path';
import { readWeightsOf } from '../evaluate/weights.js';
import type { EmbedRequest } from './embed.js';
import { embedOptionsOf } from './embed-options.js';

/** What the vectors depend on besides the clips, as a run that goes on must have it again. */
export async function configurationOf(
  request: Omit<EmbedRequest, 'source'>,
): Promise<Record<string, unknown>> {
  const { run, checkpoint, ema } = request;
  const { of, layer, tokens, sound, blur, lowRes, clips, every, fit } = embedOptionsOf(request);
  const { step, tensors } = await readWeightsOf(run, checkpoint, ema);
  const digest = createHash('sha256');
  for (const [name, { data }] of tensors)
    digest.update(name).update(new Uint8Array(data.buffer, data.byteOffset, data.byteLength));
  const weights = digest.digest('hex').slice(0, 16);
  return { run: resolve(run), step, weights, of, layer, tokens, sound, blur, lowRes, clips, every, fit }; // prettier-ignore
}
