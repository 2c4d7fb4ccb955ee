/**
 * A centrifugal pump on a variable-speed drive: hydraulics, power, heat and vibration, step by step, and what
 * four wear-out faults do to them. Sizes are of an end-suction pump of 11 kW (60 m³/h at 40 m and 2960 1/min);
 * each pump of a fleet differs from it by a few per cent.
 *
 * Sources: J. F. Gülich, "Centrifugal Pumps" (affinity laws, characteristic, off-design vibration, cavitation);
 * ISO 9906 (NPSH3: the head has dropped by 3 %); R. B. Randall, "Vibration-based Condition Monitoring"
 * (unbalance, rolling bearings). Magnitudes at failure are ours, set so that a failed pump stands in zone D of
 * ISO 20816-3.
 */
import { type Channel, energySum, type Influence, type MachineClass, severityOf } from './machine.ts'
import type { Random } from './random.ts'
import { createThermalBody } from './thermal.ts'

const CHANNELS: readonly Channel[] = [
  { name: 'temperature', unit: 'Cel', noise: 0.12, offset: 1, gain: 0, decimals: 2 },
  { name: 'vibration', unit: 'mm/s', noise: 0.01, offset: 0, gain: 0.03, decimals: 3 },
  { name: 'pressure', unit: 'bar', noise: 0.006, offset: 0.02, gain: 0.005, decimals: 3 },
  { name: 'flow', unit: 'm3/h', noise: 0.1, offset: 0.1, gain: 0.01, decimals: 2 },
  { name: 'current', unit: 'A', noise: 0.05, offset: 0.05, gain: 0.01, decimals: 2 },
  { name: 'rpm', unit: '1/min', noise: 2, offset: 0, gain: 0.0005, decimals: 1 },
]

const RATED_RPM = 2960
const RATED_SLIP = 0.015
const RATED_WATTS = 9400
/** Best-efficiency flow at rated speed, m³/h. */
const BEST_FLOW = 60
const BEST_EFFICIENCY = 0.72
/** Head at no flow and rated speed, metres; its fall per (m³/h)². */
const SHUTOFF_METRES = 52
const HEAD_FALL = 12 / BEST_FLOW ** 2
/** The plant: a static lift, and friction per (m³/h)² with the valve fully open. */
const STATIC_METRES = 6
const FRICTION = 34 / BEST_FLOW ** 2
/** ρ·g, metres of water → bar; ρ·g per hour, m³/h · m → watts. */
const BAR_PER_METRE = 0.0980665
const WATTS_PER_FLOW_METRE = 9806.65 / 3600
/** Active current of a watt of shaft power (√3 · 400 V · motor efficiency), and the magnetising current. */
const AMPERES_PER_WATT = 1 / (Math.sqrt(3) * 400 * 0.88)
const MAGNETISING_AMPERES = 6
/** A machine at rest still feels its neighbours, mm/s. */
const BACKGROUND_VIBRATION = 0.06

/** How this pump differs from the data sheet, within what an acceptance test lets pass. */
interface Build {
  readonly head: number
  readonly fall: number
  readonly efficiency: number
  /** Residual vibration at rated speed and best flow, mm/s RMS. */
  readonly vibration: number
  /** Bearing housing above the air at rated power, kelvin. */
  readonly warmth: number
  /** How strongly it answers to a fault. */
  readonly response: number
}

/** Head within ±5 % (ISO 9906 grade 2), vibration up to the limit of zone A for pumps of this size. */
function drawBuild(random: Random): Build {
  return {
    head: SHUTOFF_METRES * random.between(0.95, 1.05),
    fall: HEAD_FALL * random.between(0.93, 1.07),
    efficiency: BEST_EFFICIENCY * random.between(0.975, 1.025),
    vibration: random.between(0.8, 1.6),
    warmth: 28 * random.between(0.85, 1.15),
    response: random.between(0.8, 1.25),
  }
}

interface Hydraulics {
  readonly flow: number
  readonly pressure: number
  readonly watts: number
  /** Flow through the impeller over the best flow at this speed. */
  readonly offDesign: number
}

/**
 * Where the pump's characteristic meets the plant's. Affinity laws: flow ∝ n, head ∝ n², power ∝ n³, so
 * H = H₀n² − kQ_t² with Q_t the flow through the impeller; plant: H = H_s + cQ², c ∝ 1/valve².
 * Seal leak: Q_t = (1 + λ)Q, a path beside the plant that takes its share before the flow meter.
 * Cavitation: vapour in the eye takes head away, H₀ falls (3 % down is NPSH3; 20 % is break-down).
 */
