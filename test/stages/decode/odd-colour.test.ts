import assert from 'node:assert/strict';
import { decodeClip } from '../../../stages/decode/decode-clip.js';
import { hdrColour } from '../../../stages/probe/hdr.js';
import { indexVideo } from '../../../stages/probe/index-video.js';
import { sampleClips } from '../../../stages/sample/sample-clips.js';
import { ffmpeg, scratchFolder } from '../../support/media.js';

const scratch = scratchFolder();
const context = { timeout: 60 };

type Rgb = readonly [number, number, number];
/** Bars 32 pixels wide, of strong and of plain colours: a wrong matrix or range moves them by 10 to 40. */
const BARS: readonly Rgb[] = [[200, 30, 40], [20, 180, 60], [20, 40, 210], [128, 128, 128], [255, 255, 255], [0, 0, 0]]; // prettier-ignore

/** The bars as ffmpeg expressions a channel. */
const channel = (c: 0 | 1 | 2) => BARS.slice(0, -1).reduceRight((rest, bar, i) => `if(lt(X\\,${32 * (i + 1)})\\,${bar[c]}\\,${rest})`, String(BARS.at(-1)![c])); // prettier-ignore
const PICTURE = `color=black:s=${32 * BARS.length}x64:r=25:d=0.16,format=gbrp,geq=r=${channel(0)}:g=${channel(1)}:b=${channel(2)}`;

/** Makes the bars through these filters by this encoder, and decodes them with avme. */
async function bars(name: string, filters: string, encoder: readonly string[]): Promise<{ bars: Rgb[]; hdr: boolean; warnings: readonly string[] }> {
  const path = scratch.path(name);
  await ffmpeg('-f', 'lavfi', '-i', PICTURE, ...(filters === '' ? [] : ['-vf', filters]), ...encoder, path);
  const index = await indexVideo(path, context);
  const [sampling] = sampleClips(index, { frames: 2, stride: 1, clips: 1 });
  const { frames, height, width, warnings } = await decodeClip(index, sampling!, { size: 64, fit: 'short-side' }, context);
  assert.deepEqual([height, width], [64, 32 * BARS.length]);
  const pixel = (bar: number) => [...frames.subarray((32 * width + 32 * bar + 16) * 3).subarray(0, 3)] as unknown as Rgb;
  return { bars: BARS.map((_, bar) => pixel(bar)), hdr: index.hdr !== null, warnings };
} // prettier-ignore

function assertNear(actual: readonly Rgb[], expected: readonly Rgb[], tolerance: number): void {
  actual.forEach((colour, bar) => {
    colour.forEach((value, c) => {
      assert.ok(Math.abs(value - expected[bar]![c]!) <= tolerance, `bar ${bar} is ${colour.join()}, expected ${expected[bar]!.join()}`); // prettier-ignore
    });
  });
}

const X264 = ['-c:v', 'libx264', '-qp', '1'];
const X265 = ['-c:v', 'libx265', '-x265-params', 'log-level=none', '-crf', '2'];
const FFV1 = (format: string) => ['-c:v', 'ffv1', '-pix_fmt', format];
const yuv = (matrix: string, range: string, format: string) => `scale=out_color_matrix=${matrix}:out_range=${range},format=${format}`; // prettier-ignore

describe('colours come out as they went in', () => {
  const cases: Readonly<Record<string, readonly [string, string, readonly string[]]>> = {
    'BT.601, as it says': ['601.mkv', yuv('bt601', 'tv', 'yuv420p'), [...X264, '-colorspace', 'smpte170m']],
    'BT.709, as it says': ['709.mp4', yuv('bt709', 'tv', 'yuv420p'), [...X264, '-colorspace', 'bt709']],
    'BT.2020 with an ordinary curve': ['2020.mkv', yuv('bt2020', 'tv', 'yuv420p'), [...X264, '-colorspace', 'bt2020nc']],
    'no matrix said: BT.601': ['none.mp4', yuv('bt601', 'tv', 'yuv420p'), X264],
    'full range, BT.709': ['full709.mp4', yuv('bt709', 'pc', 'yuvj420p'), [...X264, '-colorspace', 'bt709']],
    'full range, BT.601 (motion JPEG)': ['full601.avi', yuv('bt601', 'pc', 'yuvj420p'), ['-c:v', 'mjpeg', '-q:v', '1']],
    '10 bits': ['10.mp4', yuv('bt709', 'tv', 'yuv420p10le'), [...X265, '-colorspace', 'bt709']],
    '4:2:2': ['422.mkv', yuv('bt709', 'tv', 'yuv422p'), [...X264, '-colorspace', 'bt709']],
    '4:2:2, 10 bits': ['42210.mkv', yuv('bt709', 'tv', 'yuv422p10le'), [...FFV1('yuv422p10le'), '-colorspace', 'bt709']],
    '4:4:4': ['444.mkv', yuv('bt709', 'tv', 'yuv444p'), [...X264, '-colorspace', 'bt709']],
    '4:1:1': ['411.mkv', '', FFV1('yuv411p')],
    'packed 4:2:2': ['uyvy.avi', '', ['-c:v', 'rawvideo', '-pix_fmt', 'uyvy422']],
    'RGB': ['rgb.mkv', '', ['-c:v', 'libx264rgb', '-qp', '1']],
    'RGB, 16 bits': ['gbr16.mkv', '', FFV1('gbrp16le')],
    'RGB with alpha': ['bgra.mkv', '', FFV1('bgra')],
    'alpha (4:2:0)': ['alpha.webm', '', ['-c:v', 'libvpx', '-auto-alt-ref', '0', '-pix_fmt', 'yuva420p', '-b:v', '8M']],
    'animated PNG': ['a.apng', '', ['-c:v', 'apng', '-pix_fmt', 'rgba']],
  }; // prettier-ignore
  for (const [title, [name, filters, encoder]] of Object.entries(cases))
    it(title, async () => {
      const { bars: seen, hdr, warnings } = await bars(name, filters, encoder);
      assertNear(seen, BARS, 3);
      assert.equal(hdr, false);
      assert.deepEqual(warnings, []);
    });

  it('grey is grey', async () => {
    const luma = BARS.map(([r, g, b]) => Math.round(0.299 * r + 0.587 * g + 0.114 * b));
    for (const format of ['gray', 'gray16le']) {
      const { bars: seen } = await bars(`${format}.mkv`, '', FFV1(format));
      assertNear(seen, luma.map((value) => [value, value, value] as const), 2); // prettier-ignore
    }
  });

  it('a palette holds what it can', async () => {
    const { bars: seen } = await bars('palette.gif', 'split[a][b];[a]palettegen[p];[b][p]paletteuse=dither=none', []);
    assertNear(seen, BARS, 8);
  });
}); // prettier-ignore

