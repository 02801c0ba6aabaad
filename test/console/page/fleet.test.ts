import { mkdirSync } from 'node:fs';
import type { Browser } from 'playwright-core';
import * as assert from 'uvu/assert';
import { openFleetDatabase } from '../../../src/adapters/fleet-database/postgres/fleet-database.ts';
import { fillRoot } from '../../support/fill-root.ts';
import { freshDatabase } from '../../support/fresh-database.ts';
import { logAndRethrow } from '../../support/log-and-rethrow.ts';
import { type Postgres, requirePostgres, startPostgres } from '../../support/postgres.ts';
import { nanos, sampleChange, sampleSnapshot, sampleStore } from '../../support/sample-fleet.ts';
import { createSandbox, type Sandbox } from '../../support/sandbox.ts';
import { openBrowser, openTab, suiteInBrowser, type Tab } from './browser.ts';
import { type Console, startConsole } from './console.ts';

const test = suiteInBrowser('fleet on the page of the console', requirePostgres());
const pictures = process.env.SCREENSHOTS;
const hostile = '<img src=x onerror=alert(1)>\u202e';
const shared = 3;
let sandbox: Sandbox;
let server: Postgres;
let root: string;
let browser: Browser;
let shown: Console;
let tab: Tab;

/** Two nodes that hold the same layer, one that is silent with a hostile name, and what happened to them. */
async function fillDatabase(url: string): Promise<void> {
  const database = await openFleetDatabase({ url, signal: new AbortController().signal, waiting: () => {} });
  const recent = BigInt(Date.now()) * 1_000_000n;
  const longAgo = nanos('2026-11-01T00:00:00Z');
  const open = { lastEvent: recent, lastRecorded: recent };
  await database.apply(
    sampleChange(10, {
      stores: [
        sampleStore('store-a', { ...open, node: 'node-1' }),
        sampleStore('store-b', { ...open, node: 'node-2' }),
        sampleStore('store-c', { node: hostile, lastEvent: longAgo, lastRecorded: longAgo }),
      ],
      snapshots: [
        ...['store-a', 'store-b'].map((store) => sampleSnapshot(store, shared)),
        sampleSnapshot('store-a', 4, {
          ...{ kind: 'active', parentId: shared, path: `/${shared}/4`, key: 'k8s.io/4/container-4', chainId: '' },
        }),
      ],
      usage: ['store-a', 'store-b'].map((store, at) => ({
        ...{ store, day: '2026-11-28', namespace: 'k8s.io', prepared: 2 - at, committed: 1, removed: 0, lost: 0 },
        ...{ bytesAdded: 4096, bytesRemoved: 0, snapshots: 2 - at, bytes: 4096 },
      })),
      incidents: [
        {
          ...{ store: 'store-a', position: 5, time: nanos('2026-11-28T19:00:00Z'), kind: 'lost', snapshot: 2 },
          ...{ key: 'k8s.io/2/lost-layer', text: 'its directory is missing' },
        },
        {
          ...{ store: 'store-c', position: 6, time: nanos('2026-11-28T19:30:00Z'), kind: 'crash', snapshot: null },
          ...{ key: '', text: 'opened after a crash' },
        },
      ],
    }),
  );
  await database.close();
}

test.before(() =>
  logAndRethrow(async () => {
    sandbox = createSandbox('page-fleet');
    server = await startPostgres();
    const { url } = freshDatabase(server);
    await fillDatabase(url);
    root = sandbox.folder('store');
    await fillRoot(root, { snapshots: 10, events: 50, volumes: false });
    shown = await startConsole(sandbox, root, { env: { SNAPLEDGER_FLEET_DATABASE: url } });
    browser = await openBrowser(sandbox);
    tab = await openTab(browser, shown.address);
  }),
);
test.after(async () => {
  await sandbox.close();
  await server.end();
});

const grid = (name: string) => tab.page.getByRole('grid', { name, exact: true });

test('nodes and incidents: are shown, light and dark, without findings of axe', async () => {
  for (const colours of ['light', 'dark'] as const) {
    await tab.page.emulateMedia({ colorScheme: colours });
    await tab.page.goto(shown.view('#/fleet'));
    await tab.page.getByText('3 nodes: 2 open, 1 silent; 3 snapshots, 8 KiB').first().waitFor();
    await grid('Nodes').getByText('<img src=x').first().waitFor();
    await grid('Incidents of the fleet').getByText('its directory is missing').first().waitFor();
    await grid('Incidents of the fleet').getByText('crash', { exact: true }).first().waitFor();
    assert.equal(await tab.findings(), []);
    if (pictures === undefined) continue;
    mkdirSync(pictures, { recursive: true });
    await tab.page.screenshot({ path: `${pictures}/fleet-${colours}.png` });
  }
  assert.equal(tab.complaints(), []);
});

test('holders: of a layer, with the containers on it, and the command that says the same', async () => {
  await tab.page.goto(shown.view('#/fleet'));
  const digest = `sha256:${shared.toString(16).padStart(64, '0')}`;
  await tab.page.getByLabel('Layer').first().waitFor();
  await tab.page.getByLabel('Layer').fill(digest);
  await tab.page.getByRole('button', { name: 'Ask' }).click();
  await tab.page.getByText('2 nodes, 2 snapshots').first().waitFor();
  await grid('Holders').getByText('node-2').first().waitFor();
  await grid('Holders').getByText('container-4').first().waitFor();
  const command = await tab.page.getByRole('region', { name: 'The same on the command line' }).textContent();
  assert.is(command, `snapledger fleet holds ${digest}`);
  assert.equal(await tab.findings(), []);
  await tab.page.getByLabel('Layer').fill('sha256:ffffffffff');
  await tab.page.getByRole('button', { name: 'Ask' }).click();
  await tab.page.getByRole('alert').getByText('no node holds it').first().waitFor();
});

test('node: only what is about it', async () => {
  await tab.page.goto(shown.view('#/fleet'));
  await grid('Nodes').getByText('node-1').click();
  await tab.page.getByText('1 of 3 nodes: 1 open').first().waitFor();
  await tab.page.getByText('1 incident, newest first').first().waitFor();
  await grid('Incidents of the fleet').getByText('lost-layer').first().waitFor();
});

test('narrow: nothing overflows the page at 320 pixels', async () => {
  await tab.page.setViewportSize({ width: 320, height: 640 });
  await tab.page.goto(shown.view('#/fleet'));
  await grid('Nodes').first().waitFor();
  assert.is(await tab.page.evaluate('document.documentElement.scrollWidth <= innerWidth'), true);
  assert.equal(await tab.findings(), []);
});

test('database that is not set: there is no such view', async () => {
  const none = await startConsole(sandbox, root, { env: { SNAPLEDGER_FLEET_DATABASE: '' } });
  const { page } = await openTab(browser, none.address);
  await page.getByRole('link', { name: 'Health' }).waitFor();
  assert.is(await page.getByRole('link', { name: 'Fleet' }).count(), 0);
  await page.goto(none.view('#/fleet'));
  await page.getByText('No database of a fleet is set').waitFor();
});

test('database that is away: the page says so, and shows the nodes when it is back', async () => {
  await tab.page.setViewportSize({ width: 1200, height: 760 });
  await tab.page.goto(shown.view('#/fleet'));
  await grid('Nodes').first().waitFor();
  await server.stop();
  await tab.page.getByRole('button', { name: 'Ask' }).click();
  await tab.page.getByRole('alert').getByText('check that PostgreSQL runs').first().waitFor();
  await server.start();
  await tab.page.getByText('3 nodes: 2 open, 1 silent').first().waitFor();
});

test.run();
