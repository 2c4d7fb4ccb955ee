import { describe, expect, test } from 'vitest'
import { type ClassName, createFleet, MACHINE_CLASSES } from '../../simulators/fleet.ts'
import { closeAll, makePartition, type Step, takeReading } from '../../src/core/partition.ts'
import { settleWindow } from '../../src/core/settle.ts'
import { pipelineRules } from '../support/pipeline-rules.ts'
import { fieldsOf } from '../support/reading-fields.ts'

/** As `up` has it without a config: windows of 30 s, two hours of learning, the default rule. */
const WINDOW_MS = 30_000
const LEARN = { windows: 240, overlap: 1, follow: true }
const RULES = pipelineRules({
  window: { sizeMs: WINDOW_MS, hopMs: WINDOW_MS, latenessMs: 10_000, idleMs: 60_000 },
  dedupePerAsset: 1024,
  openWindowsPerAsset: 64,
  learn: LEARN,
  alerts: [
    {
      rule: 'risk',
      above: 0.8,
      clearBelow: 0.6,
      onDelay: { windows: 2 },
      offDelay: { windows: 1 },
      severity: 'high',
    },
  ],
})
const DAY_MS = 86_400_000
const REPAIR_MS = 600_000

interface Told {
  falseAlerts: number
  machineDays: number
  failures: number
  warned: number
  leadMs: number[]
}

/** A day of a fleet's life; what it learns from may hold faults too. */
function dayOf(className: ClassName, machines: number, seed: number, faultRate: number): Told {
  const startMs = Date.UTC(2026, 0, 5, 6)
  const fleet = createFleet(
    { [className]: machines },
    { seed, startMs, intervalMs: 1000, durationMs: DAY_MS, faultRate, repairMs: REPAIR_MS },
  )
  const partition = makePartition([RULES], {
    assets: 1000,
    channelsPerAsset: 16,
    futureByMs: DAY_MS,
    forgetAfterMs: 30 * DAY_MS,
  })
  const judgedFrom = new Map<string, number>()
  const raised = new Map<string, number[]>()
  const steps: Step[] = []
  const settle = () => {
    for (const step of steps) {
      if (!('window' in step)) continue
      const { score, changes } = settleWindow(RULES, step.window, null)
      if (!score.learning && !judgedFrom.has(score.asset)) judgedFrom.set(score.asset, score.windowEnd)
      for (const { transition, alert } of changes) {
        if (transition !== 'raised') continue
        raised.set(alert.asset, [...(raised.get(alert.asset) ?? []), alert.raisedAt])
      }
    }
    steps.length = 0
  }
  let offset = 0
  for (const { asset, ts, values } of fleet.readings()) {
    takeReading(partition, fieldsOf({ asset, ts, values }), offset++, steps)
    if (steps.length > 0) settle()
  }
  closeAll(partition, offset, steps)
  settle()
  const told: Told = { falseAlerts: 0, machineDays: 0, failures: 0, warned: 0, leadMs: [] }
  for (const [asset, from] of judgedFrom) {
    const labels = fleet.labels.filter((label) => label.asset === asset)
    const alerts = raised.get(asset) ?? []
    told.machineDays += (startMs + DAY_MS - from) / DAY_MS
    told.falseAlerts += alerts.filter(
      (at) => !labels.some((label) => label.from < at && at <= label.to + REPAIR_MS + 3 * WINDOW_MS),
    ).length
    for (const { from: onsetMs, to } of labels) {
      if (onsetMs < from || to > startMs + DAY_MS) continue
      told.failures++
      const first = alerts.find((at) => at > onsetMs && at <= to)
      if (first === undefined) continue
      told.warned++
      told.leadMs.push(to - first)
    }
  }
  return told
}

describe(`machines that nobody has told anything about, ${Object.keys(MACHINE_CLASSES).join(' and ')}`, () => {
  test('few false alerts, most failures warned of', () => {
    const days = [
      dayOf('pump', 20, 71, 2),
      dayOf('motor', 20, 71, 2),
      dayOf('pump', 20, 72, 0),
      dayOf('motor', 20, 72, 0),
    ]
    const sum = (of: (told: Told) => number) => days.reduce((total, told) => total + of(told), 0)
    const falseAlerts = (100 * sum((told) => told.falseAlerts)) / sum((told) => told.machineDays)
    const warned = sum((told) => told.warned) / sum((told) => told.failures)
    const lead = days.flatMap(({ leadMs }) => leadMs).sort((a, b) => a - b)
    console.log(
      days.map(({ leadMs: _, ...counts }) => counts),
      `${falseAlerts.toFixed(1)} false alerts per 100 machine-days, ${(100 * warned).toFixed(0)} % of failures warned of, ` +
        `${(lead[lead.length >> 1]! / 60_000).toFixed(1)} min before in the median`,
    )
    // Measured: 4.1 and 81 % (docs/decisions/0014). The same seeds give the same figures; the bounds leave room for a
    // change of the core that moves an alert or two, not for a worse one.
    expect(falseAlerts).toBeLessThan(7)
    expect(warned).toBeGreaterThan(0.75)
  }, 600_000)
})