describe('high dynamic range', () => {
  /** White at 203 cd/m², as ITU-R BT.2408 has it, through either curve. */
  const to = (curve: string, range: string) => `zscale=min=gbr:pin=bt709:tin=bt709:rin=full:m=bt2020nc:p=bt2020:t=${curve}:r=${range}:npl=203`; // prettier-ignore
  const params = (words: string) => ['-c:v', 'libx265', '-crf', '2', '-x265-params', `${words}:log-level=none`]; // prettier-ignore
  const ALL = (curve: string) => `colorprim=bt2020:colormatrix=bt2020nc:transfer=${curve}`;
  const cases: Readonly<Record<string, readonly [string, string, readonly string[]]>> = {
    'PQ, 10 bits (HDR10)': ['pq.mkv', `${to('smpte2084', 'tv')},format=yuv420p10le`, params(ALL('smpte2084'))],
    'PQ, full range': ['pqfull.mp4', `${to('smpte2084', 'pc')},format=yuv420p10le`, params(`${ALL('smpte2084')}:range=full`)],
    'PQ, 4:4:4': ['pq444.mkv', `${to('smpte2084', 'tv')},format=yuv444p10le`, params(ALL('smpte2084'))],
    'PQ, its matrix unsaid': ['pqm.mkv', `${to('smpte2084', 'tv')},format=yuv420p10le`, params('colorprim=bt2020:transfer=smpte2084')],
    'PQ, its primaries unsaid': ['pqp.mkv', `${to('smpte2084', 'tv')},format=yuv420p10le`, params('colormatrix=bt2020nc:transfer=smpte2084')],
    'PQ, nothing else said': ['pqn.mkv', `${to('smpte2084', 'tv')},format=yuv420p10le`, params('transfer=smpte2084')],
    'HLG, 10 bits': ['hlg.mp4', `${to('arib-std-b67', 'tv')},format=yuv420p10le`, params(ALL('arib-std-b67'))],
    'HLG, nothing else said': ['hlgn.mp4', `${to('arib-std-b67', 'tv')},format=yuv420p10le`, params('transfer=arib-std-b67')],
  }; // prettier-ignore
  for (const [title, [name, filters, encoder]] of Object.entries(cases))
    it(`${title}: ordinary tones`, async () => {
      const { bars: seen, hdr, warnings } = await bars(name, filters, encoder);
      assert.equal(hdr, true);
      assert.deepEqual(warnings, []);
      // Highlights take room, so white becomes light grey; hues and the order of tones stay.
      assertNear(seen, [[163, 26, 34], [18, 151, 51], [17, 32, 170], [113, 113, 113], [193, 193, 193], [0, 0, 0]], 6); // prettier-ignore
    });

  it('is told by the curve alone', () => {
    assert.equal(hdrColour('h264 (High), yuv420p(tv, bt709), 64x48'), null);
    assert.equal(hdrColour('hevc, yuv420p10le(tv, bt2020nc/bt2020/bt2020-10), 64x48'), null);
    assert.deepEqual(hdrColour('hevc (Main 10), yuv420p10le(tv, unknown/bt2020/smpte2084), 64x48'), { matrix: 'bt2020nc', primaries: 'bt2020', transfer: 'smpte2084' }); // prettier-ignore
  });
});
