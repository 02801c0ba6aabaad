import { mkdirSync } from 'node:fs';
import type { Browser } from 'playwright-core';
import * as assert from 'uvu/assert';
import { snapledgerRun } from '../../cli/process.ts';
import { needs } from '../../e2e/environment.ts';
import { logAndRethrow } from '../../support/log-and-rethrow.ts';
import { createSandbox, type Sandbox } from '../../support/sandbox.ts';
import { waitFor } from '../../support/wait-for.ts';
import { openBrowser, openTab, suiteInBrowser, type Tab } from './browser.ts';
import { type Console, startConsole } from './console.ts';
import { reachTests } from './reach.ts';
import { type FilledStore, fillStore, hostile } from './store.ts';

const test = suiteInBrowser("console's page", ...needs());
const briefly = 'k8s.io/91/briefly';
const flushChart = '[aria-label^="Time of a flush over time"] canvas';
let sandbox: Sandbox;
let store: FilledStore;
let shown: Console;
let browser: Browser;
let tab: Tab;

test.before(() =>
  logAndRethrow(async () => {
    sandbox = createSandbox('page');
    store = await fillStore(sandbox);
    shown = await startConsole(sandbox, store.root);
    browser = await openBrowser(sandbox);
    tab = await openTab(browser, shown.address);
    // Flush times are sampled every few seconds while a page is connected.
    await tab.page.goto(shown.view('#/health'));
    const flushAgain = async () => {
      await store.snapshots.prepare(briefly, {});
      await store.snapshots.remove(briefly);
      return tab.page.locator(flushChart).isVisible();
    };
    await waitFor('a chart of flush times', flushAgain, { pause: 3_000 });
  }),
);
test.after(() => sandbox.close());

/** Opens a view and waits for a part of it. */
const show = async (fragment: string, part: string) => {
  await tab.page.goto(shown.view(fragment));
  await tab.page.locator(`main ${part}`).first().waitFor();
};

/** A view, and a part that it shows when it is complete. */
const views = (): readonly (readonly [name: string, fragment: string, part: string])[] => [
  ['timeline', '#/timeline', '.events .lines .line'],
  ['store', '#/store', '.forest .tree'],
  ['compare', '#/compare?from=1', '.changes .line.appeared'],
  ['snapshot', `#/snapshot?key=${store.top}&path=/etc/passwd`, ':text("added this file")'],
  ['disk', '#/disk', '.treemap li'],
  ['health', '#/health', flushChart],
];
const names = ['timeline', 'store', 'compare', 'snapshot', 'disk', 'health'];

/** SCREENSHOTS names a folder for pictures of every view. */
const pictures = process.env.SCREENSHOTS;

for (const colours of ['light', 'dark'] as const)
  for (const [at, name] of names.entries())
    test(`${name}, ${colours}: shows the store, without complaint, findings of axe, or a request elsewhere`, async () => {
      const [, fragment = '', part = ''] = views()[at] ?? [];
      await tab.page.emulateMedia({ colorScheme: colours });
      await show(fragment, part);
      await tab.page.locator('.connection.live').waitFor();
      assert.equal(await tab.findings(), []);
      assert.equal(tab.complaints(), []);
      if (pictures === undefined) return;
      mkdirSync(pictures, { recursive: true });
      await tab.page.screenshot({ path: `${pictures}/${name}-${colours}.png` });
    });

test('command: says the same on the command line', async () => {
  await show('#/compare?from=2&to=9', '.changes .line');
  const command = await tab.page.getByRole('region', { name: 'The same on the command line' }).textContent();
  assert.is(command, `snapledger diff 2 9 --root ${store.root}`);
  await tab.page.getByRole('button', { name: 'Copy command' }).click();
  await tab.page.getByText('copied').waitFor();
  assert.is(await tab.page.evaluate('navigator.clipboard.readText()'), command);
});

test('live: new events and snapshots appear without a reload', async () => {
  await show('#/timeline', '.events .lines .line');
  await store.snapshots.prepare('web/8001/arrives', {});
  await tab.page.getByRole('grid').getByText('web/8001/arrives').waitFor();
  await show('#/store?search=later', '.empty');
  await store.snapshots.prepare('web/8002/later', {});
  await tab.page.getByRole('treegrid').getByText('web/8002/later').last().waitFor();
  assert.equal(tab.complaints(), []);
});

test('slider: shows what `ls --at` lists', async () => {
  const { stdout } = await snapledgerRun('log', '--json', '--root', store.root);
  const positions = stdout.trimEnd().split('\n').length;
  await show('#/store', '.forest .tree');
  for (const at of [Math.round(positions / 3), Math.round(positions / 2), positions - 3]) {
    const listed = await snapledgerRun('ls', '--json', '--at', String(at), '--root', store.root);
    const expected = listed.stdout
      .trimEnd()
      .split('\n')
      .map((line) => JSON.parse(line) as { id: string });
    const slider = tab.page.getByRole('slider', { name: 'Moment' });
    await slider.fill(String(at));
    await tab.page.locator(`.slider[data-shown="${at}"]`).waitFor();
    const ids = await tab.page.locator('.forest .node:not(.retained) [role=gridcell]:last-child').allTextContents();
    const wanted = expected.map((row) => Number(row.id));
    assert.equal(
      ids.map(Number).sort((a, b) => a - b),
      wanted,
    );
  }
});

