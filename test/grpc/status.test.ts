import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { type RefusalCode, refuse } from '../../src/domain/commands.ts';
import { Fault, type FaultCode } from '../../src/ports/fault.ts';
import { closeEdges, openEdge } from './opened-edge.ts';

const status = suite('gRPC status');
status.after.each(closeEdges);

const refusals: Record<RefusalCode, string> = {
  'not-found': 'NOT_FOUND',
  'already-exists': 'ALREADY_EXISTS',
  'invalid-argument': 'INVALID_ARGUMENT',
  'failed-precondition': 'FAILED_PRECONDITION',
  unimplemented: 'UNIMPLEMENTED',
};

const faults: Record<FaultCode, string> = {
  'no-space': 'RESOURCE_EXHAUSTED',
  exhausted: 'RESOURCE_EXHAUSTED',
  'too-large': 'RESOURCE_EXHAUSTED',
  'read-only': 'UNAVAILABLE',
  stale: 'UNAVAILABLE',
  io: 'INTERNAL',
  corrupt: 'DATA_LOSS',
  busy: 'UNAVAILABLE',
  stopped: 'UNAVAILABLE',
  unsupported: 'UNIMPLEMENTED',
  missing: 'NOT_FOUND',
  misuse: 'INVALID_ARGUMENT',
};

status('maps every refusal to its code, with its text', async () => {
  const edge = await openEdge({
    stat: (key) => refuse(key as RefusalCode, `snapshot ${key}: no`),
    list: ([code]) => refuse(code as RefusalCode, `filter ${code}: no`),
  });
  for (const [code, expected] of Object.entries(refusals))
    assert.equal(await edge.call('Stat', { key: code }), {
      code: expected,
      details: `snapshot ${code}: no`,
      response: undefined,
    });
  assert.equal(edge.errors, []);
});

status('maps every fault to its code, with its hint, and logs it once', async () => {
  const edge = await openEdge({
    mounts: async (key) => {
      throw new Fault(key as FaultCode, `volume 7: ${key}`, { hint: 'look there', cause: new Error('EIO') });
    },
  });
  for (const [code, expected] of Object.entries(faults)) {
    const { code: answered, details } = await edge.call('Mounts', { key: code });
    assert.equal([answered, details], [expected, `volume 7: ${code} (look there)`]);
  }
  assert.is(edge.errors.length, Object.keys(faults).length);
});

status('maps any other error to internal, and logs it once with its stack', async () => {
  const failure = new RangeError('out of range');
  const edge = await openEdge({
    stat: () => {
      throw failure;
    },
    usage: () => Promise.reject('just text'),
  });
  assert.equal(await edge.call('Stat', { key: 'k' }), {
    code: 'INTERNAL',
    details: 'out of range',
    response: undefined,
  });
  assert.is((await edge.call('Usage', { key: 'k' })).details, 'just text');
  assert.equal(edge.errors, [
    { fields: { err: failure, method: 'Stat' }, message: 'call failed' },
    { fields: { err: 'just text', method: 'Usage' }, message: 'call failed' },
  ]);
});

status('carries texts beyond ASCII, line ends and percent signs', async () => {
  const edge = await openEdge({ stat: (key) => refuse('not-found', key) });
  for (const text of ['snapshot é 日本 😀: not found', '100% "sure"\n\t\\ %41'])
    assert.is((await edge.call('Stat', { key: text })).details, text);
});

status('shortens long texts in the middle, and survives half characters', async () => {
  const edge = await openEdge({ stat: () => refuse('not-found', `a${'😀'.repeat(20_000)}: the end`) });
  const { code, details } = await edge.call('Stat', { key: 'k' });
  assert.is(code, 'NOT_FOUND');
  assert.match(details, /^a😀.* \.\.\. .*😀: the end$/);
  assert.ok(details.length < 2_100);
});

status.run();
