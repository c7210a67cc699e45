import { KEY, PacketTableBuilder, type PacketTable } from './packet-table.js';

/**
 * Reads what ffmpeg's `framecrc` format says of one stream, in chunks cut anywhere:
 * `#tb 0: 1/15360`, then a packet a line: `stream, dts, pts, duration, size, checksum[, F=flags]`.
 */
export class PacketReader {
  #rest = '';
  #tick = 0;
  readonly #table = new PacketTableBuilder();

  write(chunk: string): void {
    const lines = (this.#rest + chunk).split('\n');
    this.#rest = lines.pop() ?? '';
    for (const line of lines) this.#line(line);
  }

  #line(line: string): void {
    if (line.startsWith('#')) {
      const base = /^#tb 0: (\d+)\/(\d+)/.exec(line);
      if (base !== null) this.#tick = Number(base[1]) / Number(base[2]);
      return;
    }
    const fields = line.split(',');
    // No flags are written for what is a keyframe and nothing else.
    const flags = Number(/F=(0x[0-9A-F]+)/.exec(line)?.[1] ?? KEY);
    const duration = Math.max(0, Number(fields[3]) || 0);
    this.#table.packet(Number(fields[1]), Number(fields[2]), duration, flags);
  }

  end(): PacketTable {
    return this.#table.end(this.#tick);
  }
}
