import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import type { Event } from '../../../events/registry.ts';
import { Fault } from '../../../src/ports/fault.ts';
import { imageSeen } from '../../support/sample-events.ts';
import { createSandbox } from '../../support/sandbox.ts';
import { enveloped, smallStore } from '../facts.ts';
import { createMemoryDeps, printedQuery } from '../memory-deps.ts';

const test = suite('stat');
const sandbox = createSandbox('stat');
test.after(() => sandbox.close());

async function printed(key: string, json: boolean) {
  const deps = await createMemoryDeps(sandbox, enveloped(smallStore));
  return printedQuery(deps, 'stat', { key }, { json });
}

test('shows everything that the log has about a snapshot', async () => {
  assert.equal(await printed('default/4/sha256:bbb', false), [
    'key       default/4/sha256:bbb',
    'kind      committed',
    'id        2',
    'path      snapshots/2',
    'parents   default/2/sha256:aaa',
    'children  default/5/web',
    'created   2023-11-14T22:19:20.000Z',
    'updated   2023-11-14T22:19:20.000Z',
    'usage     not measured',
    'prepared  position 5',
    'labels    -',
  ]);
});

test('shows the images that have a layer', async () => {
  const seen = (name: string, namespace: string): Event => {
    const { type, data } = imageSeen(name, 'sha256:t', ['sha256:aaa', 'sha256:bbb']);
    return { type, data: { ...data, namespace } };
  };
  const images = ['b:1', 'a:1'].map((name) => seen(name, 'default'));
  const deps = await createMemoryDeps(sandbox, enveloped([...smallStore, ...images, seen('c:1', 'k8s.io')]));
  const lines = await printedQuery(deps, 'stat', { key: 'default/4/sha256:bbb' }, { json: false });
  assert.equal(lines.slice(4, 6), ['images    a:1', '          b:1']);
  assert.not.match((await printedQuery(deps, 'stat', { key: '3' }, { json: false })).join(), 'images');
});

test('accepts an abbreviated key if it is unique', async () => {
  const [line] = await printed('default/4/sha256:b…', false);
  assert.is(line, 'key       default/4/sha256:bbb');
  assert.is((await printed('default/5', false))[0], 'key       default/5/web');
  await printed('default/', false).then(
    () => assert.unreachable(),
    (error) => assert.match(error.message, 'not found'),
  );
});

test('prints one JSON object with --json', async () => {
  const [line = ''] = await printed('default/5/web', true);
  const { id, kind, parents, children, labels, path } = JSON.parse(line);
  assert.equal(
    { id, kind, parents, children, labels, path },
    {
      id: '3',
      kind: 'active',
      parents: ['default/4/sha256:bbb', 'default/2/sha256:aaa'],
      children: [],
      labels: { b: '3', c: '4' },
      path: 'snapshots/3',
    },
  );
});

test('suggests the keys that contain the argument', async () => {
  const error = await printed('sha256', false).then(
    () => undefined,
    (fault: unknown) => fault,
  );
  assert.ok(error instanceof Fault);
  assert.is(error.message, 'snapshot sha256: not found');
  assert.match(error.hint, 'default/2/sha256:aaa');
});

test.run();
