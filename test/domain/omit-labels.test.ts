import * as t from 'io-ts';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { Labels } from '../../events/codecs.ts';
import type { Event } from '../../events/registry.ts';
import { eventCodecs } from '../../events/registry.ts';
import { createLabelFilter, labelFields, sameButLabels } from '../../src/domain/filter/omit-labels.ts';
import { enveloped, layerLabels, oneOfEach, prepared } from '../support/sample-events.ts';

const test = suite('labels that are left out');
const only = (event: Event) => enveloped([event])[0] as ReturnType<typeof enveloped>[number];
const keptOf = (patterns: readonly string[], names: readonly string[]) => {
  const labels = Object.fromEntries(names.map((name) => [name, 'v']));
  const { event } = createLabelFilter(patterns)(only(prepared(1, 'k', null, labels)));
  return 'labels' in event.data ? Object.keys(event.data.labels) : [];
};

test('a pattern is the whole name, and * is any text', () => {
  const names = ['team', 'team.a', 'my.team', 'a/b/c', 'a+b', 'x\ny'];
  assert.equal(keptOf([], names), names);
  assert.equal(keptOf(['team'], names), ['team.a', 'my.team', 'a/b/c', 'a+b', 'x\ny']);
  assert.equal(keptOf(['team*', 'a/*'], names), ['my.team', 'a+b', 'x\ny']);
  assert.equal(keptOf(['*team', 'a+b', 'x*y'], names), ['team.a', 'a/b/c']);
  assert.equal(keptOf(['a?b', '[a-z]*', '.*', 'te.m', '^team$', '\\Qteam\\E'], names), names);
  assert.equal(keptOf(['*'], names), []);
});

test('labels that identify a layer stay, whatever the patterns are', () => {
  const labels = layerLabels('a', 'b', 'c');
  assert.equal(keptOf(['*', 'containerd.io/*'], [...Object.keys(labels), 'x']), Object.keys(labels));
});

test('names that look like members of objects are names', () => {
  const labels = JSON.parse('{"__proto__":"1","constructor":"2","secret":"3"}');
  const { event } = createLabelFilter(['secret'])(only(prepared(1, 'k', null, labels)));
  assert.is(JSON.stringify(event.data).includes('"__proto__":"1","constructor":"2"'), true);
  assert.not.match(JSON.stringify(event.data), 'secret');
});

test('hostile names and patterns take no longer', () => {
  const began = process.cpuUsage().user;
  keptOf([`${'*a'.repeat(500)}b`], ['a'.repeat(4000)]);
  // A matcher that tries every way would take longer than the age of the universe.
  assert.ok(process.cpuUsage().user - began < 60_000_000);
});

/** The fields of an event that contain labels, by its codec. */
function labelsIn(codec: t.Mixed): readonly string[] {
  if (codec instanceof t.IntersectionType) return (codec.types as readonly t.Mixed[]).flatMap(labelsIn);
  if (!(codec instanceof t.InterfaceType || codec instanceof t.PartialType)) return [];
  return Object.entries(codec.props as t.Props).flatMap(([field, one]) => (one === Labels ? [field] : []));
}

test('every event with labels: loses them, and nothing else', () => {
  const filter = createLabelFilter(['*']);
  let found = 0;
  for (const event of oneOfEach) {
    const fields = labelsIn(eventCodecs[event.type]);
    assert.equal(
      fields.filter((field) => !labelFields.some((known) => known === field)),
      [],
    );
    const full = { ...event.data, ...Object.fromEntries(fields.map((field) => [field, { private: '1' }])) };
    const sent = filter(only({ type: event.type, data: full } as Event)).event.data;
    assert.equal(sent, { ...full, ...Object.fromEntries(fields.map((field) => [field, {}])) }, event.type);
    found += fields.length;
  }
  assert.is(found, 7, 'SnapshotPrepared, TakenOver, Committed, Removed, Restored; two of Updated');
});

test('an event counts as sent with any of its labels left out, and with no other difference', () => {
  const textOf = (value: object) => JSON.stringify(value, (_, one) => (typeof one === 'bigint' ? `${one}` : one));
  const ours = only(prepared(1, 'k', null, { a: '1', b: '2' }));
  const theirs = (labels: Labels, key = 'k') => only(prepared(1, key, null, labels));
  for (const labels of [{ a: '1', b: '2' }, { b: '2' }, {}]) assert.ok(sameButLabels(ours, theirs(labels), textOf));
  for (const labels of [{ a: '2' }, { c: '1' }, { a: '1', b: '2', c: '3' }])
    assert.not.ok(sameButLabels(ours, theirs(labels), textOf), JSON.stringify(labels));
  assert.not.ok(sameButLabels(ours, theirs({}, 'other'), textOf));
  assert.not.ok(sameButLabels(ours, { ...theirs({}), time: 2n }, textOf));
});

test.run();
