import { containerdVersion, isContainerd } from '../support/containerd/tools.ts';
import type { Image } from '../support/image/image.ts';
import { run } from '../support/run.ts';
import {
  builtin,
  durabilities,
  imageOfLayers,
  imageWithShell,
  type Node,
  type Snapshotter,
  snapshotters,
  startNode,
} from './images.ts';
import { type Row, rowOf } from './row.ts';
import type { Bench, Workload } from './workload.ts';

/** The target of a row, if it has one: the time of the builtin snapshotter divided by ours. */
const targets: Readonly<Record<(typeof durabilities)[number], number>> = { commit: 1 / 1.1, background: 1 };

const images: Readonly<Record<string, () => Image>> = {
  '12 layers, 120 MB': () => imageOfLayers(12, 120),
  '100 layers, 20 MB': () => imageOfLayers(100, 20),
};

/** `ctr images pull`: fetches all layers, then unpacks them. */
export const pull: Workload = async function* (bench) {
  yield* pulls(bench, await startNode(bench), images, 'pull');
};

/** The same with containerd 2.2 or later, which unpacks four layers at the same time. */
export const parallelPull: Workload = async function* (bench) {
  if (!isContainerd(2, 2)) {
    console.log(`parallel-pull: containerd ${containerdVersion()} unpacks one layer after the other (CONTAINERD, CTR)`);
    return;
  }
  yield* pulls(bench, await startNode(bench, 4), images, 'parallel-pull');
};

async function* pulls(bench: Bench, node: Node, variants: typeof images, workload: string): AsyncGenerator<Row> {
  for (const [variant, make] of Object.entries(variants)) {
    const reference = await node.push(`${workload}-${variant.split(' ')[0]}`, make());
    const times = await alternate(bench.rounds, async (name) => {
      await settle();
      const time = await timed(() => node.ctr('images', 'pull', '--plain-http', '--snapshotter', name, reference));
      await forget(node, reference);
      return time;
    });
    yield* rowsOf(workload, variant, times);
  }
}

/** `ctr snapshots unpack` of what has been fetched before. */
export const unpack: Workload = async function* (bench) {
  const node = await startNode(bench);
  for (const [variant, make] of Object.entries(images)) {
    const image = make();
    const reference = await node.push(`unpack-${variant.split(' ')[0]}`, image);
    const times = await alternate(bench.rounds, async (name) => {
      await node.ctr('content', 'fetch', '--plain-http', reference);
      await settle();
      const time = await timed(() => node.ctr('snapshots', '--snapshotter', name, 'unpack', image.manifest.digest));
      await forget(node, reference);
      return time;
    });
    yield* rowsOf('unpack', variant, times);
  }
};

/** `ctr run` of a container that exits at once, on an image that is unpacked. */
export const runContainer: Workload = async function* (bench) {
  const node = await startNode(bench);
  const reference = await node.push('run', imageWithShell());
  for (const name of snapshotters) await node.ctr('images', 'pull', '--plain-http', '--snapshotter', name, reference);
  let number = 0;
  const times = await alternate(bench.rounds * 3, (name) => {
    const id = `container-${number++}`;
    return timed(() => node.ctr('run', '--rm', '--net-host', '--snapshotter', name, reference, id));
  });
  yield* rowsOf('run', 'a container that exits at once', times);
};

type Times = ReadonlyMap<Snapshotter, readonly number[]>;

/** The order of a round: within six rounds each snapshotter comes twice after each of the others, and twice first. */
function orderOf(round: number): readonly Snapshotter[] {
  const first = round % snapshotters.length;
  const turned = [...snapshotters.slice(first), ...snapshotters.slice(0, first)];
  return round % 2 === 0 ? turned : turned.reverse();
}

/** Rounds through all snapshotters; the first round warms up. */
async function alternate(rounds: number, action: (name: Snapshotter) => Promise<number>): Promise<Times> {
  const times = new Map(snapshotters.map((name) => [name, [] as number[]]));
  for (let round = 0; round <= rounds; round++)
    for (const name of orderOf(round)) {
      const time = await action(name);
      if (round > 0) times.get(name)?.push(time);
    }
  return times;
}

async function timed(action: () => Promise<unknown>): Promise<number> {
  const began = performance.now();
  await action();
  return performance.now() - began;
}

/** What an earlier round has left to be written is not this one's. */
const settle = () => run('sync', []);

/** Removes an image, and with it all that was fetched and unpacked for it. */
const forget = (node: Node, reference: string) => node.ctr('images', 'remove', '--sync', reference);

function* rowsOf(workload: string, variant: string, times: Times): Generator<Row> {
  for (const name of durabilities)
    yield rowOf({
      workload,
      variant: `${variant}, durability "${name}"`,
      unit: 'ms',
      ours: { name: 'snapledger', values: times.get(name) ?? [] },
      theirs: { name: builtin, values: times.get(builtin) ?? [] },
      target: workload === 'run' ? undefined : targets[name],
    });
}
