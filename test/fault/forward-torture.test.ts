import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { tortureForward } from '../torture/forward/rounds.ts';

const test = suite('torture of forwarding');

test('keeps the stream equal to the log, position by position, whatever is killed and whichever labels are left out', async () => {
  const lines: string[] = [];
  const options = { rounds: 6, seconds: 240, seed: 1, writers: 2 };
  const { findings, events, omitted, kills } = await tortureForward(options, (line) => lines.push(line));
  assert.equal(findings, [], lines.join('\n'));
  assert.ok(events > 0 && omitted > 0 && kills.daemon > 0 && kills.server > 0);
});

test.run();
