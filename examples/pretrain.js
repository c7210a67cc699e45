// A whole pre-training run, and a picture of what was learned.
// node examples/pretrain.js cache/ runs/a reconstruction.png
import { writeFile } from 'node:fs/promises';
import { modelChoice, pretrain, reconstruct } from 'avme';
import { trainingOptions } from 'avme/stages';

const [cache, run, png] = process.argv.slice(2);

const { loss, checkpoint } = await pretrain({
  cache,
  run,
  backend: 'wasm',
  model: modelChoice.parse({
    ...{ width: 24, depth: 1, heads: 2, decoderWidth: 16, decoderDepth: 1, decoderHeads: 2 },
    ...{ audioFilters: [8, 8, 8, 8], audioLayers: [1, 1, 1, 1] },
  }),
  training: trainingOptions.parse({ steps: 6, batch: 2, lr: 1e-3 }),
  onEvent: (event) => {
    if (event.event === 'step') console.log(`step ${event.step}: loss ${event.loss.toFixed(4)}`);
  },
});
console.log(`loss ${loss.toFixed(4)}; weights in ${checkpoint}`);

// Originals, what the model saw, and its reconstruction; masks that it was never trained on.
const { image, mse } = await reconstruct({ cache, run, count: 2, backend: 'wasm' });
await writeFile(png, image);
console.log(`mean squared error of masked pixels: ${mse.toFixed(4)}; see ${png}`);
