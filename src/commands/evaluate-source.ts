/** What `evaluate` judges by: recorded readings with labels, or a simulated fleet of another seed. */
import { basename } from 'node:path'
import { createFleet, type FleetCounts } from '../../simulators/fleet.ts'
import { failure } from '../core/errors.ts'
import type { PlainReading } from '../core/windowed.ts'
import { readLabels } from '../formats/labels.ts'
import type { RecordingMap } from '../formats/map.ts'
import { inTimeOrder } from '../formats/order.ts'
import { readRecording as readFiles, readMap } from '../formats/recording.ts'
import type { FailureLabel } from '../training/horizon.ts'
import { readRecording } from './recording.ts'

export interface JudgedSource {
  /** In words. */
  readonly source: string
  readonly labels: readonly FailureLabel[]
  /** In time order; the same each time that it is asked for. */
  readings(): Iterable<PlainReading>
}

/**
 * @param labels file of the known failures; undefined = the map names a column that says of each row whether it failed
 * @throws Failure `usage`, `input` or `config` that names file, place and what would be right
 */
export async function recordedSource(
  input: readonly string[],
  labels: string | undefined,
  mapFile: string | undefined,
): Promise<JudgedSource> {
  const map = mapFile === undefined ? null : await readMap(mapFile)
  if (labels === undefined) {
    if (typeof map?.label === 'string') return tableSource(input, map)
    throw failure(
      'usage',
      '--input needs --labels FILE: CSV asset,from,to,kind of the known failures (or a table: --map with label)',
    )
  }
  const readings = await readRecording(input, mapFile)
  const assets = new Set(readings.map(({ asset }) => asset))
  const time = map?.place?.time
  const all = await readLabels(labels, time && 'column' in time ? time : undefined)
  const own = all.filter(({ asset }) => assets.has(asset))
  if (all.length > 0 && own.length === 0) {
    throw failure(
      'input',
      `${labels} has labels of ${all[0]!.asset} and others, none of the ${assets.size} assets read`,
    )
  }
  return {
    source: `${fileNames(input)} with ${basename(labels)}`,
    labels: own,
    readings: () => readings,
  }
}

/** Each row is a case of its own: it fails at its time, as in training. */
async function tableSource(input: readonly string[], map: RecordingMap): Promise<JudgedSource> {
  const rows = await inTimeOrder(readFiles(input, map))
  const labels = rows.flatMap(({ asset, ts, label }): FailureLabel[] =>
    typeof label === 'string' ? [{ asset, from: ts - 1, to: ts + 1, kind: label }] : [],
  )
  const readings = rows.map(({ asset, ts, values }): PlainReading => ({ asset, ts, values }))
  return { source: `${fileNames(input)}, column ${map.label}`, labels, readings: () => readings }
}

const NAMES_SHOWN = 3

function fileNames(files: readonly string[]): string {
  const names = files.slice(0, NAMES_SHOWN).map((file) => basename(file))
  return files.length > NAMES_SHOWN
    ? `${names.join(', ')} and ${files.length - NAMES_SHOWN} more`
    : names.join(', ')
}

export interface FleetOptions {
  readonly durationMs: number
  readonly intervalMs: number
  readonly seed: number
  /** Faults per machine and day. */
  readonly faults: number
}

/** An hour of a weekday; fixed, so that the same options give the same readings. */
const START_MS = Date.UTC(2026, 0, 5, 6)
/** As in training: from 90 s to 2 h between onset and failure, then ten minutes of repair. */
const GROWTH_MS = [90_000, 7_200_000] as const
const REPAIR_MS = 600_000

export function fleetSource(counts: FleetCounts, options: FleetOptions): JudgedSource {
  const { durationMs, intervalMs, seed, faults } = options
  const make = () =>
    createFleet(counts, {
      seed,
      startMs: START_MS,
      intervalMs,
      durationMs,
      faultRate: faults,
      growthMs: GROWTH_MS,
      repairMs: REPAIR_MS,
    })
  const machines = Object.entries(counts).map(([name, count]) => `${name}=${count}`)
  const hours = Number((durationMs / 3_600_000).toFixed(2))
  return {
    source: `simulated fleet ${machines.join(',')} over ${hours} h, ${faults} faults per machine-day, seed ${seed}`,
    labels: make().labels,
    readings: () => make().readings(),
  }
}
