import assert from 'node:assert/strict';
import { explainComplaints, FfmpegLog } from '../../stages/ffmpeg-log.js';

describe("ffmpeg's words", () => {
  it('are kept when they complain, once each, without addresses and paths', () => {
    const log = new FfmpegLog();
    for (const address of ['0x1', '0x2'])
      log.add(`[h264 @ ${address}] [error] non-existing PPS 0 referenced`);
    log.add('[info] Stream mapping:');
    log.add('[mpeg4 @ 0x3] [warning] wasteful');
    log.add('[error] file:/tmp/a: b.mp4: Invalid data found when processing input');
    assert.deepEqual(log.complaints, [
      'h264: non-existing PPS 0 referenced',
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
    assert.equal(explainComplaints(['never heard'], 'otherwise'), 'otherwise');
  });
});
