import { expect } from 'chai';
import type { Browser, BrowserContextOptions, Page } from 'playwright-core';
import type { Live } from '../../src/control/live.js';
import { stageForAll, stageForEach } from '../support/stage.js';
import { describeInBrowser, launched, opened, type Watched } from './support/browser.js';
import {
  demoted,
  different,
  gradual,
  live,
  moving,
  newId,
  oldId,
  points,
  upgrade,
  version,
  why,
} from './support/live-states.js';
import { ScriptedControl } from './support/scripted-control.js';

describeInBrowser('the dashboard', () => {
  const forAll = stageForAll();
  const stage = stageForEach();
  let browser: Browser;
  let watched: Watched;

  before(async () => {
    browser = await launched(forAll);
  });

  async function shown(state: Live, options: BrowserContextOptions = {}) {
    const control = await ScriptedControl.start(stage, state);
    watched = await opened(stage, browser, control.url, options);
    return { control, page: watched.page };
  }

  /** Without a word in the console, and without anything from elsewhere. */
  const expectQuiet = (...allowed: readonly RegExp[]) => {
    const said = watched.errors.filter(text => !allowed.some(each => each.test(text)));
    expect(said).to.deep.equal([]);
    expect(watched.strangers).to.deep.equal([]);
  };

  const card = (page: Page, name: string) => page.getByRole('article', { name, exact: true });
  const buttonsOf = async (page: Page, name: string) =>
    (await card(page, name).getByRole('button').allTextContents()).map(text => text.trim());
  const focused = (page: Page) => page.evaluate<string>(FOCUSED);

  it('shows the versions newest first, and follows what control says', async () => {
    const { control, page } = await shown(gradual());
    await page.getByText('Version 2.0 advances: it gets 36 % of new sessions.').waitFor();
    const list = page.getByRole('list', { name: 'Newest first' });
    expect(await list.getByRole('heading').allTextContents()).to.deep.equal(['2.0', '1.0']);
    const text = await card(page, '2.0').innerText();
    for (const part of [
      'running',
      'inconclusive',
      'GRADUAL',
      '34.2 %',
      '278/s',
      '3.1 ms',
      '1,204',
    ]) {
      expect(text).to.contain(part);
    }
    control.show(
      gradual({ versions: [moving({ share: 57, progress: 58 }), version({ share: 43 })] }),
    );
    await page.getByText('it gets 58 % of new sessions').waitFor();
    await card(page, '2.0').getByText('57 %', { exact: true }).waitFor();
    expect(await page.title()).to.equal(
      'Version 2.0 advances: it gets 58 % of new sessions. · Cutover',
    );
    expectQuiet();
  });

  it('offers only what is possible now', async () => {
    const { control, page } = await shown(gradual());
    await card(page, '2.0').waitFor();
    expect(await buttonsOf(page, '2.0')).to.deep.equal(['Promote', 'Pause', 'Abort', 'Remove']);
    expect(await buttonsOf(page, '1.0')).to.deep.equal(['Remove']);
    control.show(gradual({ versions: [moving({ state: 'paused' }), version()] }));
    await card(page, '2.0').getByRole('button', { name: 'Resume' }).waitFor();
    const paused = ['Resume', 'Promote', 'Abort', 'Remove'];
    expect(await buttonsOf(page, '2.0')).to.deep.equal(paused);
    control.show(demoted());
    await card(page, '2.0').getByText('demoted', { exact: true }).waitFor();
    expect(await buttonsOf(page, '2.0')).to.deep.equal(['Resume', 'Abort', 'Remove']);
    expect(await buttonsOf(page, '1.0')).to.deep.equal([]);
  });

  it('does at once what the next click undoes', async () => {
    const { control, page } = await shown(gradual());
    const called = page.waitForResponse(answer => answer.request().method() === 'POST');
    await page.getByRole('button', { name: 'Pause 2.0' }).click();
    await called;
    expect(control.calls).to.deep.equal([`POST /configuration/cluster/${newId}/pause`]);
    expectQuiet();
  });

  it('asks before it promotes, and by the keyboard alone does what is agreed to', async () => {
    const { control, page } = await shown(gradual());
    const button = page.getByRole('button', { name: 'Promote 2.0', exact: true });
    await button.focus();
    await page.keyboard.press('Enter');
    const dialog = page.getByRole('dialog', { name: 'Promote version 2.0?' });
    await dialog.getByText('cannot be aborted any more').waitFor();
    expect(await focused(page)).to.equal('Cancel');
    await page.keyboard.press('Escape');
    await dialog.waitFor({ state: 'detached' });
    await page.waitForFunction(`${FOCUSED} === 'Promote 2.0'`); // where one was before
    expect(control.calls).to.deep.equal([]);

    await page.keyboard.press('Enter');
    await dialog.waitFor();
    await page.keyboard.press('Tab');
    expect(await focused(page)).to.equal('Promote 2.0');
    await page.keyboard.press('Enter');
    await dialog.waitFor({ state: 'detached' });
    expect(control.calls).to.deep.equal([`POST /configuration/cluster/${newId}/promote`]);
    expectQuiet();
  });

  it('removes by DELETE, and shows what control answers as it is', async () => {
    const { control, page } = await shown(gradual());
    control.answer = { status: 409, error: 'no version that may serve would remain' };
    await page.getByRole('button', { name: 'Remove 1.0' }).click();
    const dialog = page.getByRole('dialog', { name: 'Remove version 1.0?' });
    await dialog.getByRole('button', { name: 'Remove 1.0' }).click();
    await dialog.getByRole('alert').getByText('no version that may serve would remain').waitFor();
    expect(control.calls).to.deep.equal([`DELETE /configuration/cluster/${oldId}`]);
    await dialog.getByRole('button', { name: 'Cancel' }).click();
    await dialog.waitFor({ state: 'detached' });
    control.answer = { status: 503, error: 'the disk is full' };
    await page.getByRole('button', { name: 'Pause 2.0' }).click();
    await card(page, '2.0').getByRole('alert').getByText('the disk is full').waitFor();
    expectQuiet(/status of (409|503)/);
  });

  it('asks for the token, keeps it as long as the tab is open, and forgets it when told to', async () => {
    const control = await ScriptedControl.start(stage, gradual());
    control.token = 'right';
    watched = await opened(stage, browser, control.url);
    const { page } = watched;
    const field = page.getByLabel('Token', { exact: true });
    await field.waitFor();
    expect(await page.evaluate('document.activeElement.id')).to.equal('token');
    await field.fill('wrong');
    await page.keyboard.press('Enter');
    await page.getByRole('alert').getByText('does not accept this token').waitFor();
    await field.fill('right');
    await page.keyboard.press('Enter');
    await card(page, '2.0').waitFor();
    await page.getByRole('button', { name: 'Pause 2.0' }).click();
    await page.reload();
    await card(page, '2.0').waitFor();
    expect(control.calls).to.deep.equal([`POST /configuration/cluster/${newId}/pause`]);
    await page.getByRole('button', { name: 'Forget token' }).click();
    await field.waitFor();
    expect(await page.getByText('127.0.0.1').count()).to.equal(0); // nothing is left on the screen
    await page.reload();
    await field.waitFor();
    expectQuiet(/status of 401/);
  });

  it('says that it is not connected any more, and shows what is new when it is again', async () => {
    const { control, page } = await shown(gradual());
    const connection = page.getByRole('status', { name: 'Connection to control' });
    await connection.getByText('Live').waitFor();
    control.refusal = 503;
    control.cut();
    await connection.getByText('Reconnecting').waitFor();
    await page
      .getByRole('alert')
      .getByText(/What you see is of 10:20:30/)
      .waitFor();
    await page
      .getByRole('alert')
      .getByText(/control answers with 503/)
      .waitFor();
    control.refusal = undefined;
    control.show(demoted());
    await connection.getByText('Live').waitFor();
    await page.getByText('Version 2.0 was taken back').waitFor();
    expect(await page.getByRole('alert').count()).to.equal(0);
    expectQuiet(/status of 503|ERR_INCOMPLETE_CHUNKED_ENCODING/);
  });

  it('says aloud what became of a version', async () => {
    const { control, page } = await shown(gradual());
    const aloud = page.getByRole('status', { name: 'What has changed' });
    await card(page, '2.0').waitFor();
    expect(await aloud.textContent()).to.equal('');
    control.show(demoted());
    await aloud.getByText('Version 2.0 is demoted now: it fails more often').waitFor();
  });

  it('draws the upgrade, lists what happened, and has the numbers for who does not look', async () => {
    const { page } = await shown(demoted());
    const chart = page.getByRole('img', { name: /^Evidence against the version over time/ });
    await chart.waitFor();
    expect(await chart.getAttribute('aria-label')).to.contain('reached 100 percent');
    expect(await coloursIn(page)).to.be.above(3); // lines of both versions, the limit, the grid
    const happened = page.getByRole('list', { name: 'What happened, in this order' });
    const items = await happened.getByRole('listitem').allTextContents();
    expect(items.map(text => text.replace(/^[\d:]+ /, ''))).to.deep.equal([
      'added',
      'demoted: it fails more often: 31 of 60, stable 0 of 1200',
      'verdict: unhealthy',
    ]);
    await page.getByText('The last 30 points as a table').click();
    const table = page.getByRole('region', { name: 'Points of the timeline' });
    expect(await table.getByRole('row').count()).to.equal(31);
    for (const name of [/^Delay until the head/, /^Size of answers/]) {
      await page.getByRole('img', { name }).waitFor();
    }
    await page.getByText('5xx: 28, ERR_SERVER_RESET: 3').waitFor();
    expectQuiet();
  });

  it('shows answers that differed side by side, with what differs marked', async () => {
    const { page } = await shown(different());
    const summary = page.locator('summary').filter({ hasText: '/basket/17' });
    await summary.focus();
    await page.keyboard.press('Enter');
    const [older, newer] = [page.getByLabel('Body of 1.0'), page.getByLabel('Body of 2.0')];
    await newer.waitFor();
    expect(await older.locator('mark').allTextContents()).to.deep.equal(['12', 'beans']);
    expect(await newer.locator('mark').allTextContents()).to.deep.equal(['13', 'pads']);
    const [left, right] = [await older.boundingBox(), await newer.boundingBox()];
    expect(left?.y).to.equal(right?.y);
    expect(left!.x + left!.width).to.be.at.most(right!.x);
    const row = page.getByRole('row').filter({ hasText: 'cache-control' });
    await row.getByText('differs', { exact: true }).waitFor();
    const same = page.getByRole('row').filter({ hasText: 'content-type' });
    expect(await same.getByText('differs', { exact: true }).count()).to.equal(0);
    expectQuiet();
  });

  it('keeps examples open that somebody reads while news come in', async () => {
    const { control, page } = await shown(different());
    await page.locator('summary').filter({ hasText: '/basket/17' }).click();
    await page.getByLabel('Body of 2.0').waitFor();
    control.show({
      ...different(),
      spread: { edition: 99, followers: 3, acknowledged: 3, workers: 2 },
    });
    await page.getByText('edition 99').waitFor();
    expect(await page.getByLabel('Body of 2.0').isVisible()).to.equal(true);
  });

  it('is as wide as a phone, whatever it has to show', async () => {
    const phone = { viewport: { width: 360, height: 740 }, hasTouch: true, isMobile: true };
    const { control, page } = await shown(gradual(), phone);
    for (const state of [gradual(), demoted(), different(), live(), unruly()]) {
      const at = new Date(Date.parse(state.at) + 1000).toISOString();
      control.show({ ...state, at, release: `of ${String(phoneStates++)}` });
      await page.getByText(`of ${String(phoneStates - 1)}`, { exact: true }).waitFor();
      await page.evaluate(
        'for (const each of document.querySelectorAll("details")) each.open = true',
      );
      const [wide, room] = await page.evaluate<[number, number]>(
        '[document.documentElement.scrollWidth, document.documentElement.clientWidth]',
      );
      expect(wide).to.equal(room);
    }
    const [older, newer] = [page.getByLabel('Body of 1.0'), page.getByLabel('Body of 2.0')];
    control.show(different());
    await page.locator('summary').filter({ hasText: '/basket/17' }).click();
    await older.waitFor();
    expect((await older.boundingBox())!.y).to.be.below((await newer.boundingBox())!.y); // stacked
    expectQuiet();
  });

  it('takes whatever requests and servers say as text', async () => {
    const { page } = await shown(unruly());
    await page.getByText('<img src=x onerror=alert(1)>').first().waitFor();
    expect(await page.locator('img, iframe, body script').count()).to.equal(0);
    expectQuiet();
  });

  it('is dark where the system is, or where the reader wants it, also the next time', async () => {
    const ground = (page: Page) =>
      page.evaluate<string>('getComputedStyle(document.body).backgroundColor');
    const { page } = await shown(gradual(), { colorScheme: 'dark' });
    await card(page, '2.0').waitFor();
    const dark = await ground(page);
    await page.emulateMedia({ colorScheme: 'light' });
    await page.locator('[data-theme=light]').waitFor();
    const light = await ground(page);
    expect(light).to.not.equal(dark);
    const toggle = page.getByRole('button', { name: /^Colours:/ });
    await toggle.click(); // light
    await toggle.click(); // dark
    expect(await ground(page)).to.equal(dark);
    await page.reload();
    await card(page, '2.0').waitFor();
    expect(await ground(page)).to.equal(dark);
    await toggle.click(); // as the system is: light
    await page.locator('[data-theme=light]').waitFor();
    expect(await faintTexts(page), 'in light').to.deep.equal([]);
    await page.emulateMedia({ colorScheme: 'dark' });
    await page.locator('[data-theme=dark]').waitFor();
    expect(await faintTexts(page), 'in dark').to.deep.equal([]);
    expectQuiet();
  });

  it('can be walked through by the keyboard, in the order in which it is read', async () => {
    const { page } = await shown(gradual());
    await card(page, '2.0').waitFor();
    const stops: string[] = [];
    for (let stop = 0; stop < 9; stop++) {
      await page.keyboard.press('Tab');
      stops.push(await focused(page));
      expect(await outlined(page), stops.at(-1)).to.equal(true);
    }
    expect(stops).to.deep.equal([
      'Skip to the versions',
      'Colours: auto. Change',
      'API',
      'Promote 2.0',
      'Pause 2.0',
      'Abort 2.0',
      'Remove 2.0',
      'Remove 1.0',
      'The last 30 points as a table',
    ]);
  });

  it('has landmarks, headings in order, and a name for all that can be operated', async () => {
    const { page } = await shown(different());
    await card(page, '2.0').waitFor();
    for (const role of ['banner', 'main', 'navigation'] as const) {
      expect(await page.getByRole(role).count(), role).to.equal(1);
    }
    for (const name of [/^Versions/, /^The last upgrade/, /^Evidence/, /^Processes/, /^Events/]) {
      await page.getByRole('region', { name }).first().waitFor();
    }
    const levels = await page.evaluate<number[]>(
      '[...document.querySelectorAll("h1,h2,h3,h4")].map(each => Number(each.tagName[1]))',
    );
    levels.forEach((level, at) => expect(level - (levels[at - 1] ?? 0)).to.be.at.most(1));
    const nameless = await page.evaluate<string[]>(
      `[...document.querySelectorAll('button, a, summary, input, [role=img], [role=region], [tabindex="0"]')]
        .filter(each => (each.ariaLabel ?? each.textContent ?? '').trim() === '' && each.labels?.length !== 1)
        .map(each => each.outerHTML)`,
    );
    expect(nameless).to.deep.equal([]);
    const twice = await page.evaluate<string[]>(
      `[...document.querySelectorAll('[id]')].map(({ id }) => id)
        .filter((id, at, all) => all.indexOf(id) !== at)`,
    );
    expect(twice).to.deep.equal([]);
  });

  it('teaches the next step where there is nothing to show', async () => {
    const { page } = await shown(
      live({ processes: [], versions: [version({ share: undefined })] }),
    );
    await page.getByText('cutover deploy next.json -c cutover.json').waitFor();
    await page.getByText('No requests in the last ten seconds').waitFor();
    await page.getByText('None since control started').waitFor();
    await page.getByText('None has reported yet').waitFor();
    await page.getByText('Nothing has happened yet').waitFor();
    expectQuiet();
  });

  it('shows the API from its own description, and nothing from elsewhere', async () => {
    const control = await ScriptedControl.start(stage, live());
    watched = await opened(stage, browser, `${control.url}/dashboard/api/`);
    const { page } = watched;
    await page.getByText('/healthz').first().click();
    await page.getByText('Responses').first().waitFor();
    await page.getByRole('link', { name: 'Back to the dashboard' }).click();
    await card(page, '1.0').waitFor();
    expectQuiet();
  });
});

