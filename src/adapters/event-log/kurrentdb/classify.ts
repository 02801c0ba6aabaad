import { errorText, Fault } from '../../../ports/fault.ts';

/** What an error of the client means for the call that met it. */
export type Meaning =
  /** the stream's end is another one than the call expected */
  | { readonly kind: 'conflict' }
  /** nobody can say whether the call was carried out; it may be made again */
  | { readonly kind: 'unknown'; readonly text: string }
  /** it was not carried out, and making it again changes nothing */
  | { readonly kind: 'refused'; readonly fault: Fault };

const certificate = /certificate|self[- ]signed|\bSSL\b|\bTLS\b|UnknownIssuer|wrong version number|EPROTO/i;
const denied = /unauthenticated|access[- ]denied|permission.denied/i;
const notLeader = /not[- ]leader|leader info/i;

/** What the client's library wraps around the reason. */
const plain = (text: string) =>
  text
    .replace(/^\d+ [A-Z_]+: /, '')
    .replace(/^No connection established\. Last error: (?:null|(?:Error(?: \[\w+\])?: )?)/, '')
    .replace(/\.?\s*Resolution note:\s*$/, '')
    .trim();

interface ClientError {
  readonly type?: string;
  readonly code?: unknown;
  readonly maxAppendSize?: number;
}

/** `where` names cluster and stream. Errors come with a type, with a gRPC code alone, or as plain text. */
export function meaningOf(error: unknown, where: string): Meaning {
  if (error instanceof Fault) return { kind: 'refused', fault: error };
  const { type = '', code, maxAppendSize } = error as ClientError;
  const text = plain(errorText(error)) || type;
  if (type === 'wrong-expected-version') return { kind: 'conflict' };
  const refused = (fault: Fault['code'], what: string, hint: string): Meaning => ({
    kind: 'refused',
    fault: new Fault(fault, `${where}: ${what}`, { hint, cause: error }),
  });
  if (type === 'access-denied' || code === 16 || code === 7 || denied.test(text))
    return refused(
      'unsupported',
      'the cluster refuses the user name or the password',
      'correct name:password@ in the connection string, and let that user read and write the stream',
    );
  if (certificate.test(text))
    return refused(
      'unsupported',
      `no trust between the two sides: ${text}`,
      "name the authority that signed the cluster's certificate with tlsCAFile=, or set tls=false where the cluster runs insecure",
    );
  if (/^stream-(deleted|tombstoned)$/.test(type) || /stream .*deleted/i.test(text))
    return refused(
      'corrupt',
      'the stream was deleted for ever',
      'bring the cluster back from a backup; no event can be added to this stream',
    );
  if (/append-size|size-exceeded/.test(type))
    return refused(
      'too-large',
      `the cluster refuses the size of an append${maxAppendSize === undefined ? '' : `: its MaxAppendSize is ${maxAppendSize} bytes`}`,
      "raise the cluster's MaxAppendSize to at least 1 MiB, which is its default",
    );
  if (notLeader.test(`${type} ${text}`))
    return { kind: 'unknown', text: 'this node is not the leader; name all nodes, or use kurrentdb+discover://' };
  return { kind: 'unknown', text };
}
