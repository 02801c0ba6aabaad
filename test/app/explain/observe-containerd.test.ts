import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import type { Event } from '../../../events/registry.ts';
import { observeContainerd } from '../../../src/app/explain/observe-containerd.ts';
import type { ContainerdListener } from '../../../src/ports/containerd-events.ts';

const test = suite('observe containerd');

function observing(record: (event: Event) => void) {
  let registered: ContainerdListener | undefined;
  let now = 0;
  const closed: string[] = [];
  const images: string[] = [];
  const { close } = observeContainerd({
    journal: { recordSoon: ([event]) => event && record(event) },
    uptime: () => now,
    images: {
      listening: (now) => void images.push(`listening ${now}`),
      changed: (namespace, name) => void images.push(`${namespace} ${name}`),
      close: () => void images.push('closed'),
    },
    watch: (listener) => {
      registered = listener;
      return { close: () => void closed.push('closed') };
    },
  });
  close();
  assert.equal([...closed, ...images.splice(0)], ['closed', 'closed']);
  if (registered === undefined) throw new Error('no listener');
  return {
    images,
    listener: registered,
    pass: (seconds: number) => {
      now += seconds * 1000;
    },
  };
}

const image = (name: string) => ({ topic: '/images/delete', namespace: 'ns', name, at: 5n });

test("records containerd's events, cut to a bounded length, and when it was connected", () => {
  const recorded: Event[] = [];
  const { listener } = observing((event) => recorded.push(event));
  listener.listening(false);
  listener.listening(true);
  listener.listening(true);
  listener.event(image('x'.repeat(1000)));
  listener.event({ ...image('y'), topic: 't'.repeat(1000) });
  listener.listening(false);
  assert.equal(
    recorded.map(({ type, data }) => ('topic' in data ? `${data.topic} ${data.name.length}` : type)),
    ['ContainerdWatchChanged', '/images/delete 512', `${'t'.repeat(512)} 1`, 'ContainerdWatchChanged'],
  );
  const changes = recorded.flatMap((event) => (event.type === 'ContainerdWatchChanged' ? [event.data] : []));
  assert.equal(
    changes.map(({ listening, gap }) => [listening, gap > 0n]),
    [
      [true, true],
      [false, false],
    ],
  );
});

test('passes on which images may have changed, and records of them what needs no look', () => {
  const recorded: Event[] = [];
  const { listener, images } = observing((event) => recorded.push(event));
  listener.listening(true);
  for (const topic of ['create', 'update', 'delete'])
    listener.event({ topic: `/images/${topic}`, namespace: 'ns', name: topic, at: 5n });
  listener.event({ topic: '/containers/delete', namespace: 'ns', name: 'c', at: 5n });
  listener.listening(false);
  assert.equal(images, ['listening true', 'ns create', 'ns update', 'ns delete', 'listening false']);
  assert.equal(
    recorded.map(({ type, data }) => ('topic' in data ? data.topic : type)),
    ['ContainerdWatchChanged', '/images/delete', '/containers/delete', 'ContainerdWatchChanged'],
  );
});

test('limits the rate of recorded events', () => {
  let count = 0;
  const { listener, pass } = observing(() => {
    count += 1;
  });
  for (let n = 0; n < 5000; n++) listener.event(image(`${n}`));
  assert.is(count, 600);
  pass(60);
  listener.event(image('later'));
  assert.is(count, 601);
});

test.run();
