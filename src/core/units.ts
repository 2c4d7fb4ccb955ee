/** Durations and sizes as people write them in the config: `500ms`, `30s`, `7d`; `256KiB`, `8GiB`. */
import { failure } from '../core/errors.ts'

const MS = { ms: 1, s: 1000, m: 60_000, h: 3_600_000, d: 86_400_000 } as const
const BYTES = { B: 1, KiB: 2 ** 10, MiB: 2 ** 20, GiB: 2 ** 30, TiB: 2 ** 40 } as const

/** @throws failure 'config' when it is no duration */
export function durationMs(text: string): number {
  const match = /^([0-9]+(?:\.[0-9]+)?)(ms|s|m|h|d)$/.exec(text)
  if (!match) throw failure('config', `${text} is no duration; write one as 500ms, 30s, 5m, 24h or 7d`)
  return Math.round(Number(match[1]) * MS[match[2] as keyof typeof MS])
}

/** @throws failure 'config' when it is no size */
export function sizeBytes(text: string): number {
  const match = /^([0-9]+(?:\.[0-9]+)?)(B|KiB|MiB|GiB|TiB)$/.exec(text)
  if (!match) throw failure('config', `${text} is no size; write one as 64KiB, 256MiB or 8GiB`)
  return Math.round(Number(match[1]) * BYTES[match[2] as keyof typeof BYTES])
}
