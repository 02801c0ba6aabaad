import { either } from 'fp-ts';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import type { Snapshot } from '../../projections/snapshot.ts';
import { parseFilters } from '../../src/domain/filter/parse-filters.ts';

function snapshot(key: string, labels: Record<string, string> = {}, more: Partial<Snapshot> = {}): Snapshot {
  return { id: 1, key, kind: 'active', parent: '', parentId: null, labels, created: 0n, updated: 0n, ...more };
}

const corpus = [
  snapshot('base', { os: 'linux' }, { kind: 'committed' }),
  snapshot('app', {}, { parent: 'base' }),
  snapshot('base-2', { os: 'set', 'two words': 'set' }, { kind: 'committed' }),
  snapshot('app-2', { arch: 'arm64' }, { parent: 'base', kind: 'view' }),
  snapshot('odd-1', { 'back\\slash and "quote"': 'set' }),
  snapshot('odd-2', { 'back\\slash and "quote".tail': 'set' }),
  snapshot('key with spaces, and a comma'),
  snapshot('dotted', { 'containerd.io/gc.root': '2020-01-01T00:00:00Z', 'a.b.c': 'x_y.z-1' }),
];

function listed(...filters: string[]): readonly string[] {
  const answer = parseFilters(filters);
  if (either.isLeft(answer)) throw new Error(answer.left.text);
  return corpus.filter(answer.right).map(({ key }) => key);
}

function refusal(filter: string): string {
  const answer = parseFilters([filter]);
  if (either.isRight(answer)) throw new Error(`${filter} was taken`);
  assert.is(answer.left.code, 'invalid-argument');
  return answer.left.text;
}

const all = corpus.map(({ key }) => key);
const but = (...keys: string[]) => all.filter((key) => !keys.includes(key));

const matching = suite('a filter');

matching('matches everything if it is empty or missing', () => {
  assert.equal(listed(), all);
  assert.equal(listed(''), all);
  assert.equal(listed('name==nobody', ''), all);
});

matching('tests the presence of a field', () => {
  assert.equal(listed('name'), all);
  assert.equal(listed('parent'), all);
  assert.equal(listed('labels.os'), ['base', 'base-2']);
  assert.equal(listed('unknown'), []);
  assert.equal(listed('labels'), []);
});

matching('combines terms by and', () => {
  assert.equal(listed('labels.os,name'), ['base', 'base-2']);
  assert.equal(listed('name==app-2,labels.arch'), ['app-2']);
  assert.equal(listed('name==app-2,labels.arch==arm64'), ['app-2']);
  assert.equal(listed('name==app-2,labels.arch==amd64'), []);
  assert.equal(listed(' name==app-2, labels.arch'), ['app-2']);
});

matching('is combined with other filters by or', () => {
  assert.equal(listed('name==app', 'labels.os==set'), ['app', 'base-2']);
});

matching('compares for equality', () => {
  assert.equal(listed('name==app'), ['app']);
  assert.equal(listed('name == app'), ['app']);
  assert.equal(listed('labels.os==linux'), ['base']);
  assert.equal(listed('labels.a.b.c==x_y.z-1'), ['dotted']);
  assert.equal(listed('parent==base'), ['app', 'app-2']);
  assert.equal(listed('unknown==""'), []);
});

matching('compares kinds by their lower case names', () => {
  assert.equal(listed('kind==committed'), ['base', 'base-2']);
  assert.equal(listed('kind==view'), ['app-2']);
  assert.equal(listed('kind==Active'), []);
});

matching('compares for inequality, with an absent field as empty', () => {
  assert.equal(listed('name!=app'), but('app'));
  assert.equal(listed('labels.os!=linux'), but('base'));
  assert.equal(listed('labels.os!=""'), ['base', 'base-2']);
  assert.equal(listed('unknown!=x'), all);
});

matching('reads quoted values with their escapes', () => {
  assert.equal(listed('name=="key with spaces, and a comma"'), ['key with spaces, and a comma']);
  assert.equal(listed(String.raw`name=="\x61\160\u0070"`), ['app']);
  assert.equal(listed('labels.os==lin"ux'), []);
});

