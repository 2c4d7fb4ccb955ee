/** The same recording through `score` and through `up` over MQTT: what both make of it, compared window by window. */
import { mkdtempSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect } from 'vitest'
import type { Score } from '../../src/core/records.ts'
import { runProgram, startProgram, untilReady, unusedPort } from './program.ts'

/** Scores by asset and window, without how the window closed: idle is counted in event time here, in ours there. */
function byWindow(scores: readonly Score[]): Map<string, string> {
  return new Map(
    scores.map(({ closed: _closed, ...score }) => [
      `${score.asset}@${score.windowStart}`,
      JSON.stringify(score),
    ]),
  )
}

async function scored(dir: string, config: string, map: string, input: readonly string[]): Promise<Score[]> {
  const output = join(dir, 'scores.jsonl')
  const run = await runProgram([
    'score',
    '--config',
    config,
    '--map',
    map,
    '--input',
    ...input,
    '--output',
    output,
  ])
  expect(run.status, run.output).toBe(0)
  const lines = readFileSync(output, 'utf8').trim().split('\n')
  return lines.filter((line) => !line.includes('"specversion"')).map((line) => JSON.parse(line) as Score)
}

async function published(url: string, map: string, input: readonly string[]): Promise<void> {
  const run = await runProgram([
    'simulate',
    '--replay',
    ...input,
    '--map',
    map,
    '--mqtt',
    url,
    '--speed',
    'max',
  ])
  expect(run.status, run.output).toBe(0)
}

async function streamed(
  dir: string,
  config: string,
  map: string,
  input: readonly string[],
): Promise<Score[]> {
  const [mqttPort, httpPort] = [await unusedPort(), await unusedPort()]
  const data = mkdtempSync(join(dir, 'data-'))
  const env = { FOREWARN_MQTT_PORT: String(mqttPort), FOREWARN_HTTP_PORT: String(httpPort) }
  const program = startProgram(['up', '--config', config, '--data', data], env)
  try {
    await untilReady(program, httpPort)
    await published(`mqtt://127.0.0.1:${mqttPort}`, map, input)
    program.child.kill('SIGTERM')
    expect(await program.ended, program.output()).toBe(0)
  } finally {
    program.child.kill('SIGKILL')
  }
  const rest = await runProgram(
    ['up', '--role', 'engine', '--until-caught-up', '--config', config, '--data', data],
    env,
  )
  expect(rest.status, rest.output).toBe(0)
  const tail = await runProgram(['tail', 'scores', '--config', config, '--data', data])
  expect(tail.status, tail.output).toBe(0)
  return tail.output
    .trim()
    .split('\n')
    .map((line) => (JSON.parse(line) as { value: Score }).value)
}

/**
 * @param dir a folder for data and scores
 * @param atLeast windows that the stream must have closed
 * @returns scores of the batch path
 *
 * Every window that the stream closed has the score of the batch path. What is missing there may only be an
 * asset's last window, still open: event time goes on in a recording, but not for us.
 */
export async function compareReplayed(
  dir: string,
  config: string,
  map: string,
  input: readonly string[],
  atLeast: number,
): Promise<readonly Score[]> {
  const batch = await scored(dir, config, map, input)
  const live = byWindow(await streamed(dir, config, map, input))
  const last = new Map(batch.map(({ asset, windowStart }) => [asset, `${asset}@${windowStart}`]))
  const expected = byWindow(batch)
  for (const window of last.values()) {
    if (!live.has(window)) expected.delete(window)
  }
  expect(live.size).toBeGreaterThanOrEqual(atLeast)
  expect(Object.fromEntries(live)).toEqual(Object.fromEntries(expected))
  return batch
}
