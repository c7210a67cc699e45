import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { InspectProblem } from '../views/problem.js';
import type { Inspection } from '../views/inspection.js';
import { refusalOf, SECURITY_HEADERS } from './guard.js';
import { readPage, type PageFiles } from './page-files.js';
import { json, type Answer } from './respond.js';
import { answer } from './routes.js';

export interface InspectServer {
  /** Where the page is, e.g. `http://127.0.0.1:43210/`. */
  readonly url: string;
  close(): Promise<void>;
}

const PREFIX = '/api/';

function pageAnswer(page: PageFiles, path: string): Answer | undefined {
  switch (path) {
    case '/':
      return { type: 'text/html; charset=utf-8', body: page.html };
    case '/page.js':
      return { type: 'text/javascript; charset=utf-8', body: page.script };
    case '/page.css':
      return { type: 'text/css; charset=utf-8', body: page.style };
    default:
      return undefined;
  }
}

async function find(
  inspection: Inspection,
  page: PageFiles,
  target: string,
  signal: AbortSignal,
): Promise<Answer> {
  // Not through URL: it would resolve "..", and a path that holds one is no address here.
  const [path = '', query = ''] = target.split('?', 2);
  const own = pageAnswer(page, path);
  if (own !== undefined) return own;
  if (!path.startsWith(PREFIX)) throw new InspectProblem(404, 'there is nothing at this address');
  return answer(inspection, path.slice(PREFIX.length), new URLSearchParams(query), signal);
}

function send(
  response: ServerResponse,
  head: boolean,
  status: number,
  { type, body, fixed = false }: Answer,
): void {
  response.writeHead(status, {
    ...SECURITY_HEADERS,
    ...(status === 405 && { allow: 'GET, HEAD' }),
    'content-type': type,
    'content-length': Buffer.byteLength(body),
    'cache-control': fixed ? 'private, max-age=3600, immutable' : 'no-store',
  });
  response.end(head ? undefined : body);
}

function problemAnswer(error: unknown): { status: number; answer: Answer } {
  const status = error instanceof InspectProblem ? error.status : 500;
  const message = error instanceof Error ? error.message : String(error);
  return { status, answer: json({ error: message }) };
}

async function handle(
  inspection: Inspection,
  page: PageFiles,
  request: IncomingMessage,
  response: ServerResponse,
): Promise<void> {
  const head = request.method === 'HEAD';
  const refusal = refusalOf(request.method, request.headers);
  if (refusal !== undefined) {
    send(response, head, refusal.status, json({ error: refusal.message }));
    return;
  }
  const gone = new AbortController();
  response.once('close', () => { gone.abort(); }); // prettier-ignore
  try {
    const found = await find(inspection, page, request.url ?? '', gone.signal);
    send(response, head, 200, found);
  } catch (error) {
    // Whoever asked has left; there is nobody to tell.
    if (gone.signal.aborted) return;
    const { status, answer: told } = problemAnswer(error);
    send(response, head, status, told);
  }
}

function listen(server: Server, port: number): Promise<AddressInfo> {
  return new Promise((resolve, reject) => {
    server.once('error', (error: NodeJS.ErrnoException) => {
      reject(
        error.code === 'EADDRINUSE'
          ? new Error(`port ${port} is taken; give another --port, or none for any free one`)
          : error,
      );
    });
    server.listen(port, '127.0.0.1', () => { resolve(server.address() as AddressInfo); }); // prettier-ignore
  });
}

/**
 * Serves the inspector's page to this machine alone.
 * @param port 0 for any that is free
 */
export async function serve(inspection: Inspection, port: number): Promise<InspectServer> {
  const page = await readPage();
  const server = createServer((request, response) => {
    void handle(inspection, page, request, response);
  });
  const address = await listen(server, port);
  return {
    url: `http://127.0.0.1:${address.port}/`,
    async close() {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}
