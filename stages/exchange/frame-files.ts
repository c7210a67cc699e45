import sharp from 'sharp';
import type { StoredSample } from '../../cache/records.js';
import type { TarFile } from './tar.js';

/**
 * The raw frames of a sample as JPEG pictures, `KEY.frame-00.jpg` …, colours at full resolution.
 * @param count frames of the sample
 * @param quality 1 to 100
 */
export async function* frameFiles(
  { header: { key, height, width }, frames: { bytes } }: StoredSample,
  count: number,
  quality: number,
): AsyncGenerator<TarFile> {
  const size = height * width * 3;
  for (let i = 0; i < count; i++) {
    const frame = bytes.subarray(i * size, (i + 1) * size);
    const picture = await sharp(frame, { raw: { width, height, channels: 3 } })
      .jpeg({ quality, chromaSubsampling: '4:4:4' })
      .toBuffer();
    yield { name: `${key}.frame-${String(i).padStart(2, '0')}.jpg`, content: [picture] };
  }
}
