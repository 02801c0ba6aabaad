import { containerdVersion, isContainerd } from '../support/containerd/tools.ts';
import type { Image } from '../support/image/image.ts';
import { imageOfLayers, imageWithShell, type Node, startNode } from './images.ts';
import type { Row } from './row.ts';
import { rowsOf, timed } from './turns.ts';
import type { Bench, Workload } from './workload.ts';

/** How many times as fast as the builtin snapshotter, by durability; `syncfs`: as the builtin followed by syncfs. */
const targets: Readonly<Record<string, Readonly<Record<string, number>>>> = {
  'pull 12': { commit: 1, background: 1 },
  'pull 100': { commit: 1 / 0.97, background: 1 },
  'parallel-pull 12': { commit: 1 / 1.1, background: 1 },
  'parallel-pull 100': { commit: 1 / 1.1, background: 1 },
  'unpack 12': { commit: 1, background: 1 / 0.97, syncfs: 1 / 0.9 },
  'unpack 100': { commit: 1 / 0.97, background: 1 / 0.92 },
  run: { commit: 1 / 0.98, background: 1 / 0.98 },
};

const images: Readonly<Record<string, () => Image>> = {
  '12 layers, 120 MB': () => imageOfLayers(12, 120),
  '100 layers, 20 MB': () => imageOfLayers(100, 20),
};

/** A round takes seconds and depends on the disk: three times as many as of calls. */
const roundsIn = ({ rounds }: Bench) => 3 * rounds;

/** `ctr images pull`: fetches all layers, then unpacks them. */
export const pull: Workload = async function* (bench) {
  yield* pulls(bench, await startNode(bench), 'pull');
};

/** The same with containerd 2.2 or later, which unpacks four layers at the same time. */
export const parallelPull: Workload = async function* (bench) {
  if (!isContainerd(2, 2)) {
    console.log(`parallel-pull: containerd ${containerdVersion()} unpacks one layer after the other (CONTAINERD, CTR)`);
    return;
  }
  yield* pulls(bench, await startNode(bench, 4), 'parallel-pull');
};

async function* pulls(bench: Bench, node: Node, workload: string): AsyncGenerator<Row> {
  yield* ofImages(bench, node, workload, (reference) => ({
    command: (name) => node.ctr('images', 'pull', '--plain-http', '--snapshotter', name, reference),
  }));
}

/** `ctr snapshots unpack` of what has been fetched before. */
export const unpack: Workload = async function* (bench) {
  const node = await startNode(bench);
  yield* ofImages(bench, node, 'unpack', (reference, { manifest }) => ({
    before: () => node.ctr('content', 'fetch', '--plain-http', reference),
    command: (name) => node.ctr('snapshots', '--snapshotter', name, 'unpack', manifest.digest),
  }));
};

interface Action {
  readonly before?: () => Promise<unknown>;
  readonly command: (snapshotter: string) => Promise<unknown>;
}

/** An action on each image, which is removed afterwards with all that was fetched and unpacked for it. */
async function* ofImages(
  bench: Bench,
  node: Node,
  workload: string,
  actionOn: (reference: string, image: Image) => Action,
): AsyncGenerator<Row> {
  for (const [variant, make] of Object.entries(images)) {
    const image = make();
    const layers = image.layers.length;
    const reference = await node.push(`${workload}-${layers}`, image);
    const { before, command } = actionOn(reference, image);
    yield* await rowsOf(node.ours, {
      ...{ workload, variant, layers, rounds: roundsIn(bench), targets: targets[`${workload} ${layers}`] ?? {} },
      turn: async (competitor) => {
        await before?.();
        const turn = await timed(node, competitor, () => command(competitor.snapshotter));
        await node.ctr('images', 'remove', '--sync', reference);
        return turn;
      },
    });
  }
}

/** `ctr run` of a container that exits at once, on an image that is unpacked. */
export const runContainer: Workload = async function* (bench) {
  const node = await startNode(bench);
  const reference = await node.push('run', imageWithShell());
  for (const name of node.snapshotters)
    await node.ctr('images', 'pull', '--plain-http', '--snapshotter', name, reference);
  let number = 0;
  // A container makes nothing durable, so that syncfs has no counterpart.
  const ours = node.ours.map((mine) => ({ ...mine, rivals: mine.rivals.filter(({ syncfs }) => !syncfs) }));
  yield* await rowsOf(ours, {
    ...{ workload: 'run', variant: 'a container that exits at once', rounds: roundsIn(bench), layers: 1 },
    targets: targets.run ?? {},
    turn: (competitor) => {
      const id = `container-${number++}`;
      const { snapshotter } = competitor;
      return timed(node, competitor, () =>
        node.ctr('run', '--rm', '--net-host', '--snapshotter', snapshotter, reference, id),
      );
    },
  });
};
