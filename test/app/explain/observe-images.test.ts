import { setTimeout as sleep } from 'node:timers/promises';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import type { Event } from '../../../events/registry.ts';
import { emptyState, evolve } from '../../../projections/state.ts';
import { createImageTrouble } from '../../../src/app/explain/image-trouble.ts';
import { observeImages } from '../../../src/app/explain/observe-images.ts';
import type { ContainerdImage } from '../../../src/ports/containerd-images.ts';
import { errorText, Fault } from '../../../src/ports/fault.ts';
import { enveloped, imageSeen } from '../../support/sample-events.ts';
import { waitFor } from '../../support/wait-for.ts';

const test = suite('observe images');
const digest = (digit: string) => `sha256:${digit.repeat(64)}`;
const [diffOne, diffTwo] = [digest('1'), digest('2')];

/** A containerd and a journal of the test's own: what is recorded is in `state` at once. */
function observing(before: readonly Event[] = [], failure: readonly [number, number] = [5, 20]) {
  const state = enveloped(before).reduce(evolve, emptyState());
  const recorded: Event[] = [];
  const images = new Map<string, ContainerdImage>();
  const content = new Map<string, string>();
  const damaged = new Set<string>();
  const reported: string[] = [];
  const trouble = createImageTrouble({
    count: (kind) => reported.push(kind),
    begins: (kind, error, what) => reported.push(`${kind} fails ${what}: ${errorText(error)}`),
    ends: (kind) => reported.push(`${kind} works`),
  });
  const containerd = { calls: 0, lists: 0, connections: 0, fails: false, onGet: async (_name: string) => {} };
  let lose: ((error: unknown) => void) | undefined;
  const losing = { next: false };
  const answered = <T>(value: () => T): Promise<T> => {
    containerd.calls += 1;
    return containerd.fails ? Promise.reject(new Error('containerd is away')) : Promise.resolve().then(value);
  };
  const observer = observeImages({
    journal: {
      latest: state,
      recordSoon: (events, _options, onLost) => {
        if (losing.next) {
          losing.next = false;
          lose = onLost;
          return lose(new Error('the disk is full'));
        }
        recorded.push(...events);
        for (const envelope of enveloped(events, state.position)) evolve(state, envelope);
      },
    },
    ask: () => {
      containerd.connections += 1;
      return {
        list: () => {
          containerd.lists += 1;
          return answered(() => [...images.values()]);
        },
        get: async (namespace, name) => {
          const image = await answered(() => images.get(`${namespace}/${name}`));
          await containerd.onGet(name);
          return image;
        },
        read: (_namespace, of) =>
          answered(() => {
            if (damaged.has(of)) throw new Fault('corrupt', 'input/output error', { hint: 'pull again' });
            return content.has(of) ? Buffer.from(content.get(of) ?? '') : undefined;
          }),
        close: () => {
          containerd.connections -= 1;
        },
      };
    },
    clock: () => 99n,
    uptime: () => now.uptime,
    architecture: 'amd64',
    trouble,
    pauses: { layers: [5, 5, 5], failure },
  });
  const now = { uptime: 0 };
  const config = digest('c');
  return {
    ...{ observer, containerd, losing, now, content, state, damaged, reported },
    recorded,
    /** Names an image of one layer, whose content is there unless `layer` is null. */
    put: (name: string, target: string, layer: string | null = diffOne, namespace = 'k8s.io') => {
      images.set(`${namespace}/${name}`, { namespace, name, target, created: 3n, updated: 7n });
      if (layer === null) return;
      content.set(target, JSON.stringify({ config: { digest: `${config}${target}` } }));
      content.set(`${config}${target}`, JSON.stringify({ rootfs: { diff_ids: [layer] } }));
    },
    remove: (name: string) => images.delete(`k8s.io/${name}`),
    said: () => recorded.map(textOf),
    idle: () => waitFor('no connection', () => containerd.connections === 0),
  };
}

function textOf(event: Event): string {
  if (event.type !== 'ContainerdObserved') return event.type;
  const { topic, name, image, at, missed } = event.data;
  const layers = image?.layers === null ? ['unread'] : (image?.layers ?? []).map((one) => one.slice(7, 8));
  const target = image?.target.slice(7, 8) ?? '-';
  return [topic.slice(8), name, target, layers.join(), at, ...(missed === true ? ['missed'] : [])].join(' ');
}

test('a created image: is recorded with target, layers and times of containerd', async () => {
  const { observer, put, recorded, idle } = observing();
  observer.listening(true);
  await idle();
  put('a', digest('a'));
  observer.changed('k8s.io', 'a');
  await idle();
  assert.equal(recorded, [
    {
      type: 'ContainerdObserved',
      data: {
        ...{ topic: '/images/create', namespace: 'k8s.io', name: 'a', at: 7n },
        image: { target: digest('a'), layers: [diffOne], created: 3n },
      },
    },
  ]);
});

