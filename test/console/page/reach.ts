import type { Browser } from 'playwright-core';
import type { Test } from 'uvu';
import * as assert from 'uvu/assert';
import { openTab, type Tab } from './browser.ts';
import type { Console } from './console.ts';

/** A page that is signed in, and what its views show when they are complete. */
export interface Shown {
  readonly browser: Browser;
  readonly shown: Console;
  readonly tab: Tab;
  /** Opens a view and waits for a part of it. */
  show(fragment: string, part: string): Promise<void>;
  views(): readonly (readonly [name: string, fragment: string, part: string])[];
}

/** At 200 % a window of 1280 pixels has 640 of the style sheet. */
const sizes = {
  'phone of 360 pixels': { width: 360, height: 740, scale: 3, colours: 'light' },
  '200 %': { width: 640, height: 400, scale: 2, colours: 'dark' },
  '400 %': { width: 320, height: 256, scale: 4, colours: 'light' },
} as const;

/** In the page: the name of what has the focus, and `unseen` if nothing shows it. */
const focused = `(() => {
  const element = document.activeElement;
  if (element === document.body) return 'page';
  const name = element.ariaLabel ?? element.labels?.[0]?.textContent.trim() ?? element.textContent.trim();
  return getComputedStyle(element).outlineStyle === 'none' ? 'unseen: ' + name : name;
})()`;

/** Windows of other sizes, and a person who only has a keyboard. */
export function reachTests(test: Test, context: () => Shown): void {
  for (const [size, options] of Object.entries(sizes))
    test(`${size}: no view overflows the page, and axe finds nothing`, async () => {
      const { browser, shown, tab, views } = context();
      const narrow = await openTab(browser, shown.address.replace(/login.*/, ''), options);
      await narrow.page.context().addCookies(await tab.page.context().cookies());
      await narrow.page.reload();
      for (const [name, fragment, part] of views()) {
        await narrow.page.goto(shown.view(fragment));
        await narrow.page.locator(`main ${part}`).first().waitFor();
        assert.is(await narrow.page.evaluate('document.documentElement.scrollWidth <= innerWidth'), true, name);
        assert.equal(await narrow.findings(), [], name);
      }
      await narrow.page.context().close();
    });

  test('keyboard: searches, opens a tree, and leads to a snapshot', async () => {
    const { tab, show } = context();
    await show('#/store', '.forest .tree');
    const { keyboard } = tab.page;
    await keyboard.press('/');
    await keyboard.type('sha256');
    await tab.page.locator('.forest .node').first().waitFor();
    await tab.page.getByRole('treegrid').focus();
    await keyboard.press('Home');
    await keyboard.press('ArrowDown');
    await keyboard.press('Enter');
    await tab.page.getByRole('heading', { name: 'History' }).waitFor();
    await keyboard.press('?');
    await tab.page.getByRole('dialog').getByText('time slider').waitFor();
    await keyboard.press('Escape');
    await tab.page.getByRole('dialog').waitFor({ state: 'detached' });
    await keyboard.press('t');
    await tab.page.locator('input[type=range]:focus').waitFor();
  });

  test('Tab key: reaches everything in the order of the page, a list as one stop, each with a visible focus', async () => {
    const { tab, show } = context();
    await show('#/store', '.forest .tree');
    // Tab begins at what had the focus last.
    await tab.page.reload();
    await tab.page.locator('.forest .tree').first().waitFor();
    const stops: string[] = [];
    for (let stop = 0; stop < 20 && stops.at(-1) !== 'Snapshots by image'; stop++) {
      await tab.page.keyboard.press('Tab');
      stops.push((await tab.page.evaluate(focused)) as string);
    }
    const names = ['Timeline', 'Store', 'Compare', 'Disk', 'Health'];
    const list = ['Moment', 'Search', 'Close all', 'Snapshots by image'];
    const command = ['The same on the command line', 'Copy command'];
    assert.equal(stops, ['Skip to the content', ...names, 'Local time', 'Help', ...command, ...list]);
    await tab.page.keyboard.press('ArrowDown');
    await tab.page.keyboard.press('Tab');
    await tab.page.locator('.forest .current a:focus-visible').waitFor();
    await tab.page.keyboard.press('ArrowDown');
    await tab.page.locator('.forest:focus').waitFor();
  });

  test('reduced motion: nothing moves', async () => {
    const { tab } = context();
    await tab.page.reload();
    assert.is(await tab.page.evaluate('document.getAnimations().length'), 0);
  });
}
