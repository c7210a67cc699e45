/**
 * Why a video goes into quarantine, in the words that its owner reads: with the table of
 * docs/reference/odd-media.md, the policy in one place. What ffmpeg is cut off for stands in
 * `ffmpeg.ts`.
 */
export const CAUSES = {
  // read
  missing: 'the file does not exist',
  forbidden: 'the file cannot be read: permission denied',
  noFolder: 'a part of its path is not a folder',
  linkCircle: 'its path is a circle of links',
  longName: 'its name is too long',
  nullName: 'no file can have this name: there is a null character in it',
  diskError: 'the disk reports a read error',
  noFile: 'it is no ordinary file',
  empty: 'the file is empty',
  changed: 'the file changed while it was read; run again once it is whole',
  // index
  noIndex: 'the index (moov) is missing: the file is truncated, or was never a video',
  unreadable: 'it cannot be read as video: damaged, empty inside, or another kind of file',
  webPage: 'it is a web page, not a video: the download went wrong; download it again',
  noVideo: 'this kind of file is not read as video: it is a playlist, a picture or a script',
  noPicture: 'there is no picture stream in the file',
  onlyCover: 'there is no picture stream in the file, only a cover',
  noFrame: 'its picture stream holds no frame',
  // index or decode
  noDecoder: 'there is no decoder for its picture codec',
  tooLarge: 'its pictures are larger than avme decodes',
  tooSmall: 'its pictures are smaller than 3×3 pixels',
  // decode
  nothingDecodes: 'none of the frames can be decoded',
} as const;

/** `index`: a stream that was asked for is not there. @param there the streams that are */
export function noSuchStream(kind: string, wanted: number, there: readonly string[]): string {
  return `there is no ${kind} stream ${wanted} in the file; it has ${there.length === 0 ? 'none' : there.join('; ')}`;
}

/** `sample`: the segment that the list gives lies outside the video. Times in seconds. */
export function outsideVideo(
  { start, end }: { readonly start: number | null; readonly end: number | null },
  first: number,
  last: number,
): string {
  const at = (time: number | null, otherwise: string) => (time === null ? otherwise : `${time} s`);
  return (
    `no frame lies between ${at(start, 'the start')} and ${at(end, 'the end')}; ` +
    `the video has frames from ${first.toFixed(2)} s to ${last.toFixed(2)} s`
  );
}

/** `decode`: the clip is too long to be one. @param span of the clip @param step of the frames, seconds */
export function tooLong(span: number, step: number): string {
  return `the clip would span ${Math.round(span)} s: its frames are ${step.toFixed(1)} s apart; a smaller stride would do`;
}
