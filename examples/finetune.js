// A classifier on what pre-training has learned, and its accuracy.
// node examples/finetune.js cache/ runs/a runs/b
import { evaluate, finetune, modelChoice } from 'avme';
import { finetuneOptions } from 'avme/stages';

const [cache, init, run] = process.argv.slice(2);

await finetune({
  cache,
  init,
  run,
  backend: 'wasm',
  model: modelChoice.parse({}),
  head: {},
  training: finetuneOptions.parse({ steps: 6, batch: 2, lr: 1e-3 }),
});
const result = await evaluate({ cache, run, backend: 'wasm' });
if (result.kind === 'classifier') {
  const { videos, top1 } = result.accuracy;
  console.log(`${(100 * top1).toFixed(1)} % of ${videos} videos are classified right`);
}
