import { z } from 'zod';
import { preprocessOptions } from '../../pipeline/preprocess/options.js';
import { preprocess } from '../../pipeline/preprocess/preprocess.js';
import type { PreprocessEvent } from '../../pipeline/preprocess/tally.js';
import { FIELDS } from '../../stages/source/lists/columns.js';
import { SOURCE_KINDS } from '../../stages/source/video-source.js';
import { defineCommand, type FlagText } from '../cli/command.js';
import { EXIT } from '../cli/failure.js';
import { showEstimate } from './preprocess-estimate.js';
import { QuarantineLines } from '../cli/quarantine-lines.js';
import { bytes, duration, type Report, visible } from '../cli/terminal.js';

const schema = preprocessOptions.safeExtend({
  source: z.string(),
  cache: z.string({ error: 'give the folder of the cache to make or to add to' }),
  dryRun: z.boolean().default(false),
});

export const SOURCE_ARGUMENT = {
  name: '<source>',
  key: 'source',
  text: 'a folder of videos, a .jsonl list, a table with named columns (CSV, TSV, Parquet), a list of paths and labels (.csv), or the lists of UCF101, Kinetics or Something-Something v2',
};

/** What each option is called and means; `avme plan` shares most of them. */
export const preprocessFlags: Partial<Record<keyof z.output<typeof schema>, FlagText>> = {
  cache: { value: 'folder', text: 'the cache to make, or to add to' },
  sourceKind: {
    value: 'kind',
    text: `${SOURCE_KINDS.join(', ')} (default: found out by name and content)`,
  },
  videos: {
    value: 'folder',
    text: "where the videos of a list are: its paths are relative to this folder (default: the list's own)",
  },
  columns: {
    value: 'field=name,...',
    many: true,
    text: `tables and JSON lists: which columns hold what, like path=video_path,label=action; the fields are ${FIELDS.join(', ')} (default: found out by their names)`,
  },
  fold: {
    value: 'n',
    text: 'UCF101, given as the folder of its lists: which of the three divisions (default: 1)',
  },
  trimmed: { text: 'Kinetics: files called ID.mp4 are the segments already, not whole videos' },
  split: {
    value: 'name,...',
    text: 'only videos of these splits; validation and the like are the same as val',
  },
  filter: {
    value: 'glob',
    many: true,
    text: 'only videos whose id (the path in the folder or list) or label it matches; * stops at "/", ** does not; may be repeated',
  },
  limit: { value: 'n', text: 'only the first so many of those; more can be added later' },
  shard: {
    value: 'i/n',
    text: 'only part i of n, counted from 0, into a folder of its own inside the cache; avme merge joins them',
  },
  frames: { value: 'n', text: 'frames a clip' },
  stride: { value: 'n', text: 'frame steps of the video from one frame of a clip to the next' },
  clips: { value: 'n', text: 'clips a video' },
  sampling: {
    value: 'kind',
    text: 'even: clips spread over the video, for evaluation; random: drawn by the seed, for training',
  },
  size: { value: 'n', text: 'side of the square that the model sees, in pixels' },
  storeSize: {
    value: 'n',
    text: 'short side of the cached frames; more than --size leaves room for random crops (default: --size)',
  },
  fit: { value: 'kind', text: 'crop, short-side (frames are not square), pad or stretch' },
  videoStream: {
    value: 'n',
    text: 'picture stream to take, counted from 0 (default: the one with most pixels)',
  },
  audioStream: {
    value: 'n',
    text: 'sound stream to take, counted from 0 (default: the one with most channels)',
  },
  scratch: {
    value: 'folder',
    text: 'with --shard: a folder on a local disk to write in; the part gets what is sealed (default: the temporary folder where the cache lies on another machine)',
  },
  patch: { value: 'n', text: 'side of a patch in pixels' },
  maskRatio: { value: 'x', text: 'ratio of positions that are masked' },
  mfcc: {
    value: 'kind',
    text: 'meyda, or talknet: as TalkNet-ASD’s pre-trained audio encoder was fed',
  },
  mel: {
    value: 'n',
    text: 'bands of a log-mel spectrum to keep beside the MFCC, e.g. 128, which cav-mae takes (default: 0, none)',
  },
  store: {
    value: 'kind',
    text: 'raw: frames as they are; jpeg, webp: ten to twenty times smaller, not quite the same',
  },
  quality: { value: 'n', text: 'with jpeg and webp: 1 to 100' },
  seed: { value: 'n', text: 'decides the cached masks and where random clips lie' },
  decoder: {
    value: 'name',
    text: 'auto (what the cache was made with, else libav where avme setup --decoder has put it), libav, or ffmpeg',
  },
  jobs: { value: 'n', text: 'videos worked on at once (default: one a core)' },
  timeout: { value: 's', text: 'seconds that one run of ffmpeg may take' },
  memory: { value: 'gib', text: 'GiB of memory that one run of ffmpeg may take' },
  maxFailures: { value: 'n|p%', text: 'stop when more videos than this fail' },
  retryFailed: { text: 'try the videos in quarantine again' },
  strict: {
    text: 'exit with 3 when a video is in quarantine; end at once when a line of the list is wrong',
  },
  dryRun: {
    text: 'try a few videos, say how large the cache will be and how long it takes; write nothing',
  },
};

