/**
 * An induction motor on the mains (four poles, 15 kW, 1480 1/min): torque, slip, current, winding heat and
 * vibration, step by step, and what three wear-out faults do to them.
 *
 * Sources: IEC 60034-1 (rating, insulation classes); R. M. Tallam et al., "A survey of methods for detection of
 * stator-related faults in induction machines", IEEE Trans. Ind. Appl. 43(4), 2007 (shorted turns: circulating
 * current, heat at the spot, vibration at twice the mains frequency); R. B. Randall, "Vibration-based Condition
 * Monitoring" (unbalance, rolling bearings). Magnitudes at failure are ours, set so that a failed motor stands
 * in zone D of ISO 20816-3 or above the limit of insulation class F (155 °C) at the hot spot.
 */
import { type Channel, energySum, type Influence, type MachineClass, severityOf } from './machine.ts'
import type { Random } from './random.ts'
import { createThermalBody } from './thermal.ts'

const CHANNELS: readonly Channel[] = [
  { name: 'temperature', unit: 'Cel', noise: 0.15, offset: 1, gain: 0, decimals: 2 },
  { name: 'vibration', unit: 'mm/s', noise: 0.01, offset: 0, gain: 0.03, decimals: 3 },
  { name: 'current', unit: 'A', noise: 0.08, offset: 0.05, gain: 0.01, decimals: 2 },
  { name: 'rpm', unit: '1/min', noise: 0.4, offset: 0, gain: 0.0002, decimals: 1 },
  { name: 'torque', unit: 'N.m', noise: 0.3, offset: 0.2, gain: 0.01, decimals: 2 },
]

const SYNCHRONOUS_RPM = 1500
const RATED_SLIP = 0.0133
const RATED_TORQUE = 97
const RATED_AMPERES = 26
/** Active current at rated torque, and the magnetising current: √(24² + 10²) = 26. */
const ACTIVE_AMPERES = 24
const MAGNETISING_AMPERES = 10
/** Direct start: current over that of the load while the rotor runs up. */
const INRUSH = 4.5
const BACKGROUND_VIBRATION = 0.05

/** How this motor differs from the data sheet, within what an acceptance test lets pass. */
interface Build {
  readonly torque: number
  readonly slip: number
  readonly current: number
  /** Residual vibration at rated load, mm/s RMS. */
  readonly vibration: number
  /** Winding above the air at rated current, kelvin: the whole body, and the spot above the body. */
  readonly bodyKelvin: number
  readonly spotKelvin: number
  readonly response: number
}

function drawBuild(random: Random): Build {
  return {
    torque: RATED_TORQUE * random.between(0.97, 1.03),
    slip: RATED_SLIP * random.between(0.9, 1.1),
    current: random.between(0.97, 1.03),
    vibration: random.between(0.6, 1.5),
    bodyKelvin: 50 * random.between(0.88, 1.12),
    spotKelvin: 10 * random.between(0.85, 1.15),
    response: random.between(0.8, 1.25),
  }
}

/** Amperes of the line: active and magnetising at right angles, inrush while it runs up, shorted turns on top. */
function current(build: Build, influence: Influence, torque: number, random: Random): number {
  const { speed, ramp } = influence.duty
  if (speed <= 0) return 0
  const shorted = severityOf(influence, 'winding-overheating')
  const load = energySum((ACTIVE_AMPERES * torque) / RATED_TORQUE, MAGNETISING_AMPERES)
  const inrush = 1 + INRUSH * Math.max(0, ramp)
  const unrest = 1 + (0.006 + 0.06 * shorted) * random.normal()
  return build.current * load * inrush * (1 + 0.16 * build.response * shorted) * unrest
}

/**
 * Vibration of the bearing shield in mm/s RMS. Unbalance ∝ n²; worn bearings knock, so their level is restless;
 * shorted turns pull the stator out of round twice per mains period.
 */
function vibration(build: Build, influence: Influence, random: Random): number {
  const { speed, load } = influence.duty
  const wear = severityOf(influence, 'bearing-wear')
  const residual = speed > 0.05 ? build.vibration * (0.7 + 0.3 * load) * speed : 0
  const level = energySum(
    residual,
    10 * build.response * severityOf(influence, 'imbalance') * speed * speed,
    8 * build.response * wear * speed * random.logNormal(0.4 * wear),
    0.9 * build.response * severityOf(influence, 'winding-overheating') * speed,
  )
  return energySum(level, BACKGROUND_VIBRATION) * random.logNormal(0.05)
}

function createMotor(random: Random): ReturnType<MachineClass['create']> {
  const build = drawBuild(random)
  const warm = random.between(0.3, 0.8)
  const body = createThermalBody(random.between(700, 1100), build.bodyKelvin * warm)
  const spot = createThermalBody(random.between(40, 60), build.spotKelvin * warm)
  return {
    step(influence, values) {
      const { seconds, ambient, duty } = influence
      const running = duty.speed
      const wear = severityOf(influence, 'bearing-wear')
      const shorted = severityOf(influence, 'winding-overheating')
      const torque =
        running * (build.torque * duty.load + 0.04 * RATED_TORQUE * wear) * (1 + 0.008 * random.normal())
      const amperes = current(build, influence, torque, random)
      // Copper losses ∝ I²; a shorted turn burns at its spot and takes the body with it.
      const share = amperes / RATED_AMPERES
      const losses = share * share
      const heatBody = build.bodyKelvin * losses + (22 * shorted + 9 * wear) * running
      const heatSpot = build.spotKelvin * losses + 60 * build.response * shorted * running
      values[0] = ambient + body.advance(heatBody, seconds) + spot.advance(heatSpot, seconds)
      values[1] = vibration(build, influence, random)
      values[2] = amperes
      values[3] = SYNCHRONOUS_RPM * running * (1 - (build.slip * (1 + 0.8 * shorted) * torque) / RATED_TORQUE)
      values[4] = torque
    },
  }
}

export const MOTOR: MachineClass = {
  channels: CHANNELS,
  faults: ['bearing-wear', 'winding-overheating', 'imbalance'],
  duty: {
    speed: [1, 1],
    load: [0.35, 1.02],
    holdSeconds: [120, 1200],
    stopShare: 0.06,
    stopSeconds: [60, 480],
    speedSlew: 0.4,
    loadSlew: 0.05,
  },
  create: createMotor,
}
