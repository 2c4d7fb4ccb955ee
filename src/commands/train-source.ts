/** What `train` is asked for, and what it learns from: the same for files (`train-files`) and fleets (`train-fleet`). */
import type { FleetCounts } from '../../simulators/fleet.ts'
import type { CalibrationMethod } from '../training/calibrate.ts'
import type { DatasetOptions, LabelledReading } from '../training/dataset.ts'
import type { FailureLabel } from '../training/horizon.ts'
import type { Preparation } from '../training/prepare.ts'
import type { Recipe, Trials } from '../training/recipe.ts'

export interface TrainOptions {
  readonly kind: 'failure' | 'anomaly'
  readonly config?: string | undefined
  readonly pipeline?: string | undefined
  readonly map?: string | undefined
  readonly input?: readonly string[] | undefined
  readonly late?: readonly string[] | undefined
  readonly labels?: string | undefined
  readonly simulate?: FleetCounts | undefined
  /** Length of the simulation, and between readings of a machine, in ms. */
  readonly duration: number
  readonly interval: number
  readonly seed: number
  /** Ms before a failure in which a window counts as failing. */
  readonly horizon?: number | undefined
  /** Folds of the cross-validation; 0 = none, the default but for a table. */
  readonly folds?: number | undefined
  /** Nets of other seeds that are averaged; default 1. */
  readonly nets?: number | undefined
  readonly calibration?: CalibrationMethod
  readonly replace?: boolean
  readonly output: string
}

/** What to learn from: the same for files and fleets. */
export interface TrainingSource {
  readonly name: string
  readonly version: string
  /** Where the readings come from, in words. */
  readonly source: string
  readonly licence: string
  /** The command that makes the model once more. */
  readonly again: string
  readonly channels: Recipe['channels']
  readonly dataset: DatasetOptions
  readonly labels: readonly FailureLabel[]
  readonly readings: Iterable<LabelledReading> | AsyncIterable<LabelledReading>
  /** How many there are, where that is known. */
  readonly count: number | null
  readonly preparation: Preparation
  /** Fleets of other seeds to judge by; null = keep a part of the assets for it. */
  readonly trials: Trials | null
}

/**
 * Positive is the last part of a fault's growth: before it, it can't be told from a healthy machine. For ten
 * minutes behind a failure a machine is taken to be broken or under repair.
 */
export const HORIZON = { share: 0.6, afterMs: 600_000 } as const

/** In a table the row is the time that counts, all of it. */
export const TABLE_HORIZON = { share: 1, beforeMs: null, afterMs: 0 } as const
