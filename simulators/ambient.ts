/** The air around a machine: a daily wave of its own place, and weather that wanders. */
import type { Random } from './random.ts'

const DAY_SECONDS = 86_400

/** Spread and memory of the wandering part. */
const WANDER_KELVIN = 0.7
const WANDER_SECONDS = 1800

/** Air temperature, in °C, at a time in epoch ms that is `seconds` after the last call. */
export type Ambient = (ts: number, seconds: number) => number

/**
 * Daily sine around the place's mean, plus an Ornstein–Uhlenbeck process (exact for small steps):
 * dx = −x/τ·dt + σ·√(2/τ)·dW.
 */
export function createAmbient(random: Random): Ambient {
  const mean = random.between(17, 27)
  const swing = random.between(1, 5)
  const phase = random.uniform()
  let wander = WANDER_KELVIN * random.normal()
  return (ts, seconds) => {
    const share = Math.min(1, seconds / WANDER_SECONDS)
    wander += -wander * share + WANDER_KELVIN * Math.sqrt(2 * share) * random.normal()
    return mean + swing * Math.sin(2 * Math.PI * (ts / 1000 / DAY_SECONDS + phase)) + wander
  }
}
