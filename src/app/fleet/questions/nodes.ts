import { nearest } from '../../../domain/nearest.ts';
import { Fault } from '../../../ports/fault.ts';
import type { FleetQuestions, StoreFacts } from '../../../ports/fleet-questions.ts';

/** What questions are put to. */
export interface FleetSource {
  readonly fleet: FleetQuestions;
  /** nanoseconds since 1970 UTC */
  now(): bigint;
}

/** Names of the nodes by store id; of an unknown store, its id. */
export type NodeNames = (store: string) => { readonly node: string; readonly store: string };

export async function nodeNames({ fleet }: FleetSource): Promise<NodeNames> {
  const names = await fleet.nodeNames();
  return (store) => ({ node: names.get(store) ?? '', store });
}

/** Fewer characters name nothing. */
const minLength = 4;

type Rule = (store: StoreFacts, text: string) => boolean;

const begins = (name: string, text: string) => text.length >= minLength && name.startsWith(text);

/** In order of precedence. */
const wholeNames: readonly Rule[] = [
  ({ node }, text) => node !== '' && node === text,
  ({ store }, text) => store === text,
];
const anyNames: readonly Rule[] = [...wholeNames, ({ node, store }, text) => begins(node, text) || begins(store, text)];
const safeNames: readonly Rule[] = [...wholeNames, ({ store }, text) => begins(store, text)];

/**
 * The store that a text names: by the node's name, the store's id, or the beginning of either. Throws a Fault (`missing`) for none,
 * or for several, which it lists.
 */
export const nodeNamed = (stores: readonly StoreFacts[], text: string) => find(stores, anyNames, text, `node ${text}`);

/**
 * As `nodeNamed`, but for what is not undone: the beginning of a node's name names nothing, as it may be that of another node. `where`
 * is for messages.
 */
export const storeNamed = (stores: readonly StoreFacts[], text: string, where: string) =>
  find(stores, safeNames, text, `${where}: node or store ${text}`);

function find(stores: readonly StoreFacts[], rules: readonly Rule[], text: string, what: string): StoreFacts {
  for (const rule of rules) {
    const [found, ...others] = stores.filter((store) => rule(store, text));
    if (found === undefined) continue;
    if (others.length === 0) return found;
    throw new Fault('missing', `${what}: names ${others.length + 1} stores`, {
      hint: `use a store's id: ${listed([found, ...others].map(({ node, store }) => `${store} ${node}`))}`,
    });
  }
  const near = nearest(
    text,
    stores.map(({ node }) => node),
  );
  throw new Fault('missing', `${what}: not found`, {
    hint:
      near === undefined
        ? `\`snapledger fleet nodes\` lists all; a beginning needs at least ${minLength} characters`
        : `did you mean ${near}? \`snapledger fleet nodes\` lists all`,
  });
}

export const maxListed = 20;

/** A list for an error, cut short. */
export function listed(texts: readonly string[]): string {
  const more = texts.length - maxListed;
  return `${texts.slice(0, maxListed).join(', ')}${more > 0 ? ` and ${more} more` : ''}`;
}
