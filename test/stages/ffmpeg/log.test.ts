import assert from 'node:assert/strict';
import { explainComplaints, FfmpegLog } from '../../../stages/ffmpeg/log.js';

describe("ffmpeg's words", () => {
  it('are kept when they complain, once each, without addresses and paths', () => {
    const log = new FfmpegLog();
    for (const address of ['0x1', '0x2'])
      log.add(`[h264 @ ${address}] [error] non-existing PPS 0 referenced`);
    log.add('[info] Stream mapping:');
    log.add('[mpeg4 @ 0x3] [warning] wasteful');
    log.add('[mjpeg @ 0x4] [IMGUTILS @ 0x5] [error] Picture size 65500x65500 is invalid');
    log.add('[error] file:/tmp/a: b.mp4: Invalid data found when processing input');
    assert.deepEqual(log.complaints, [
      'h264: non-existing PPS 0 referenced',
      'mjpeg: Picture size 65500x65500 is invalid',
      'Invalid data found when processing input',
    ]);
  });

  it('are bounded', () => {
    const log = new FfmpegLog();
    for (let i = 0; i < 100; i++) log.add(`[error] ${i}${'x'.repeat(1000)}`);
    assert.equal(log.complaints.length, 8);
    assert.ok(log.complaints.every((line) => line.length <= 300));
  });

  it('are explained', () => {
    assert.match(explainComplaints(['mov: moov atom not found', 'Invalid data found when processing input'], ''), /index \(moov\) is missing/); // prettier-ignore
    for (const words of ['65500x65500 is invalid', '13000x13000 exceeds specified max pixel count 9'])
      assert.equal(explainComplaints([`Picture size ${words}`, 'Invalid data found when processing input'], ''), 'its pictures are larger than avme decodes'); // prettier-ignore
    assert.equal(explainComplaints(['never heard'], 'otherwise'), 'otherwise');
  });
});
