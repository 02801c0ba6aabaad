import type { Envelope } from '../../../events/envelope.ts';
import type { Image, Random } from './images.ts';
import { SimulatedNode } from './node.ts';
import { createNodeLog, type NodeLog } from './node-log.ts';

export interface PlayOptions {
  /** a UUID */
  readonly store: string;
  readonly node: string;
  readonly images: readonly Image[];
  readonly random: Random;
  /** how many the node has on average once it is filled */
  readonly snapshots: number;
  /** length of its log; at least five a snapshot */
  readonly events: number;
  /** nanoseconds since 1970 UTC: the end of the day that is played */
  readonly end: bigint;
}

const second = 1_000_000_000n;
export const day = 86_400n * second;
const namespaces = ['k8s.io', 'k8s.io', 'k8s.io', 'k8s.io', 'default'];
/** events that an action has on average */
const perAction = 5;

/**
 * The log of a node, batch by batch as a daemon writes it, in ascending time. In the day before, the node is filled; on the day
 * images are pulled and share layers, containers come and go, unused images are collected, layers are retained, adopted and
 * evicted; now and then the daemon stops or crashes, a layer is lost or something is quarantined. Every change is decided by
 * the domain for the state that the log leads to. Batches of equal options are equal.
 */
export function* playNode(options: PlayOptions): Generator<readonly Envelope[]> {
  const { store, images, random, snapshots, events, end } = options;
  const begin = end - 2n * day;
  const log = createNodeLog({ store, begin, length: events, random });
  const node = new SimulatedNode(log, random);
  const sessions = createSessions(log, options);
  log.record([{ type: 'StoreCreated', data: { store, driver: 'overlay', version: '0.1.0' } }]);
  sessions.open(true, false);
  const pull = () => {
    // Few images are on most nodes, most images on few.
    const image = images[Math.floor(images.length * random() ** 2.5)];
    const namespace = namespaces[Math.floor(random() * namespaces.length)] ?? 'default';
    if (image !== undefined) node.run(image, namespace);
  };
  const { index } = log.state;
  for (const pause = (day * 4n) / BigInt(snapshots); index.size < snapshots && log.state.position < events; ) {
    log.wait(pause);
    pull();
    yield* log.take();
  }
  if (log.now() < begin + day) log.wait(begin + day - log.now());
  while (log.state.position < events) {
    const left = BigInt(1 + Math.ceil((events - log.state.position) / perAction));
    const pause = Number((end - log.now()) / left);
    log.wait(BigInt(Math.max(0, Math.round(pause * 2 * random()))));
    const dice = random();
    if (dice < 0.0002) sessions.crash(node);
    else if (dice < 0.0006) sessions.restart();
    else if (dice < 0.3) node.start();
    else if (dice < 0.62) node.stop();
    else if (index.size < snapshots) pull();
    else node.collect();
    yield* log.take();
  }
}

/** The daemon's starts and ends. */
function createSessions(log: NodeLog, { store, node, random }: PlayOptions) {
  const root = { id: store.slice(0, 16).replaceAll('-', '0'), host: node, path: '/var/lib/snapledger' };
  let [boot, uptime] = [1, 20_000];
  const open = (clean: boolean, rebooted: boolean, found: Readonly<Record<string, number>> = {}) => {
    log.wait(3n * second);
    if (rebooted) boot += 1;
    uptime = rebooted ? 20_000 : uptime + 60_000;
    const ids = {
      boot: `${store.slice(0, 24)}${String(boot).padStart(12, '0')}`,
      pid: 800 + Math.floor(random() * 9000),
    };
    const machine = { name: node, kernel: '6.1.0-31-amd64', fileSystem: 'xfs', bytes: 512 * 2 ** 30 };
    const session = { ...ids, clean, replayed: log.state.position, found, root, replaces: null, node: machine };
    const data = { store, driver: 'overlay', version: '0.1.0', ...session };
    log.record([{ type: 'StoreOpened', data }], { uptime: String(uptime) });
    log.record([{ type: 'ContainerdWatchChanged', data: { listening: true, gap: 3n * second } }]);
  };
  return {
    open,
    restart: () => {
      log.record([{ type: 'StoreClosed', data: { reason: 'SIGTERM' } }], { uptime: String(uptime + 30_000) });
      open(true, false);
    },
    /** A kill, or in one of two cases a power cut; half of them leave something that the log does not explain. */
    crash: (on: SimulatedNode) => {
      const [quarantines, loses] = [random() < 0.5, random() < 0.5];
      open(false, random() < 0.5, { ...(quarantines && { quarantine: 1 }), ...(loses && { lost: 1 }) });
      const path = `snapshots/stray-${Math.floor(random() * 1000)}`;
      const moved = `quarantine/${log.state.position}-stray`;
      const data = { path, id: null, moved, why: 'its name is no id' };
      if (quarantines) log.record([{ type: 'OrphanQuarantined', data }]);
      if (loses) on.lose();
    },
  };
}
