/**
 * What a machine is asked to do: setpoints of speed and load that hold for minutes, ramps between them, and
 * standstills. Each step of a machine begins here.
 */
import type { Random } from './random.ts'

/** Speed and load as shares of rated. */
export interface Duty {
  readonly speed: number
  readonly load: number
  /** A start or stop is under way: share of rated speed still to go. */
  readonly ramp: number
}

export interface DutyProfile {
  readonly speed: readonly [number, number]
  readonly load: readonly [number, number]
  readonly holdSeconds: readonly [number, number]
  /** Chance that a setpoint is a standstill. */
  readonly stopShare: number
  readonly stopSeconds: readonly [number, number]
  /** Shares of rated per second. */
  readonly speedSlew: number
  readonly loadSlew: number
}

export interface DutyCycle {
  /**
   * @param seconds since the last call
   * @param held the machine has a fault: wear grows while a machine runs, so standstills are left out
   */
  advance(seconds: number, held: boolean): Duty
}

interface Setpoint {
  readonly speed: number
  readonly load: number
  readonly stops: boolean
  readonly seconds: number
}

/** The first setpoint runs already, so that a fleet does not start up all at once. */
export function createDutyCycle(random: Random, profile: DutyProfile): DutyCycle {
  let setpoint: Setpoint = { ...drawSetpoint(random, profile), stops: false }
  let remaining = setpoint.seconds * random.uniform()
  let { speed, load } = setpoint
  return {
    advance(seconds, held) {
      remaining -= seconds
      if (remaining <= 0) {
        setpoint = drawSetpoint(random, profile)
        remaining = setpoint.seconds
      }
      const target = setpoint.stops && !held ? 0 : setpoint.speed
      const ramp = target - speed
      speed = approach(speed, target, profile.speedSlew * seconds)
      load = approach(load, setpoint.load, profile.loadSlew * seconds)
      return { speed, load, ramp }
    },
  }
}

/** Draws always the same count of numbers, so that a held machine's later setpoints stay the same. */
function drawSetpoint(random: Random, profile: DutyProfile): Setpoint {
  const stops = random.uniform() < profile.stopShare
  const speed = random.between(...profile.speed)
  const load = random.between(...profile.load)
  const holdSeconds = random.between(...profile.holdSeconds)
  const stopSeconds = random.between(...profile.stopSeconds)
  return { speed, load, stops, seconds: stops ? stopSeconds : holdSeconds }
}

function approach(from: number, to: number, most: number): number {
  return Math.abs(to - from) <= most ? to : from + Math.sign(to - from) * most
}
