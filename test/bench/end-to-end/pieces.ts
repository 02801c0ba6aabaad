import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { containerdVersion, isContainerd } from '../../support/containerd/tools.ts';
import type { Sandbox } from '../../support/sandbox.ts';
import type { Row } from '../rows/row.ts';
import { describePlace, type FileSystem } from '../servers/servers.ts';
import type { Bench, Piece } from '../workload.ts';
import type { Competitor } from './competitors.ts';
import { imageOfLayers, imageWithShell } from './images.ts';
import { type Node, startNode } from './node.ts';
import { duration, rowsOf, timed } from './turns.ts';

interface Pulled {
  readonly workload: string;
  readonly layers: number;
  readonly megabytes: number;
  /** a process writes and flushes 20 MiB/s beside it */
  readonly busy?: boolean;
  readonly on?: FileSystem;
  /** also compared with containerd's own driver behind a socket */
  readonly proxied?: boolean;
  /** times as fast as the builtin snapshotter, by durability; `flushing`: as the builtin that flushes each layer */
  readonly targets: Readonly<Record<string, number>>;
}

const builtin = 'the builtin overlayfs';

const nameOf = ({ layers, megabytes, busy = false, on }: Pulled) =>
  `${layers} layers, ${megabytes} MB${busy ? ', busy disk' : ''}${on === undefined ? '' : `, ${describePlace(on)}`}`;
const partOf = ({ layers, busy = false, on }: Pulled) =>
  [layers, ...(busy ? ['busy'] : []), ...(on === undefined ? [] : [on])].join('-');

function unpack(what: Pulled, minutes: number): Piece {
  const flushing = 'flushing' in what.targets;
  const { proxied = false } = what;
  const others = [
    ...(flushing ? [', and that with syncfs after each layer'] : []),
    ...(proxied ? [", and containerd's driver as a proxy plugin"] : []),
  ];
  return {
    ...{ workload: what.workload, part: partOf(what), minutes },
    about: nameOf(what),
    against: [builtin, ...others].join(''),
    measure: async function* (bench) {
      const node = await startNode(bench, { flushing, proxied, on: what.on ?? 'root' });
      if (what.busy === true) keepDiskBusy(bench.sandbox);
      yield* await rowsOfImage(bench, node, what, (competitor, reference) => ({
        before: () => node.ctr('content', 'fetch', '--plain-http', reference),
        action: () => node.unpack(competitor, reference),
      }));
    },
  };
}

function pull(what: Pulled, minutes: number): Piece {
  const concurrentUnpacks = what.workload === 'pull' ? 1 : 4;
  return {
    ...{ workload: what.workload, part: partOf(what), minutes },
    about: `${nameOf(what)}${concurrentUnpacks === 1 ? '' : '; needs containerd 2.2'}`,
    against: builtin,
    measure: async function* (bench) {
      if (concurrentUnpacks > 1 && !isContainerd(2, 2)) {
        console.log(`skipped: containerd ${containerdVersion()} unpacks one layer after the other (CONTAINERD, CTR)`);
        return;
      }
      const node = await startNode(bench, { concurrentUnpacks });
      yield* await rowsOfImage(bench, node, what, ({ snapshotter }, reference) => ({
        action: () =>
          duration(() => node.ctr('images', 'pull', '--plain-http', '--snapshotter', snapshotter, reference)),
      }));
    },
  };
}

interface Action {
  readonly before?: () => Promise<unknown>;
  /** resolves with its milliseconds */
  readonly action: () => Promise<number>;
}

/** An action on an image, which is removed afterwards with all that was fetched and unpacked for it. */
async function rowsOfImage(
  bench: Bench,
  node: Node,
  what: Pulled,
  actionOn: (competitor: Competitor, reference: string) => Action,
): Promise<readonly Row[]> {
  const { workload, layers, megabytes, targets } = what;
  const reference = await node.push(workload, imageOfLayers(layers, megabytes));
  return rowsOf(bench, node.ours, {
    ...{ workload, variant: nameOf(what), layers, targets },
    turn: async (competitor) => {
      const { before, action } = actionOn(competitor, reference);
      await before?.();
      const turn = await timed(competitor, action);
      await node.ctr('images', 'remove', '--sync', reference);
      return turn;
    },
  });
}

function keepDiskBusy(sandbox: Sandbox): void {
  const program = join(import.meta.dirname, 'busy-disk.js');
  const child = spawn(process.execPath, [program, join(sandbox.path, 'busy')], { stdio: 'inherit' });
  const exit = once(child, 'exit');
  sandbox.atEnd(async () => {
    child.kill('SIGTERM');
    await exit;
  });
}

const small = { layers: 12, megabytes: 120 };
const large = { layers: 100, megabytes: 20 };
/** the part of the other's time that ours may take, as times as fast */
const within = (part: number) => 1 / part;

const unpacked = { commit: within(1), background: within(0.97), flushing: within(0.9) };

const unpackedLarge = { commit: within(0.97), background: within(0.92) };

/** The layers of an image that has been fetched before, one after the other. */
export const unpacks: readonly Piece[] = [
  unpack({ ...small, workload: 'unpack', targets: unpacked }, 4),
  unpack({ ...small, workload: 'unpack', targets: unpacked, busy: true }, 6),
  unpack({ ...large, workload: 'unpack', targets: unpackedLarge, proxied: true }, 6),
  ...(['ext4', 'xfs'] as const).flatMap((on) => [
    unpack({ ...small, workload: 'unpack', targets: unpacked, on }, 4),
    unpack({ ...large, workload: 'unpack', targets: unpackedLarge, proxied: true, on }, 6),
  ]),
];

/** `ctr images pull`: fetches all layers, then unpacks them. */
export const pulls: readonly Piece[] = [
  pull({ ...small, workload: 'pull', targets: { commit: within(1), background: within(1) } }, 3),
  pull({ ...large, workload: 'pull', targets: { commit: within(0.97), background: within(1) } }, 6),
];

const parallel = { workload: 'parallel-pull', targets: { commit: within(1.1), background: within(1) } };

/** The same with containerd 2.2 or later, which unpacks four layers at the same time. */
export const parallelPulls: readonly Piece[] = [pull({ ...small, ...parallel }, 2), pull({ ...large, ...parallel }, 4)];

/** `ctr run` of a container that exits at once, on an image that is unpacked. */
export const runContainer: Piece = {
  workload: 'run',
  part: '',
  about: '`ctr run` of a container that exits at once',
  against: builtin,
  minutes: 1,
  measure: async function* (bench) {
    const node = await startNode(bench);
    const reference = await node.push('run', imageWithShell());
    for (const name of node.snapshotters)
      await node.ctr('images', 'pull', '--plain-http', '--snapshotter', name, reference);
    let number = 0;
    yield* await rowsOf(bench, node.ours, {
      ...{ workload: 'run', variant: 'no-op', layers: 1 },
      targets: { commit: within(0.98), background: within(0.98) },
      turn: (competitor) => {
        const id = `container-${number++}`;
        const flags = ['--rm', '--net-host', '--snapshotter', competitor.snapshotter];
        return timed(competitor, () => duration(() => node.ctr('run', ...flags, reference, id)));
      },
    });
  },
};
