import type { Browser } from 'playwright-core'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { launch, type OpenPage, openPage } from '../support/browser.ts'
import {
  alertRecord,
  readingRecord,
  scoreRecord,
  startHttp,
  type TestHttp,
  type TestHttpOptions,
  TOPICS,
  until,
} from '../support/http.ts'
import { requires } from '../support/requires.ts'

const chromium = requires('chromium')
const NOW = Math.floor(Date.now() / 5000) * 5000

describe.skipIf(chromium.missing)('the dashboard', () => {
  let browser: Browser
  let http: TestHttp
  let url: string
  const pages: OpenPage[] = []
  beforeAll(async () => {
    browser = await launch(chromium.path)
  })
  afterAll(() => browser.close())
  beforeEach(() => start())
  afterEach(async () => {
    for (const { page } of pages.splice(0)) await page.close()
    await http.close()
  })

  async function start(options: TestHttpOptions = {}): Promise<void> {
    http = await startHttp(options)
    url = await http.listen()
  }

  async function open(path = '/', options: Parameters<Browser['newPage']>[0] = {}): Promise<OpenPage> {
    const opened = await openPage(browser, `${url}${path}`, options)
    pages.push(opened)
    return opened
  }

  /** Scores of some assets, one window after the other. */
  async function fleet(assets: readonly string[], windows = 8): Promise<void> {
    for (let i = windows; i > 0; i--) {
      const windowEnd = NOW - i * 5000
      await http.put(
        ...assets.map((asset, k) => scoreRecord({ asset, windowEnd, score: 0.1 + (k % 5) / 10 })),
      )
    }
  }

  const raised = (asset: string, change: Parameters<typeof alertRecord>[1] = {}) =>
    alertRecord('raised', { asset, raisedAt: NOW, ...change })

  it('says how to begin while there is nothing, then shows who sends, then their scores', async () => {
    const { page, faults } = await open()
    await page.getByText('No readings yet').waitFor()
    expect(await page.locator('pre').textContent()).toContain('mosquitto_pub -h 127.0.0.1 -p 1883')
    expect(await page.getByText('All quiet').isVisible()).toBe(true)
    await page.getByText('Live', { exact: true }).waitFor()
    await http.put(readingRecord('pump-01', NOW))
    await page.getByText('first window open').waitFor()
    await http.put(scoreRecord({ asset: 'pump-01', windowEnd: NOW, score: 0.37 }))
    await page.getByText('0.37').waitFor()
    expect(faults).toEqual([])
  })

  it('shows the fleet, what needs attention first', async () => {
    await fleet(['pump-01', 'pump-02', 'pump-03', 'motor-01'])
    await http.put(
      raised('pump-01', { severity: 'critical' }),
      scoreRecord({ asset: 'pump-02', windowEnd: NOW, closed: 'idle' }),
    )
    await until(async () => (await http.ask('/api/v1/assets?limit=1000')).json().items.length === 4)
    const { page, faults } = await open()
    const rows = page.locator('tbody tr:not(.space)')
    await rows.nth(3).waitFor()
    const names = await page.locator('tbody th a').allTextContents()
    expect(names).toEqual(['pump-01', 'motor-01', 'pump-03', 'pump-02'])
    expect(await rows.first().textContent()).toContain('Critical alert')
    expect(await rows.last().textContent()).toContain('Silent')
    expect(await page.locator('.fleet').getAttribute('aria-rowcount')).toBe('5')
    await page.getByRole('button', { name: 'Asset' }).click()
    expect(await page.locator('tbody th a').allTextContents()).toEqual([
      'motor-01',
      'pump-01',
      'pump-02',
      'pump-03',
    ])
    expect(faults).toEqual([])
  })

  it('filters by text and by state, and says when nothing is left', async () => {
    await fleet(['pump-01', 'pump-02', 'motor-01'])
    await http.put(raised('pump-02'))
    const { page } = await open()
    await page.locator('tbody th a').nth(2).waitFor()
    await page.keyboard.press('/')
    await page.keyboard.type('MOTOR')
    expect(await page.locator('tbody th a').allTextContents()).toEqual(['motor-01'])
    await page.getByRole('searchbox').fill('nothing like it')
    await page.getByText('No asset matches').waitFor()
    await page.getByRole('button', { name: 'Show all' }).click()
    await page.locator('tbody th a').nth(2).waitFor()
    await page.getByRole('button', { name: 'In alert' }).click()
    expect(await page.locator('tbody th a').allTextContents()).toEqual(['pump-02'])
  })

  it('shows an alert the moment it is raised, in words, with shape and colour', async () => {
    await fleet(['pump-01'])
    const { page, faults } = await open()
    await page.getByText('All quiet').waitFor()
    await http.put(raised('pump-01'))
    const card = page.locator('.alerts .card')
    await card.waitFor()
    const text = await card.textContent()
    expect(text).toContain('High')
    expect(text).toContain('pump-01')
    expect(text).toContain('vibration mean 4.1, normal 1.2')
    expect(text).toContain('71 %')
    expect(await card.locator('li').getAttribute('title')).toBe('vibration mean 4.1, normal 1.2, 71 %')
    expect(await card.locator('svg').count()).toBe(1)
    expect(await page.title()).toBe('(1) Fleet · Forewarn')
    expect(await page.locator('#announce').textContent()).toBe('New high alert: pump-01, rule risk')
    await http.put(
      alertRecord('cleared', { asset: 'pump-01', raisedAt: NOW, updatedAt: NOW + 1, state: 'closed' }, 2),
    )
    await page.getByText('All quiet').waitFor()
    await page.getByRole('button', { name: 'Closed' }).click()
    await card.waitFor()
    expect(await page.title()).toBe('Fleet · Forewarn')
    expect(faults).toEqual([])
  })

  it('acknowledges: asks the name once, sends the command, shows who it was', async () => {
    await fleet(['pump-01', 'pump-02'])
    await http.put(raised('pump-01'), raised('pump-02'))
    const { page, faults } = await open()
    await page.getByRole('button', { name: 'Acknowledge the high alert of pump-01' }).click()
    const dialog = page.getByRole('dialog')
    await dialog.getByLabel('Your name').fill('  ')
    await dialog.getByRole('button', { name: 'Acknowledge' }).click()
    expect(await dialog.getByRole('alert').textContent()).toContain('your name')
    await page.keyboard.type('Ann')
    await dialog.getByLabel('Comment').fill('bearing ordered')
    await dialog.getByRole('button', { name: 'Acknowledge' }).click()
    await dialog.waitFor({ state: 'detached' })
    expect(http.commands).toMatchObject([
      { command: 'acknowledge', alert: `pump-01:risk:${NOW}`, by: 'Ann', comment: 'bearing ordered' },
    ])
    const seen = { raisedAt: NOW, state: 'acknowledged', by: 'Ann', comment: 'bearing ordered' } as const
    await http.put(alertRecord('acknowledged', { asset: 'pump-01', ...seen }, 2))
    await page.getByText('Acknowledged by Ann').waitFor()
    expect(await page.locator('.said q').textContent()).toBe('bearing ordered')
    await page.getByRole('button', { name: 'Acknowledge the high alert of pump-02' }).click()
    expect(await dialog.getByLabel('Your name').inputValue()).toBe('Ann')
    await page.keyboard.press('Escape')
    await dialog.waitFor({ state: 'detached' })
    expect(faults).toEqual([])
  })

  it('shows an asset: its score over time, thresholds, alerts, readings; and follows it', async () => {
    await fleet(['pump-01'], 60)
    await http.put(
      raised('pump-01'),
      ...Array.from({ length: 20 }, (_, i) =>
        readingRecord('pump-01', NOW + i, { vibration: i, temperature: 60 }),
      ),
    )
    const { page, faults } = await open('/#/asset/pump-01')
    await page.locator('.uplot canvas').waitFor()
    expect(await page.getByRole('img').getAttribute('aria-label')).toBe(
      'Score over time, 60 windows, last 0.10',
    )
    expect(await page.locator('.state').textContent()).toBe('High alert')
    expect(await page.locator('.facts').textContent()).toContain('pump-health 1')
    expect(await page.locator('.readings tbody tr').allTextContents()).toHaveLength(2)
    expect(await page.locator('.readings').textContent()).toMatch(/vibration\s*19/)
    expect(await page.locator('.wide-cards .card').count()).toBe(1)
    await http.put(scoreRecord({ asset: 'pump-01', windowEnd: NOW, score: 0.93 }))
    await page.locator('[aria-label="Score over time, 61 windows, last 0.93"]').waitFor()
    await page.getByRole('link', { name: '‹ Fleet' }).click()
    await page.locator('tbody th a').waitFor()
    expect(faults).toEqual([])
  })

  it('goes through the fleet by keyboard', async () => {
    await fleet(['pump-01', 'pump-02', 'pump-03'])
    const { page } = await open()
    await page.getByRole('button', { name: 'Asset' }).click()
    await page.locator('tbody th a').first().focus()
    await page.keyboard.press('ArrowDown')
    await page.keyboard.press('ArrowDown')
    await page.keyboard.press('ArrowUp')
    expect(await page.evaluate('document.activeElement.textContent')).toBe('pump-02')
    await page.keyboard.press('Enter')
    await page.getByRole('heading', { name: 'pump-02' }).waitFor()
  })

  it('draws only the rows in sight of a thousand, and reaches the last', async () => {
    const assets = Array.from({ length: 1000 }, (_, i) => `pump-${String(i).padStart(4, '0')}`)
    await fleet(assets, 2)
    const { page, faults } = await open()
    await page.getByText('1,000 assets').waitFor()
    expect(await page.locator('tbody tr').count()).toBeLessThan(60)
    await page.getByRole('button', { name: 'Asset' }).click()
    await page.locator('.scroller').evaluate((box) => box.scrollTo(0, box.scrollHeight))
    await page.getByText('pump-0999').waitFor()
    expect(await page.locator('tbody tr').count()).toBeLessThan(60)
    expect(faults).toEqual([])
  })

  it('tells when it is cut off, comes back by itself and misses nothing', async () => {
    await fleet(['pump-01'])
    const { page } = await open()
    await page.getByText('Live', { exact: true }).waitFor()
    const { log, app } = http
    const { port } = new URL(url)
    await app.close()
    await page.getByText('Offline, retry in').waitFor()
    await log.append([raised('pump-01')])
    await start({ log, http: { port: Number(port) } })
    await page.getByText('Live', { exact: true }).waitFor()
    await page.locator('.alerts .card').waitFor()
  })

  it('asks for the token where one is set, and takes no wrong one', async () => {
    await http.close()
    await start({ http: { token: 'right' } })
    await http.put(scoreRecord({ asset: 'pump-01', windowEnd: NOW }))
    const { page, faults } = await open()
    const dialog = page.getByRole('dialog')
    await dialog.getByLabel('Token').fill('wrong')
    await page.keyboard.press('Enter')
    await dialog.getByLabel('Token').fill('right')
    await page.keyboard.press('Enter')
    await page.getByText('pump-01').waitFor()
    // What the browser itself tells of the refused requests is all there is.
    expect(faults.filter((fault) => !fault.includes('401'))).toEqual([])
  })

  it('never takes data for markup', async () => {
    const evil = '<img src=x onerror="document.title=1">'
    await fleet(['pump-01'])
    await http.put(
      raised('pump-01', { reasons: [{ channel: evil, feature: evil, value: 1, normal: null, share: 1 }] }),
      alertRecord(
        'acknowledged',
        { asset: 'pump-01', raisedAt: NOW, state: 'acknowledged', by: evil, comment: evil },
        2,
      ),
    )
    const { page, faults } = await open('/#/asset/pump-01')
    await page.getByText(`Acknowledged by ${evil}`).first().waitFor()
    expect(await page.locator('img').count()).toBe(0)
    expect(faults).toEqual([])
  })

  it.each([
    ['a phone', { viewport: { width: 390, height: 844 }, isMobile: true, hasTouch: true }],
    ['the dark', { colorScheme: 'dark' as const }],
  ])('is as wide as the screen and readable on %s', async (_name, options) => {
    await fleet(['pump-01', 'pump-02'])
    await http.put(raised('pump-01'))
    for (const path of ['/', '/#/asset/pump-01']) {
      const { page, faults } = await open(path, options)
      await page.getByText('pump-01').first().waitFor()
      const wide = await page.evaluate(
        'document.documentElement.scrollWidth - document.documentElement.clientWidth',
      )
      expect(wide).toBeLessThanOrEqual(0)
      expect(faults).toEqual([])
    }
  })

  it('says on its page, and in the fleet, that the clock of an asset is wrong', async () => {
    await fleet(['pump-01', 'pump-02'])
    const headers = { reason: 'future', 'clock-off-ms': '3720000' }
    await http.put({ topic: TOPICS['dead-letters'], key: 'pump-01', value: Buffer.from('{}'), headers })
    await until(async () => (await http.ask('/api/v1/assets/pump-01')).json().clock !== null)
    const { page, faults } = await open()
    await page.getByText('pump · clock 1 h 2 min ahead').waitFor()
    await page.getByRole('link', { name: 'pump-01' }).first().click()
    await page.getByText('is 1 h 2 min ahead').waitFor()
    expect(await page.getByRole('status').filter({ hasText: '1 put aside so far.' }).count()).toBe(1)
    await page.goto(`${url}/#/asset/pump-02`)
    await page.getByRole('heading', { name: 'pump-02' }).waitFor()
    expect(await page.locator('.clock-note:visible').count()).toBe(0)
    expect(faults).toEqual([])
  })
})
