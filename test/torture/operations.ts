import { lstatSync } from 'node:fs';
import type { Mount } from '../../src/ports/volume-driver.ts';
import type { CallLimits, SnapshotsClient } from '../support/snapshots-client.ts';
import { type Caller, Violation } from './caller.ts';
import { inventFiles, type KnownFile, writeFiles } from './content.ts';
import type { Fact, Ledger } from './ledger.ts';
import type { Random } from './random.ts';

/** The dependencies of a writer. */
export interface Tools {
  /** the prefix of all its keys */
  readonly name: string;
  readonly client: SnapshotsClient;
  readonly caller: Caller;
  readonly random: Random;
  readonly ledger: Ledger;
  /** the ledgers of all writers, including this one */
  readonly ledgers: readonly Ledger[];
  /** the directory that writes into an active with these mounts go to */
  readonly upper: (mounts: readonly Mount[]) => Promise<string>;
  /** how calls are cancelled, if at all */
  readonly limits: () => CallLimits;
}

export type Operation = (tools: Tools) => Promise<unknown>;

const keysPerWriter = 5;

const token = ({ name, random }: Tools) => `${name}-${random.whole(0, 2 ** 32 - 1)}`;

/** The writer's own keys of a kind, existing or not, as far as known. */
const ownKeys = ({ name, ledger }: Tools, word: string) =>
  Array.from({ length: keysPerWriter }, (_, n) => `${name} ${word}${n}`).filter((key) => !ledger.isUnsure(key));

const sureFacts = (ledger: Ledger) => [...ledger.facts].filter(([key]) => !ledger.isUnsure(key));

const committedOf = (ledger: Ledger) =>
  sureFacts(ledger).flatMap(([key, { kind }]) => (kind === 'committed' ? [key] : []));

/** Prepare or View, without parent or on any writer's layer, which may be being removed; or with an existing key. */
export async function prepare(tools: Tools): Promise<void> {
  const { client, caller, random, ledger, ledgers, limits } = tools;
  const key = random.pickOf(ownKeys(tools, 'a'));
  if (key === undefined) return;
  const parent = random.chance(0.3) ? '' : (random.pickOf(ledgers.flatMap(committedOf)) ?? '');
  const kind = random.chance(0.2) ? 'view' : 'active';
  const labels = { token: token(tools) };
  const fact: Fact = { kind, parent, token: labels.token, files: [] };
  const there = ledger.facts.get(key);
  const made = await caller.change(
    new Map([[key, there ?? fact]]),
    () => client[kind === 'view' ? 'view' : 'prepare'](key, { parent, labels, ...limits() }),
    there === undefined ? ['NOT_FOUND'] : ['ALREADY_EXISTS', 'NOT_FOUND'],
  );
  if (made === undefined) return;
  if (there !== undefined) throw new Violation(`${key} was prepared twice`);
  if (kind === 'active')
    ledger.facts.set(key, { ...fact, files: await written(tools, made.answer, inventFiles(random, labels.token)) });
}

/** The files, or undefined if the disk failed in the middle of them. */
async function written(
  { upper }: Tools,
  mounts: readonly Mount[],
  files: readonly KnownFile[],
): Promise<Fact['files']> {
  const layer = await upper(mounts);
  try {
    writeFiles(layer, files);
    return files;
  } catch (error) {
    if (isMissing(layer)) throw new Violation(`prepared, but there is nothing to write into: ${error}`);
    return undefined;
  }
}

/** A recursive mkdir reports every failure as ENOENT; only the directory itself shows the cause. */
function isMissing(path: string): boolean {
  try {
    return lstatSync(path, { throwIfNoEntry: false }) === undefined;
  } catch {
    return false;
  }
}

export async function commit(tools: Tools): Promise<void> {
  const { client, caller, random, ledger, limits } = tools;
  const [key, fact] = random.pickOf(sureFacts(ledger).filter(([, { kind }]) => kind === 'active')) ?? [];
  const into = random.pickOf(ownKeys(tools, 'L').filter((one) => !ledger.facts.has(one)));
  if (key === undefined || fact === undefined || into === undefined) return;
  const labels = { token: token(tools) };
  const changed = new Map<string, Fact | undefined>([
    [key, undefined],
    [into, { ...fact, kind: 'committed', token: labels.token }],
  ]);
  await caller.change(changed, () => client.commit(into, key, { labels, ...limits() }));
}

/** Another writer's snapshot may be its child. */
export async function remove({ client, caller, random, ledger, limits }: Tools): Promise<void> {
  const [key] = random.pickOf(sureFacts(ledger)) ?? [];
  if (key === undefined) return;
  await caller.change(new Map([[key, undefined]]), () => client.remove(key, limits()), ['FAILED_PRECONDITION']);
}

export async function update(tools: Tools): Promise<void> {
  const { client, caller, random, ledger, limits } = tools;
  const [key, fact] = random.pickOf(sureFacts(ledger)) ?? [];
  if (key === undefined || fact === undefined) return;
  const labels = { token: token(tools) };
  await caller.change(new Map([[key, { ...fact, token: labels.token }]]), () => client.update(key, labels, limits()));
}

/** Reads must return what was acknowledged. */
export async function readBack({ client, caller, random, ledger }: Tools): Promise<void> {
  const [key, fact] = random.pickOf(sureFacts(ledger)) ?? [];
  if (key === undefined || fact === undefined) return;
  await caller.read(async () => {
    const { labels, parent } = await client.stat(key);
    if (labels.token !== fact.token || parent !== fact.parent)
      throw new Violation(`${key}: acknowledged ${fact.token} on ${fact.parent}, found ${labels.token} on ${parent}`);
    if (fact.kind === 'active' && random.chance(0.5)) await client.mounts(key);
    if (random.chance(0.1)) expectConnectedList(await client.list());
  });
}

/** containerd could never remove a snapshot whose parent is not listed. */
function expectConnectedList(infos: readonly { readonly name: string; readonly parent: string }[]): void {
  const names = new Set(infos.map(({ name }) => name));
  for (const { name, parent } of infos)
    if (parent !== '' && !names.has(parent)) throw new Violation(`${name} is listed without its parent ${parent}`);
}
