import { readFileSync } from 'node:fs';
import { request } from 'node:http';
import { join } from 'node:path';
import * as either from 'fp-ts/lib/Either.js';
import * as t from 'io-ts';
import { Fault } from '../ports/fault.ts';

interface DaemonAnswer {
  readonly status: number;
  readonly body: string;
}

/** Sends a request to a daemon's HTTP socket; undefined if nothing is listening. Rejects with a Fault (`io`) otherwise, or if aborted. */
export function askDaemon(
  socketPath: string,
  method: string,
  path: string,
  signal?: AbortSignal,
): Promise<DaemonAnswer | undefined> {
  return new Promise((resolve, reject) => {
    const options = { socketPath, method, path, headers: { host: 'localhost' }, ...(signal && { signal }) };
    const asked = request(options, (response) => {
      const parts: Buffer[] = [];
      response.on('data', (part: Buffer) => parts.push(part));
      response.on('error', failed);
      response.on('end', () =>
        resolve({ status: response.statusCode ?? 0, body: Buffer.concat(parts).toString('utf8') }),
      );
    });
    const failed = (error: NodeJS.ErrnoException) => {
      if (error.code === 'ENOENT' || error.code === 'ECONNREFUSED') return resolve(undefined);
      const hint = 'run as the user that runs the daemon (root), and check that it is alive';
      reject(new Fault('io', `${socketPath}: ${error.message}`, { hint, cause: error }));
    };
    asked.on('error', failed);
    asked.end();
  });
}

const Holder = t.type({ pid: t.number, address: t.string, http: t.string }, 'Holder');
type Holder = t.TypeOf<typeof Holder>;

/** The process that holds or last held a root's lock, from the lock file. It may be gone. */
export function holderOf(root: string): Holder | undefined {
  try {
    const holder: unknown = JSON.parse(readFileSync(join(root, 'lock'), 'utf8'));
    return Holder.is(holder) ? holder : undefined;
  } catch {
    return undefined;
  }
}

/**
 * Posts to the daemon of a root, and decodes its answer; `refusal` turns an answer of another status than 200 into one of the
 * caller's. Undefined if no daemon is running. Rejects with a Fault (`io`) for any other answer.
 */
export async function askHolder<A>(
  root: string,
  path: string,
  codec: t.Decoder<unknown, A>,
  refusal: (answer: DaemonAnswer) => A | undefined = () => undefined,
): Promise<A | undefined> {
  const holder = holderOf(root);
  const answer = holder && (await askDaemon(holder.http, 'POST', path));
  if (holder === undefined || answer === undefined) return undefined;
  const decoded = answer.status === 200 ? codec.decode(parsed(answer.body)) : undefined;
  const result = decoded !== undefined && either.isRight(decoded) ? decoded.right : refusal(answer);
  if (result !== undefined) return result;
  throw new Fault('io', `the daemon (pid ${holder.pid}) refused: ${answer.body.trim()}`, {
    hint: 'check the log of the daemon',
  });
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
