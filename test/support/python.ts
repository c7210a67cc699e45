import { execFileSync } from 'node:child_process';

/** A Python that has these modules; undefined where there is none. */
export function findPython(modules: readonly string[]): string | undefined {
  // The first on the path may be one of its own making, without the system's packages.
  const { AVME_PYTHON: named } = process.env;
  const candidates = named === undefined ? ['python3', '/usr/bin/python3'] : [named];
  return candidates.find((python) => {
    try {
      execFileSync(python, ['-c', `import ${modules.join(', ')}`], { stdio: 'ignore' });
      return true;
    } catch {
      return false;
    }
  });
}

/**
 * Gives a suite a way to run Python with these modules, the peers that our files are for; without
 * them the suite is skipped in plain sight.
 */
export function usePython(
  ...modules: readonly string[]
): (script: string, ...args: string[]) => string {
  let python = '';
  before(function () {
    const found = findPython(modules);
    if (found === undefined) this.skip();
    python = found;
  });
  return (script, ...args) =>
    execFileSync(python, ['-c', script, ...args], { encoding: 'utf8', maxBuffer: 1 << 28 });
}