let phoneStates = 0;

/** Long, and made to be mistaken for markup. */
function unruly(): Live {
  const markup = '<img src=x onerror=alert(1)>';
  const long = 'x'.repeat(200);
  const number = Array.from({ length: 40 }, () => '123').join('.');
  const base = different();
  const [example] = base.upgrade?.why?.examples.answers ?? [];
  const target = `/${markup}/${long}`;
  return {
    ...base,
    versions: [
      moving({ version: number, because: `${markup} ${long}`, state: 'demoted' }),
      version({
        servers: Array.from({ length: 40 }, (_, at) => ({
          ip: `fd00::${String(at)}:${long}`,
          port: at + 1,
        })),
      }),
    ],
    upgrade: upgrade({
      version: number,
      points: points(600, () => ({})),
      events: Array.from({ length: 100 }, (_, at) => ({
        at: base.at,
        id: newId,
        version: number,
        what: `paused ${markup}`,
        because: long,
        edition: at,
      })),
      why: why({
        because: `${markup}${long}`,
        examples: {
          failures: [],
          delay: [],
          size: [],
          answers:
            example === undefined
              ? []
              : [
                  { ...example, target, server: long },
                  { ...example, at: example.at - 1, pair: undefined },
                ],
        },
      }),
    }),
    events: [{ at: base.at, id: newId, version: number, what: long, because: long, edition: 1 }],
  };
}

