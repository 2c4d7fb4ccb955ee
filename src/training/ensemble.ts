/** One net, or several averaged: of other seeds on the same machines, or each stopped by another fold of them. */
import type { Backend } from '../model/backend.ts'
import type { Calibration } from '../model/calibration.ts'
import type { Inputs } from '../model/inputs.ts'
import { averageNetworks, type NetworkFiles, networkFiles } from '../model/network.ts'
import { type CalibrationMethod, fitCalibration } from './calibrate.ts'
import type { Dataset } from './dataset.ts'
import { type FitOptions, type Fitted, fitNetwork, outputsOf, type Watch } from './fit.ts'
import type { NetHistory } from './history.ts'
import { POSITIVE } from './horizon.ts'

/** `teach`: rows that a net learns from; by `judge`, rows of other machines, it stops. */
export interface FitRows {
  readonly teach: Int32Array
  readonly judge: Int32Array
}

export interface MadeNets {
  readonly files: NetworkFiles
  /** Best epoch of the net that took longest. */
  readonly epochs: number
  /** Nets that were made: fewer than asked for when it was interrupted. */
  readonly nets: number
  readonly history: readonly NetHistory[]
  readonly interrupted: boolean
}

export interface Made extends MadeNets {
  readonly calibration: Calibration
}

export interface EnsembleOptions {
  readonly fit: FitOptions
  readonly nets: number
  readonly calibration: CalibrationMethod
}

/** Between the seeds of nets that are averaged; larger than the number of layers, which have seeds of their own. */
const SEED_STEP = 1000

/**
 * Nets on the same rows, calibrated on those that stopped them.
 * @throws Failure `input` when there is nothing to keep
 */
export async function fitEnsemble(
  backend: Backend,
  dataset: Dataset,
  inputs: Inputs,
  rows: FitRows,
  { fit, nets, calibration }: EnsembleOptions,
  watch: Watch,
): Promise<Made> {
  const made = await fitNets(backend, dataset, inputs, new Array<FitRows>(nets).fill(rows), fit, watch)
  const risks = made.outputs(rows.judge)
  made.dispose()
  const { files, epochs, nets: count, history, interrupted } = made
  const curve = calibrationOf(calibration, dataset, rows.judge, risks)
  return { files, epochs, nets: count, history, interrupted, calibration: curve }
}

/** @param risks of the rows, by nets that they did not teach */
export function calibrationOf(
  method: CalibrationMethod,
  dataset: Dataset,
  rows: Int32Array,
  risks: Float64Array,
): Calibration {
  const positive = Uint8Array.from(rows, (row) => (dataset.target[row] === POSITIVE ? 1 : 0))
  return rounded(fitCalibration(method, risks, positive))
}

/**
 * A net for each entry of `rows`, averaged.
 * @returns its files, and its outputs for rows until it is disposed of
 */
export async function fitNets(
  backend: Backend,
  dataset: Dataset,
  inputs: Inputs,
  rows: readonly FitRows[],
  fit: FitOptions,
  watch: Watch,
): Promise<MadeNets & { outputs(rows: Int32Array): Float64Array; dispose(): void }> {
  const { tf } = backend
  const fitted: Fitted[] = []
  for (const own of rows) {
    if (fitted.length > 0 && (await watch.stopped())) break
    const options = { ...fit, seed: fit.seed + SEED_STEP * fitted.length }
    fitted.push(await fitNetwork(backend, dataset, inputs, own, options, watch))
  }
  const shape = { inputs: inputs.names.length, hidden: fit.hidden, l2: fit.l2, seed: fit.seed }
  const networks = fitted.map(({ network }) => network)
  const network = averageNetworks(tf, networks, shape)
  return {
    files: await networkFiles(tf, network),
    epochs: Math.max(...fitted.map(({ epochs }) => epochs)),
    nets: fitted.length,
    history: fitted.map(({ epochs, losses }) => ({ kept: epochs, ...losses })),
    interrupted: fitted.length < rows.length || fitted.some(({ interrupted }) => interrupted),
    outputs: (some) => outputsOf(backend, dataset, inputs, some)(network),
    dispose: () => network.dispose(),
  }
}

/** Digits kept: a manifest is read by people too. */
const DIGITS = 7

function rounded(calibration: Calibration): Calibration {
  if (calibration?.method !== 'platt') return calibration
  const { slope, offset } = calibration
  return {
    method: 'platt',
    slope: Number(slope.toPrecision(DIGITS)),
    offset: Number(offset.toPrecision(DIGITS)),
  }
}
