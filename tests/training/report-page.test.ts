import { writeFileSync } from 'node:fs'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { describe, expect, it } from 'vitest'
import { dataSummary, type Report, verdictOf } from '../../src/training/report.ts'
import { reportPage } from '../../src/training/report-page.ts'
import { launch, openPage } from '../support/browser.ts'
import { judgedMinutes, MINUTE, WHOLE } from '../support/judged.ts'
import { requires } from '../support/requires.ts'

const windows = judgedMinutes(
  { 'pump-<1>': [0.1, 0.2, 0.9, 0.95], 'pump-2': [0.1, 0.7, 0.1, 0], 'pump-3': [null, 0.3, 0.2, 0.1] },
  { 'pump-<1>': [1, 3] },
)
const alerts = [{ asset: 'pump-<1>', rule: 'risk', raisedMs: 3 * MINUTE, clearedMs: null }]

function report(change: Partial<Report> = {}): Report {
  const ranking = { scores: windows.score, threshold: 0.5, isProbability: true }
  return {
    format: 1,
    code: '0.1.0',
    command: 'forewarn evaluate --labels "a & b".csv',
    model: { name: 'small', version: '1.0.0', kind: 'failure', hash: 'a'.repeat(64) },
    pipeline: { name: 'p', window: { sizeMs: MINUTE, hopMs: MINUTE }, rules: [] },
    data: dataSummary(windows, { source: '<script>alert(1)</script>', readings: 12, unusable: 0, labels: 1 }),
    horizon: WHOLE,
    seed: 1,
    verdicts: [
      verdictOf('model', 'small', windows, ranking, alerts, 1),
      verdictOf('threshold rule', 'x above 1', windows, { ...ranking, isProbability: false }, [], 1),
    ],
    agreement: { windows: 12, different: 0, greatestDifference: 0 },
    importance: {
      prAuc: 0.9,
      windows: 12,
      repeats: 5,
      channels: [{ name: 'heat', fall: 0.4, spread: 0.1 }],
      features: [{ name: 'heat.mean', fall: -0.01, spread: 0.02 }],
    },
    learning: [
      { kept: 2, loss: [0.7, 0.3, 0.2], heldOutLoss: [0.8, 0.5, 0.6] },
      { kept: 1, loss: [0.6, null], heldOutLoss: [0.7, null] },
    ],
    notes: ['a < b'],
    ...change,
  }
}

describe("a report's page", () => {
  const page = reportPage(report(), { windows, alerts })

  it('loads nothing and runs nothing, and names from data are no markup', () => {
    expect(page).not.toMatch(/<script|<link|<img|\bsrc=|href=|@import|https?:/)
    expect(page).toContain('&#60;script&#62;alert(1)')
    expect(page).toContain('pump-&#60;1&#62;')
    expect(page).not.toMatch(/NaN|undefined|Infinity|\[object/)
  })

  it('has a title and a description for each chart, under ids that stand once', () => {
    const charts = page.match(/<svg /g)!.length
    // ROC, precision, reliability, scores, lead, learning, two of importance, three traces.
    expect(charts).toBe(11)
    expect(page.match(/role="img" aria-labelledby="(\S+)-title \1-text"/g)).toHaveLength(charts)
    const ids = [...page.matchAll(/ id="([^"]+)"/g)].map(([, id]) => id)
    expect(new Set(ids).size).toBe(ids.length)
  })

  it('draws the losses of every net, and which epoch was kept', () => {
    const [, learning = ''] = /<title id="learning-title">(.*?)<\/svg>/.exec(page) ?? []
    expect(learning).toContain(
      'epoch 2 of 3 was kept, loss 0.3 and 0.5; epoch 1 of 2 was kept, loss 0.6 and 0.7',
    )
    const lines = [...learning.matchAll(/class="line (series-\d)" d="([^"]*)"/g)]
    expect(lines.map(([, series, path = '']) => [series, path.split(/[ML]/).length - 1])).toEqual([
      ['series-0', 3],
      ['series-1', 3],
      ['series-0', 1],
      ['series-1', 1],
    ])
    expect(learning.match(/<circle /g)).toHaveLength(2)
    expect(learning).toContain('<title>epoch 2 was kept, loss 0.5</title>')
  })

  it('says what it can not show', () => {
    const healthy = judgedMinutes({ a: [0.1, 0.2] }, {})
    const ranking = { scores: healthy.score, threshold: 0.5, isProbability: true }
    const verdicts = [verdictOf('own normal', 'n', healthy, ranking, [], 1)]
    const change = { model: null, verdicts, importance: null, learning: null, agreement: null }
    const bare = reportPage(report({ ...change, notes: ['nothing to compare'] }), {
      windows: healthy,
      alerts: [],
    })
    expect(bare).toContain('pipeline p, which has no model')
    expect(bare).toContain('nothing to compare')
    expect(bare).not.toMatch(/NaN|undefined|Infinity|What the model goes by|<h2>Learning/)
  })

  it('draws no trace of an asset with a single window, as the rows of a table are', () => {
    const rows = judgedMinutes({ a: [0.1], b: [0.9] }, { b: [0, 0] })
    const verdicts = [
      verdictOf('model', 'm', rows, { scores: rows.score, threshold: 0.5, isProbability: true }, [], 1),
    ]
    const table = reportPage(report({ verdicts, data: { ...report().data, assets: 2 } }), {
      windows: rows,
      alerts: [],
    })
    expect(table).toContain('id="roc-title"')
    expect(table).not.toContain('Each asset')
  })

  const chromium = requires('chromium')
  it.skipIf(chromium.missing)('shows without a fault in light and dark, and fits a telephone', async () => {
    const dir = await mkdtemp(join(tmpdir(), 'forewarn-report-'))
    const browser = await launch(chromium.path)
    try {
      const file = join(dir, 'evaluation.html')
      writeFileSync(file, page)
      const url = pathToFileURL(file).href
      const grounds: string[] = []
      for (const colorScheme of ['light', 'dark'] as const) {
        const opened = await openPage(browser, url, { colorScheme, viewport: { width: 390, height: 800 } })
        const width = await opened.page.evaluate('document.documentElement.scrollWidth')
        grounds.push(String(await opened.page.evaluate('getComputedStyle(document.body).backgroundColor')))
        expect(width).toBeLessThanOrEqual(390)
        expect(opened.faults).toEqual([])
      }
      expect(grounds[0]).not.toBe(grounds[1])
    } finally {
      await browser.close()
      await rm(dir, { recursive: true, force: true })
    }
  })
})
