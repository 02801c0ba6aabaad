import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { listed, named } from '../../src/domain/named.ts';

const hex = (digit: string) => digit.repeat(64);
const container = '3f'.repeat(32);
const candidates = [
  { id: 1, key: `k8s.io/4/sha256:${hex('a')}` },
  { id: 2, key: `default/9/sha256:${hex('a')}` },
  { id: 3, key: `k8s.io/5/sha256:${hex('b')}` },
  { id: 4, key: `k8s.io/6/extract-12-xy sha256:${hex('c')}` },
  { id: 5, key: 'k8s.io/223/c1' },
  { id: 6, key: 'default/7/c1-job' },
  { id: 7, key: `k8s.io/8/${container}` },
  { id: 8, key: 'plain' },
  { id: 9, key: 'default/12/223' },
  { id: 9, key: 'default/11/extract-9' },
  { id: 10, key: `web/13/sha256:${hex('d')}`, diffId: `sha256:${hex('e')}` },
  { id: 11, key: `web/14/sha256:${hex('e')}`, diffId: `sha256:${hex('f')}` },
  { id: 12, key: `web/15/layer`, diffId: `sha256:${hex('f')}` },
];
const ids = (text: string) => named(candidates, text).map(({ id }) => id);

const test = suite('a name of a snapshot');

test('is a whole key, or an id', () => {
  assert.equal(ids('k8s.io/223/c1'), [5]);
  assert.equal(ids('plain'), [8]);
  assert.equal(ids('5'), [5]);
});

test("is a layer's diff id, whole or its beginning, unless a key has the same digest", () => {
  assert.equal(ids(`sha256:${hex('f')}`), [11, 12]);
  assert.equal(ids('ffff'), [11, 12]);
  assert.equal(ids('sha256:ffffff…'), [11, 12]);
  assert.equal(ids('fff'), []);
  assert.equal(ids(`sha256:${hex('e')}`), [11]);
  assert.equal(ids('eeee'), [11]);
});

test("is the client's own key, such as a container's id, with or without its namespace", () => {
  assert.equal(ids('c1'), [5]);
  assert.equal(ids('default/c1-job'), [6]);
  assert.equal(ids('k8s.io/c1-job'), []);
  assert.equal(ids(container), [7]);
  assert.equal(ids('223'), [9], 'of an id that no snapshot has');
});

test('is a digest or the start of one, from four characters on', () => {
  assert.equal(ids(`sha256:${hex('b')}`), [3]);
  assert.equal(ids(hex('b')), [3]);
  assert.equal(ids('sha256:bbbb'), [3]);
  assert.equal(ids('bbbb'), [3]);
  assert.equal(ids('cccc'), [4]);
  for (const text of ['bbb', 'sha256:bbb', 'sha256:', 'sha256', 'sha', 'md5:bbbb', ''])
    assert.equal(ids(text), [], text);
});

test("is the start of a key without namespace, or of the client's own, as a table abbreviates it", () => {
  assert.equal(ids('default/7'), [6]);
  assert.equal(ids('default/9/sha256:aaaaaaaaaaaa…'), [2]);
  assert.equal(ids('3f3f3f'), [7]);
  assert.equal(ids('extract-12'), [4]);
  assert.equal(ids('3f3'), []);
  for (const text of ['default/', 'default', 'k8s.io/']) assert.equal(ids(text), [], text);
});

test('may match several, each once', () => {
  assert.equal(ids('aaaa'), [1, 2]);
  assert.equal(ids('default/1'), [9]);
  assert.is(listed(named(candidates, 'aaaa')), `1 k8s.io/4/sha256:${hex('a')}, 2 default/9/sha256:${hex('a')}`);
  const many = Array.from({ length: 22 }, (_, at) => ({ id: at + 1, key: `ns/${at}/k` }));
  assert.match(listed(many), /20 ns\/19\/k and 2 more$/);
});

test.run();
