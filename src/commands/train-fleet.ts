/** `train --simulate`: a fleet to learn from, and fleets of other seeds to judge by. */
import { type ClassName, createFleet, type FleetCounts, MACHINE_CLASSES } from '../../simulators/fleet.ts'
import { failure } from '../core/errors.ts'
import { featureNames } from '../core/features.ts'
import { buildDataset, type DatasetOptions } from '../training/dataset.ts'
import { PLAIN_PREPARATION } from '../training/prepare.ts'
import type { Trial } from '../training/trial.ts'
import { HORIZON, type TrainingSource, type TrainOptions } from './train-source.ts'

/** An hour of a weekday; fixed, so that the same options give the same bytes. */
const START_MS = Date.UTC(2026, 0, 5, 6)

/**
 * Faults a day and machine, far above life, so that a few hours hold enough of them; from 90 s to 2 h between
 * onset and failure, so that a fault is known by its severity and not by its speed.
 */
const FAULT_RATE = 12
const GROWTH_MS = [90_000, 7_200_000] as const

/** Fleets to judge by, in terms of the one to learn from. */
const TRIALS = [
  { name: 'with faults', machines: 0.3, longer: 2.5, seed: 100_000, faultRate: FAULT_RATE },
  { name: 'healthy', machines: 0.2, longer: 8, seed: 200_000, faultRate: 0 },
] as const

/** Windows of the pipelines that the shipped models serve. */
const WINDOW = { sizeMs: 5000, hopMs: 5000, latenessMs: 1000, idleMs: 10_000 }

/** @throws Failure `usage` when there is not exactly one class of machines: a model is for one */
export function fleetSource(options: TrainOptions, simulate: FleetCounts): TrainingSource {
  const [className, count] = oneClass(simulate)
  const { channels } = MACHINE_CLASSES[className]
  const dataset: DatasetOptions = {
    channels: channels.map(({ name }) => name),
    features: featureNames(channels.map(({ name }) => name)),
    window: WINDOW,
    horizon: { ...HORIZON, beforeMs: options.horizon ?? null },
  }
  const fleet = makeFleet(className, count, options, options.duration, options.seed, FAULT_RATE)
  const hours = (ms: number) => `${Number((ms / 3_600_000).toFixed(2))} h`
  const command = `forewarn train --simulate ${className}=${count} --duration ${options.duration / 60_000}m`
  return {
    name: `${className}-health`,
    version: '1.0.0',
    source: `simulated fleet ${className}=${count} over ${hours(options.duration)}, seed ${options.seed}`,
    licence: 'Apache-2.0',
    again: `${command} --interval ${options.interval}ms --seed ${options.seed} --output models --replace`,
    channels: channels.map(({ name, unit }) => ({ name, unit })),
    dataset,
    labels: fleet.labels,
    readings: fleet.readings(),
    count: Math.ceil(options.duration / options.interval) * count,
    preparation: PLAIN_PREPARATION,
    trials: function* trials(): Generator<Trial> {
      for (const trial of TRIALS) {
        const machines = Math.max(2, Math.round(trial.machines * count))
        const durationMs = Math.round(trial.longer * options.duration)
        const seed = options.seed + trial.seed
        const other = makeFleet(className, machines, options, durationMs, seed, trial.faultRate)
        const source = `simulated fleet ${className}=${machines} over ${hours(durationMs)}, ${trial.name}, seed ${seed}`
        const built = buildDataset(other.readings(), other.labels, dataset)
        yield { source, dataset: built, assets: new Set(built.assets.keys()) }
      }
    },
  }
}

function oneClass(counts: FleetCounts): [ClassName, number] {
  const asked = Object.entries(counts).filter(([, count]) => count > 0)
  const [first] = asked
  if (!first || asked.length > 1) {
    throw failure(
      'usage',
      '--simulate takes one class of machines, such as pump=100: a model is for one class',
    )
  }
  return [first[0] as ClassName, first[1]]
}

function makeFleet(
  className: ClassName,
  machines: number,
  { interval }: TrainOptions,
  durationMs: number,
  seed: number,
  faultRate: number,
) {
  const growth = { faultRate, growthMs: GROWTH_MS, repairMs: HORIZON.afterMs }
  return createFleet(
    { [className]: machines },
    { seed, startMs: START_MS, intervalMs: interval, durationMs, ...growth },
  )
}