test('hostile keys and labels: are shown as text', async () => {
  for (const [what, key] of Object.entries(hostile)) {
    await store.snapshots.prepare(key, {
      labels: { [`label <b>${what}</b> \u202e`]: `</td><script>${what}</script>` },
    });
    await tab.page.goto(shown.view(`#/snapshot?key=${encodeURIComponent(key)}`));
    await tab.page.getByText(`</td><script>${what}</script>`).first().waitFor();
    assert.is(await tab.page.locator('script:not([src])').count(), 0);
    assert.is(await tab.page.locator('main img').count(), 0);
  }
  await tab.page.reload();
  await show('#/store?search=web/700', '.forest .node');
  assert.is(await tab.page.locator('.forest .node').count(), 4);
  assert.is(await tab.page.title(), 'Store – snapledger');
  assert.equal(tab.complaints(), []);
});

reachTests(test, () => ({ browser, shown, tab, show, views }));

test('mounts: are those that `snapledger mounts` prints', async () => {
  await show(`#/snapshot?key=${store.top}`, ':text("Mounts")');
  const { stdout } = await snapledgerRun('mounts', store.top, '--json', '--root', store.root);
  const { mounts } = JSON.parse(stdout) as { mounts: readonly { source: string; options: readonly string[] }[] };
  assert.is(mounts.length, 1);
  const region = tab.page.getByRole('region', { name: 'Mounts' });
  const texts = mounts.flatMap(({ source, options }) => [source, ...options.map((one) => one.split('=')[0] ?? '')]);
  for (const text of texts) await region.getByText(text, { exact: true }).first().waitFor();
});

test('files: names, sizes and modes of a layer, without contents', async () => {
  await show(`#/snapshot?key=${store.top}`, 'summary');
  await tab.page.getByText('Own files: names, sizes and modes').click();
  await tab.page
    .getByRole('grid', { name: `Files of layer ${store.top}` })
    .locator('.lines .line')
    .first()
    .waitFor();
  await tab.page
    .getByText(/^\d+ (entry|entries)$/)
    .first()
    .waitFor();
  assert.equal(await tab.findings(), []);
});

test('reconcile: shows the plan, is done after a confirmation, and its dialogs have no findings of axe', async () => {
  await show('#/health', ':text("Show the plan")');
  await tab.page.getByRole('button', { name: 'Show the plan…' }).click();
  const dialog = tab.page.getByRole('dialog');
  await dialog.getByText('The disk matches the log').waitFor();
  assert.equal(await tab.findings(), []);
  await dialog.getByRole('button', { name: 'Reconcile', exact: true }).click();
  await dialog.getByText('done: 0 actions').waitFor();
  await dialog.getByRole('button', { name: 'Close' }).click();
  await tab.page.keyboard.press('?');
  await dialog.getByText('time slider').waitFor();
  assert.equal(await tab.findings(), []);
  await tab.page.keyboard.press('Escape');
});

test('read-only: the page offers no change, and names the command', async () => {
  const reading = await startConsole(sandbox, store.root, { flags: ['--read-only'] });
  const other = await openTab(browser, reading.address);
  await other.page.goto(reading.view('#/health'));
  await other.page.getByText('This console is read-only: use `snapledger reconcile`').waitFor();
  await other.page.goto(reading.view(`#/snapshot?key=${await retainedLayer()}`));
  await other.page.locator('.tag.retained').first().waitFor();
  assert.is(await other.page.getByRole('button', { name: 'Restore…' }).count(), 0);
  assert.equal(other.complaints(), []);
  await other.page.context().close();
  await reading.daemon.stop();
});

/** Id of the layer that restore names first. */
async function retainedLayer(): Promise<string> {
  const listed = await snapledgerRun('restore', '--json', '--root', store.root);
  const [first = '{}'] = listed.stdout.trimEnd().split('\n');
  return (JSON.parse(first) as { id: string }).id;
}

test('restore: is asked for, done, and shown', async () => {
  const id = await retainedLayer();
  await show(`#/snapshot?key=${id}`, '.tag.retained');
  await tab.page.getByRole('button', { name: 'Restore…' }).click();
  await tab.page.getByRole('dialog').waitFor();
  assert.equal(await tab.findings(), []);
  await tab.page.getByRole('dialog').getByRole('button', { name: 'Restore', exact: true }).click();
  await tab.page.getByRole('dialog').getByText('restored ').waitFor();
  // The event has changed the view from which the dialog was opened.
  await tab.page.locator('.tag.retained').waitFor({ state: 'detached' });
  await tab.page.getByRole('button', { name: 'Close' }).click();
  const stat = await snapledgerRun('stat', id, '--json', '--root', store.root);
  assert.is(JSON.parse(stat.stdout).kind, 'committed');
});

test('verify: shows every step', async () => {
  await show('#/health', ':text("Verify now")');
  await tab.page.getByRole('button', { name: 'Verify now' }).click();
  await tab.page.getByText('✓ chain').waitFor();
  assert.ok((await tab.page.locator('.steps > li').count()) >= 5);
});

test('daemon that dies and comes back: is noticed, and new events arrive again', async () => {
  await show('#/timeline?type=StoreOpened', '.events .line.store');
  await store.environment.killSnapshotter();
  await tab.page.getByText('daemon stopped').waitFor();
  await store.environment.containerd.restart();
  await store.environment.startSnapshotter();
  await tab.page.getByText('daemon stopped').waitFor({ state: 'detached' });
  await tab.page.getByRole('grid').getByText('after a crash').first().waitFor();
});

test('console that ends: the page says so', async () => {
  await show('#/timeline', '.events .lines .line');
  await shown.daemon.stop();
  await tab.page.getByText('Connection lost').waitFor();
});

test.run();
