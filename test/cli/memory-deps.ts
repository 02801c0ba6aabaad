import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { suite, type Test } from 'uvu';
import type { Envelope } from '../../events/envelope.ts';
import type { Event } from '../../events/registry.ts';
import { createMemoryDriver, type MemoryDriver } from '../../src/adapters/volume-driver/memory-driver.ts';
import type { Given } from '../../src/app/queries/query.ts';
import type { CliDeps } from '../../src/cli/cli-deps.ts';
import { type QueryOptions, runQuery } from '../../src/cli/query-command.ts';
import type { LogReport } from '../../src/cli/store-reports.ts';
import type { TableName } from '../../src/cli/tables/tables.ts';
import type { Checkpoint, CheckpointStore } from '../../src/ports/checkpoint-store.ts';
import { createMemoryEventLog, type MemoryRecord } from '../support/memory-event-log.ts';
import { createSandbox, type Sandbox } from '../support/sandbox.ts';
import { enveloped, smallStore } from './facts.ts';

/** The dependencies of commands, with a store in memory. */
export interface MemoryDeps extends CliDeps {
  readonly root: string;
  readonly driver: MemoryDriver;
  readonly checkpoints: Checkpoint[];
  damage: LogReport['damage'];
  append(envelopes: readonly Envelope[]): Promise<void>;
  /** the log's proof at a position */
  chainHashAt(position: number): Promise<string>;
}

export async function createMemoryDeps(sandbox: Sandbox, envelopes: readonly Envelope[]): Promise<MemoryDeps> {
  const kept: MemoryRecord[] = [];
  const log = createMemoryEventLog({ kept });
  const driver = createMemoryDriver();
  const checkpoints: Checkpoint[] = [];
  const root = sandbox.folder('root');
  writeFileSync(join(sandbox.folder('root/log'), '00000000000000000001.log'), '');
  const notHere = (): never => {
    throw new Error('not in memory');
  };
  const deps: MemoryDeps = {
    root,
    driver,
    checkpoints,
    damage: [],
    append: (more) => log.append(more, { flush: 'now' }),
    chainHashAt: async (position) => (await log.chainHashAt(position)) ?? '',
    storeFiles: () => ({
      openLog: async () => createMemoryEventLog({ kept: [...kept] }),
      openCheckpoints: async () => checkpointsOf(checkpoints),
      measureLog: async () => ({ segments: 1, archived: 0, bytes: 4096, archivedBytes: 0 }),
    }),
    inspectLog: async () => ({
      store: 's',
      segments: 1,
      records: kept.length,
      bytes: 4096,
      position: kept.length,
      torn: 0,
      gaps: [],
      damage: deps.damage,
    }),
    openScan: async () => ({ ...driver, scan: () => driver.scan(), boot: 'b' }),
    importContainerd: notHere,
    archiveLog: notHere,
    doctorFacts: notHere,
    moveArchives: notHere,
    bringBack: notHere,
    exportStore: notHere,
    importStore: notHere,
    openInspector: notHere,
    openLayers: notHere,
    openMounts: notHere,
    startDaemon: notHere,
    repairLog: notHere,
    initStore: notHere,
    reconcileStopped: notHere,
    restoreStopped: notHere,
    takeOver: notHere,
    giveBack: notHere,
    containerdHost: notHere,
    startConsole: notHere,
    indexFleet: notHere,
    openFleet: notHere,
    openFleetRemoval: notHere,
    serveFleet: notHere,
  };
  await deps.append(envelopes);
  return deps;
}

const checkpointsOf = (checkpoints: readonly Checkpoint[]): CheckpointStore => ({
  save: async () => {},
  async *load() {
    yield* checkpoints;
  },
});

export interface CliContext {
  sandbox: Sandbox;
  deps: MemoryDeps;
}

/** A suite of commands. Each test has a store in memory with these events. */
export function cliSuite(name: string, events: readonly Event[] = smallStore): Test<CliContext> {
  const test: Test<CliContext> = suite(name);
  test.before.each(async (context) => {
    context.sandbox = createSandbox('cli');
    context.deps = await createMemoryDeps(context.sandbox, enveloped(events));
  });
  test.after.each(({ sandbox }) => sandbox.close());
  return test;
}

/** The lines that a query's command prints. */
export async function printedQuery(
  deps: MemoryDeps,
  name: TableName,
  given: Given = {},
  options: Omit<QueryOptions, 'root'> = {},
): Promise<readonly string[]> {
  const { lines, print } = createPrinter();
  await runQuery(name, given, { root: deps.root, ...options }, deps, print);
  return lines;
}

/** Collects what a command prints. */
export function createPrinter() {
  const lines: string[] = [];
  return { lines, print: (more: readonly string[]) => void lines.push(...more) };
}
