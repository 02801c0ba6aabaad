import { either } from 'fp-ts';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import type { Event } from '../../../events/registry.ts';
import { type Anchor, anchorOf, checkAnchors, formatAnchor, parseAnchor } from '../../../src/app/audit/anchor.ts';
import { caughtFault } from '../../support/caught-fault.ts';
import { oneOfEach, prepared } from '../../support/sample-events.ts';
import { memoryFiles } from './memory-files.ts';

const test = suite('anchor');
const [created] = oneOfEach as readonly [Event];
const keys = (...names: string[]): readonly Event[] => [created, ...names.map((name, at) => prepared(at + 1, name))];
const logOf = async (events: readonly Event[]) => (await memoryFiles(events)).openLog();

/** Anchors after each of the events. */
async function anchorsOf(events: readonly Event[]): Promise<readonly Anchor[]> {
  return Promise.all(events.map(async (_, at) => anchorOf(await logOf(events.slice(0, at + 1)))));
}

test('is one line that can be read back', async () => {
  const anchor = await anchorOf(await logOf(keys('a')));
  assert.match(formatAnchor(anchor), /^snapledger-anchor\.v1:0b7c1e9e-3a55-4c8e-9d0a-6a1f6a3f1c11:2:[0-9a-f]{64}$/);
  assert.equal(parseAnchor(`${formatAnchor(anchor)}\n`), either.right(anchor));
  for (const line of ['', 'x', formatAnchor(anchor).slice(0, -1), formatAnchor(anchor).replace(':2:', ':0:')])
    assert.ok(either.isLeft(parseAnchor(line)), line);
});

test('is contained in every continuation of its log', async () => {
  const anchors = await anchorsOf(keys('a', 'b'));
  assert.equal(await checkAnchors(await logOf(keys('a', 'b', 'c')), anchors), { holds: [1, 2, 3], broken: null });
});

test('detects a truncated log', async () => {
  const anchors = await anchorsOf(keys('a', 'b', 'c'));
  assert.equal(await checkAnchors(await logOf(keys('a')), [...anchors].reverse()), {
    holds: [1, 2],
    broken: { position: 3, why: 'the log was truncated: it ends at position 2, but once had position 3' },
  });
});

test('detects a rewritten log, at the first of several that it contradicts', async () => {
  const [first, , third, fourth] = (await anchorsOf(keys('a', 'b', 'c'))) as [Anchor, Anchor, Anchor, Anchor];
  const rewritten = await logOf(keys('a', 'B', 'c'));
  assert.equal(await checkAnchors(rewritten, [fourth, first, third]), {
    holds: [1],
    broken: {
      position: 3,
      why: 'the log was rewritten: an event at positions 2 to 3 was changed',
    },
  });
  assert.match((await checkAnchors(rewritten, [fourth])).broken?.why ?? '', 'positions 1 to 4');
});

test('belongs to one store', async () => {
  const [anchor] = await anchorsOf(keys('a'));
  const other = { ...created, data: { ...created.data, store: '11111111-3a55-4c8e-9d0a-6a1f6a3f1c11' } } as Event;
  const { broken } = await checkAnchors(await logOf([other, prepared(1, 'a')]), [anchor as Anchor]);
  assert.match(broken?.why ?? '', 'the anchor is of store 0b7c1e9e');
});

test('is not available for an empty log', async () => {
  assert.is((await caughtFault(logOf([]).then(anchorOf))).code, 'missing');
});

test.run();
