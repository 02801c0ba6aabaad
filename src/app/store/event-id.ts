import { hash } from 'node:crypto';

/**
 * The id of the event at a position of a store's log: derived, so that a retry is recognisable. A UUID of version 5: the first bytes of
 * SHA-1 over store id and position, with version and variant in their places. Source: RFC 9562, 5.5
 */
export function eventId(store: string, position: number): string {
  const name = Buffer.concat([Buffer.from(store.replaceAll('-', ''), 'hex'), Buffer.from(String(position))]);
  const digits = hash('sha1', name);
  const variant = ((Number.parseInt(digits.charAt(16), 16) & 0b0011) | 0b1000).toString(16);
  return `${digits.slice(0, 8)}-${digits.slice(8, 12)}-5${digits.slice(13, 16)}-${variant}${digits.slice(17, 20)}-${digits.slice(20, 32)}`;
}
