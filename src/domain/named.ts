import { namespaceOf, ownKeyOf } from '../../projections/snapshot.ts';

/** A snapshot that a text may name. */
export interface Candidate {
  readonly id: number;
  /** its key, or its name once it is committed */
  readonly key: string;
  /** digest of the layer's content */
  readonly diffId?: string | null;
}

/** As in git and docker: fewer characters of a digest or an id name nothing. */
const minLength = 4;
const digest = /([a-z0-9]+):([0-9a-f]+)/g;

type Rule = (candidate: Candidate, text: string) => boolean;

/** A client's own key, such as a container's id, with or without its namespace; or a whole digest in it. */
const isOwn: Rule = ({ key }, text) => {
  const own = ownKeyOf(key);
  if (own === '' || text === '') return false;
  return own === text || `${namespaceOf(key)}/${own}` === text || digestsIn(own).some(([, hex]) => hex === text);
};

/** The beginning of a key beyond its namespace, of a client's own key, or of a digest in it. */
const begins: Rule = ({ key }, text) => {
  const own = ownKeyOf(key);
  if (key.startsWith(text) && text.length > (own === '' ? 0 : namespaceOf(key).length + 1)) return true;
  const digests = digestsIn(own);
  if (digests.some((parts) => beginsDigest(parts, text))) return true;
  return text.length >= minLength && own.startsWith(text) && !digests.some(([, , at]) => at === 0);
};

const isDiffId: Rule = ({ diffId }, text) =>
  digestsIn(diffId ?? '').some(([all, hex]) => `${all}:${hex}` === text || hex === text);

const beginsDiffId: Rule = ({ diffId }, text) => digestsIn(diffId ?? '').some((parts) => beginsDigest(parts, text));

/** Algorithm, hexadecimal digits and offset of the digests in a client's own key. */
const digestsIn = (own: string) =>
  [...own.matchAll(digest)].map(({ 1: algorithm = '', 2: hex = '', index }) => [algorithm, hex, index] as const);

function beginsDigest([algorithm, hex]: readonly [string, string, number], text: string): boolean {
  const digits = text.startsWith(`${algorithm}:`) ? text.slice(algorithm.length + 1) : text;
  return digits.length >= minLength && hex.startsWith(digits);
}

/** In order of precedence: if any candidate matches a rule, later rules are not tried. */
const rules: readonly Rule[] = [
  ({ key }, text) => key === text,
  ({ id }, text) => String(id) === text,
  isOwn,
  isDiffId,
  (candidate, text) => begins(candidate, text.replace(/…$/, '')),
  (candidate, text) => beginsDiffId(candidate, text.replace(/…$/, '')),
];

/**
 * The snapshots that a text names, each once: by key or name; by id; by the client's part of the key, with or without
 * its namespace, or a digest; by the diff id of its layer; by the beginning of any of these, which a table may have cut short
 * with `…`.
 */
export function named<C extends Candidate>(candidates: readonly C[], text: string): readonly C[] {
  for (const rule of rules) {
    const found = new Map<number, C>();
    for (const candidate of candidates)
      if (!found.has(candidate.id) && rule(candidate, text)) found.set(candidate.id, candidate);
    if (found.size > 0) return [...found.values()];
  }
  return [];
}

const maxListed = 20;

/** Snapshots with their ids, as text. */
export function listed(candidates: readonly Candidate[]): string {
  const shown = candidates.slice(0, maxListed).map(({ id, key }) => `${id} ${key}`);
  const more = candidates.length - shown.length;
  return more > 0 ? `${shown.join(', ')} and ${more} more` : shown.join(', ');
}
