import fc from 'fast-check'
import { Compile } from 'typebox/compile'
import { describe, expect, test } from 'vitest'
import { AlertEvent, type Command } from '../../src/core/records.ts'
import { INGEST } from '../../src/core/silence.ts'
import { makePlant, START_MS, told } from '../support/silent-plant.ts'

const isEvent = Compile(AlertEvent)
const FIFTY = Array.from({ length: 50 }, (_, i) => `pump-${i}`)
const AFTER_S = 60

describe('silence', () => {
  test('One machine of fifty stops publishing: its window closes within idle+grace, alarm "no data" raised, other machines unaffected', () => {
    const plant = makePlant({ assets: FIFTY })
    const others = FIFTY.filter((asset) => asset !== 'pump-7')
    expect(plant.run(120, FIFTY)).toEqual([])
    plant.scores.length = 0
    const events = plant.run(300, others)
    expect(told(events)).toEqual(['raised pump-7'])
    const [raised] = events
    expect(isEvent.Check(raised)).toBe(true)
    expect(raised).toMatchObject({
      subject: 'pump-7',
      source: 'forewarn/plant',
      data: {
        alert: `pump-7:no-data:${raised!.data.raisedAt}`,
        rule: 'no-data',
        severity: 'low',
        state: 'active',
        reasons: [],
      },
    })
    // Ticks sum the time up, so it is a minute to one tick more or less.
    const silentMs = raised!.data.raisedAt - raised!.data.silentSince!
    expect(silentMs).toBeGreaterThanOrEqual((AFTER_S - 1) * 1000)
    expect(silentMs).toBeLessThanOrEqual((AFTER_S + 1) * 1000)
    const closedBy = (asset: string) => plant.scores.filter((score) => score.asset === asset)
    expect(closedBy('pump-7').at(-1)).toMatchObject({ closed: 'idle' })
    expect(closedBy('pump-8').every(({ closed }) => closed === 'watermark')).toBe(true)
    expect(told(plant.run(30, FIFTY))).toEqual(['cleared pump-7'])
    expect(plant.run(120, FIFTY)).toEqual([])
  })

  test('All machines stop: last windows still close; no duplicate on resume', () => {
    const plant = makePlant({ assets: FIFTY })
    plant.run(120, FIFTY)
    plant.scores.length = 0
    const events = plant.run(400, [])
    expect(told(events)).toEqual([`raised ${INGEST}`])
    expect(events[0]!.data).toMatchObject({ pipeline: 'plant', rule: 'no-data', severity: 'low' })
    expect(
      new Set(plant.scores.filter(({ closed }) => closed === 'idle').map(({ asset }) => asset)).size,
    ).toBe(50)
    const again = plant.run(200, FIFTY)
    expect(told(again)).toEqual([`cleared ${INGEST}`])
    const windows = plant.scores.map(({ asset, windowEnd }) => `${asset}/${windowEnd}`)
    expect(new Set(windows).size).toBe(windows.length)
  })

  test('of all at once: who does not come back with the others is silent from then on', () => {
    const plant = makePlant({ assets: FIFTY })
    plant.run(60, FIFTY)
    expect(told(plant.run(900, []))).toEqual([`raised ${INGEST}`])
    const others = FIFTY.slice(1)
    expect(told(plant.run(AFTER_S - 5, others))).toEqual([`cleared ${INGEST}`])
    expect(told(plant.run(20, others))).toEqual(['raised pump-0'])
  })

  test('of one that was told before all fell silent stays told once', () => {
    const plant = makePlant({ assets: FIFTY })
    plant.run(60, FIFTY)
    expect(told(plant.run(100, FIFTY.slice(1)))).toEqual(['raised pump-0'])
    expect(told(plant.run(200, []))).toEqual([`raised ${INGEST}`])
    expect(told(plant.run(200, FIFTY.slice(1)))).toEqual([`cleared ${INGEST}`])
    expect(told(plant.run(10, FIFTY))).toEqual(['cleared pump-0'])
  })

  test('of an outage of ours is nobody’s', () => {
    const plant = makePlant({ assets: FIFTY })
    plant.run(60, FIFTY)
    for (let i = 0; i < 5; i++) {
      plant.outage(3600)
      expect(plant.run(AFTER_S / 2, FIFTY)).toEqual([])
    }
  })

  test('of the only machine is its own', () => {
    const plant = makePlant({ assets: ['fan'] })
    plant.run(60, ['fan'])
    expect(told(plant.run(100, []))).toEqual(['raised fan'])
    expect(told(plant.run(100, ['fan']))).toEqual(['cleared fan'])
  })

  test('is acknowledged like any alert, whoever it is about', () => {
    const plant = makePlant({ assets: ['a', 'b', 'c'] })
    plant.run(60, ['a', 'b', 'c'])
    const alerts = [...plant.run(200, ['a', 'b']), ...plant.run(200, [])].map(({ data }) => data)
    expect(alerts.map(({ asset }) => asset)).toEqual(['c', INGEST])
    for (const { asset, alert } of alerts) {
      const command: Command = { id: alert, command: 'acknowledge', asset, alert, by: 'ann', at: START_MS }
      expect(told(plant.command(command))).toEqual([`acknowledged ${asset}`])
      expect(plant.command(command)).toEqual([])
    }
  })

  test('goes on after a restart at any second as if there had been none', () => {
    const second = fc.integer({ min: 0, max: 400 })
    fc.assert(
      fc.property(fc.uniqueArray(second, { minLength: 1, maxLength: 8 }), (restarts) => {
        const assets = FIFTY.slice(0, 6)
        const [undisturbed, restarted] = [makePlant({ assets }), makePlant({ assets })]
        for (let at = 0; at < 400; at++) {
          if (restarts.includes(at)) restarted.restart()
          // One is silent, then all, then all but one.
          const speaking = at < 120 ? assets.slice(1) : at < 230 ? [] : assets.slice(0, 5)
          expect(restarted.run(1, speaking)).toEqual(undisturbed.run(1, speaking))
        }
      }),
      { numRuns: 5 },
    )
  })

  test('of a state that knew nothing of it counts from then on', () => {
    const assets = FIFTY.slice(0, 6)
    const plant = makePlant({ assets })
    plant.run(30, assets)
    plant.restart(true)
    expect(plant.run(10, assets)).toEqual([])
    expect(plant.run(AFTER_S - 2, [])).toEqual([])
    expect(told(plant.run(10, []))).toEqual([`raised ${INGEST}`])
  })

  test('is no alert where the pipeline does not ask for it', () => {
    const plant = makePlant({ assets: FIFTY.slice(0, 5) })
    for (const { partition } of plant.lanes) {
      Object.assign(partition.pipelines[0]!, { noData: null })
    }
    plant.run(60, FIFTY.slice(0, 5))
    expect(plant.run(100, FIFTY.slice(1, 5))).toEqual([])
    expect(plant.run(100, [])).toEqual([])
  })

  test('raises and clears by turns, whoever is silent and however many: at most one alert open for each', () => {
    fc.assert(
      fc.property(
        fc.array(
          fc.record({
            seconds: fc.integer({ min: 1, max: 150 }),
            silent: fc.subarray([0, 1, 2, 3, 4, 5, 6, 7]),
          }),
          { minLength: 1, maxLength: 12 },
        ),
        (stretches) => {
          const assets = FIFTY.slice(0, 8)
          const plant = makePlant({ assets })
          const open = new Set<string>()
          plant.run(10, assets)
          for (const { seconds, silent } of [...stretches, { seconds: 10, silent: [] }]) {
            const speaking = assets.filter((_, i) => !silent.includes(i))
            for (const line of told(plant.run(seconds, speaking))) {
              const [transition, asset = ''] = line.split(' ')
              expect(open.has(asset)).toBe(transition === 'cleared')
              if (transition === 'raised') open.add(asset)
              else open.delete(asset)
            }
            // Ingest is only down while nobody speaks; five seconds after one spoke its alert is over.
            if (speaking.length > 0 && seconds > 6) {
              expect(open.has(INGEST)).toBe(false)
              expect(speaking.filter((asset) => open.has(asset))).toEqual([])
            }
          }
          expect([...open]).toEqual([])
        },
      ),
      { numRuns: 15 },
    )
  })
})
