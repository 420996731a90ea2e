import { expect } from 'chai';
import type { Browser, Page } from 'playwright-core';
import { stageForAll, stageForEach } from '../support/stage.js';
import { apiOf, spread, upgradable } from '../support/upgradable.js';
import { describeInBrowser, launched, opened } from './support/browser.js';
import { SECRET, shop } from './support/shop.js';
import { Visits } from './support/visits.js';

describeInBrowser('an upgrade, seen and steered in a browser', () => {
  const forAll = stageForAll();
  const stage = stageForEach();
  let browser: Browser;

  before(async () => {
    browser = await launched(forAll);
  });

  const card = (page: Page, name: string) => page.getByRole('article', { name, exact: true });
  const headline = (page: Page) => page.getByRole('region', { name: 'What is going on' });

  it('advances, is taken back when the version fails, shows why; and the fix is promoted by the keyboard', async () => {
    const [old, bad, fixed] = [await shop(stage), await shop(stage), await shop(stage)];
    const at = await upgradable(stage, [old.address]);
    const visits = new Visits(stage, at.port);
    const { page, errors, strangers } = await opened(stage, browser, at.api.url);
    await headline(page).getByText('No upgrade is under way.').waitFor();
    await page.getByText('cutover deploy next.json').waitFor(); // what to do next

    await at.api.upgrade('2.0', [bad.address], {
      mode: 'GRADUAL',
      percentageTransitionPerRequest: 0.01,
    });
    await card(page, '2.0').waitFor();
    const advances = headline(page).getByText(/it gets [\d.]+ % of new sessions/);
    const first = await advances.innerText();
    const later = advances.filter({ hasNotText: first }); // nobody touches the page: control tells it
    expect(shareIn(await later.innerText())).to.be.above(shareIn(first));

    bad.behave('failing');
    await headline(page).getByText('Version 2.0 was taken back: 1.0 serves again.').waitFor();
    await card(page, '2.0').getByText('demoted', { exact: true }).waitFor();
    const aloud = page.getByRole('status', { name: 'What has changed' });
    await aloud.getByText('Version 2.0 is demoted now: it fails more often').waitFor();
    await page
      .getByRole('list', { name: /^What happened/ })
      .getByText('demoted')
      .waitFor();

    const evidence = page.getByRole('list', { name: 'Failures: examples' });
    const examples = await evidence.getByRole('listitem').allInnerTexts();
    expect(examples).to.not.be.empty;
    for (const example of examples) expect(example).to.match(/GET \/basket\/\d+\?….*500.*after/s);
    expect(await page.locator('body').innerText()).to.not.contain(SECRET);
    await page.getByText(/5xx: \d+/).waitFor();
    await page
      .getByRole('img', { name: /reached 100 percent/ })
      .first()
      .waitFor();

    const id = await at.api.upgrade('2.1', [fixed.address], { mode: 'GRADUAL', duration: '14d' });
    await page.getByRole('button', { name: 'Promote 2.1' }).focus();
    await page.keyboard.press('Enter');
    await page.getByRole('dialog', { name: 'Promote version 2.1?' }).waitFor();
    await page.keyboard.press('Tab');
    await page.keyboard.press('Enter');
    await headline(page).getByText('The upgrade to version 2.1 is complete.').waitFor();
    const versions = await at.api.versions();
    expect(versions.find(each => each.id === id)?.state).to.equal('complete');
    await visits.stop();
    expect([...visits.statuses.keys()]).to.deep.equal(['200']); // no client has noticed any of it
    expect({ errors, strangers }).to.deep.equal({ errors: [], strangers: [] });
  });

  it('is paused, resumed, aborted and removed by buttons, and says what control refuses', async () => {
    const [old, next] = [await shop(stage), await shop(stage)];
    const at = await upgradable(stage, [old.address]);
    const { page, errors } = await opened(stage, browser, at.api.url);
    await at.api.upgrade('2.0', [next.address], { mode: 'SESSION', sessionTimeout: 60 });
    const press = (name: string) => page.getByRole('button', { name, exact: true }).click();
    const state = (name: string) => card(page, '2.0').getByText(name, { exact: true }).waitFor();
    const agree = async (name: string) => {
      const dialog = page.getByRole('dialog');
      await dialog.getByRole('button', { name, exact: true }).click();
      await dialog.waitFor({ state: 'detached' });
    };
    await press('Pause 2.0');
    await state('paused');
    await press('Resume 2.0');
    await state('running');
    await press('Abort 2.0');
    await agree('Abort 2.0');
    await state('aborted');
    await press('Remove 2.0');
    // Somebody else was quicker: what control says to that is shown as it is.
    const [{ id } = { id: '' }] = await at.api.versions();
    expect(await at.api.remove(id)).to.equal(202);
    await card(page, '2.0').waitFor({ state: 'detached' });
    expect(await at.api.states()).to.deep.equal(['1.0 complete']);
    expect(await page.getByRole('dialog').count()).to.equal(0); // there is nothing left to ask about
    expect(errors).to.deep.equal([]);
  });

  it('shows answers of both versions side by side where they differed, and hides what may be secret', async () => {
    const [old, odd] = [await shop(stage), await shop(stage, 'odd')];
    const at = await upgradable(stage, [old.address]);
    const visits = new Visits(stage, at.port);
    const { page, errors } = await opened(stage, browser, at.api.url);
    await at.api.upgrade('2.0', [odd.address], { mode: 'CONCURRENT' });
    await headline(page).getByText('Version 2.0 was taken back: 1.0 serves again.').waitFor();
    await headline(page).getByText('Its answers are different').waitFor();
    const summary = page.locator('summary').filter({ hasText: '/total' }).first();
    await summary.focus();
    await page.keyboard.press('Enter');
    const [older, newer] = [
      page.getByLabel('Body of 1.0').first(),
      page.getByLabel('Body of 2.0').first(),
    ];
    await older.getByText('"currency": "EUR"').waitFor();
    expect(await newer.locator('mark').allInnerTexts()).to.include('EURO');
    const total = async (body: typeof older) =>
      Number(
        (await body.locator('.line').filter({ hasText: '"total"' }).innerText()).replace(/\D/g, ''),
      );
    expect(await total(newer)).to.equal((await total(older)) + 1);
    expect(await page.locator('body').innerText()).to.not.contain(SECRET);
    await visits.stop();
    expect([...visits.statuses.keys()]).to.deep.equal(['200']);
    expect(errors).to.deep.equal([]);
  });

  it('shows what every process does', async () => {
    const at = await upgradable(stage, [(await shop(stage)).address]);
    const visits = new Visits(stage, at.port);
    const { page } = await opened(stage, browser, at.api.url);
    const table = page.getByRole('region', { name: 'Processes and their load' });
    for (const name of [
      /^frontend-1 frontend/,
      /^worker-1 worker/,
      /^worker-2 worker/,
      /^control/,
    ]) {
      await table.getByRole('row', { name }).waitFor();
    }
    const busy = table.getByRole('row', { name: /^frontend-1/ }).filter({ hasNotText: ' 0/s' });
    await busy.filter({ hasText: /MiB/ }).waitFor();
    await card(page, '1.0').getByText('100 %').waitFor(); // all requests of the last ten seconds
    await visits.stop();
  });

  it('asks for the token that control was configured with, and steers with it', async () => {
    const [old, next] = [await shop(stage), await shop(stage)];
    const token = 'a-token-of-some-length';
    const at = await upgradable(stage, [old.address], {
      configService: { ip: '127.0.0.1', port: 0, token },
    });
    const { page, strangers } = await opened(stage, browser, apiOf(at.cutover).url);
    const field = page.getByLabel('Token', { exact: true });
    await field.fill('not-this-one-but-long');
    await page.keyboard.press('Enter');
    await page.getByRole('alert').getByText('does not accept this token').waitFor();
    await field.fill(token);
    await page.keyboard.press('Enter');
    await card(page, '1.0').waitFor();
    const added = await fetch(`${at.api.url}/configuration/cluster`, {
      method: 'PUT',
      headers: { authorization: `Bearer ${token}` },
      body: JSON.stringify({ cluster: { version: '2.0', servers: [next.address] } }),
    });
    expect(added.status).to.equal(202);
    await spread(at, 2);
    await page.getByRole('button', { name: 'Pause 2.0' }).click();
    await card(page, '2.0').getByText('paused', { exact: true }).waitFor();
    await page.goto(`${at.api.url}/docs`);
    await page.getByText('/configuration/cluster/{id}/promote').first().waitFor(); // with the same token
    expect(strangers).to.deep.equal([]);
  });
});

const shareIn = (text: string): number => Number(/([\d.]+) %/.exec(text)?.[1]);
