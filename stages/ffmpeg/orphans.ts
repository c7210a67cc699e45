import { spawn, type ChildProcess } from 'node:child_process';
import { fileURLToPath } from 'node:url';

const PROGRAM = fileURLToPath(new URL('./reaper.js', import.meta.url));
let reaper: ChildProcess | null = null;

function startReaper(): ChildProcess {
  // In a group of its own, where Ctrl-C does not reach it; nothing waits for its end, and no option
  // that this Node has from its environment concerns it.
  const child = spawn(process.execPath, [PROGRAM], { stdio: ['pipe', 'ignore', 'ignore'], detached: true, env: {} }); // prettier-ignore
  child.unref();
  const forget = () => {
    if (reaper === child) reaper = null;
  };
  child.on('error', forget).on('exit', forget);
  // A pipe can be unref'd, whatever the type says.
  const { stdin } = child as { stdin: (NodeJS.WritableStream & { unref?: () => void }) | null };
  stdin?.on('error', forget);
  stdin?.unref?.();
  return child;
}

/**
 * Sees to it that a process group ends when this process does, however that comes about.
 * @param child the leader of the group
 */
export function endsWithUs(child: ChildProcess): void {
  const { pid } = child;
  // Windows has no process groups.
  if (pid === undefined || process.platform === 'win32') return;
  reaper ??= startReaper();
  reaper.stdin?.write(`+${pid}\n`);
  child.once('exit', () => {
    reaper?.stdin?.write(`-${pid}\n`);
  });
}
