import { z } from 'zod';

/** A text without the passwords of the addresses in it: for messages. */
export const withoutPasswords = (text: string): string =>
  text.replace(/(\w:\/\/[^\s/:@]*):[^\s@]*@/g, '$1:…@');

const isRedis = (text: string) =>
  URL.canParse(text) && /^rediss?:$/.test(new URL(text).protocol) && new URL(text).hostname !== '';

/** Where workers get their parts from: redis://[USER:PASSWORD@]HOST[:PORT][/DATABASE], rediss:// with TLS. */
export const queueOption = z
  .string()
  .refine(isRedis, 'must be redis://HOST:PORT, or rediss://HOST:PORT for TLS');
