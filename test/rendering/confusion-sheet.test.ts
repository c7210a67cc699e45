import assert from 'node:assert/strict';
import { createCanvas, loadImage } from '@napi-rs/canvas';
import { drawConfusion, topMistakes } from '../../rendering/confusion-sheet.js';

describe('confusion sheet', () => {
  it('names the most frequent mistakes by their share of the class', () => {
    const labels = ['a', 'b', 'c'];
    const counts = [[2, 2, 0], [30, 60, 10], [0, 0, 0]]; // prettier-ignore
    assert.deepEqual(topMistakes({ labels, counts }, 2), [
      { label: 'a', takenFor: 'b', count: 2, all: 4 },
      { label: 'b', takenFor: 'a', count: 30, all: 100 },
    ]);
    assert.equal(topMistakes({ labels, counts }, 9).length, 3);
  });

  it('of a hundred classes shows one mistake of forty, and stays a picture that can be opened', async () => {
    const n = 101;
    const labels = Array.from({ length: n }, (_, i) => `class number ${i}`);
    const counts = labels.map((_, i) => labels.map((_, j) => (i === j ? 39 : j === (i + 50) % n ? 1 : 0))); // prettier-ignore
    const image = await loadImage(await drawConfusion({ labels, counts }, 'heading'));
    assert.ok(image.width < 2000 && image.height < 2000, `${image.width} × ${image.height}`);
    const pen = createCanvas(image.width, image.height).getContext('2d');
    pen.drawImage(image, 0, 0);
    const side = 13;
    const red = (row: number, column: number) => pen.getImageData(166 + column * side + 5, 56 + row * side + 5, 1, 1).data[0]!; // prettier-ignore
    assert.equal(red(7, 8), 255);
    assert.ok(red(7, 57) < 225, `one of forty: ${red(7, 57)}`);
    assert.ok(red(7, 7) < 30);
  });
});
