/**
 * Turns a true value into what a sensor tells: gain and offset of its own, noise, resolution, and spells in
 * which it says nothing.
 */
import type { Channel } from './machine.ts'
import type { Random } from './random.ts'

/** Spells of silence of one channel: share of all time, and mean length of one. */
export interface DropoutChance {
  readonly share: number
  readonly meanSeconds: number
}

export interface Sensor {
  /** @returns the measured value, or null during a drop-out */
  measure(value: number, seconds: number): number | null
}

/** Draws the sensor's own errors once. `random` is this sensor's alone. */
export function createSensor(random: Random, channel: Channel, dropout: DropoutChance): Sensor {
  const gain = 1 + channel.gain * random.normal()
  const offset = channel.offset * random.normal()
  const scale = 10 ** channel.decimals
  const silent = createSilence(random, dropout)
  return {
    measure(value, seconds) {
      const told = value * gain + offset + channel.noise * random.normal()
      return silent(seconds) ? null : Math.round(told * scale) / scale
    },
  }
}

/** Speech and silence in turn, both of exponential length, so that silence takes its share in the long run. */
function createSilence(random: Random, { share, meanSeconds }: DropoutChance): (seconds: number) => boolean {
  if (share <= 0) return () => false
  const speechSeconds = (meanSeconds * (1 - share)) / share
  let silent = false
  let remaining = random.exponential(speechSeconds)
  return (seconds) => {
    remaining -= seconds
    if (remaining <= 0) {
      silent = !silent
      remaining = random.exponential(silent ? meanSeconds : speechSeconds)
    }
    return silent
  }
}
