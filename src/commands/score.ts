/** `score`: files through the same core as the live stream, without a broker; scores and alert events as lines. */

import { once } from 'node:events'
import { createWriteStream } from 'node:fs'
import type { Writable } from 'node:stream'
import { finished } from 'node:stream/promises'
import { loadPipelines } from '../app/pipelines.ts'
import type { NewRecord } from '../core/ports.ts'
import { createLanes } from '../engine/lanes.ts'
import { scoreRecording } from '../engine/recorded.ts'
import { configOf } from './config.ts'
import { readRecording } from './recording.ts'

export interface ScoreOptions {
  readonly config?: string
  readonly map?: string
  readonly input: readonly string[]
  readonly late?: readonly string[]
  readonly output?: string
}

export async function score(options: ScoreOptions): Promise<void> {
  const { settings } = configOf(options)
  const { topics, partitions } = settings.log
  const { pipelines, dispose } = await loadPipelines(settings)
  const lanes = createLanes({ topics, pipelines, limits: settings.limits, inferred() {} }, partitions)
  const out = options.output === undefined ? process.stdout : createWriteStream(options.output)
  const counts = { scores: 0, alerts: 0, 'dead-letters': 0 }
  for await (const records of scoreRecording(
    lanes,
    await readRecording(options.input, options.map, options.late),
  )) {
    const lines = records.filter(({ topic }) => topic === topics.scores || topic === topics.alerts)
    counts.scores += records.filter(({ topic }) => topic === topics.scores).length
    counts.alerts += records.filter(({ topic }) => topic === topics.alerts).length
    counts['dead-letters'] += records.filter(({ topic }) => topic === topics['dead-letters']).length
    await write(out, lines)
  }
  if (out !== process.stdout) {
    out.end()
    await finished(out)
  }
  dispose()
  console.error(
    `forewarn: ${counts.scores} scores, ${counts.alerts} alert events, ${counts['dead-letters']} readings that could not be used`,
  )
}

async function write(out: Writable, records: readonly NewRecord[]): Promise<void> {
  const lines = records.map(({ value }) => (value ? `${new TextDecoder().decode(value)}\n` : '')).join('')
  if (lines !== '' && !out.write(lines)) await once(out, 'drain')
}
