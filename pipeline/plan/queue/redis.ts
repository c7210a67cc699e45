import type * as BullMQ from 'bullmq';
import type { Redis as RedisClient, RedisOptions } from 'ioredis';
import { withoutPasswords } from './queue-address.js';

/** A queue that cannot be used: what is wrong with it, and what would be right. */
export class QueueError extends Error {
  override name = 'QueueError';
}

export interface QueuePackages {
  readonly bullmq: typeof BullMQ;
  readonly Redis: typeof RedisClient;
}

/** The packages behind `--queue`, which only those install who want it. */
export async function loadPackages(): Promise<QueuePackages> {
  try {
    const [bullmq, { Redis }] = await Promise.all([import('bullmq'), import('ioredis')]);
    return { bullmq, Redis };
  } catch (error) {
    throw new QueueError(
      'a queue needs the packages bullmq and ioredis beside avme: npm install bullmq ioredis',
      { cause: error },
    );
  }
}

/** How all connections are made. The password may come from REDISCLI_AUTH, as redis-cli has it. */
export function connectionOf(url: string) {
  const password = process.env['REDISCLI_AUTH'];
  const own = new URL(url).password === '' && password !== undefined && password !== '';
  return {
    ...{ url, connectTimeout: 10_000, maxRetriesPerRequest: null },
    retryStrategy: (times: number) => Math.min(250 * times, 5_000),
    ...(own && { password }),
  } satisfies RedisOptions & { url: string };
}

const CAUSES: readonly (readonly [RegExp, string])[] = [
  [/ECONNREFUSED/, 'nothing listens there; is Redis running, and is the port right?'],
  [/ENOTFOUND|EAI_AGAIN/, 'there is no host of this name'],
  [/ETIMEDOUT|EHOSTUNREACH|ENETUNREACH/, 'it cannot be reached from this machine'],
  [
    /NOAUTH/,
    'it wants a password: give it before the host, redis://:…@HOST, or in the variable REDISCLI_AUTH',
  ],
  [/WRONGPASS|invalid password|without any password/, 'user or password are wrong'],
  [/NOPERM/, 'this user may not do what a queue needs; see the ACL of Redis'],
  [/DB index is out of range/, 'it has no database of this number'],
  [/self.signed|certificate/i, 'its certificate is not trusted; NODE_EXTRA_CA_CERTS names a file of authorities that are'], // prettier-ignore
  [/SSL|TLS|packet length|wrong version number|ECONNRESET|EPIPE|Connection is closed/, 'it ended the connection: rediss:// is for servers with TLS, redis:// for those without'], // prettier-ignore
];

/** What went wrong with a server, in words. */
export function redisWords(url: string, error: unknown): string {
  const { message, code = '' } = error as Error & { code?: string };
  // A server without TLS waits for more of what it takes for a command.
  if (code === 'ETIMEDOUT' && url.startsWith('rediss:'))
    return withoutPasswords(`${url}: no answer by TLS in time; rediss:// is for servers with TLS, redis:// for those without, and it must be reachable from this machine`); // prettier-ignore
  const cause = CAUSES.find(([pattern]) => pattern.test(`${code} ${message}`))?.[1] ?? message;
  return withoutPasswords(`${url}: ${cause}`);
}

const MINIMUM = [6, 2] as const;

/**
 * Whether a server is fit for a queue.
 * @param info its answer to INFO
 * @returns what a person should know of it
 * @throws QueueError when it is not
 */
export function checkServer(url: string, info: string): string[] {
  const value = (name: string) => new RegExp(`^${name}:(.*?)\\r?$`, 'm').exec(info)?.[1];
  const shown = withoutPasswords(url);
  const version = value('redis_version') ?? '0';
  const [major = 0, minor = 0] = version.split('.').map(Number);
  if (major < MINIMUM[0] || (major === MINIMUM[0] && minor < MINIMUM[1]))
    throw new QueueError(`${shown}: a queue needs Redis ${MINIMUM.join('.')} or newer, and this is ${version}`); // prettier-ignore
  const policy = value('maxmemory_policy');
  if (policy !== undefined && policy !== 'noeviction')
    throw new QueueError(
      `${shown}: maxmemory-policy is ${policy}, by which Redis may throw jobs away; set it to noeviction (redis-cli config set maxmemory-policy noeviction)`,
    );
  if (value('aof_enabled') !== '0') return [];
  return [`${shown}: appendonly is off; when Redis restarts, parts at work are begun again`];
}

/** Connects once. @returns what a person should know of the server @throws QueueError, in words */
export async function probe({ Redis }: QueuePackages, url: string): Promise<string[]> {
  const { url: address, ...rest } = connectionOf(url);
  const redis = new Redis(address, { ...rest, lazyConnect: true, enableReadyCheck: false, retryStrategy: () => null }); // prettier-ignore
  let first: Error | undefined;
  redis.on('error', (error) => (first ??= error));
  try {
    await redis.connect();
    return checkServer(url, await redis.info());
  } catch (error) {
    if (error instanceof QueueError) throw error;
    throw new QueueError(redisWords(url, first ?? error), { cause: error });
  } finally {
    redis.disconnect();
  }
}
