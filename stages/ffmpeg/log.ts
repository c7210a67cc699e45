import { CAUSES } from '../causes.js';

/** How many distinct complaints are kept: damaged files repeat themselves thousands of times. */
const MAX_COMPLAINTS = 8;
const MAX_LENGTH = 300;

/** Keeps the first 8 distinct complaints (errors and worse) of what ffmpeg says, without addresses. */
export class FfmpegLog {
  readonly #complaints = new Set<string>();

  /** @param line one line of ffmpeg's stderr under `-loglevel level+info` */
  add(line: string): void {
    // The decoder may name a helper behind itself.
    const match = /^(?:\[([^\]@]+) @ [^\]]*\] )?(?:\[[^\]@]+ @ [^\]]*\] )*\[(?:error|fatal|panic)\] (.*)$/.exec(line); // prettier-ignore
    if (match === null || this.#complaints.size >= MAX_COMPLAINTS) return;
    const [, component, text = ''] = match;
    const words = text.replace(/^file:.*: (?=[^:]+$)/, '').trim();
    if (words !== '')
      this.#complaints.add(
        (component === undefined ? words : `${component}: ${words}`).slice(0, MAX_LENGTH),
      );
  }

  get complaints(): readonly string[] {
    return [...this.#complaints];
  }
}

/** What ffmpeg says, and what it means to somebody who has never met ffmpeg. First match wins. */
const MEANINGS: readonly (readonly [RegExp, string])[] = [
  [/moov atom not found/, CAUSES.noIndex],
  [/not on whitelist/i, CAUSES.noVideo],
  [/does not contain any stream/, CAUSES.noPicture],
  [/Permission denied/, CAUSES.forbidden],
  [/No such file/, CAUSES.missing],
  [/Picture size .* is invalid|exceeds specified max pixel count/, CAUSES.tooLarge],
  [/less than 3 columns or lines/, CAUSES.tooSmall],
  [/Decoder .*not found|Unknown decoder|unknown codec|Decoding requested, but no decoder/, CAUSES.noDecoder],
  [/End of file|Invalid data found when processing input/, CAUSES.unreadable],
]; // prettier-ignore

/** The plain meaning of ffmpeg's complaints, or `otherwise` when they mean nothing known. */
export function explainComplaints(complaints: readonly string[], otherwise: string): string {
  return MEANINGS.find(([words]) => complaints.some((line) => words.test(line)))?.[1] ?? otherwise;
}
