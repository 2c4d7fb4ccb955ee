/** `simulate`: a simulated fleet, or a recording, published over MQTT in time order. */
import { writeFile } from 'node:fs/promises'
import { createFleet, type FaultLabel, type FleetCounts } from '../../simulators/fleet.ts'
import { PUBLISH_DEFAULTS, type Publishable, publishReadings } from '../../simulators/publish.ts'
import { failure } from '../core/errors.ts'
import { readRecording } from './recording.ts'

export interface SimulateOptions {
  readonly mqtt: string
  readonly fleet: FleetCounts
  readonly seed: number
  readonly speed: number
  /** Ms of simulated time; none = until stopped. */
  readonly duration?: number
  /** Ms between readings of a machine. */
  readonly interval: number
  /** Faults per machine and day. */
  readonly faults: number
  readonly labels?: string
  readonly replay?: readonly string[]
  readonly map?: string
}

/** Published when a speed above real time is asked for without a duration. */
const DEFAULT_HISTORY_MS = 24 * 3_600_000

export async function simulate(options: SimulateOptions): Promise<void> {
  const stop = new AbortController()
  for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => stop.abort())
  const { readings, source } = await sourceOf(options)
  console.error(`forewarn: publishing ${source} to ${options.mqtt} …`)
  const startedMs = performance.now()
  const published = await publishReadings(readings, {
    url: options.mqtt,
    ...PUBLISH_DEFAULTS,
    ...userOf(process.env),
    speed: options.speed,
    signal: stop.signal,
  })
  const seconds = (performance.now() - startedMs) / 1000
  const rate = Math.round(published.readings / Math.max(seconds, 0.001))
  console.error(
    `forewarn: ${published.readings} readings acknowledged in ${seconds.toFixed(1)} s (${rate}/s), ${published.reconnects} reconnects`,
  )
}

interface Source {
  readonly readings: Iterable<Publishable> | AsyncIterable<Publishable>
  readonly source: string
}

async function sourceOf(options: SimulateOptions): Promise<Source> {
  if (options.replay) {
    if (options.labels !== undefined)
      throw failure('usage', '--labels goes with a simulated fleet, not with --replay')
    return { readings: await readRecording(options.replay, options.map), source: options.replay.join(', ') }
  }
  const { speed, seed, interval } = options
  const durationMs = options.duration ?? (speed > 1 ? DEFAULT_HISTORY_MS : Number.POSITIVE_INFINITY)
  const fleet = createFleet(options.fleet, {
    seed,
    startMs: startOf(durationMs, speed),
    intervalMs: interval,
    durationMs,
    faultRate: options.faults,
  })
  if (options.labels !== undefined) await writeFile(options.labels, labelsCsv(fleet.labels))
  return { readings: fleet.readings(), source: `${fleet.assets.length} simulated machines (seed ${seed})` }
}

/** Faster than real time starts in the past and ends now. */
function startOf(durationMs: number, speed: number): number {
  const now = Date.now()
  return speed <= 1 ? now : Math.round(now - durationMs * (1 - 1 / speed))
}

/** The truth about the faults, as `--labels` of `train` and `evaluate` reads it. */
export function labelsCsv(labels: readonly FaultLabel[]): string {
  const time = (ms: number) => new Date(ms).toISOString()
  const lines = labels.map(({ asset, from, to, kind }) => `${asset},${time(from)},${time(to)},${kind}`)
  return `${['asset,from,to,kind', ...lines].join('\n')}\n`
}

/** User and password of the broker come from variables, so that they stand in no command line. */
function userOf(env: NodeJS.ProcessEnv): { username?: string; password?: string } {
  return {
    ...(env.FOREWARN_MQTT_USERNAME === undefined ? {} : { username: env.FOREWARN_MQTT_USERNAME }),
    ...(env.FOREWARN_MQTT_PASSWORD === undefined ? {} : { password: env.FOREWARN_MQTT_PASSWORD }),
  }
}
