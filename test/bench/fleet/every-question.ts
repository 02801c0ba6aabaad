import type { FleetSource } from '../../../src/app/fleet/questions/nodes.ts';
import { fleetQueries } from '../../../src/app/fleet/questions/queries.ts';
import { Fault } from '../../../src/ports/fault.ts';

export interface Asked {
  readonly what: string;
  /** Runs the question and encodes its answer; resolves with the number of rows. */
  run(): Promise<number>;
}

const day = 86_400_000_000_000n;

/** Each question in the forms in which it is asked, about things that are there. */
export async function everyQuestion(source: FleetSource): Promise<readonly Asked[]> {
  const { fleet } = source;
  const ago = (days: number) => source.now() - BigInt(days) * day;
  const [one, other] = await fleet.stores();
  if (one === undefined || other === undefined) throw new Error('the fleet has no two stores');
  const snapshots = await fleet.snapshotsOf(one.store);
  const container = snapshots.find(({ kind }) => kind === 'active');
  const top = snapshots.find(({ id }) => id === container?.parentId);
  const base = snapshots.find(({ kind, parentId }) => kind === 'committed' && parentId === null);
  const [image] = await fleet.imagesOf(one.store);
  if (container === undefined || top === undefined || base === undefined || image === undefined)
    throw new Error('the store has no container, layer or image');
  const asked = <N extends keyof typeof fleetQueries>(
    what: string,
    name: N,
    values: Partial<Record<string, unknown>>,
  ): Asked => ({
    what,
    run: async () => {
      const query = fleetQueries[name];
      try {
        return query.answer.encode((await query.run(source, values as never)) as never).length;
      } catch (error) {
        if (error instanceof Fault && error.code === 'missing') return 0;
        throw error;
      }
    },
  });
  const own = container.key.split('/').at(-1) ?? '';
  return [
    asked('nodes', 'nodes', {}),
    asked('holds: top layer of an image', 'holds', { layer: top.chainId }),
    asked('holds: beginning of its digest', 'holds', { layer: top.chainId.slice(0, 19) }),
    asked('holds: diff id', 'holds', { layer: top.diffId ?? '' }),
    asked("holds: container's id", 'holds', { layer: own }),
    asked('holds: image by name', 'holds', { image: image.name }),
    asked('holds: base layer', 'holds', { layer: base.chainId }),
    asked('holds: nothing', 'holds', { layer: 'sha256:none' }),
    asked('history: layer', 'history', { layer: top.chainId }),
    asked('history: beginning of a digest', 'history', { layer: top.chainId.slice(0, 19) }),
    asked('history: base layer', 'history', { layer: base.chainId }),
    asked("history: beginning of a container's id", 'history', { layer: own.slice(0, 12) }),
    asked('incidents: newest 1,000', 'incidents', {}),
    asked('incidents: of a day', 'incidents', { since: ago(1) }),
    asked('incidents: of a node', 'incidents', { node: one.node }),
    asked('usage: by node', 'usage', { by: 'node' }),
    asked('usage: by namespace', 'usage', { by: 'namespace' }),
    asked('usage: by image', 'usage', { by: 'image' }),
    asked('usage: by namespace, 30 days', 'usage', { by: 'namespace', since: ago(30) }),
    asked('usage: by node, 7 days', 'usage', { by: 'node', since: ago(7) }),
    asked('unused: 30 days', 'unused', {}),
    asked('unused: 30 days, of a node', 'unused', { node: one.node }),
    asked('diff', 'diff', { left: one.node, right: other.node }),
    asked('at: all nodes', 'at', { time: ago(40) }),
    asked('at: a node, 40 days ago', 'at', { time: ago(40), node: one.node }),
    asked('lag', 'lag', {}),
  ];
}
