// Batches for a model that is not avme's: typed arrays in shared memory, filled by worker threads.
// node examples/own-model.js cache/
import { openCache } from 'avme/cache';
import { batches } from 'avme/stages';

const cache = process.argv[2];
const reader = await openCache(cache);
const { frames, size } = reader.manifest.shape;
await reader.close();

const stream = batches(cache, {
  batch: 4,
  epochs: 2,
  seed: 1,
  mask: 'epoch',
  maskRatio: 0.75,
  augment: { crop: 'multi-scale', flip: 0.5 },
});
for await (const batch of stream) {
  // uint8 [clips, frames, size, size, 3]; int32 [clips, masked tokens]; float32 [clips, N_len, 13].
  const { video, masked, mfcc, keys } = batch;
  const shape = [keys.length, frames, size, size, 3];
  console.log(
    `place ${batch.position}: video ${shape.join(' × ')} = ${video.length} bytes,`,
    `${masked.length} masked tokens, ${mfcc.length} MFCC values`,
  );
  // Its memory is used again for a later batch.
  batch.release();
}
