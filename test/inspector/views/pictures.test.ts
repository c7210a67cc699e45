import assert from 'node:assert/strict';
import { encodeWav } from '../../../inspector/views/cache/clip-audio.js';
import { decodePicture, difference, filmStrip, mosaic } from '../../../inspector/views/pictures.js';
import { makeSample } from '../../cache/support.js';

describe('pictures of the inspector', () => {
  const { frames, header } = makeSample(3);
  const { height, width } = header;

  it('a film has exactly the pixels of its frames, one under the other', async () => {
    const film = await decodePicture(await filmStrip([frames], height, width, 'png'), width);
    assert.deepEqual([film.width, film.height], [width, 4 * height]);
    assert.deepEqual(Buffer.from(film.data), Buffer.from(frames));
  });
  it('films stand side by side', async () => {
    const other = frames.map((value) => 255 - value);
    const png = await filmStrip([frames, other], height, width, 'png');
    const both = await decodePicture(png, 2 * width);
    const row = 2 * width * 3;
    for (let y = 0; y < 4 * height; y++) {
      const own = frames.subarray(y * width * 3, (y + 1) * width * 3);
      assert.deepEqual(both.data.subarray(y * row, y * row + row / 2), Buffer.from(own));
      assert.equal(both.data[y * row + row / 2], 255 - own[0]!);
    }
  });
  it('a smaller film keeps its frames apart', async () => {
    const white = new Uint8Array(2 * 9 * 9 * 3).fill(255, 9 * 9 * 3);
    const small = await decodePicture(await filmStrip([white], 9, 9, 'png', 4), 4);
    assert.deepEqual([small.width, small.height], [4, 8]);
    assert.equal(small.data[0], 0);
    assert.equal(small.data.at(-1), 255);
  });
  it('a mosaic puts frames in rows', async () => {
    const frame = (value: number) => ({ data: new Uint8Array(2 * 2 * 3).fill(value), width: 2, height: 2 }); // prettier-ignore
    const { data, width: across, height: down } = await mosaic([frame(10), frame(20), frame(30)], 2, 2); // prettier-ignore
    assert.deepEqual([across, down], [4, 4]);
    const at = (x: number, y: number) => data[(y * across + x) * 3];
    assert.deepEqual([at(0, 0), at(2, 1), at(1, 3), at(3, 3)], [10, 20, 30, 0]);
  });
  it('a difference is as large as it is, and no larger than a byte', () => {
    assert.deepEqual([...difference(Uint8Array.of(10, 200, 0), Uint8Array.of(14, 190, 255), 2)], [8, 20, 255]); // prettier-ignore
  });
  it('sound becomes a WAV of 16 bits', () => {
    const wav = encodeWav(Float32Array.of(0, 1, -1, 2, 0.5), 16_000);
    assert.equal(wav.length, 44 + 10);
    assert.equal(wav.toString('latin1', 0, 4) + wav.toString('latin1', 8, 16), 'RIFFWAVEfmt ');
    assert.deepEqual([wav.readUInt32LE(4), wav.readUInt32LE(24), wav.readUInt32LE(40)], [46, 16_000, 10]); // prettier-ignore
    assert.deepEqual([0, 1, 2, 3, 4].map((i) => wav.readInt16LE(44 + 2 * i)), [0, 32767, -32767, 32767, 16384]); // prettier-ignore
  });
});
