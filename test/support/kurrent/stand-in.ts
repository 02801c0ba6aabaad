import { Server, ServerCredentials } from '@grpc/grpc-js';
import { createFaults, type Faults } from './faults.ts';
import { createFront } from './front.ts';
import { loopbackUrl, shortDiscovery } from './loopback-url.ts';
import { servicesOf } from './service.ts';
import { createStreams, type StoredEvent, type Streams } from './streams.ts';

/** A received append. */
export interface SeenAppend {
  readonly stream: string;
  readonly events: readonly StoredEvent[];
  /** as sent on the wire */
  readonly expected: unknown;
}

/** A stand-in for a cluster of KurrentDB, in this process, with its rules and with faults on demand. */
export interface StandIn {
  /** a connection string for it */
  readonly url: string;
  readonly port: number;
  readonly streams: Streams;
  readonly faults: Faults;
  /** every received append, oldest first */
  readonly seen: readonly SeenAppend[];
  /** Cuts every connection. */
  cut(): void;
  /** The cluster is restored from a backup that held the first events of its log, and starts again. */
  restore(length: number): void;
  close(): Promise<void>;
}

export interface StandInOptions {
  /** default: 0, any free port */
  readonly port?: number;
  /** persists the streams */
  readonly file?: string;
  /** what the log begins with: frames of `frameOf` */
  readonly prepared?: Iterable<Buffer>;
  /** a server with TLS: certificate and key, PEM, and the accepted credentials */
  readonly tls?: { readonly certificate: Buffer; readonly key: Buffer; readonly credentials: string };
}

export async function startStandIn({ port = 0, file, prepared = [], tls }: StandInOptions = {}): Promise<StandIn> {
  const streams = createStreams(file, prepared);
  const faults = createFaults();
  const seen: SeenAppend[] = [];
  const server = new Server({ 'grpc.max_receive_message_length': 2 ** 24 });
  const context = {
    streams,
    faults,
    cut: () => front.cut(),
    address: () => ({ host: '127.0.0.1', port: front.port }),
    credentials: tls?.credentials,
    seen: (stream: string, events: readonly StoredEvent[], expected: unknown) =>
      void seen.push({ stream, events, expected }),
  };
  for (const [definition, implementation] of servicesOf(context)) server.addService(definition, implementation);
  const inner = await bound(server, tls);
  const front = await createFront(inner, port);
  return {
    url:
      tls === undefined
        ? loopbackUrl(front.port)
        : `kurrentdb://${tls.credentials}@127.0.0.1:${front.port}?tls=true&${shortDiscovery}`,
    port: front.port,
    streams,
    faults,
    seen,
    cut: front.cut,
    restore: (length) => {
      streams.restore(length);
      front.cut();
    },
    close: async () => {
      await front.close();
      server.forceShutdown();
      streams.close();
    },
  };
}

function bound(server: Server, tls: StandInOptions['tls']): Promise<number> {
  const credentials =
    tls === undefined
      ? ServerCredentials.createInsecure()
      : ServerCredentials.createSsl(null, [{ cert_chain: tls.certificate, private_key: tls.key }]);
  return new Promise((resolve, reject) => {
    server.bindAsync('127.0.0.1:0', credentials, (error, port) => (error === null ? resolve(port) : reject(error)));
  });
}
