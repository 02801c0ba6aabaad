import { closeSync, fdatasyncSync, openSync, writeFileSync, writeSync } from 'node:fs';
import { join } from 'node:path';
import { either } from 'fp-ts';
import { encodeEnvelope } from '../../../events/envelope.ts';
import { emptyState, evolve, type MutableState } from '../../../projections/state.ts';
import { formatLine } from '../../../src/adapters/event-log/file/format/line.ts';
import { createSystem } from '../../../src/adapters/system/system.ts';
import { createOverlayDriver } from '../../../src/adapters/volume-driver/overlay/overlay-driver.ts';
import { stampEvents } from '../../../src/app/store/journal.ts';
import { snapshotUnder, volumeOf } from '../../../src/app/store/volume-of.ts';
import type { Prepare } from '../../../src/domain/commands.ts';
import { decide } from '../../../src/domain/decide.ts';
import { framed } from '../../../src/grpc/framing.ts';
import { methodOf } from '../../../src/grpc/protocol.ts';
import { rowOf } from '../rows/row.ts';
import type { Measure, Piece } from '../workload.ts';

const turns = 2_000;
/** bytes of zeros that the log is written into */
const zeroed = 4 * 2 ** 20;
const store = '0b7c1e9e-3a55-4c8e-9d0a-6a1f6a3f1c11';
const rules = { viewsNeedParent: false, rebase: true, reparent: true, flushed: true, retain: false };

/** The time of each stage of a Prepare, one after the other in one thread, with nothing else running. */
const measure: Measure = async function* ({ sandbox }) {
  const driver = await createOverlayDriver({ root: sandbox.folder('stages'), system: createSystem() });
  const fd = openSync(join(sandbox.path, 'stages.log'), 'w');
  writeFileSync(fd, Buffer.alloc(zeroed));
  fdatasyncSync(fd);
  const times = new Map<string, number[]>();
  try {
    let before: Place = { state: emptyState(), hash: '', offset: 0 };
    for (let turn = 0; turn < turns; turn++) before = await prepareOnce(driver, fd, before, stopwatch(times));
  } finally {
    closeSync(fd);
    await driver.close();
  }
  for (const [variant, values] of times)
    yield rowOf({ workload: 'stages', variant, unit: 'us', ours: { name: 'snapledger', values: middleHalf(values) } });
};

export const stages: Piece = {
  workload: 'stages',
  part: '',
  about: 'each stage of a Prepare by itself, in one thread',
  against: 'nothing',
  minutes: 1,
  measure,
};

interface Place {
  readonly state: MutableState;
  readonly hash: string;
  readonly offset: number;
}

/** Times a stage. */
type Watch = <T>(stage: string, action: () => T | Promise<T>) => Promise<T>;

function stopwatch(times: Map<string, number[]>): Watch {
  return async (stage, action) => {
    const began = performance.now();
    const outcome = action();
    const result = outcome instanceof Promise ? await outcome : outcome;
    const taken = (performance.now() - began) * 1000;
    const known = times.get(stage);
    if (known === undefined) times.set(stage, [taken]);
    else known.push(taken);
    return result;
  };
}

/** Without the fastest and the slowest quarter, the first turns of a cold program among them. */
function middleHalf(values: readonly number[]): readonly number[] {
  const sorted = [...values].sort((a, b) => a - b);
  return sorted.slice(Math.floor(sorted.length / 4), Math.ceil((sorted.length * 3) / 4));
}

async function prepareOnce(
  driver: Awaited<ReturnType<typeof createOverlayDriver>>,
  fd: number,
  { state, hash, offset }: Place,
  watch: Watch,
): Promise<Place> {
  const { requestSerialize, requestDeserialize, responseSerialize } = methodOf('Prepare');
  const key = `default/${state.position + 1}/container`;
  const asked = requestSerialize({ snapshotter: 'snapledger', key, parent: '', labels: {} });
  const request = await watch('decode the request', () => requestDeserialize(asked) as Omit<Prepare, 'type' | 'kind'>);
  const decided = await watch('decide', () => decide(state, { ...request, type: 'Prepare', kind: 'active' }, rules));
  if (either.isLeft(decided.answer)) throw new TypeError(decided.answer.left.text);
  const clock = () => BigInt(Date.now()) * 1_000_000n;
  const place = { store, after: state.position, clock, actor: { actor: 'containerd' } };
  const envelopes = await watch('stamp events: ids and time', () => stampEvents(decided.events, place));
  const body = await watch('encode', () =>
    envelopes.map((envelope) => JSON.stringify(encodeEnvelope(envelope))).join(),
  );
  const line = await watch('hash and checksum', () => formatLine('event', hash, body));
  const after = await watch('fold into the state', () => envelopes.reduce(evolve, state));
  const volume = volumeOf(after, snapshotUnder(after, key));
  const mounts = await watch('create the volume', async () => {
    await driver.create(volume);
    return driver.mounts(volume);
  });
  const bytes = Buffer.from(line.text);
  await watch('write', () => writeSync(fd, bytes, 0, bytes.length, offset));
  await watch('flush to the disk', () => fdatasyncSync(fd));
  await watch('encode the answer', () => framed(responseSerialize({ mounts })));
  return { state: after, hash: line.hash, offset: offset + bytes.length };
}