/** Tells people and machines how preprocessing goes. */
export function reportPreprocessing(
  report: Report,
  quarantine = new QuarantineLines(report),
): (event: PreprocessEvent) => void {
  return (event) => {
    report.event(event.event, event);
    switch (event.event) {
      case 'start': {
        const ignored = Object.entries(event.ignored).map(([kind, count]) => `${count} ${kind}`);
        report.line(
          `${event.total} videos` +
            (event.kind === 'folder' ? '' : ` (${event.kind})`) +
            (ignored.length > 0 ? `; passed over, as no video: ${ignored.join(', ')}` : '') +
            (event.wrongLines > 0 ? `; ${event.wrongLines} lines of the list are wrong` : ''),
        );
        break;
      }
      case 'progress': {
        const rate = event.done / Math.max(event.seconds, 1e-9);
        report.progress(
          `${event.done}/${event.total} videos  ${rate.toFixed(1)}/s  ` +
            `${duration((event.total - event.done) / Math.max(rate, 1e-9))} left  ` +
            `${event.written} clips written, ${event.skipped} skipped, ${event.quarantined} quarantined`,
        );
        break;
      }
      case 'quarantined':
        quarantine.add(event.path, event.cause);
        break;
      case 'space':
        report.line(
          `the cache will hardly find room: it needs about ${bytes(event.bytes)}, ${bytes(event.freeBytes)} are free`,
        );
        break;
      case 'duplicate':
        report.line(`left out ${visible(event.path)}: the same content as ${visible(event.of)}`);
        break;
    }
  };
}

export const preprocessCommand = defineCommand({
  name: 'preprocess',
  example: 'avme preprocess videos/ --cache cache/ --size 224',
  args: [SOURCE_ARGUMENT],
  schema,
  flags: preprocessFlags,
  async run({ source, cache, dryRun, ...options }, context) {
    const { report, signal } = context;
    if (dryRun) {
      await showEstimate({ source, cache, options, signal }, context);
      return EXIT.done;
    }
    const lines = new QuarantineLines(report);
    const onEvent = reportPreprocessing(report, lines);
    const summary = await preprocess({ source, cache, options, onEvent, signal });
    const { videos, clips, written, skipped, quarantined, seconds, interrupted } = summary;
    const { outcome } = summary;
    report.event('done', { videos, clips, written, skipped, quarantined, seconds, interrupted, ...(outcome !== undefined && { outcome }) }); // prettier-ignore
    lines.summary();
    report.line(
      `${interrupted ? 'stopped' : 'done'}: ${videos} videos, ${clips} clips; ${written} written, ` +
        `${skipped} skipped, ${quarantined} videos quarantined; ${duration(seconds)}`,
    );
    if (outcome === 'lost')
      report.line(
        'another run of this part came to its end first: that one counts, this one does not',
      );
    if (interrupted) return EXIT.interrupted;
    return options.strict && quarantined > 0 ? EXIT.quarantined : EXIT.done;
  },
});
