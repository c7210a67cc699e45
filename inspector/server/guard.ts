import type { IncomingHttpHeaders } from 'node:http';

/** A request that is turned away, and why. */
export interface Refusal {
  readonly status: number;
  readonly message: string;
}

const LOCAL = /^(localhost|127\.0\.0\.1|\[::1\])(:\d{1,5})?$/i;

/**
 * Turns away what does not come from a page of this server: other methods; names that a foreign
 * site let point to this machine (DNS rebinding); and requests that pages of other sites make, which
 * browsers mark. Following a link to the page itself is allowed from anywhere.
 */
export function refusalOf(
  method: string | undefined,
  headers: IncomingHttpHeaders,
): Refusal | undefined {
  if (method !== 'GET' && method !== 'HEAD')
    return { status: 405, message: 'the inspector only shows: ask with GET or HEAD' };
  if (!LOCAL.test(headers.host ?? ''))
    return {
      status: 421,
      message:
        'the inspector answers on this machine only: open it as http://127.0.0.1 or http://localhost',
    };
  const site = headers['sec-fetch-site'];
  const follows = headers['sec-fetch-mode'] === 'navigate' && headers['sec-fetch-dest'] === 'document'; // prettier-ignore
  if ((site === 'cross-site' || site === 'same-site') && !follows)
    return { status: 403, message: 'the inspector does not answer to pages of other sites' };
  return undefined;
}

/** Nothing from anywhere else, nothing inline, in no frame, told to nobody. */
export const SECURITY_HEADERS: Readonly<Record<string, string>> = {
  'content-security-policy':
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; media-src blob:; " +
    "connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
  'cross-origin-opener-policy': 'same-origin',
  'cross-origin-resource-policy': 'same-origin',
  'referrer-policy': 'no-referrer',
  'x-content-type-options': 'nosniff',
  'x-frame-options': 'DENY',
};
