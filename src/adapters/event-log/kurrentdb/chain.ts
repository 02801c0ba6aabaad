import { hash } from 'node:crypto';

/** The chain hash at position 0 of a store's stream: another one for every store. */
export function genesisHash(store: string): string {
  return hash('sha256', `snapledger.stream.v1 ${store}`);
}

/** The chain hash of an event whose JSON follows an event with chain hash `before`. */
export function chain(before: string, body: string): string {
  return hash('sha256', before + body);
}

/**
 * The id under which the cluster knows an event: the first half of its chain hash, as a UUID of version 8. It must depend on the
 * content and on the history: the cluster takes a second event with the same id at the same place for a repetition
 * of the first and answers "written". Two writers of one store would both believe that their event stands there.
 */
export function clusterId(chainHash: string): string {
  const variant = ((Number.parseInt(chainHash.charAt(16), 16) & 0x3) | 0x8).toString(16);
  return [
    chainHash.slice(0, 8),
    chainHash.slice(8, 12),
    `8${chainHash.slice(13, 16)}`,
    `${variant}${chainHash.slice(17, 20)}`,
    chainHash.slice(20, 32),
  ].join('-');
}
