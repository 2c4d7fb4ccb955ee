/**
 * How the engine grows: memory per asset, CPU per reading, and CPU to write and to restore an asset's state, over assets,
 * channels, length of windows and windows that overlap; then the law behind each, as it was fitted to these rows.
 * `npm run bench growth`. Each case has a process of its own; the net is left out. Whether a whole fleet fits into the
 * real program is shown by `npm run bench restore`.
 */
import { execFileSync } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { fitLine } from './line-fit.ts'

const PROBE = fileURLToPath(new URL('./growth-probe.js', import.meta.url))
const HOUR_MS = 3_600_000

export interface Case {
  readonly assets: number
  readonly channels: number
  readonly windowMs: number
  readonly hopMs: number
  /** Between two readings of an asset. */
  readonly stepMs: number
}

const BASE: Case = { assets: 1000, channels: 6, windowMs: 30_000, hopMs: 30_000, stepMs: 1000 }
const CASES: readonly Case[] = [
  BASE,
  { ...BASE, assets: 10_000 },
  { ...BASE, assets: 100_000 },
  { ...BASE, channels: 20 },
  { ...BASE, channels: 60 },
  { ...BASE, hopMs: 3000 },
  { ...BASE, channels: 20, hopMs: 3000 },
  { ...BASE, channels: 60, hopMs: 3000 },
  { ...BASE, windowMs: HOUR_MS, hopMs: HOUR_MS, stepMs: 10_000 },
  { ...BASE, assets: 200, windowMs: HOUR_MS, hopMs: HOUR_MS },
  { ...BASE, windowMs: HOUR_MS, hopMs: HOUR_MS / 10, stepMs: 10_000 },
]

type Row = Case & Readonly<Record<string, number>>

/** A figure as a sum of products of the case's sizes. */
interface Law {
  readonly figure: string
  readonly terms: Readonly<Record<string, (row: Row) => number>>
}

const constant = () => 1
const overlap = ({ windowMs, hopMs }: Row) => windowMs / hopMs
const bytes = {
  asset: constant,
  'remembered reading': (row: Row) => row['readings remembered'] ?? 0,
  channel: ({ channels }: Row) => channels,
  'open window': (row: Row) => row['open windows'] ?? 0,
  'channel and open window': (row: Row) => row.channels * (row['open windows'] ?? 0),
}
const LAWS: readonly Law[] = [
  { figure: 'bytes of memory', terms: bytes },
  { figure: 'bytes of snapshot', terms: bytes },
  {
    figure: 'CPU µs per reading',
    terms: {
      reading: constant,
      channel: ({ channels }) => channels,
      'channel and window that takes it': (row) => row.channels * overlap(row),
      'window that closes': ({ stepMs, hopMs }) => stepMs / hopMs,
    },
  },
  {
    figure: 'CPU µs to restore',
    terms: {
      asset: constant,
      'open window': (row) => row['open windows'] ?? 0,
      'KB of snapshot': (row) => (row['bytes of snapshot'] ?? 0) / 1000,
    },
  },
]

export function growth(): void {
  const rows = CASES.map((one): Row => {
    const args = [one.assets, one.channels, one.windowMs, one.hopMs, one.stepMs].map(String)
    const line = execFileSync(process.execPath, ['--expose-gc', PROBE, ...args], { encoding: 'utf8' })
    return { ...one, ...(JSON.parse(line) as Record<string, number>) }
  })
  console.table(rows.map(rounded))
  for (const law of LAWS) console.log(lawText(law, rows))
}

/** `bytes of memory = 900 per asset + 16 per remembered reading + …; farthest off 8 %` */
function lawText({ figure, terms }: Law, rows: readonly Row[]): string {
  const inputs = rows.map((row) => Object.values(terms).map((term) => term(row)))
  const found = rows.map((row) => row[figure] ?? 0)
  const { factors, farthest } = fitLine(inputs, found)
  const parts = Object.keys(terms).map((name, i) => `${factors[i]!.toPrecision(3)} per ${name}`)
  return `${figure} = ${parts.join(' + ')}; the row farthest off it by ${Math.round(farthest * 100)} %`
}

function rounded(row: Row): Record<string, number> {
  return Object.fromEntries(Object.entries(row).map(([name, value]) => [name, Number(value.toPrecision(3))]))
}
