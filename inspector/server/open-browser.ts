import { spawn } from 'node:child_process';

/** The program that opens an address on this system, and its arguments; none where nobody would see it. */
export function openerFor(
  url: string,
  platform: NodeJS.Platform,
  env: NodeJS.ProcessEnv,
): { command: string; args: string[] } | undefined {
  if (env['CI'] !== undefined && env['CI'] !== '') return undefined;
  if (platform === 'darwin') return { command: 'open', args: [url] };
  if (platform === 'win32')
    return { command: 'rundll32', args: ['url.dll,FileProtocolHandler', url] };
  return env['DISPLAY'] !== undefined || env['WAYLAND_DISPLAY'] !== undefined
    ? { command: 'xdg-open', args: [url] }
    : undefined;
}

/** Opens the page; that it does not open is no failure, its address stands on the terminal. */
export function openBrowser(url: string): void {
  const opener = openerFor(url, process.platform, process.env);
  if (opener === undefined) return;
  const child = spawn(opener.command, opener.args, { stdio: 'ignore', detached: true });
  child.on('error', () => undefined);
  child.unref();
}