/** Evaluated in the page: what the element that has the focus is called. */
const FOCUSED =
  '(document.activeElement.getAttribute("aria-label") ?? document.activeElement.textContent).trim()';

/** How many colours the charts of the timeline are drawn in: a blank canvas has one. */
const coloursIn = (page: Page) =>
  page.evaluate<number>(`(() => {
    const seen = new Set();
    for (const canvas of document.querySelectorAll('.timeline canvas')) {
      const { data } = canvas.getContext('2d').getImageData(0, 0, canvas.width, canvas.height);
      for (let at = 0; at < data.length; at += 4) {
        if (data[at + 3] === 255) seen.add((data[at] << 16) | (data[at + 1] << 8) | data[at + 2]);
      }
    }
    return seen.size;
  })()`);

const outlined = (page: Page) =>
  page.evaluate<boolean>(
    'parseFloat(getComputedStyle(document.activeElement).outlineWidth) >= 2 && ' +
      'getComputedStyle(document.activeElement).outlineStyle !== "none"',
  );

/** Texts with less contrast than 4.5 : 1 to what lies behind them (WCAG 2.2, 1.4.3). */
const faintTexts = (page: Page) =>
  page.evaluate<string[]>(`(() => {
    const parts = colour => (colour.match(/[\\d.]+/g) ?? []).map(Number);
    const light = ([r, g, b]) => [r, g, b]
      .map(part => part / 255)
      .map(part => (part <= 0.04045 ? part / 12.92 : ((part + 0.055) / 1.055) ** 2.4))
      .reduce((sum, part, at) => sum + part * [0.2126, 0.7152, 0.0722][at], 0);
    const behind = each => {
      for (let at = each; at !== null; at = at.parentElement) {
        const colour = parts(getComputedStyle(at).backgroundColor);
        if ((colour[3] ?? 1) === 1) return colour;
      }
      return [255, 255, 255];
    };
    const texts = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
    const faint = [];
    for (let text = texts.nextNode(); text !== null; text = texts.nextNode()) {
      const element = text.parentElement;
      if (text.data.trim() === '' || element.closest('noscript, .skip, .aloud, script') !== null) continue;
      const [a, b] = [light(parts(getComputedStyle(element).color)), light(behind(element))];
      const ratio = (Math.max(a, b) + 0.05) / (Math.min(a, b) + 0.05);
      if (ratio < 4.5) faint.push(text.data + ' ' + ratio.toFixed(1) + ' in ' + element.className);
    }
    return faint;
  })()`);
