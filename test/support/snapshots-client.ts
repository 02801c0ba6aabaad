import { Client, credentials, Metadata, type ServiceError, status } from '@grpc/grpc-js';
import type { Labels } from '../../events/codecs.ts';
import type { Info, InfoResponse, MountsResponse, UsageResponse } from '../../src/grpc/messages.ts';
import { snapshotsService } from '../../src/grpc/protocol.ts';
import type { Mount } from '../../src/ports/volume-driver.ts';

/** A call that did not end with OK. */
export class CallFailure extends Error {
  readonly code: keyof typeof status;

  constructor(method: string, code: keyof typeof status, details: string) {
    super(`${method}: ${code}: ${details}`);
    this.name = 'CallFailure';
    this.code = code;
  }
}

export interface CallLimits {
  /** milliseconds; default: a minute */
  readonly timeout?: number;
  /** cancels the call */
  readonly signal?: AbortSignal;
}

export interface Opening extends CallLimits {
  readonly parent?: string;
  readonly labels?: Labels;
}

/** containerd's side of the snapshots API, on a connection of its own. Every call rejects with a CallFailure. */
export interface SnapshotsClient {
  prepare(key: string, opening?: Opening): Promise<readonly Mount[]>;
  view(key: string, opening?: Opening): Promise<readonly Mount[]>;
  commit(name: string, key: string, opening?: Opening): Promise<void>;
  remove(key: string, limits?: CallLimits): Promise<void>;
  /** Replaces all labels. */
  update(key: string, labels: Labels, limits?: CallLimits): Promise<Info>;
  mounts(key: string, limits?: CallLimits): Promise<readonly Mount[]>;
  stat(key: string, limits?: CallLimits): Promise<Info>;
  usage(key: string, limits?: CallLimits): Promise<UsageResponse>;
  list(filters?: readonly string[]): Promise<readonly Info[]>;
  cleanup(limits?: CallLimits): Promise<void>;
  /** Drops the connection, calls under way with it. */
  close(): void;
}

/** On the wire a kind is a number. */
export const kindName = (kind: number): string => ['unknown', 'view', 'active', 'committed'][kind] ?? 'unknown';

const patience = 180_000;

export function connectSnapshots(address: string): SnapshotsClient {
  const client = new Client(`unix:${address}`, credentials.createInsecure(), {
    'grpc.default_authority': 'localhost',
    'grpc.use_local_subchannel_pool': 1,
    'grpc.max_receive_message_length': -1,
    'grpc.initial_reconnect_backoff_ms': 20,
    'grpc.max_reconnect_backoff_ms': 100,
  });
  const ask = <T>(method: string, request: object, limits: CallLimits = {}) =>
    unary<T>(client, method, request, limits);
  const open = (method: string, key: string, { parent = '', labels = {}, ...limits }: Opening = {}) =>
    ask<MountsResponse>(method, { key, parent, labels }, limits).then(({ mounts }) => mounts);
  return {
    prepare: (key, opening) => open('Prepare', key, opening),
    view: (key, opening) => open('View', key, opening),
    commit: (name, key, { parent = '', labels = {}, ...limits } = {}) =>
      ask('Commit', { name, key, labels, parent }, limits),
    remove: (key, limits) => ask('Remove', { key }, limits),
    update: async (name, labels, limits) =>
      (await ask<InfoResponse>('Update', { info: { name, labels } }, limits)).info,
    mounts: async (key, limits) => (await ask<MountsResponse>('Mounts', { key }, limits)).mounts,
    stat: async (key, limits) => (await ask<InfoResponse>('Stat', { key }, limits)).info,
    usage: (key, limits) => ask('Usage', { key }, limits),
    list: (filters = []) => listed(client, filters),
    cleanup: (limits) => ask('Cleanup', {}, limits),
    close: () => client.close(),
  };
}

function definitionOf(method: string) {
  const definition = snapshotsService[method];
  if (definition === undefined) throw new TypeError(`the service has no method ${method}`);
  return definition;
}

function failed(method: string, { code, details }: ServiceError): CallFailure {
  return new CallFailure(method, (status[code] ?? 'UNKNOWN') as keyof typeof status, details);
}

function unary<T>(client: Client, method: string, request: object, { timeout, signal }: CallLimits): Promise<T> {
  const { path, requestSerialize, responseDeserialize } = definitionOf(method);
  const options = { deadline: Date.now() + (timeout ?? patience) };
  return new Promise((resolve, reject) => {
    const done = (error: ServiceError | null, response?: unknown) =>
      error === null ? resolve(response as T) : reject(failed(method, error));
    const call = client.makeUnaryRequest(
      path,
      requestSerialize,
      responseDeserialize,
      request,
      new Metadata(),
      options,
      done,
    );
    signal?.addEventListener('abort', () => call.cancel(), { once: true });
  });
}

function listed(client: Client, filters: readonly string[]): Promise<readonly Info[]> {
  const { path, requestSerialize, responseDeserialize } = definitionOf('List');
  const options = { deadline: Date.now() + patience };
  return new Promise((resolve, reject) => {
    const infos: Info[] = [];
    client
      .makeServerStreamRequest(path, requestSerialize, responseDeserialize, { filters }, new Metadata(), options)
      .on('data', (page: { info: readonly Info[] }) => infos.push(...page.info))
      .on('error', (error: ServiceError) => reject(failed('List', error)))
      .on('end', () => resolve(infos));
  });
}

/** The status that a call ends with; the text of anything else that it rejects with. */
export const codeOf = (call: Promise<unknown>): Promise<string> =>
  call.then(
    () => 'OK',
    (error: unknown) => (error instanceof CallFailure ? error.code : String(error)),
  );

/** Keys and names of all snapshots, sorted. */
export const keysOf = async (client: SnapshotsClient) => (await client.list()).map(({ name }) => name).sort();
