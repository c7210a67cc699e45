import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import koffi from 'koffi';

const KINDS = ['errors', 'events', 'clients', 'buffers', 'executables'] as const;

/** The stub's own controls, and what it has seen. */
export interface Stub {
  readonly file: string;
  /** What is alive inside the plugin. */
  alive(): Record<(typeof KINDS)[number], number>;
  donations(): number;
  /** Options of the last client, as text. */
  options(): string;
  /** Has the next call of a function fail. */
  fail(name: string, code: number, message: string): void;
  /** Another table of functions; without a size, of its own. */
  table(given: { major?: number; minor?: number; size?: number; empty?: boolean }): void;
}

// Sources stay where they are; tests run from dist.
const SOURCE = fileURLToPath(
  new URL('../../../../../test/engine/xla/pjrt/stub.c', import.meta.url),
);

/** Compiles the stub plugin for a suite; without a C compiler the suite is skipped in plain sight. */
export function useStub(): () => Stub {
  let stub: Stub;
  let folder: string | undefined;
  before(function () {
    folder = mkdtempSync(join(tmpdir(), 'avme-pjrt-'));
    const file = join(folder, 'stub.so');
    try {
      execFileSync('cc', ['--version'], { stdio: 'ignore' });
    } catch {
      this.skip();
    }
    execFileSync('cc', ['-std=gnu11', '-Wall', '-Wextra', '-shared', '-fPIC', '-o', file, SOURCE], { stdio: 'inherit' }); // prettier-ignore
    const library = koffi.load(file);
    const alive = library.func('int64_t stub_alive(int kind)');
    const table = library.func('void stub_table(int major, int minor, size_t size, bool empty)');
    stub = {
      file,
      alive: () =>
        Object.fromEntries(KINDS.map((kind, i) => [kind, Number(alive(i))])) as ReturnType<Stub['alive']>, // prettier-ignore
      donations: library.func('int stub_donations()') as () => number,
      options: library.func('const char *stub_options()') as () => string,
      fail: library.func('void stub_fail(const char *name, int code, const char *message)') as Stub['fail'], // prettier-ignore
      table: ({ major = 0, minor = 90, size = 0, empty = false }) => {
        table(major, minor, size, empty);
      },
    };
  });
  after(() => {
    if (folder !== undefined) rmSync(folder, { recursive: true, force: true });
  });
  return () => stub;
}
