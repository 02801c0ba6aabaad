import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { fleetRoutes } from '../../src/console/server/fleet-routes.ts';
import { type DatabaseObserver, overDatabase } from '../../src/http/over-database.ts';
import { plain, type Route, reading } from '../../src/http/route.ts';
import { createRouter } from '../../src/http/router.ts';
import { Fault, type FaultCode } from '../../src/ports/fault.ts';

const test = suite('routes over a database');

type Sources = { readonly fails: FaultCode | undefined };
const route: Route<Sources & DatabaseObserver> = {
  ...{ path: '/a', methods: reading, summary: 'a', parameters: {}, answers: {} },
  answer: async (_request, { fails }) => {
    if (fails === undefined) return plain(200, 'yes');
    throw new Fault(fails, 'db: what', { hint: 'do' });
  },
};
const ask = createRouter([overDatabase<Sources>(route)]);

/** The answer's status and body, and what the observer was called with. */
async function asked(fails: FaultCode | undefined) {
  const observed: (string | undefined)[] = [];
  const database = (fault: Fault | undefined) => void observed.push(fault?.code);
  const { status, body, headers } = await ask({ method: 'GET', url: '/a', headers: {} }, { fails, database });
  return { status, body, observed, retry: headers?.['retry-after'] };
}

test('a database that is away: is 503 with the hint, and observed', async () => {
  for (const code of ['io', 'busy', 'exhausted', 'no-space', 'corrupt', 'read-only'] as const)
    assert.equal(await asked(code), { status: 503, body: 'db: what\nhint: do\n', observed: [code], retry: '10' });
});

test('a question that can not be answered: keeps its status, and says nothing about the database', async () => {
  for (const [code, expected] of [
    ['misuse', 400],
    ['missing', 404],
    ['unsupported', 501],
  ] as const) {
    const { status, observed } = await asked(code);
    assert.equal([status, observed], [expected, []]);
  }
});

test('an answer: is observed as such', async () => {
  const { status, observed } = await asked(undefined);
  assert.equal([status, observed], [200, [undefined]]);
});

test("console: a fleet's database that can not be reached is 503, and none that is set is 404", async () => {
  const console = createRouter(fleetRoutes);
  const request = { method: 'GET', url: '/fleet/nodes', headers: {} };
  const away = () => Promise.reject(new Fault('io', 'refused', { hint: 'start it' }));
  assert.is((await console(request, { fleet: away })).status, 503);
  assert.is((await console(request, { fleet: undefined })).status, 404);
});

test.run();
