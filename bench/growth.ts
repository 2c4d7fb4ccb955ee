/**
 * How the engine grows: memory per asset, CPU per reading and time to restore, over assets, channels, length of windows
 * and windows that overlap. `npm run bench growth`. Each case has a process of its own; the net is left out.
 */
import { execFileSync } from 'node:child_process'
import { fileURLToPath } from 'node:url'

const PROBE = fileURLToPath(new URL('./growth-probe.js', import.meta.url))
const BASE = { assets: 1000, channels: 6, windowMs: 30_000, hopMs: 30_000 }
const CASES = [
  BASE,
  { ...BASE, assets: 10_000 },
  { ...BASE, assets: 100_000 },
  { ...BASE, channels: 20 },
  { ...BASE, channels: 60 },
  { ...BASE, windowMs: 3_600_000, hopMs: 3_600_000 },
  { ...BASE, hopMs: 3000 },
]

export function growth(): void {
  const rows = CASES.map((one) => {
    const args = [one.assets, one.channels, one.windowMs, one.hopMs].map(String)
    const line = execFileSync(process.execPath, ['--expose-gc', PROBE, ...args], { encoding: 'utf8' })
    const found = Object.entries(JSON.parse(line) as Record<string, number>)
    return {
      ...one,
      ...Object.fromEntries(found.map(([name, value]) => [name, Number(value.toPrecision(3))])),
    }
  })
  console.table(rows)
}
