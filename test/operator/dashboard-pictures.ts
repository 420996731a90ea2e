/**
 * Takes the pictures of docs/dashboard.md: of Cutover as it runs, with a version that fails and one whose answers
 * differ. `node dist/test/operator/dashboard-pictures.js [FOLDER]`, about two minutes.
 */
import { mkdir, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { Browser, BrowserContextOptions, Page } from 'playwright-core';
import { Stage } from '../support/stage.js';
import { upgradable } from '../support/upgradable.js';
import { launched, opened } from './support/browser.js';
import { shop } from './support/shop.js';
import { Visits } from './support/visits.js';

/** dist/test/operator → docs/img. */
const folder = process.argv[2] ?? fileURLToPath(new URL('../../../docs/img', import.meta.url));
/** Milliseconds: an upgrade is watched as it goes. */
const PATIENCE = 90_000;

const stage = new Stage();
try {
  await mkdir(folder, { recursive: true });
  await takePictures(await launched(stage));
} finally {
  await stage.clear();
}

async function takePictures(browser: Browser): Promise<void> {
  const [old, failing, other] = [await shop(stage), await shop(stage), await shop(stage, 'odd')];
  const at = await upgradable(stage, [old.address]);
  const visits = new Visits(stage, at.port, { clients: 6, pause: 12 });
  const wide = { viewport: { width: 1180, height: 1000 } };
  const { page } = await shown({ ...wide, colorScheme: 'light' });
  const { page: dark } = await shown({ ...wide, colorScheme: 'dark' });
  const { page: phone } = await shown({ viewport: { width: 390, height: 844 }, isMobile: true });

  await at.api.upgrade('2.0', [failing.address], { mode: 'GRADUAL', duration: '1m' });
  await page.getByText(/it gets [3-9]\d(\.\d)? % of new sessions/).waitFor();
  await taken(page, 'advancing');
  await page.getByRole('button', { name: 'Promote 2.0' }).click();
  await taken(page, 'question', page.getByRole('dialog'));
  await page.keyboard.press('Escape');

  failing.behave('failing');
  await dark.getByText('Version 2.0 was taken back').waitFor();
  await taken(dark, 'taken-back');

  await at.api.upgrade('2.1', [other.address], { mode: 'CONCURRENT' });
  const pair = page.locator('summary').filter({ hasText: '/total' }).first();
  await pair.click();
  await taken(page, 'evidence', page.getByRole('region', { name: 'Evidence', exact: true }));
  await phone.getByText('Version 2.1 was taken back').waitFor();
  await taken(phone, 'phone');
  await visits.stop();

  async function shown(options: BrowserContextOptions) {
    const watched = await opened(stage, browser, at.api.url, options);
    watched.page.setDefaultTimeout(PATIENCE);
    return watched;
  }
}

/** Of the page, or of a part of it. */
async function taken(page: Page, name: string, part?: ReturnType<Page['locator']>): Promise<void> {
  const path = join(folder, `dashboard-${name}.png`);
  await (part ?? page).screenshot({ path, animations: 'disabled' });
  const { size } = await stat(path);
  process.stdout.write(`${path}: ${String(Math.round(size / 1024))} KiB\n`);
}
