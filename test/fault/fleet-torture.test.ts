import * as assert from 'uvu/assert';
import { requirePostgres } from '../support/postgres.ts';
import { suiteNeeding } from '../support/requirements.ts';
import { tortureFleet } from '../torture/fleet/rounds.ts';

const test = suiteNeeding('torture of the fleet index', requirePostgres());

test('keeps the tables equal to a fold of all logs, row by row, whatever is killed', async () => {
  const lines: string[] = [];
  const options = { rounds: 5, seconds: 240, seed: 5, stores: 4 };
  const { finding, events, faults } = await tortureFleet(options, (line) => lines.push(line));
  assert.is(finding, undefined, lines.join('\n'));
  assert.ok(events > 500, `${events} events`);
  assert.equal(faults, { indexer: 1, postgres: 1, both: 1, cut: 1, stop: 1 });
});

test.run();
