import { createCanvas, loadImage } from '@napi-rs/canvas';

/** Decodes a PNG into RGBA bytes. */
export async function readPixels(
  png: Buffer | string,
): Promise<{ width: number; height: number; rgba: Uint8ClampedArray }> {
  const image = await loadImage(png);
  const canvas = createCanvas(image.width, image.height);
  const pen = canvas.getContext('2d');
  pen.drawImage(image, 0, 0);
  const { data } = pen.getImageData(0, 0, image.width, image.height);
  return { width: image.width, height: image.height, rgba: data };
}