test('an updated image: is recorded if its target is another, not if only its labels changed', async () => {
  const { observer, put, said, idle, containerd } = observing();
  put('a', digest('a'));
  observer.listening(true);
  await idle();
  const { calls } = containerd;
  observer.changed('k8s.io', 'a');
  await idle();
  assert.is(containerd.calls - calls, 1, 'known layers are not read again');
  put('a', digest('b'), diffTwo);
  observer.changed('k8s.io', 'a');
  await idle();
  assert.equal(said(), ['create a a 1 7', 'update a b 2 7']);
});

test('an image whose content arrives later: is recorded at once, and again with its layers', async () => {
  const { observer, put, said, idle, containerd } = observing();
  containerd.onGet = async () => {
    if (said().length === 1) put('a', digest('a'));
  };
  observer.listening(true);
  put('a', digest('a'), null);
  observer.changed('k8s.io', 'a');
  await waitFor('its layers', () => said().length === 2);
  await idle();
  assert.equal(said(), ['create a a unread 7', 'update a a 1 7']);
});

test('an image whose content never arrives: is looked at four times', async () => {
  const { observer, put, said, idle, containerd } = observing();
  observer.listening(true);
  await idle();
  put('a', digest('a'), null);
  const { calls } = containerd;
  observer.changed('k8s.io', 'a');
  await waitFor('four looks', () => containerd.calls - calls >= 8);
  await sleep(60);
  assert.is(containerd.calls - calls, 8, 'a get and a read each');
  assert.equal(said(), ['create a a unread 7']);
});

test('layers that were recorded: stay if the content is gone', async () => {
  const { observer, put, said, idle, content } = observing();
  put('a', digest('a'));
  observer.listening(true);
  await idle();
  content.clear();
  observer.changed('k8s.io', 'a');
  await idle();
  assert.equal(said(), ['create a a 1 7']);
});

test('after a gap: what changed meanwhile is recorded, and nothing else', async () => {
  const { observer, put, remove, said, idle, containerd } = observing();
  for (const name of ['kept', 'moved', 'gone']) put(name, digest('a'));
  observer.listening(true);
  await idle();
  observer.listening(false);
  const before = said().length;
  put('moved', digest('b'), diffTwo);
  put('new', digest('d'), diffTwo);
  remove('gone');
  observer.changed('k8s.io', 'moved');
  await sleep(20);
  assert.is(said().length, before, 'nothing is done while nothing is reported');
  const { calls } = containerd;
  observer.listening(true);
  await idle();
  assert.equal(said().slice(before), ['delete gone -  99 missed', 'update moved b 2 7', 'create new d 2 7']);
  assert.is(containerd.calls - calls, 1 + 3 + 4, 'a list, three looks, and the content of two');
});

test('a start: compares with what earlier sessions recorded', async () => {
  const { observer, put, said, idle } = observing([
    imageSeen('a', digest('a'), [diffOne]),
    imageSeen('b', digest('b')),
  ]);
  put('a', digest('a'));
  observer.listening(true);
  await idle();
  assert.equal(said(), ['delete b -  99 missed']);
});

test('an image that was deleted during the look: is looked at again', async () => {
  const { observer, put, remove, said, idle, containerd } = observing();
  observer.listening(true);
  await idle();
  put('a', digest('a'));
  containerd.onGet = async () => {
    containerd.onGet = async () => {};
    remove('a');
    observer.changed('k8s.io', 'a');
  };
  observer.changed('k8s.io', 'a');
  await idle();
  assert.equal(said(), []);
});

test('a containerd that fails: everything is compared later', async () => {
  const { observer, put, said, containerd } = observing();
  containerd.fails = true;
  observer.listening(true);
  await waitFor('an attempt', () => containerd.calls > 1);
  put('a', digest('a'));
  containerd.fails = false;
  await waitFor('the image', () => said().length === 1);
  assert.equal(said(), ['create a a 1 7']);
});

test('a containerd that fails: each failure is counted, the first and the end are reported', async () => {
  const { observer, put, said, containerd, reported, idle } = observing();
  put('a', digest('a'));
  containerd.fails = true;
  observer.listening(true);
  await waitFor('three attempts', () => containerd.calls > 2);
  observer.changed('k8s.io', 'a');
  containerd.fails = false;
  await waitFor('the image', () => said().length === 1);
  await waitFor('the end', () => reported.at(-1) === 'containerd works');
  await idle();
  assert.equal(reported.slice(0, 2), ['containerd', 'containerd fails : containerd is away']);
  assert.ok(reported.slice(2, -1).length >= 2);
  assert.ok(reported.slice(2, -1).every((text) => text === 'containerd'));
  observer.listening(false);
});

