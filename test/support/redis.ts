import { spawn, spawnSync, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { mkdir } from 'node:fs/promises';
import { connect } from 'node:net';
import { setTimeout } from 'node:timers/promises';
import { Redis } from 'ioredis';
import { freePort } from './free-port.js';

/** Debian: redis-server. */
export const hasRedis = (): boolean => spawnSync('redis-server', ['--version']).error === undefined;

/** A real Redis on a free port of this machine. */
export class RedisServer {
  private process: ChildProcess | undefined;

  private constructor(
    private readonly folder: string,
    readonly port: number,
    private readonly options: readonly string[],
  ) {}

  get url(): string {
    return `redis://127.0.0.1:${this.port}`;
  }

  /** @param options of redis-server, over those that a queue wants */
  static async start(folder: string, ...options: string[]): Promise<RedisServer> {
    await mkdir(folder, { recursive: true });
    const server = new RedisServer(folder, await freePort(), options);
    await server.start();
    return server;
  }

  async start(): Promise<void> {
    this.process = spawn(
      'redis-server',
      ['--port', String(this.port), '--bind', '127.0.0.1', '--dir', this.folder, '--save', '', '--appendonly', 'yes', '--maxmemory-policy', 'noeviction', ...this.options],
      { stdio: 'ignore' },
    ); // prettier-ignore
    for (let i = 0; i < 200; i++) {
      if (await this.answers()) return;
      await setTimeout(50);
    }
    throw new Error('redis-server did not start');
  }

  /** SIGKILL: as a machine that loses its power. */
  async kill(): Promise<void> {
    const child = this.process;
    if (child === undefined || child.exitCode !== null || child.signalCode !== null) return;
    const end = once(child, 'exit');
    child.kill('SIGKILL');
    await end;
  }

  /** @returns the names of all keys */
  async keys(): Promise<string[]> {
    const redis = new Redis(this.url);
    try {
      return await redis.keys('*');
    } finally {
      redis.disconnect();
    }
  }

  private async answers(): Promise<boolean> {
    const socket = connect(this.port, '127.0.0.1');
    try {
      await once(socket, 'connect');
      // While it reads its file it answers LOADING.
      socket.write('PING\r\n');
      const [answer] = (await once(socket, 'data')) as [Buffer];
      return !answer.toString().startsWith('-LOADING');
    } catch {
      return false;
    } finally {
      socket.destroy();
    }
  }
}
