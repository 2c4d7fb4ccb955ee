/**
 * What the engine costs beside the same work written by hand (`hand-written.ts`), in the same run: both sides in turns,
 * each in a process of its own, medians. `npm run bench ratio [READINGS] [ROUNDS]`. CPU on a busy machine goes up for
 * both; their ratio is what can be compared between machines and days.
 */
import { execFileSync } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { quantile } from './process.ts'

const PROBE = fileURLToPath(new URL('./ratio-probe.js', import.meta.url))
const SIDES = ['by-hand', 'engine'] as const

export interface Sides {
  /** CPU seconds per million readings. */
  readonly byHand: number
  readonly engine: number
}

export function measureSides(readings: number, rounds: number): Sides {
  const found = { 'by-hand': [] as number[], engine: [] as number[] }
  const windows = new Set<number>()
  for (let round = 0; round < rounds; round++) {
    for (const side of SIDES) {
      const line = execFileSync(process.execPath, [PROBE, side, String(readings)], { encoding: 'utf8' })
      const result = JSON.parse(line) as { cpuSecondsPerMillion: number; windows: number }
      found[side].push(result.cpuSecondsPerMillion)
      windows.add(result.windows)
    }
  }
  if (windows.size !== 1) throw new Error(`the sides closed different windows: ${[...windows].join(', ')}`)
  return { byHand: quantile(found['by-hand'], 0.5), engine: quantile(found.engine, 0.5) }
}

export function ratio([readings = '1000000', rounds = '3']: readonly string[]): void {
  console.table(shownSides(measureSides(Number(readings), Number(rounds))))
}

/** @param program CPU seconds per million of the whole program, where it was measured in the same run */
export function shownSides({ byHand, engine }: Sides, program?: number) {
  const row = (cpu: number) => ({
    'CPU s per million': Math.round(cpu * 100) / 100,
    'of the baseline': Math.round((cpu / byHand) * 100) / 100,
  })
  return {
    'baseline: windows by hand, nothing kept': row(byHand),
    'engine: bytes → windows → records, no net, no log': row(engine),
    ...(program === undefined ? {} : { 'program: MQTT → log → windows → net → alerts': row(program) }),
  }
}
