/** As many as are kept for later; a run has two or three a job in hand. */
const MAX_IDLE = 64;

/**
 * Memory that is used again. Frames are megabytes a clip: made anew each time, they make the garbage
 * collector walk through everything else after every few clips.
 */
export class BufferPool {
  readonly #idle: Buffer[] = [];
  readonly #leased = new WeakSet<Uint8Array>();

  /** @returns so many bytes of whatever there was before */
  take(bytes: number): Buffer {
    const at = this.#idle.findIndex((buffer) => buffer.length === bytes);
    const [buffer = Buffer.allocUnsafeSlow(bytes)] = at < 0 ? [] : this.#idle.splice(at, 1);
    this.#leased.add(buffer);
    return buffer;
  }

  /** Takes back what {@link take} gave and nobody reads any more; all else is left alone. */
  giveBack(bytes: Uint8Array): void {
    if (!(bytes instanceof Buffer) || !this.#leased.delete(bytes)) return;
    if (this.#idle.length < MAX_IDLE) this.#idle.push(bytes);
  }
}