matching('reads quoted parts of a path', () => {
  assert.equal(listed('labels."two words"'), ['base-2']);
  assert.equal(listed('name==base-2,labels."two words"==set'), ['base-2']);
  assert.equal(listed(String.raw`labels."back\\slash and \"quote\""==set`), ['odd-1']);
  assert.equal(listed(String.raw`labels."back\\slash and \"quote\"".tail==set`), ['odd-2']);
  assert.equal(listed('labels."containerd.io/gc.root"'), ['dotted']);
  assert.equal(listed('labels.containerd."io/gc".root'), ['dotted']);
  assert.equal(listed('"name"==app'), ['app']);
});

matching("answers containerd's query for a shared layer", () => {
  const layer = snapshot('layer', { 'containerd.io/snapshot.ref': 'sha256:abc' }, { parent: 'a "b"' });
  const answer = parseFilters([String.raw`labels."containerd.io/snapshot.ref"=="sha256:abc",parent=="a \"b\""`]);
  assert.ok(either.isRight(answer) && answer.right(layer) && !answer.right(snapshot('layer')));
});

matching('matches a regular expression, unanchored', () => {
  assert.equal(listed('name~=app'), ['app', 'app-2']);
  assert.equal(listed('name~=^[ab]+.+2$'), ['base-2', 'app-2']);
  assert.equal(listed('name~=/^(app|base)$/'), ['base', 'app']);
  assert.equal(listed('name~=|o{0,1}dd-[12]|,name!=odd-1'), ['odd-2']);
  assert.equal(listed('name~="spaces, a"'), ['key with spaces, and a comma']);
  assert.equal(listed(String.raw`name~=/\\d$/`), ['base-2', 'app-2', 'odd-1', 'odd-2']);
  assert.equal(listed(String.raw`name~=\d$`), ['base-2', 'app-2', 'odd-1', 'odd-2']);
  assert.equal(listed(String.raw`labels."containerd.io/gc.root"~=/2020\/01/`), []);
  assert.equal(listed('unknown~=^$'), all);
});

matching('reads no label from the prototype of objects', () => {
  assert.equal(listed('labels.constructor'), []);
  assert.equal(listed('labels.__proto__'), []);
});

matching.run();

const refused = suite('an invalid filter');

refused('is reported with its index, text, column and what was expected', () => {
  const answer = parseFilters(['name', 'name==a,']);
  assert.equal(
    answer,
    either.left({
      code: 'invalid-argument',
      text: 'filter 2 "name==a,": column 9: expected a field, plain ([A-Za-z0-9_]) or quoted with "',
    }),
  );
});

refused('counts columns in characters', () => {
  assert.match(refusal('labels."😀é"=x'), /: column 12: expected an operator/);
});

for (const [filter, why] of [
  ['labels.', /column 8: expected a field/],
  [',name', /column 1: expected a field/],
  ['labels.?"x"==y', /column 8: expected a field/],
  ['labels.|os|==x', /column 8: expected a field/],
  ['labels.ns/key==value', /column 10: expected an operator/],
  ['name=app', /column 5: expected an operator/],
  ['name===app', /column 5: expected an operator/],
  ['name app', /column 6: expected an operator/],
  ['name ', /column 6: expected an operator/],
  ['name~=,id', /column 7: expected a value/],
  ['name==', /column 7: expected a value/],
  ['name==.x', /column 7: expected a value/],
  ['name==/app/', /column 7: expected a value; \/ quotes only after ~=/],
  ['name==a b', /column 8: expected a comma or the end/],
  ['name=="a"b', /column 10: expected a comma or the end/],
  ['name=="app', /column 7: expected a closing "/],
  ['labels.key~=/value', /column 13: expected a closing \//],
  ['name=="a\nb"', /column 7: expected a closing "/],
  [String.raw`name=="\q"`, /column 8: expected an escape/],
  [String.raw`name=="\x4"`, /column 8: expected an escape/],
  [String.raw`name=="\400"`, /column 8: expected an escape/],
  [String.raw`name=="\U00110000"`, /column 8: expected an escape/],
  [String.raw`name~=/\d/`, /column 8: expected an escape/],
  ['name==\0', /column 7: expected Unicode text/],
  ['name==\ud800', /column 7: expected Unicode text/],
  ['name~=(', /column 7: expected a regular expression: missing closing \)/],
  [`name==${'x'.repeat(70_000)}`, /longer than 65536 characters/],
] as const)
  refused(`is refused: ${JSON.stringify(filter.slice(0, 40))}`, () => {
    assert.match(refusal(filter), why);
  });

refused.run();
