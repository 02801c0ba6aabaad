import type { Browser } from 'playwright-core';
import * as assert from 'uvu/assert';
import { fillRoot } from '../../support/fill-root.ts';
import { logAndRethrow } from '../../support/log-and-rethrow.ts';
import { createSandbox, type Sandbox } from '../../support/sandbox.ts';
import { waitFor } from '../../support/wait-for.ts';
import { openBrowser, openTab, suiteInBrowser, type Tab } from './browser.ts';
import { type Console, startConsole } from './console.ts';
import { addSnapshots, growing } from './growing-store.ts';

const test = suiteInBrowser("console's page whose answers are late or fail");
let sandbox: Sandbox;
let root: string;
let shown: Console;
let browser: Browser;
let tab: Tab;

test.before(() =>
  logAndRethrow(async () => {
    sandbox = createSandbox('late');
    root = sandbox.folder('store');
    await fillRoot(root, growing);
    shown = await startConsole(sandbox, root);
    browser = await openBrowser(sandbox);
    tab = await openTab(browser, shown.address);
  }),
);
test.after(() => sandbox.close());

/** Keeps the next answer to a question back, until it is released. */
async function hold(question: RegExp) {
  let ask = () => {};
  let release = () => {};
  const asked = new Promise<void>((resolve) => {
    ask = resolve;
  });
  const released = new Promise<void>((resolve) => {
    release = resolve;
  });
  const answer = async (route: Parameters<Parameters<Tab['page']['route']>[1]>[0]) => {
    const response = await route.fetch();
    ask();
    await released;
    await route.fulfill({ response }).catch(() => {});
  };
  await tab.page.route(question, answer, { times: 1 });
  return { asked, release };
}

/** Loads the page anew. */
const open = async (fragment: string) => {
  await tab.page.goto('about:blank');
  await tab.page.goto(shown.view(fragment));
};
/** Opens a view as a link in the page does. */
const follow = (fragment: string) => tab.page.evaluate(`location.hash = ${JSON.stringify(fragment)}`);

const slider = () => tab.page.getByRole('slider', { name: 'Moment' });
const grid = () => tab.page.getByRole('grid', { name: 'Events, newest first' });

/** In the page: long timers wait until all of them are run at once. */
const holdTimers = `(() => {
  const held = new Map();
  const [set, clear] = [setTimeout, clearTimeout];
  window.setTimeout = (run, delay, ...rest) => {
    if (!(delay >= 200)) return set(run, delay, ...rest);
    const id = set(() => {}, 0);
    held.set(id, run);
    return id;
  };
  window.clearTimeout = (id) => held.delete(id) || clear(id);
  window.runHeld = () => { for (const [id, run] of [...held]) { held.delete(id); run(); } };
  window.countHeld = () => held.size;
})()`;

test('slider: a view that is opened right after a move stays', async () => {
  const page = await tab.page.context().newPage();
  await page.addInitScript(holdTimers);
  await page.goto(shown.view('#/store'));
  await page.locator('.forest .tree').first().waitFor();
  await page.evaluate('runHeld()');
  await page.getByRole('slider', { name: 'Moment' }).fill('15000');
  await waitFor('the timer of the address', async () => (await page.evaluate('countHeld()')) !== 0);
  // The page does not know of the new address yet.
  const address = await page.evaluate(`location.hash = '#/snapshot?key=1'; runHeld(); location.hash`);
  assert.is(address, '#/snapshot?key=1');
  await page.close();
});

test('slider: a search right after a move keeps the moment', async () => {
  await open('#/store');
  await slider().waitFor();
  await tab.page.getByRole('searchbox').waitFor();
  await tab.page.evaluate(`(() => {
    const type = (selector, value) => {
      const input = document.querySelector(selector);
      input.value = value;
      input.dispatchEvent(new InputEvent('input', { bubbles: true }));
    };
    type('input[type=range]', '15000');
    type('input[type=search]', 'sha256');
  })()`);
  await tab.page.waitForURL(/search=sha256&at=15000/);
  await tab.page.locator('.slider[data-shown="15000"]').waitFor();
});

test('filters: another one shows only its events, and two that follow each other are both kept', async () => {
  await open('#/timeline');
  await grid().locator('.line.committed').first().waitFor();
  await follow('#/timeline?type=StoreCreated');
  await tab.page.locator('.events[aria-rowcount="2"]').waitFor();
  await grid().getByText('StoreCreated').waitFor();
  await tab.page.evaluate(`for (const name of ['Namespace', 'Actor']) {
    const label = [...document.querySelectorAll('label')].find((one) => one.textContent.trim() === name);
    label.querySelector('input').value = 'none';
    label.querySelector('input').dispatchEvent(new Event('change', { bubbles: true }));
  }`);
  await tab.page.getByText('No event matches').waitFor();
  await tab.page.waitForURL(/namespace=none&actor=none/);
});

test('events: one that arrives before the first page of events is in the list', async () => {
  const page = await hold(/api\/page/);
  await open('#/timeline');
  await page.asked;
  await tab.page.locator('.connection.live').waitFor();
  const end = await addSnapshots(root, 'meanwhile', 1);
  await tab.page.locator('.connection .number').getByText(end.toLocaleString('en')).waitFor();
  page.release();
  await grid().getByText('meanwhile-0').waitFor();
});

test('slow answers: each is shown, though events arrive before it: no question is cancelled for the same one', async () => {
  const [next, first] = [await hold(/api\/density/), await hold(/api\/density/)];
  await open('#/timeline');
  await first.asked;
  await tab.page.locator('.connection.live').waitFor();
  const cancelled: string[] = [];
  tab.page.on('requestfailed', (request) => cancelled.push(request.url()));
  const again = tab.page.waitForRequest(/api\/incidents/);
  await addSnapshots(root, 'soon', 1);
  await again;
  first.release();
  await tab.page.getByText(/^20,\d{3} events$/).waitFor();
  await next.asked;
  next.release();
  assert.equal(cancelled, []);
});

test('snapshot: the one before is not shown under the address of the next', async () => {
  const heading = (id: string) => tab.page.getByRole('heading', { level: 2, name: new RegExp(`^${id} `) });
  await open('#/snapshot?key=1');
  await heading('1').waitFor();
  const history = await hold(/api\/history/);
  await follow('#/snapshot?key=2');
  await history.asked;
  await heading('1').waitFor({ state: 'detached' });
  history.release();
  await heading('2').waitFor();
});

const views = {
  '#/timeline': '.events .lines .line',
  '#/store': '.forest .tree',
  '#/compare': '.changes .line',
  '#/snapshot?key=4000': 'h3:text("History")',
  '#/disk': '.treemap',
  '#/health': '.panels',
};

test('failures: every view asks again by itself', async () => {
  const failed = new Set<string>();
  await tab.page.route(/\/api\/(?!live|poll)/, async (route) => {
    const { pathname } = new URL(route.request().url());
    if (failed.has(pathname)) return route.continue();
    failed.add(pathname);
    if (failed.size % 3 === 0) return route.abort();
    await route.fulfill({ status: failed.size % 3 === 1 ? 404 : 503, body: 'not yet\nhint: wait' });
  });
  await open('#/timeline');
  for (const [fragment, part] of Object.entries(views)) {
    await follow(fragment);
    await tab.page.locator(`main ${part}`).first().waitFor();
    await tab.page.locator('.failed, .busy').first().waitFor({ state: 'detached' });
  }
  assert.ok(failed.size >= 12, [...failed].join(' '));
  await tab.page.unrouteAll();
});

test.run();
