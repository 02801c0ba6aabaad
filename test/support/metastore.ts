import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { setTimeout as wait } from 'node:timers/promises';
import type { Kind } from '../../events/codecs.ts';
import type { MetadataContent } from '../../src/ports/containerd-store.ts';
import { buildGo } from './build-go.ts';
import { run } from './run.ts';

/** containerd's own metastore (test/support/metastore). It rejects with what Go or bbolt's checker says. */
export interface Metastore {
  /** Makes a database with random content. */
  make(path: string, options: { seed: number; snapshots: number; pageSize: number; freelist?: boolean }): Promise<void>;
  /** Prepares, commits, removes and updates random snapshots. */
  change(path: string, options: { seed: number; operations: number }): Promise<void>;
  /** The same, killed with SIGKILL after some milliseconds, or at its end. */
  crash(path: string, options: { seed: number; operations: number; after: number }): Promise<void>;
  /** Runs bbolt's checker. */
  check(path: string): Promise<void>;
  /** Opens it as a running containerd does, until the returned function is called. */
  hold(path: string): Promise<() => Promise<void>>;
  /** What containerd reads. */
  dump(path: string): Promise<MetadataContent>;
}

interface Dumped {
  readonly lastId: string;
  readonly snapshots: readonly (Readonly<Record<'id' | 'key' | 'parent' | 'created' | 'updated', string>> & {
    readonly kind: Kind;
    readonly labels: Readonly<Record<string, string>>;
    readonly bytes: string;
    readonly inodes: string;
  })[];
}

export async function createMetastore(): Promise<Metastore> {
  const program = await buildGo({ name: 'metastore', folder: 'test/support/metastore', command: ['build'] });
  const call = async (...args: readonly (string | number)[]) => (await run(program, args.map(String))).stdout;
  return {
    make: async (path, { seed, snapshots, pageSize, freelist = true }) =>
      void (await call('make', path, seed, snapshots, pageSize, ...(freelist ? [] : ['no-freelist']))),
    change: async (path, { seed, operations }) => void (await call('change', path, seed, operations)),
    crash: async (path, { seed, operations, after }) => {
      const child = spawn(program, ['change', path, seed, operations].map(String), { stdio: 'inherit' });
      const ended = once(child, 'exit');
      await Promise.race([ended, wait(after)]);
      child.kill('SIGKILL');
      await ended;
    },
    check: async (path) => void (await call('check', path)),
    hold: (path) => hold(program, path),
    dump: async (path) => contentOf(JSON.parse(await call('dump', path)) as Dumped),
  };
}

async function hold(program: string, path: string): Promise<() => Promise<void>> {
  const holder = spawn(program, ['hold', path], { stdio: ['pipe', 'pipe', 'inherit'] });
  const ended = once(holder, 'exit');
  await once(holder.stdout, 'data');
  return async () => {
    holder.stdin.end();
    await ended;
  };
}

const contentOf = ({ lastId, snapshots }: Dumped): MetadataContent => ({
  lastId: Number(lastId),
  snapshots: snapshots.map(({ id, key, kind, parent, labels, created, updated, bytes, inodes }) => ({
    ...{ id: Number(id), key, kind, parent, labels, created: BigInt(created), updated: BigInt(updated) },
    usage: kind === 'committed' ? { bytes: Number(bytes), inodes: Number(inodes) } : null,
  })),
});
