import { execFileSync } from 'node:child_process'
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest'
import { createRandom } from '../../simulators/random.ts'
import { skabStudy, study } from '../../src/commands/study.ts'
import { requires } from '../support/requires.ts'

const HEAD =
  'datetime;Accelerometer1RMS;Accelerometer2RMS;Current;Pressure;Temperature;Thermocouple;Voltage;Volume Flow RateRMS;anomaly;changepoint'

/** 400 quiet rows and 40 more, 60 rows with a higher flow, 20 quiet ones. */
function runText(seed: number): string {
  const random = createRandom(seed, 'skab')
  const rows = Array.from({ length: 520 }, (_, row) => {
    const anomalous = row >= 440 && row < 500
    const time = new Date(1_583_748_873_000 + row * 1000).toISOString().slice(0, 19).replace('T', ' ')
    const measured = Array.from({ length: 8 }, (_, channel) => {
      const level = 10 + channel + (anomalous && channel === 7 ? 6 : 0)
      return (level + 0.2 * random.normal()).toFixed(4)
    })
    return [time, ...measured, anomalous ? '1.0' : '0.0', '0.0'].join(';')
  })
  return `${[HEAD, ...rows].join('\n')}\n`
}

describe('study skab', () => {
  let dir = ''
  beforeAll(() => {
    dir = mkdtempSync(join(tmpdir(), 'forewarn-study-'))
    mkdirSync(join(dir, 'data/valve1'), { recursive: true })
    mkdirSync(join(dir, 'data/anomaly-free'))
    writeFileSync(join(dir, 'data/valve1/0.csv'), runText(1))
    writeFileSync(join(dir, 'data/valve1/1.csv'), runText(2))
    mkdirSync(join(dir, 'one'))
    writeFileSync(join(dir, 'one/0.csv'), runText(1))
    writeFileSync(join(dir, 'data/anomaly-free/anomaly-free.csv'), 'datetime;Pressure\n')
  })
  afterAll(() => {
    rmSync(dir, { recursive: true, force: true })
    vi.restoreAllMocks()
  })

  it('streams each run through a lane, and judges what was known at each row', async () => {
    const found = await skabStudy({ data: join(dir, 'data') })
    expect(found).toMatchObject({ files: 2, byScore: { rows: 240, anomalies: 2, anomaliesTold: 2 } })
    expect(found.byScore.balancedAccuracy).toBeGreaterThan(0.7)
    expect(found.byScore.medianDelayRows).toBeLessThan(10)
  })

  it('prints the published rows beside it', async () => {
    const log = vi.spyOn(console, 'log').mockReturnValue()
    await study('skab', { data: join(dir, 'data') })
    expect(log.mock.calls[0]![0]).toMatch(
      /an alert stands[\s\S]*Conv-AE \(published, all 34 files\) \| 0.78 \| 13.6 %/,
    )
  })

  it.skipIf(requires('native').missing)('trains a model for each run, on rows that may teach', async () => {
    const found = await skabStudy({ data: join(dir, 'one'), kind: 'anomaly' })
    expect(found).toMatchObject({ files: 1, byScore: { rows: 120, anomalies: 1, anomaliesTold: 1 } })
    expect(found.detector).toContain('trained on each run')
    expect(found.byScore.balancedAccuracy).toBeGreaterThan(0.8)
    // Alerts by the rule of such models, two windows above 0.8: told later, over later.
    expect(found.byAlert.medianDelayRows!).toBeGreaterThan(found.byScore.medianDelayRows!)
  })

  it('says what is missing', async () => {
    await expect(skabStudy({ data: dir, kind: 'anomaly', model: dir })).rejects.toThrow(/for each run/)
    await expect(study('nab', { data: dir })).rejects.toThrow(/no study nab/)
    await expect(skabStudy({ data: join(dir, 'none') })).rejects.toThrow(/--data names/)
    await expect(skabStudy({ data: join(dir, 'data/anomaly-free') })).rejects.toThrow(/no .csv below/)
  })

  const archive = requires('shared-data', 'skab-valve1.tar.gz')
  it.skipIf(archive.missing)(
    'judges as many rows of valve 1 as the leaderboard',
    { timeout: 60_000 },
    async () => {
      execFileSync('tar', ['xzf', archive.path, '-C', dir, 'valve1/0.csv'])
      const { byScore } = await skabStudy({ data: join(dir, 'valve1') })
      expect(byScore).toMatchObject({ rows: 747, anomalies: 1 })
    },
  )
})
