/*
 * A child that decodes: one task after the other, each answered by one message. Frames and sound go
 * into a file that it shares with its parent, descriptor 3; libav writes its complaints to descriptor 2,
 * a file as well, since its own handler is the only one that is called at once.
 */
import { fstatSync, ftruncateSync, readSync, writevSync } from 'node:fs';
import { AV, loadLibav, type Libav } from '../binding.js';
import type { Answer, ClipsAnswer, Message, Task } from '../messages.js';
import { MediaFile } from './media-file.js';
import { PictureDecoder } from './picture.js';
import { Refusal } from './refusal.js';
import { decodeSound } from './sound.js';

const LOG = 2;
const SHARED = 3;
/** Files that stay open between their index and their clips. */
const MAX_OPEN = 8;
const MAX_WORDS = 4096;

const say = (message: Message) => process.send?.(message);

/** What libav has complained of since the last call. */
function complaint(): string | undefined {
  const { size } = fstatSync(LOG);
  if (size === 0) return undefined;
  const text = Buffer.alloc(Math.min(size, MAX_WORDS));
  readSync(LOG, text, 0, text.length, 0);
  ftruncateSync(LOG, 0);
  const [line = ''] = text.toString('latin1').split('\n');
  return line.replace(/^\[([^\]@]+) @ [^\]]*\] /, '$1: ').replace(/file:\S+/, 'the file');
}

class Worker {
  /** By path, the one that was used last at the end. */
  readonly #open = new Map<string, MediaFile>();
  readonly #pictures: PictureDecoder;

  constructor(private readonly libav: Libav) {
    this.#pictures = new PictureDecoder(libav);
  }

  #close(path: string): void {
    this.#open.get(path)?.close();
    this.#open.delete(path);
  }

  #file(path: string): MediaFile {
    const file = this.#open.get(path) ?? new MediaFile(this.libav, path);
    this.#open.delete(path);
    this.#open.set(path, file);
    for (const oldest of this.#open.keys()) {
      if (this.#open.size <= MAX_OPEN) break;
      this.#close(oldest);
    }
    return file;
  }

  #work(task: Task): Answer {
    if (task.job === 'index') {
      // The file of this name may be another one by now.
      this.#close(task.path);
      return { index: this.#file(task.path).index() };
    }
    const file = this.#file(task.path);
    const { pixels, ...shown } = this.#pictures.decode(file, task.picture);
    const sounds = task.sounds.map((order) => {
      // To seek to the beginning is not the same: Matroska then gives no more sound than a packet.
      if (order.enter === null) this.#close(task.path);
      return decodeSound(this.#file(task.path), order);
    });
    const parts = sounds.filter((sound) => sound !== null);
    const bytes = [pixels, ...parts.map(({ buffer }) => new Uint8Array(buffer))];
    const written = writevSync(SHARED, bytes, 0);
    if (written !== bytes.reduce((sum, part) => sum + part.length, 0))
      throw new Refusal('no room for the frames');
    const clips: ClipsAnswer = { ...shown, samples: sounds.map((sound) => sound?.length ?? 0) };
    return { clips };
  }

  answer(task: Task): Answer {
    let answer: Answer;
    try {
      answer = this.#work(task);
    } catch (error) {
      const suspect = !(error instanceof Refusal) || error.suspect;
      answer = { refusal: (error as Error).message, suspect };
    }
    const words = complaint();
    if (words !== undefined) answer = { refusal: words, suspect: true };
    if ('refusal' in answer) this.#close(task.path);
    return answer;
  }
}

try {
  const libav = loadLibav(process.argv[2] ?? '');
  libav.Log.setLevel(AV.logError);
  const worker = new Worker(libav);
  process.on('message', (task) => {
    say(worker.answer(task as Task));
  });
  say({ ready: libav.getFFmpegInfo().version });
} catch (error) {
  say({ failed: (error as Error).message });
}
process.on('disconnect', () => {
  process.exit();
});
