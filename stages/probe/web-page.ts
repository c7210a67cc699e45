import { open } from 'node:fs/promises';
import { CAUSES } from '../causes.js';
import { StageError } from '../stage-error.js';

const PAGE =
  /^\uFEFF?\s*(?:<\?xml[^>]*>\s*)?(?:<!--[^]*?-->\s*)*<(?:!doctype\s+html|html|head|body)\b/i;

/** What ffmpeg makes of a file that is none of its own. */
const VAGUE: ReadonlySet<string> = new Set([CAUSES.noIndex, CAUSES.unreadable, CAUSES.noVideo]);

/**
 * What is wrong with a file that cannot be indexed: a download often leaves a web page that says
 * "not found" or "log in" under the name of the video.
 * @returns the error, or a better one
 */
export async function pageInstead(path: string, error: unknown): Promise<unknown> {
  if (!(error instanceof StageError) || !VAGUE.has(error.cause)) return error;
  const file = await open(path).catch(() => undefined);
  if (file === undefined) return error;
  try {
    const { buffer, bytesRead } = await file.read(Buffer.alloc(1024), 0, 1024, 0);
    const text = buffer.toString('utf8', 0, bytesRead);
    return PAGE.test(text)
      ? new StageError(error.stage, CAUSES.webPage, text.slice(0, 200))
      : error;
  } finally {
    await file.close();
  }
}
