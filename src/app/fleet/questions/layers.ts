import { ownKeyOf } from '../../../../projections/snapshot.ts';
import { Fault } from '../../../ports/fault.ts';
import type { FleetImage } from '../../../ports/fleet-database.ts';
import type { FleetQuestions, Holder, LayerNames, SnapshotFacts } from '../../../ports/fleet-questions.ts';
import { type FleetSource, listed, maxListed, type NodeNames, nodeNames } from './nodes.ts';
import type { FleetSnapshotRow, HolderRow } from './rows.ts';

/** As in git and docker: fewer characters name nothing. */
const minLength = 4;

/** What a text may be in full: a key, the client's part of one, a digest, or its digits. */
function exactly(text: string): LayerNames {
  const own = ownKeyOf(text);
  if (own !== '') return { names: [own], key: text };
  return { names: digits.test(text) ? [text, `sha256:${text}`] : [text] };
}

const digits = /^[0-9a-f]{4,64}$/;

/** The beginnings of names that a text may be. */
function beginnings(text: string): readonly string[] {
  const own = ownKeyOf(text) || text;
  if (own.length < minLength || /^[a-z0-9]+:[0-9a-f]{0,3}$/.test(own)) return [];
  return digits.test(own) ? [own, `sha256:${own}`] : [own];
}

/** Runs a question for what a text names in full; if that finds nothing, for the only name that begins with it. */
async function found<R extends SnapshotFacts>(
  fleet: FleetQuestions,
  text: string,
  of: 'existing' | 'all',
  ask: (names: LayerNames) => Promise<readonly R[]>,
): Promise<readonly R[]> {
  const rows = await ask(exactly(text));
  if (rows.length > 0) return rows;
  // A table may have cut it short.
  const cut = text.replace(/…$/, '');
  const texts = beginnings(cut);
  if (texts.length === 0)
    throw new Fault('missing', `layer ${text}: no name is exactly this`, {
      hint: `give a whole name, or at least ${minLength} characters of its beginning; of a digest ${minLength} digits`,
    });
  const names = await fleet.beginning(texts, of, maxListed + 1);
  if (names.length > 1)
    throw new Fault(
      'missing',
      `layer ${text}: begins ${names.length > maxListed ? `more than ${maxListed}` : names.length} names`,
      {
        hint: `use a complete one: ${listed(names)}`,
      },
    );
  const [only] = names;
  if (only === undefined) return [];
  const begun = await ask({ names: [only] });
  return ownKeyOf(cut) === '' ? begun : begun.filter(({ key }) => key.startsWith(cut));
}

export const snapshotRow = (named: NodeNames, facts: SnapshotFacts): FleetSnapshotRow => ({
  ...facts,
  ...named(facts.store),
});

/** Every snapshot that ever had a name, the newest `lines` of them, oldest first. Throws a Fault (`missing`) for none. */
export async function historyOf(
  source: FleetSource,
  text: string,
  lines: number,
): Promise<readonly FleetSnapshotRow[]> {
  const rows = await found(source.fleet, text, 'all', (names) => source.fleet.history(names, lines));
  if (rows.length === 0)
    throw new Fault('missing', `layer ${text}: no node ever had it`, {
      hint: 'give a chain id, a diff id, a key or name, or the beginning of one',
    });
  const named = await nodeNames(source);
  return rows.map((row) => snapshotRow(named, row));
}

/** The nodes that hold a layer, by name. Throws a Fault (`missing`) if none does. */
export async function holdersOf(source: FleetSource, text: string): Promise<readonly HolderRow[]> {
  const rows = await found(source.fleet, text, 'existing', (names) => source.fleet.holders(names));
  if (rows.length === 0)
    throw new Fault('missing', `layer ${text}: no node holds it`, {
      hint: `\`snapledger fleet history ${text}\` shows whether any ever did`,
    });
  const named = await nodeNames(source);
  return sorted(rows.map((row) => holderRow(named, row, null)));
}

const holderRow = (named: NodeNames, holder: Holder, image: string | null): HolderRow => ({
  ...holder,
  ...named(holder.store),
  image,
  since: holder.committed ?? holder.prepared,
});

const sorted = (rows: readonly HolderRow[]) =>
  [...rows].sort((a, b) => compared(a.node, b.node) || compared(a.store, b.store) || (a.id ?? 0) - (b.id ?? 0));

const compared = (a: string, b: string) => (a < b ? -1 : a > b ? 1 : 0);

/**
 * The nodes that hold the top layer of an image, with or without its name, and those that only have its name. Throws a Fault:
 * `missing` if there is none, `unsupported` if no node records images.
 */
export async function holdersOfImage(source: FleetSource, name: string): Promise<readonly HolderRow[]> {
  const { fleet } = source;
  const images = await fleet.imagesNamed(name);
  if (images.length === 0) throw await unknownImage(fleet, name);
  const tops = [...new Set(images.flatMap(({ layers }) => layers.at(-1) ?? []))];
  const holders = tops.length === 0 ? [] : await fleet.holders({ names: tops });
  const named = await nodeNames(source);
  const existing = new Map(images.filter(({ deleted }) => deleted === null).map((image) => [topOf(image), image]));
  // The top layer's chain id can be the diff id of another layer: an image of one layer has the same one twice.
  const rows = holders
    .filter(({ kind, chainId }) => kind === 'committed' && (chainId === '' || tops.includes(chainId)))
    .map((holder) => ({ top: topOf({ ...holder, layers: [holder.chainId] }), holder }));
  const held = new Set(rows.map(({ top }) => top));
  const layerless = [...existing].filter(([top]) => !held.has(top)).map(([, image]) => nameOnly(named, image));
  const all = [
    ...rows.map(({ top, holder }) => holderRow(named, holder, existing.get(top)?.name ?? null)),
    ...layerless,
  ];
  if (all.length > 0) return sorted(all);
  throw new Fault('missing', `image ${name}: no node holds it`, { hint: 'all nodes that had it have deleted it' });
}

/** The place of an image's top layer: the same for the layer itself. */
const topOf = ({ store, namespace, layers }: Pick<FleetImage, 'store' | 'namespace' | 'layers'>) =>
  JSON.stringify([store, namespace, layers.at(-1) ?? '']);

const nameOnly = (named: NodeNames, { store, name, namespace, layers, updated }: FleetImage): HolderRow => ({
  ...named(store),
  ...{ image: name, id: null, key: '', kind: null, namespace, chainId: layers.at(-1) ?? '', diffId: null, bytes: null },
  ...{ since: updated, lastUsed: null, containers: [] },
});

async function unknownImage(fleet: FleetQuestions, name: string): Promise<Fault> {
  if (await fleet.hasImages())
    return new Fault('missing', `image ${name}: not found`, {
      hint: 'give its full name, as docker.io/library/debian:12, or the digest that it points to',
    });
  return new Fault('unsupported', `image ${name}: no node records images`, {
    hint: 'set containerd.events = true on the nodes; until then ask for a layer by its digest',
  });
}
