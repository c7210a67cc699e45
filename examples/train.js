// A training loop of your own: batches → train → whatever you do with its steps.
// node examples/train.js cache/
import { pipeline } from 'node:stream/promises';
import { openCache, randomFor } from 'avme/cache';
import { useBackend } from 'avme/engine';
import { initialWeights, modelConfig, pretrainSpecs } from 'avme/model';
import {
  batches,
  createTrainer,
  planTraining,
  reconstructionObjective,
  train,
  trainingOptions,
} from 'avme/stages';

const cache = process.argv[2];
const reader = await openCache(cache);
const { size, frames, mfccFrames, positions } = reader.manifest.shape;
const samples = reader.size;
await reader.close();

await useBackend('wasm');
const config = modelConfig.parse({
  variant: 'av',
  imageSize: size,
  frames,
  mfccFrames,
  patch: size / Math.sqrt(positions),
  width: 24,
  depth: 1,
  heads: 2,
  decoderWidth: 16,
  decoderDepth: 1,
  decoderHeads: 2,
  audioFilters: [8, 8, 8, 8],
  audioLayers: [1, 1, 1, 1],
});
const options = trainingOptions.parse({ batch: 2, steps: 5, lr: 1e-3 });
const specs = pretrainSpecs(config);
const drawn = initialWeights(specs, (name) => randomFor(0, 0, name, 'init'));
const trainer = createTrainer({
  objective: reconstructionObjective(config),
  options,
  plan: planTraining(options, samples),
  initial: new Map([...drawn].map(([name, data]) => [name, { data }])),
  step: 0,
});

await pipeline(
  batches(cache, { batch: 2, epochs: 10 / samples, mask: 'epoch', maskRatio: 0.75 }),
  train(trainer),
  async (steps) => {
    for await (const { step, loss, clips } of steps)
      console.log(`step ${step}: loss ${loss.toFixed(4)}, ${clips} clips`);
  },
);
trainer.dispose();
