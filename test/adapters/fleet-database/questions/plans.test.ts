import * as assert from 'uvu/assert';
import { openSession } from '../../../../src/adapters/fleet-database/postgres/connection/session.ts';
import { readPostgresUrl } from '../../../../src/adapters/fleet-database/postgres/connection/url.ts';
import { type Ask, createSessions } from '../../../../src/adapters/fleet-database/postgres/questions/ask.ts';
import {
  questionSettings,
  questionsOver,
} from '../../../../src/adapters/fleet-database/postgres/questions/open-fleet-questions.ts';
import { everyQuestion } from '../../../bench/fleet/every-question.ts';
import { fillScale } from '../../../bench/fleet/fill-scale.ts';
import { type FleetServer, startFleetServer } from '../../../support/fleet/fleet-server.ts';
import { requirePostgres } from '../../../support/postgres.ts';
import { suiteNeeding } from '../../../support/requirements.ts';

const test = suiteNeeding('plans of the questions to a fleet', requirePostgres());
let server: FleetServer;
test.before(async () => {
  server = await startFleetServer();
  await fillScale(server.postgres, { nodes: 40, existing: 300, removed: 1200, months: 4, days: 60 });
});
test.after(() => server.end());

interface Plan {
  readonly 'Node Type': string;
  readonly 'Relation Name'?: string;
  readonly Plans?: readonly Plan[];
}

/** The tables that a plan reads from beginning to end. */
function scannedBy(plan: Plan): readonly string[] {
  const own = plan['Node Type'] === 'Seq Scan' ? [plan['Relation Name'] ?? ''] : [];
  return [...own, ...(plan.Plans ?? []).flatMap(scannedBy)];
}

const open = () =>
  openSession(readPostgresUrl(server.url), { schema: 'snapledger', application: 'test', settings: questionSettings });

const planOf = (rows: readonly (readonly unknown[])[]) =>
  (rows[0]?.[0] as readonly { readonly Plan: Plan }[] | undefined)?.[0]?.Plan as Plan;

/** The plans of all statements of all questions. */
async function plansOfQuestions(): Promise<readonly Plan[]> {
  const { ask, close } = createSessions(open, 4);
  const plans: Plan[] = [];
  const explaining: Ask = async (text, values) => {
    plans.push(planOf(await ask(`EXPLAIN (FORMAT JSON) ${text}`, values)));
    return ask(text, values);
  };
  const asked = await everyQuestion({
    fleet: questionsOver(explaining, close),
    now: () => BigInt(Date.now()) * 1_000_000n,
  });
  for (const { run } of asked) await run();
  await close();
  assert.ok(plans.length > asked.length);
  return plans;
}

test('snapshots: no question reads the existing ones, or a month of removed ones, from beginning to end', async () => {
  const scanned = (await plansOfQuestions()).flatMap(scannedBy);
  assert.equal(
    [...new Set(scanned)].filter((name) => /^snapshot_(current|removed_\d)/.test(name)),
    [],
  );
  const session = await open();
  const scan = planOf(await session.rows("EXPLAIN (FORMAT JSON) SELECT FROM snapshot WHERE actor = 'x'"));
  await session.close();
  assert.ok(scannedBy(scan).length > 3, 'a scan is found');
});

test.run();
