// From a folder of videos to a shard cache, as a pipeline of Node streams.
// node examples/preprocess.js videos/ cache/
import { Transform } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { decode, index, mfcc, sample, shardCache, tubeMask, videos } from 'avme/stages';

const [folder, cache] = process.argv.slice(2);

// A stage of your own: any object-mode Transform may stand between two stages.
const announce = new Transform({
  objectMode: true,
  transform(record, _encoding, done) {
    console.log(
      `${record.entry.id}: clip ${record.clip.index}, ${record.sampling.span.join(' to ')} s`,
    );
    done(null, record);
  },
});

// What cannot be used is reported, and the pipeline goes on.
const onFailure = (error, { entry }) => console.error(`${entry.id}: ${error.message}`);

await pipeline(
  videos(folder),
  index({ onFailure }),
  sample({ frames: 16, stride: 4 }),
  announce,
  decode({ size: 32, concurrency: 2, onFailure }),
  tubeMask({ ratio: 0.75, patch: 8 }),
  mfcc(),
  shardCache(cache),
);
