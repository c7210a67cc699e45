// The samples of a cache, and what is known about each.
// node examples/read-cache.js cache/
import { openCache } from 'avme/cache';

const reader = await openCache(process.argv[2]);
const { frames, mfccFrames, cepstra } = reader.manifest.shape;
console.log(`${reader.size} samples of ${frames} frames and ${mfccFrames} × ${cepstra} MFCCs`);
for (let i = 0; i < reader.size; i++) {
  // uint8 [frames, height, width, 3], its checksum verified.
  const { header, frames: pixels, mask } = await reader.read(i);
  const masked = mask.reduce((sum, value) => sum + value, 0);
  const mean = pixels.reduce((sum, value) => sum + value, 0) / pixels.length;
  console.log(
    `${header.id} (${header.label}): ${header.width} × ${header.height}, mean ${mean.toFixed(1)},`,
    `${masked} of ${mask.length} positions masked, ${header.flags.audioPresent ? 'with' : 'no'} sound`,
  );
}
await reader.close();