test('content that can not be read: its image is recorded without layers, the others are not looked at again', async () => {
  const { observer, put, said, idle, containerd, damaged, reported } = observing();
  for (const name of ['a', 'b', 'c']) put(name, digest(name));
  damaged.add(digest('b'));
  observer.listening(true);
  const looked = () => reported.filter((text) => text === 'content').length;
  await waitFor('four looks', () => looked() === 4);
  await idle();
  await sleep(60);
  assert.equal(said(), ['create a a 1 7', 'create b b unread 7', 'create c c 1 7']);
  assert.is(containerd.lists, 1, 'one comparison');
  assert.equal(
    reported.filter((text) => text !== 'content'),
    ['content fails k8s.io/b: input/output error'],
  );
  damaged.clear();
  observer.changed('k8s.io', 'b');
  await waitFor('its layers', () => said().at(-1) === 'update b b 1 7');
  assert.is(reported.at(-1), 'content works');
});

test('an image that containerd never answers for: the pause before the next comparison doubles each time', async () => {
  const { observer, put, containerd } = observing([], [5, 60_000]);
  for (const name of ['a', 'b', 'c']) put(name, digest(name));
  containerd.onGet = async (name) => {
    if (name === 'c') throw new Error('internal');
  };
  const begun = performance.now();
  observer.listening(true);
  await waitFor('five comparisons', () => containerd.lists >= 5);
  await sleep(100);
  observer.listening(false);
  // After n pauses of 5, 10, 20... ms: a slow machine makes fewer.
  const most = 2 + Math.log2(1 + (performance.now() - begun) / 4);
  assert.ok(containerd.lists <= most, `${containerd.lists} comparisons instead of ${most}`);
});

test('images that containerd never answers for: one comparison follows all of their failures', async () => {
  const { observer, put, containerd } = observing();
  for (const name of ['a', 'b', 'c']) put(name, digest(name));
  containerd.onGet = async () => {
    throw new Error('internal');
  };
  const begun = performance.now();
  observer.listening(true);
  await waitFor('five comparisons', () => containerd.lists >= 5);
  await sleep(100);
  observer.listening(false);
  // Pauses have 5 ms or more: a slow machine makes fewer.
  const most = 2 + (performance.now() - begun) / 4;
  assert.ok(containerd.lists <= most, `${containerd.lists} comparisons instead of ${most}`);
});

test('an event that was not recorded: is found missing later', async () => {
  const { observer, put, said, losing } = observing();
  put('a', digest('a'));
  losing.next = true;
  observer.listening(true);
  await waitFor('the image', () => said().length === 1);
  assert.not.ok(losing.next);
});

test('names and digests without sense: are not recorded as images', async () => {
  const { observer, put, said, idle } = observing();
  put('x'.repeat(512), digest('a'));
  put('x'.repeat(511), digest('a'));
  put('no digest', 'oops');
  put('long', `sha256:${'a'.repeat(300)}`);
  put('long algorithm', `${'a'.repeat(300)}:${'a'.repeat(64)}`);
  put('__proto__', digest('a'));
  put('\u001b[2J\n../..', digest('a'));
  observer.listening(true);
  await idle();
  assert.equal(
    said().map((text) => text.split(' ')[1]?.slice(0, 20)),
    ['x'.repeat(20), '__proto__', '\u001b[2J\n../..'],
  );
});

test('many changes: at most 600 a minute are recorded, the others later', async () => {
  const { observer, put, said, now } = observing();
  now.uptime = 60_000 - 40;
  for (let n = 0; n < 700; n++) put(`i${n}`, digest('a'));
  observer.listening(true);
  await waitFor('the first ones', () => said().length === 600);
  await sleep(20);
  assert.is(said().length, 600);
  now.uptime += 60_000;
  await waitFor('the others', () => said().length === 700);
});

test('many layers: no further image is recorded, and of an update no layers, until the record is smaller', async () => {
  const names = Array.from({ length: 200 }, (_, n) => `i${n}`);
  const layers = new Array<string>(499).fill(diffOne);
  const { observer, put, said, idle, containerd } = observing(
    names.map((name) => imageSeen(name, digest('a'), layers)),
  );
  for (const name of names) put(name, digest('a'), null);
  put('new', digest('b'), diffTwo);
  observer.listening(true);
  await idle();
  assert.equal([said(), containerd.calls], [[], 1], 'only the list');
  put('i0', digest('b'), diffTwo);
  observer.changed('k8s.io', 'i0');
  await waitFor('its layers', () => said().length === 2);
  observer.changed('k8s.io', 'new');
  await idle();
  assert.equal(said(), ['update i0 b unread 7', 'update i0 b 2 7', 'create new b 2 7']);
});

test('closed: nothing is recorded any more, and nothing stays open', async () => {
  const { observer, put, said, idle, containerd } = observing();
  observer.listening(true);
  await idle();
  put('a', digest('a'));
  containerd.onGet = async () => observer.close();
  observer.changed('k8s.io', 'a');
  await idle();
  observer.changed('k8s.io', 'a');
  await sleep(20);
  assert.equal([said(), containerd.connections], [[], 0]);
});

test.run();
