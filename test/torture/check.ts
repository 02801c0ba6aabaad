import { setTimeout as pause } from 'node:timers/promises';
import type { Snapshot } from '../../projections/snapshot.ts';
import type { DriverUnderTest } from '../fault/drivers.ts';
import { onDisk, stateOfRoot } from '../support/inspect-store.ts';
import { kindName, type SnapshotsClient } from '../support/snapshots-client.ts';
import { flawIn } from './content.ts';
import type { Change, Fact, Ledger } from './ledger.ts';

/** What is wrong after a restart: an acknowledged event lost, an incomplete layer, something unexplained. */
export interface Finding {
  readonly what: 'lost' | 'not whole' | 'unexplained';
  readonly text: string;
}

interface Context {
  readonly root: string;
  readonly driver: DriverUnderTest;
  readonly client: SnapshotsClient;
  readonly ledgers: readonly Ledger[];
  /** after a power cut data written to actives may be lost */
  readonly powerCut: boolean;
  /** whether what is quarantined is a finding */
  readonly expectNoQuarantine: boolean;
}

type Living = ReadonlyMap<string, Snapshot>;

/**
 * Compares a restarted store with the answers to its writers. If the outcome of a call was not known, both
 * are right, and the ledger learns which it was.
 */
export async function check(context: Context): Promise<readonly Finding[]> {
  const { root, client, ledgers } = context;
  await client.cleanup();
  const { index } = await stateOfRoot(root);
  const living = new Map([...index]);
  const findings: Finding[] = [...(await listAgrees(client, living))];
  for (const ledger of ledgers) {
    for (const change of ledger.unknown.splice(0)) findings.push(...resolve(ledger, change, living));
    findings.push(...acknowledged(ledger, living));
    findings.push(...contents(context, ledger, living));
  }
  const known = new Set(ledgers.flatMap(({ facts }) => [...facts.keys()]));
  for (const key of living.keys())
    if (!known.has(key)) findings.push({ what: 'unexplained', text: `${key} exists, but no call created it` });
  return [...findings, ...(await disk(context, living))];
}

async function listAgrees(client: SnapshotsClient, living: Living): Promise<readonly Finding[]> {
  const infos = await client.list();
  const shown = infos.map(({ name, kind, parent, labels }) => `${name} ${kindName(kind)} ${parent} ${labels.token}`);
  const logged = [...living.values()].map(
    ({ key, kind, parent, labels }) => `${key} ${kind} ${parent} ${labels.token}`,
  );
  if (shown.sort().join('\n') === logged.sort().join('\n')) return [];
  return [{ what: 'unexplained', text: `the daemon lists ${shown}, the log says ${logged}` }];
}

const isSame = (fact: Fact | undefined, snapshot: Snapshot | undefined): boolean =>
  fact === undefined || snapshot === undefined
    ? fact === snapshot
    : fact.kind === snapshot.kind && fact.parent === snapshot.parent && fact.token === snapshot.labels.token;

function resolve(ledger: Ledger, change: Change, living: Living): readonly Finding[] {
  const keys = [...change.keys()];
  if (keys.every((key) => isSame(ledger.facts.get(key), living.get(key)))) return [];
  const isDone = keys.every((key) => isSame(change.get(key), living.get(key)));
  ledger.settle(change);
  return isDone
    ? []
    : [{ what: 'lost', text: `a call on ${keys} was done by half: ${keys.map((key) => shown(living.get(key)))}` }];
}

const shown = (snapshot: Snapshot | undefined) =>
  snapshot === undefined ? 'nothing' : `${snapshot.kind} ${snapshot.labels.token} on ${snapshot.parent}`;

function acknowledged({ facts }: Ledger, living: Living): readonly Finding[] {
  return [...facts]
    .filter(([key, fact]) => !isSame(fact, living.get(key)))
    .map(([key, { kind, token, parent }]) => {
      const found = shown(living.get(key));
      // The ledger continues from what exists, so that each loss is reported once.
      facts.delete(key);
      return { what: 'lost', text: `${key}: acknowledged as ${kind} ${token} on ${parent}, found ${found}` };
    });
}

function contents({ root, driver, powerCut }: Context, { facts }: Ledger, living: Living): readonly Finding[] {
  const findings: Finding[] = [];
  for (const [key, fact] of facts) {
    const snapshot = living.get(key);
    if (snapshot === undefined || fact.files === undefined) continue;
    if (powerCut && fact.kind === 'active') {
      facts.set(key, { ...fact, files: undefined });
      continue;
    }
    const flaw = flawIn(driver.layer(root, snapshot), fact.files);
    if (flaw === undefined) continue;
    findings.push({ what: 'not whole', text: `${fact.kind} ${key} (${snapshot.id}): ${flaw.file} is ${flaw.flaw}` });
    facts.set(key, { ...fact, files: undefined });
  }
  return findings;
}

/** Only live snapshots have directories; purges of removed ones get some time. */
async function disk({ root, driver, expectNoQuarantine }: Context, living: Living): Promise<readonly Finding[]> {
  const wanted = [...living.values()].filter(({ kind }) => driver.occupies(kind)).map(({ id }) => String(id));
  let found = onDisk(root);
  const differs = () => found.snapshots.join() !== [...wanted].sort().join();
  for (let looks = 0; differs() && looks < 20; looks++) {
    await pause(25);
    found = onDisk(root);
  }
  const strange = found.snapshots.filter((name) => !wanted.includes(name));
  const missing = wanted.filter((name) => !found.snapshots.includes(name));
  return [
    ...strange.map((name): Finding => ({ what: 'unexplained', text: `snapshots/${name} belongs to nothing` })),
    ...missing.map((name): Finding => ({ what: 'lost', text: `snapshots/${name} is gone` })),
    ...(expectNoQuarantine ? found.quarantine : []).map(
      (name): Finding => ({ what: 'unexplained', text: `quarantine/${name}` }),
    ),
  ];
}
