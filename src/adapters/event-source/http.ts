import { once } from 'node:events';
import { type IncomingMessage, request } from 'node:http';
import { request as secureRequest } from 'node:https';
import { StringDecoder } from 'node:string_decoder';
import * as either from 'fp-ts/lib/Either.js';
import { decodeEnvelope, type Envelope } from '../../../events/envelope.ts';
import { type EventSource, logBehind, PositionGone, type SourceRequest } from '../../ports/event-source.ts';
import { errorText, Fault } from '../../ports/fault.ts';
/** A daemon by its unix socket, or by its address and the token that it asks for there. */
export type DaemonAddress = { readonly socketPath: string } | { readonly url: string | URL; readonly token: string };

/** Milliseconds without data after which a connection is lost: there is a heartbeat every 15 seconds. */
const silence = 45_000;

/** The live events of a running daemon. */
export function createHttpEventSource(address: DaemonAddress): EventSource {
  return {
    read: async function* (wanted) {
      const response = await answered(address, wanted);
      try {
        yield* envelopesIn(response);
      } catch (error) {
        throw error instanceof Fault ? error : lost(error);
      } finally {
        response.destroy();
      }
      throw lost('the answer has ended');
    },
  };
}

async function answered(address: DaemonAddress, wanted: SourceRequest): Promise<IncomingMessage> {
  const response = await responseTo(address, wanted);
  const { statusCode = 0, headers } = response;
  if (statusCode === 200) {
    const end = Number(headers['snapledger-position']);
    if (!wanted.seen || !(end < wanted.after)) return response;
    response.destroy();
    throw logBehind(wanted.after, end);
  }
  const text = await bodyOf(response);
  if (statusCode === 410) throw new PositionGone(wanted.after + 1, Number(headers['snapledger-first']));
  throw new Fault(statusCode >= 500 ? 'io' : 'misuse', `the daemon answers ${statusCode}: ${text}`, {
    hint: 'OPERATIONS.md, "Event stream", lists parameters and formats',
  });
}

async function responseTo(address: DaemonAddress, { after, types, signal }: SourceRequest): Promise<IncomingMessage> {
  const query = new URLSearchParams({ from: String(after + 1), follow: '1' });
  if (types !== undefined) query.set('types', [...types].join(','));
  const headers = { accept: 'application/x-ndjson' };
  const asked = connectionTo(address, `/events?${query}`, headers, signal);
  asked.setTimeout(silence, () => asked.destroy(new Error(`no data for ${silence / 1000} seconds`)));
  // Errors after the response has begun are reported by the response.
  asked.on('error', () => {});
  asked.end();
  try {
    const [response] = (await once(asked, 'response')) as [IncomingMessage];
    return response;
  } catch (error) {
    throw lost(error);
  }
}

function connectionTo(address: DaemonAddress, path: string, headers: Record<string, string>, signal: AbortSignal) {
  if ('socketPath' in address)
    return request({ socketPath: address.socketPath, path, headers: { ...headers, host: 'localhost' }, signal });
  const url = new URL(path, address.url);
  const options = { headers: { ...headers, authorization: `Bearer ${address.token}` }, signal };
  return url.protocol === 'https:' ? secureRequest(url, options) : request(url, options);
}

const lost = (error: unknown) =>
  new Fault('io', `the connection to the daemon is lost: ${errorText(error)}`, {
    hint: 'check that it runs and that this is its address',
    cause: error,
  });

/** The text of a refusal, which is short. */
async function bodyOf(response: IncomingMessage): Promise<string> {
  let text = '';
  for await (const part of response.setEncoding('utf8')) if (text.length < 4096) text += part;
  return text.trim();
}

async function* envelopesIn(response: IncomingMessage): AsyncGenerator<readonly Envelope[]> {
  const decoder = new StringDecoder('utf8');
  let rest = '';
  for await (const part of response) {
    const lines = (rest + decoder.write(part as Buffer)).split('\n');
    rest = lines.pop() ?? '';
    const envelopes = lines.filter((line) => line !== '').map(envelopeIn);
    if (envelopes.length > 0) yield envelopes;
  }
}

function envelopeIn(line: string): Envelope {
  const wire: unknown = JSON.parse(line);
  const decoded = decodeEnvelope(wire);
  if (either.isRight(decoded)) return decoded.right;
  const { error } = wire as { readonly error?: unknown };
  if (typeof error === 'string') throw new Fault('io', `the daemon reports: ${error}`, { hint: 'retry' });
  throw new Fault('unsupported', `an event can't be read: ${decoded.left}`, {
    hint: 'use a release of the client that is as new as the daemon',
  });
}
