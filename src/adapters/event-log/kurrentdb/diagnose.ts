import { readFileSync } from 'node:fs';
import { connect, isIP, type Socket } from 'node:net';
import { connect as connectTls } from 'node:tls';
import { Fault } from '../../../ports/fault.ts';
import { deferred } from '../../../ports/promises.ts';
import type { Target } from './connection-string.ts';

/** Milliseconds for a node to accept a connection, and again for its handshake. */
const limit = 1_000;

type Host = Target['hosts'][number];

/** The problem of one node: `setting` if only another connection string helps. */
interface Finding {
  readonly text: string;
  readonly setting?: string;
}

/**
 * Connects to the nodes of a cluster without the client, whose errors often name no reason. Resolves with the fault that
 * explains why it gets no answer: `unsupported` if a setting is wrong, `io` if no node can be reached; undefined if a node
 * accepts connections with these settings.
 */
export async function diagnose(target: Target, where: string): Promise<Fault | undefined> {
  const findings = await Promise.all(target.hosts.map((host) => examine(host, target)));
  if (findings.includes(undefined)) return undefined;
  const all = findings.flatMap((finding) => finding ?? []);
  const text = all.map((finding) => finding.text).join('; ');
  const setting = all.find((finding) => finding.setting !== undefined)?.setting;
  return setting === undefined
    ? new Fault('io', `${where}: no answer from the cluster: ${text}`, {
        hint: 'check that its nodes run, and can be reached from here',
      })
    : new Fault('unsupported', `${where}: TLS settings do not match: ${text}`, { hint: setting });
}

/**
 * Settles as the work does. If that takes longer than `notice` milliseconds, the cluster is diagnosed: it rejects early if a setting is wrong,
 * and `onWait` gets any other reason, undefined for none.
 */
export async function orDiagnosed<T>(
  work: Promise<T>,
  { target, where, notice, onWait }: DiagnosisOptions,
): Promise<T> {
  const { promise: refused, reject: refuse } = deferred<never>();
  const explain = async () => {
    const found = await diagnose(target, where).catch(() => undefined);
    if (found?.code === 'unsupported') refuse(found);
    else onWait?.(found);
  };
  const timer = setTimeout(explain, notice);
  try {
    return await Promise.race([work, refused]);
  } finally {
    clearTimeout(timer);
  }
}

interface DiagnosisOptions {
  readonly target: Target;
  /** cluster and stream, for messages */
  readonly where: string;
  readonly notice: number;
  readonly onWait?: (found: Fault | undefined) => void;
}

async function examine(host: Host, { tls, authority, verified }: Target): Promise<Finding | undefined> {
  const name = `${host.host}:${host.port}`;
  const refused = await failureOf(connect(host), 'connect');
  if (refused !== undefined) return { text: `${name}: ${refused}` };
  if (!tls) {
    const plain = await failureOf(shakeHands(host, { rejectUnauthorized: false }), 'secureConnect');
    return plain === undefined ? { text: `${name} speaks TLS`, setting: 'remove tls=false' } : undefined;
  }
  const trust = { rejectUnauthorized: verified, ...(authority !== undefined && { ca: readFileSync(authority) }) };
  const wrong = await failureOf(shakeHands(host, trust), 'secureConnect');
  if (wrong === undefined) return undefined;
  if (/wrong version|EPROTO|packet length|socket disconnected/i.test(wrong))
    return { text: `${name} speaks no TLS`, setting: 'set tls=false if the cluster runs insecure' };
  if (wrong === silence) return { text: `${name}: ${wrong}` };
  return {
    text: `${name}: ${wrong}`,
    setting:
      "name the authority that signed the cluster's certificate with tlsCAFile=, and the node as its certificate does",
  };
}

const shakeHands = ({ host, port }: Host, options: object) =>
  connectTls({ host, port, ALPNProtocols: ['h2'], ...(isIP(host) === 0 && { servername: host }), ...options });

const silence = `no answer within ${limit} ms`;

/** The reason why a socket fails before an event; undefined if the event occurs. */
function failureOf(socket: Socket, event: 'connect' | 'secureConnect'): Promise<string | undefined> {
  return new Promise((resolve) => {
    const end = (failure: string | undefined) => {
      clearTimeout(timer);
      socket.destroy();
      resolve(failure);
    };
    const timer = setTimeout(end, limit, silence);
    socket.once(event, () => end(undefined));
    socket.on('error', (error) => end(error.message));
  });
}
