import { either } from 'fp-ts';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { applyMask, checkKey, checkLabels, withoutEmpty } from '../../src/domain/labels.ts';

const check = suite('checkLabels');

check('accepts a key and value of 4096 bytes together', () => {
  assert.is(checkLabels({ k: 'v'.repeat(4095), other: '' }), undefined);
});

check("refuses one byte more, with containerd's message", () => {
  assert.equal(checkLabels({ ok: 'yes', 'a-long-key-name': 'v'.repeat(4082) }), {
    code: 'invalid-argument',
    text: 'label key and value greater than maximum size (4096 bytes), key: a-long-key',
  });
});

check('counts bytes of UTF-8, not characters', () => {
  assert.is(checkLabels({ k: 'é'.repeat(2047) }), undefined);
  assert.is(checkLabels({ k: 'é'.repeat(2048) })?.code, 'invalid-argument');
  assert.is(checkLabels({ k: '😀'.repeat(1024) })?.code, 'invalid-argument');
});

/** Sixteen labels of so many bytes each, one of them of UTF-8 that is longer than its characters. */
const sixteen = (bytes: number) =>
  Object.fromEntries(
    Array.from({ length: 16 }, (_, index) => {
      const key = `k${String(index).padStart(2, '0')}`;
      return [key, index === 0 ? `${'é'.repeat(500)}${'v'.repeat(bytes - 1003)}` : 'v'.repeat(bytes - 3)];
    }),
  );

check('accepts 64 KiB of labels in total, and refuses one byte more', () => {
  assert.is(checkLabels(sixteen(4096)), undefined);
  assert.equal(checkLabels({ ...sixteen(4096), x: '' }), {
    code: 'invalid-argument',
    text: 'labels: 65537 bytes, all labels of a snapshot may have 65536 bytes together',
  });
});

check('accepts a change that does not add to labels that are already over the limit', () => {
  const before = { ...sixteen(4096), x: 'y'.repeat(100) };
  assert.is(checkLabels({ ...sixteen(4096), x: 'z'.repeat(100) }, before), undefined);
  assert.is(checkLabels({ ...sixteen(4096), x: 'z'.repeat(101) }, before)?.code, 'invalid-argument');
});

check('accepts no labels', () => {
  assert.is(checkLabels({}), undefined);
});

check.run();

const key = suite('checkKey');

key('accepts what containerd sends', () => {
  assert.is(checkKey('default/12/extract-304 sha256:abc', 'key'), undefined);
  assert.is(checkKey('é'.repeat(2048), 'key'), undefined);
});

key('refuses empty, too long and NUL, with the reason', () => {
  for (const [text, why] of [
    ['', 'name: must not be empty'],
    ['é'.repeat(2049), 'name: longer than 4096 bytes'],
    ['a\0b', 'name: must not contain a NUL character'],
  ] as const)
    assert.equal(checkKey(text, 'name'), { code: 'invalid-argument', text: why });
});

key.run();

const empty = suite('withoutEmpty');

empty('drops labels with an empty value', () => {
  assert.equal(withoutEmpty({ a: '', b: 'x', c: '' }), { b: 'x' });
});

empty('returns the same object if none is empty', () => {
  const labels = { a: 'x' };
  assert.is(withoutEmpty(labels), labels);
});

empty.run();

const mask = suite('applyMask');
const before = { a: '1', 'containerd.io/gc.root': 'now', c: '3' };

mask('replaces all labels without a mask', () => {
  assert.equal(applyMask(before, { b: '2', d: '' }, []), either.right({ b: '2' }));
});

mask('replaces all labels for the path labels', () => {
  assert.equal(applyMask(before, { b: '2' }, ['labels']), either.right({ b: '2' }));
});

mask('sets the one label that a path names, including dots and slashes', () => {
  assert.equal(
    applyMask(before, { 'containerd.io/gc.root': 'later', c: 'ignored' }, ['labels.containerd.io/gc.root']),
    either.right({ a: '1', 'containerd.io/gc.root': 'later', c: '3' }),
  );
});

mask('deletes a label whose value is empty or absent', () => {
  assert.equal(
    applyMask(before, { a: '' }, ['labels.a', 'labels.c']),
    either.right({ 'containerd.io/gc.root': 'now' }),
  );
});

mask('applies the paths in their order', () => {
  assert.equal(applyMask(before, { b: '2' }, ['labels', 'labels.b']), either.right({ b: '2' }));
  assert.equal(applyMask(before, { b: '2' }, ['labels.a', 'labels']), either.right({ b: '2' }));
});

mask('refuses any other path', () => {
  for (const path of ['parent', 'name', 'kind', '', 'label.a', 'Labels.a', 'labels_a', 'created_at'])
    assert.equal(
      applyMask(before, {}, ['labels.a', path]),
      either.left({
        code: 'invalid-argument',
        text: `field ${JSON.stringify(path)}: cannot be updated, only labels can`,
      }),
    );
});

mask('reads nothing from the prototype of objects', () => {
  assert.equal(applyMask({ a: '1' }, {}, ['labels.constructor', 'labels.__proto__']), either.right({ a: '1' }));
  const own = Object.fromEntries([['__proto__', 'x']]);
  const after = applyMask({}, own, ['labels.__proto__']);
  assert.equal(either.isRight(after) && Object.entries(after.right), [['__proto__', 'x']]);
});

mask('does not modify its input', () => {
  applyMask(before, { a: '9' }, ['labels.a']);
  assert.is(before.a, '1');
});

mask.run();
