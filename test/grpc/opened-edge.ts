import { join } from 'node:path';
import { type CallOptions, Client, credentials, Metadata, type ServiceError, status } from '@grpc/grpc-js';
import { either } from 'fp-ts';
import type { Snapshot } from '../../projections/snapshot.ts';
import type { Snapshots } from '../../src/app/store/store.ts';
import { refuse } from '../../src/domain/commands.ts';
import { snapshotsService } from '../../src/grpc/protocol.ts';
import { type GrpcServer, serveGrpc } from '../../src/grpc/serve-grpc.ts';
import { createSandbox } from '../support/sandbox.ts';

/** The outcome of a call. */
export interface Outcome {
  readonly code: string;
  readonly details: string;
  readonly response: unknown;
}

export interface CallSettings extends CallOptions {
  readonly headers?: Readonly<Record<string, string>>;
}

/** A gRPC server on a real socket, with the use cases of the test, and a client. */
export interface OpenedEdge {
  readonly address: string;
  readonly server: GrpcServer;
  readonly client: Client;
  /** the logged errors */
  readonly errors: { readonly fields: object; readonly message: string }[];
  /** method and status of each answered call */
  readonly observed: string[];
  call(method: string, request: object, settings?: CallSettings): Promise<Outcome>;
}

const unlimited = { 'grpc.max_receive_message_length': -1, 'grpc.max_send_message_length': -1 };

export function createClient(address: string): Client {
  return new Client(`unix:${address}`, credentials.createInsecure(), {
    ...unlimited,
    'grpc.default_authority': 'localhost',
    'grpc.use_local_subchannel_pool': 1,
  });
}

const open: (() => Promise<void>)[] = [];

/** Closes what `openEdge` opened, for suites to do after each test. */
export async function closeEdges(): Promise<void> {
  for (const close of open.splice(0)) await close();
}

export async function openEdge(use: Partial<Snapshots> = {}): Promise<OpenedEdge> {
  const sandbox = createSandbox('grpc');
  const address = join(sandbox.path, 'edge.sock');
  const errors: OpenedEdge['errors'] = [];
  const observed: string[] = [];
  const server = await serveGrpc({
    snapshots: { ...useless, ...use },
    address,
    logger: { info: () => {}, warn: () => {}, error: (fields, message) => void errors.push({ fields, message }) },
    onCall: (method, code, seconds) => void observed.push(`${method} ${code}${seconds >= 0 ? '' : ' in no time'}`),
  });
  const client = createClient(address);
  open.push(async () => {
    client.close();
    await server.drain(0);
    await sandbox.close();
  });
  return {
    address,
    server,
    client,
    errors,
    observed,
    call: (method, request, settings) => callOn(client, method, request, settings),
  };
}

export function callOn(client: Client, method: string, request: object, settings: CallSettings = {}): Promise<Outcome> {
  const { headers = {}, ...options } = settings;
  const metadata = new Metadata();
  for (const [name, value] of Object.entries(headers)) metadata.set(name, value);
  const { path, requestSerialize, responseDeserialize } = definitionOf(method);
  return new Promise((resolve) => {
    const done = (error: ServiceError | null, response?: unknown): void =>
      resolve(
        error === null
          ? { code: 'OK', details: '', response }
          : { code: status[error.code], details: error.details, response: undefined },
      );
    client.makeUnaryRequest(path, requestSerialize, responseDeserialize, request, metadata, options, done);
  });
}

/**
 * A call whose deadline passes while the server is at it. On a busy machine it may pass before the call has begun: the next one
 * has more time.
 */
export async function expireAtServer(edge: OpenedEdge, method: string, begun: () => boolean): Promise<void> {
  for (let time = 50; !begun(); time *= 2) {
    const { code } = await edge.call(method, { key: 'k' }, { deadline: Date.now() + time });
    if (code !== 'DEADLINE_EXCEEDED') throw new Error(`${method} ended with ${code} before its deadline`);
  }
}

export function definitionOf(method: string) {
  const definition = snapshotsService[method];
  if (definition === undefined) throw new Error(`no method ${method}`);
  return definition;
}

const none = async () => refuse('unimplemented', 'not part of this test');
const useless: Snapshots = {
  prepare: none,
  commit: none,
  remove: none,
  update: none,
  mounts: none,
  usage: none,
  stat: () => refuse('unimplemented', 'not part of this test'),
  list: () => refuse('unimplemented', 'not part of this test'),
  cleanup: async () => {},
};

export function sampleSnapshot(key: string, more: Partial<Snapshot> = {}): Snapshot {
  const labels = { 'containerd.io/gc.root': 'now' };
  const created = 1_700_000_000_123_456_789n;
  return { id: 1, key, kind: 'active', parent: '', parentId: null, labels, created, updated: created, ...more };
}

export const found = (snapshot: Snapshot) => either.right(snapshot);
