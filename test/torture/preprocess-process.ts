/*
 * A process that preprocesses until it is killed: `node preprocess-process.js SOURCE CACHE`, in many
 * small shards, as no option of the command line makes them. Prints "done" for each video done with.
 */
import { preprocess } from '../../pipeline/preprocess/preprocess.js';

const [source = '', cache = ''] = process.argv.slice(2);
const options = { frames: 4, stride: 2, size: 32, patch: 8, maskRatio: 0.75, clips: 2, jobs: 2 };
await preprocess({
  source,
  cache,
  options,
  shardBytes: 100_000,
  onEvent: ({ event }) => {
    if (event === 'progress') process.stdout.write('done\n');
  },
});