function hydraulics(build: Build, influence: Influence): Hydraulics {
  const { speed, load } = influence.duty
  const leak = 1 + 0.5 * severityOf(influence, 'seal-leak')
  const cavitation = 1 - 0.2 * severityOf(influence, 'cavitation')
  const lift = build.head * cavitation * speed * speed
  const fall = build.fall * leak * leak
  const flow = Math.sqrt(Math.max(0, lift - STATIC_METRES) / (fall + FRICTION / (load * load)))
  const head = lift - fall * flow * flow
  const through = flow * leak
  const offDesign = speed > 0.05 ? through / (BEST_FLOW * speed) : 0
  // Efficiency falls as a parabola from the best point; below a tenth of it the formula has no meaning.
  const share = Math.min(1.9, Math.max(0.1, offDesign))
  const efficiency = build.efficiency * (2 * share - share * share)
  const watts = (WATTS_PER_FLOW_METRE * through * head) / efficiency + 350 * speed * speed
  return { flow, pressure: head * BAR_PER_METRE, watts, offDesign }
}

/**
 * Housing vibration in mm/s RMS. Unbalance: force m·e·ω², so ∝ n². A worn rolling bearing: impacts, so more
 * level and much more unrest. Cavitation: broadband noise of collapsing bubbles. Away from the best flow the
 * impeller's inlet flow separates and shakes it, whatever its health.
 */
function vibration(build: Build, influence: Influence, offDesign: number, random: Random): number {
  const { speed } = influence.duty
  const wear = severityOf(influence, 'bearing-wear')
  const bubbles = severityOf(influence, 'cavitation')
  const away = offDesign > 0 ? offDesign - 1 : 0
  const residual = build.vibration * (0.3 + 0.7 * speed * speed) * (1 + 1.2 * away * away)
  const level = energySum(
    speed > 0.05 ? residual : 0,
    11 * build.response * severityOf(influence, 'imbalance') * speed * speed,
    8.5 * build.response * wear * speed * random.logNormal(0.4 * wear),
    6 * build.response * bubbles * speed * random.logNormal(0.25),
  )
  const leaking = 1.5 * build.response * severityOf(influence, 'seal-leak') * speed
  return energySum(level, leaking, BACKGROUND_VIBRATION) * random.logNormal(0.05)
}

function createPump(random: Random): ReturnType<MachineClass['create']> {
  const build = drawBuild(random)
  const housing = createThermalBody(random.between(240, 420), build.warmth * random.between(0.5, 1))
  return {
    step(influence, values) {
      const { flow, pressure, watts, offDesign } = hydraulics(build, influence)
      const { seconds, ambient, duty } = influence
      const wear = severityOf(influence, 'bearing-wear')
      const leak = severityOf(influence, 'seal-leak')
      const bubbles = severityOf(influence, 'cavitation')
      // Friction of a worn bearing is power too; its heat, and that of dry seal faces, arrives with the lag.
      const power = (watts + 0.05 * RATED_WATTS * wear * duty.speed) * (1 + 0.006 * random.normal())
      const heat = (build.warmth * power) / RATED_WATTS + (34 * wear + 26 * leak) * duty.speed
      // Turbulence in health; vapour pockets and a spurting leak are far more restless.
      const pulsation = 0.005 + 0.1 * bubbles + 0.02 * leak
      const surge = 0.006 + 0.07 * bubbles + 0.06 * leak
      values[0] = ambient + housing.advance(heat, seconds)
      values[1] = vibration(build, influence, offDesign, random)
      values[2] = pressure * (1 + pulsation * random.normal())
      values[3] = flow * (1 + surge * random.normal())
      values[4] = duty.speed > 0 ? energySum(power * AMPERES_PER_WATT, MAGNETISING_AMPERES) : 0
      values[5] = RATED_RPM * duty.speed * (1 - (RATED_SLIP * power) / RATED_WATTS)
    },
  }
}

export const PUMP: MachineClass = {
  channels: CHANNELS,
  faults: ['imbalance', 'bearing-wear', 'cavitation', 'seal-leak'],
  duty: {
    speed: [0.72, 1],
    load: [0.72, 1.05],
    holdSeconds: [180, 1500],
    stopShare: 0.05,
    stopSeconds: [60, 480],
    speedSlew: 0.1,
    loadSlew: 0.02,
  },
  create: createPump,
}
