/*
 * A process beside ours: when our end of its stdin closes, for whatever reason, it kills the process
 * groups that are left. So even `kill -9` leaves no ffmpeg behind that nobody watches.
 * Each line is a group that has begun, `+123`, or ended, `-123`.
 */
import { createInterface } from 'node:readline';

const groups = new Set<number>();
for await (const line of createInterface({ input: process.stdin })) {
  const group = Number(line.slice(1));
  if (line.startsWith('+')) groups.add(group);
  else groups.delete(group);
}
for (const group of groups)
  try {
    process.kill(-group, 'SIGKILL');
  } catch {
    // It has ended already.
  }
